"""Chapter 7: training is many small steps, each on a few examples drawn at random."""

import numpy as np
from matplotlib.figure import Figure

from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import Examples, batches, mnist
from inkgrad.layers import Chain, Dense, Flatten, Tanh
from inkgrad.optimizers import SGD
from inkgrad.plots import save_png
from inkgrad.training import Objective, Plain, evaluate, train

data = mnist()
some = Examples(data.train.x[:10_000], data.train.t[:10_000])
network = Chain((Flatten(), Dense(784, 100), Tanh(), Dense(100, 10)))
objective = Objective(network, SoftmaxCrossEntropy())
print(f"{objective.layout.size} parameters, {len(some)} digits to learn from, {len(data.test)} for the test")


def epochs(n, rng):
    """Yield n times all batches of 100 digits, each time in a new order."""
    for _ in range(n):
        yield from batches(some, 100, rng, dtype=np.float64)


def learn(seed, momentum, lr=0.1):
    """Return theta after three epochs, and the cost of each batch on the way."""
    rng = np.random.default_rng(seed)
    theta = objective.init(rng, np.float64)
    v, costs = np.zeros_like(theta), []
    for x, t in epochs(3, rng):
        cost, gradient = objective(theta, x, t)
        v = momentum * v + gradient
        theta -= lr * v
        costs.append(cost)
    return theta, costs


def accuracy(theta):
    """Return the part of the test digits that is right."""
    return evaluate(objective, theta, data.test, engine=Plain()).accuracy


trained = {}
for seed, momentum in (0, 0.0), (0, 0.9), (1, 0.9):
    trained[seed, momentum] = learn(seed, momentum)
    theta, costs = trained[seed, momentum]
    print(f"seed {seed}, momentum {momentum}: cost of the first batch {costs[0]:.3f}, ", end="")
    print(f"mean of the last hundred {np.mean(costs[-100:]):.3f}, accuracy {accuracy(theta):.4f}")

rng = np.random.default_rng(0)
start = objective.init(rng, np.float64)
for step in train(objective, start, epochs(3, rng), SGD(0.1, momentum=0.9)):
    theta = step.theta
assert (theta == trained[0, 0.9][0]).all()
print("train() with the same seed arrives at the same parameters, to the last digit")

figure = Figure(figsize=(7, 4), layout="constrained")
axes = figure.subplots()
for momentum, colour in (0.0, "#b2182b"), (0.9, "#2166ac"):
    costs = trained[0, momentum][1]
    means = [np.mean(costs[i : i + 10]) for i in range(0, len(costs), 10)]
    axes.plot(costs, ".", color=colour, markersize=3, alpha=0.5)
    axes.plot(np.arange(5, len(costs), 10), means, color=colour, label=f"momentum {momentum}, means of ten")
axes.set(title="Each dot is the cost of one batch", xlabel="step", ylabel="C", ylim=(0, None))
axes.legend()
save_png(figure, "tutorial-07.png")
