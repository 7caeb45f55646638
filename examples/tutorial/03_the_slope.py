"""Chapter 3: the slope of the cost says which way is downhill."""

import numpy as np
from matplotlib.figure import Figure

from inkgrad.costs import SquaredError
from inkgrad.data import animals
from inkgrad.layers import Dense
from inkgrad.optimizers import SGD
from inkgrad.plots import save_png
from inkgrad.training import Objective, train

animal = animals().train
x, t = animal.x.astype(float), animal.t[:, np.newaxis].astype(float)


def cost(W, b):
    """Return half the squared distance, on average."""
    return 0.5 * np.sum((x @ W + b - t) ** 2) / len(t)


def gradient(W, b):
    """Return dC/dW and dC/db."""
    dy = (x @ W + b - t) / len(t)
    return x.T @ dy, dy.sum(axis=0)


W, b, lr = np.zeros((2, 1)), np.zeros(1), 0.5
dW, db = gradient(W, b)
print(f"at the start: cost {cost(W, b):.4f}, dW {dW[:, 0].round(4)}, db {db.round(4)}")

for step in range(1, 301):
    dW, db = gradient(W, b)
    W, b = W - lr * dW, b - lr * db
    if step in (1, 2, 10, 100, 300):
        print(f"after step {step:3}: cost {cost(W, b):.4f}")

right = np.sum((x @ W + b > 0.5) == (t == 1))
print(f"it found W {W[:, 0].round(3)} and b {b.round(3)}: {right} of 80 are right")

steps = train(Objective(Dense(2, 1), SquaredError()), np.zeros(3), [(x, t)] * 300, SGD(lr))
for step in steps:
    theta = step.theta
assert (theta == np.append(W, b)).all()
print("train() with SGD arrives at the same three numbers, to the last digit")

here, along = np.array([[0.0], [-0.4]]), np.linspace(-0.2, 1.6, 100)
costs = [cost(np.array([[w], [-0.4]]), b) for w in along]
slope = gradient(here, b)[0][0, 0]
there = -lr * slope
figure = Figure(figsize=(6.4, 4), layout="constrained")
axes = figure.subplots()
axes.plot(along, costs, color="#2166ac", label="cost")
axes.plot(along[:60], cost(here, b) + slope * along[:60], "--", color="grey", label=f"slope {slope:.3f}")
axes.plot(0, cost(here, b), "o", color="#b2182b", label="before the step")
axes.plot(there, cost(np.array([[there], [-0.4]]), b), "^", color="#b2182b", label="after the step")
axes.set(title="One step downhill", xlabel="the weight of hair", ylabel="C", ylim=(0, None))
axes.legend()
save_png(figure, "tutorial-03.png")
