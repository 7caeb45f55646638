"""Chapter 5: a hidden layer bends the line, and the chain rule finds its gradient."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from inkgrad.check import check_layer
from inkgrad.costs import SquaredError
from inkgrad.data import xor
from inkgrad.layers import Chain, Dense, Layer, Tanh
from inkgrad.optimizers import SGD
from inkgrad.plots import save_png
from inkgrad.training import Objective, train

data = xor()
x, t = data.train.x.astype(float), data.train.t[:, np.newaxis].astype(float)

best, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(4)]), t)
print(f"the best a neuron can do: W {np.abs(best[:2, 0]).round(6)}, b {best[2].round(6)}")


@dataclass(frozen=True)
class TwoLayers(Layer):
    """y = tanh(x W1 + b1) W2 + b2."""

    n_hidden: int

    def shapes(self):
        n = self.n_hidden
        return {"W1": (2, n), "b1": (n,), "W2": (n, 1), "b2": (1,)}

    def init(self, p, rng):
        p.W1 = rng.normal(0, 1, p.W1.shape)
        p.W2 = rng.normal(0, 1, p.W2.shape)
        p.b1, p.b2 = np.zeros(self.n_hidden), np.zeros(1)

    def forward(self, p, x, rng=None):
        h = np.tanh(x @ p.W1 + p.b1)
        return h @ p.W2 + p.b2, (x, h)

    def backward(self, p, g, cache, dy):
        x, h = cache
        g.W2, g.b2 = h.T @ dy, dy.sum(axis=0)
        dh = dy @ p.W2.T
        da = dh * (1 - h * h)
        g.W1, g.b1 = x.T @ da, da.sum(axis=0)
        return da @ p.W1.T


rng = np.random.default_rng(0)
check_layer(TwoLayers(3), rng.normal(size=(7, 2)))
print("the gradient of TwoLayers is right")

own = Objective(TwoLayers(3), SquaredError())
start = own.init(rng, float)
for step in train(own, start, [(x, t)] * 200, SGD(0.5)):
    if step.number in (1, 10, 50, 200):
        print(f"step {step.number:3}: cost {step.cost:.6f}")

p = own.layout.views(step.theta)
y, _ = own.network.forward(p, x)
print("y", np.abs(y[:, 0]).round(3), "for targets", t[:, 0])

library = Objective(Chain((Dense(2, 3), Tanh(), Dense(3, 1))), SquaredError())
assert (library(start, x, t)[1] == own(start, x, t)[1]).all()
print("Dense, Tanh, Dense in a Chain have the same gradient, to the last digit")

ticks = np.linspace(-0.2, 1.2, 141)
points = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
height = own.network.forward(p, points)[0].reshape(141, 141)
figure = Figure(figsize=(5.2, 4.4), layout="constrained")
axes = figure.subplots()
shown = axes.contourf(ticks, ticks, height, np.linspace(-0.5, 1.5, 21), cmap="RdBu_r", alpha=0.6, extend="both")
axes.contour(ticks, ticks, height, [0.5], colors="black")
axes.scatter(*x.T, s=60, c=t[:, 0], cmap="RdBu_r", edgecolors="black", zorder=2)
axes.set(title="Three hidden units bend the line", xlabel="first input", ylabel="second input")
figure.colorbar(shown, label="y")
save_png(figure, "tutorial-05.png")
