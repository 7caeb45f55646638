"""Chapter 8: only digits it has never seen can say how good a network is."""

import numpy as np
from matplotlib.figure import Figure

from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import Examples, batches, mnist
from inkgrad.layers import Chain, Dense, Flatten, Tanh
from inkgrad.metrics import confusion_matrix, wilson_interval
from inkgrad.optimizers import SGD
from inkgrad.plots import digit_sheet, save_png
from inkgrad.training import Objective, Plain, evaluate, train

data = mnist()
few = Examples(data.train.x[:1000], data.train.t[:1000])
network = Chain((Flatten(), Dense(784, 100), Tanh(), Dense(100, 10)))
objective = Objective(network, SoftmaxCrossEntropy())

rng = np.random.default_rng(0)
theta, state, rows = objective.init(rng, np.float64), None, []
print("epoch  right of those it learns  of others: accuracy    cost")
for epoch in range(1, 41):
    for step in train(objective, theta, batches(few, 20, rng, dtype=np.float64), SGD(0.1), state):
        theta, state = step.theta, step.state
    if epoch in (1, 2, 3, 5, 10, 20, 40):
        seen, new = (evaluate(objective, theta, each, engine=Plain()) for each in (few, data.test))
        rows.append((epoch, seen.cost, new.cost))
        print(f"{epoch:5}  {seen.accuracy:24.3f}  {new.accuracy:19.4f}  {new.cost:.4f}")

low, high = wilson_interval(new.n_right, len(data.test))
print(f"accuracy {new.accuracy:.4f}, with 95 % confidence between {low:.4f} and {high:.4f}")

own = np.zeros((10, 10), int)
for t, predicted in zip(data.test.t, new.predicted, strict=True):
    own[t, predicted] += 1
assert (own == confusion_matrix(data.test.t, new.predicted, 10)).all()
assert own.trace() == new.n_right
confused = [(own[i, j], i, j) for i in range(10) for j in range(10) if i != j]
for n, i, j in sorted(confused, reverse=True)[:3]:
    print(f"{n} times a {i} was taken for a {j}")

epochs, seen_costs, new_costs = zip(*rows, strict=True)
figure = Figure(figsize=(6.4, 4), layout="constrained")
axes = figure.subplots()
axes.semilogx(epochs, seen_costs, "o-", color="#2166ac", label="digits it learns from")
axes.semilogx(epochs, new_costs, "^-", color="#b2182b", label="digits it has never seen")
axes.set(title="Learning by heart", xlabel="epoch", ylabel="C", ylim=(0, None))
axes.set_xticks(epochs, labels=[str(epoch) for epoch in epochs])
axes.legend()
save_png(figure, "tutorial-08-overfitting.png")

misread = np.flatnonzero(new.predicted != data.test.t)[:24]
captions = [f"{data.test.t[i]} as {new.predicted[i]}" for i in misread]
sheet = digit_sheet(data.test.x[misread, :, :, 0], captions, "The first 24 misread digits", columns=8)
save_png(sheet, "tutorial-08-misread.png")
