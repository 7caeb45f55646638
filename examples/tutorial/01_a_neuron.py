"""Chapter 1: a neuron weighs its inputs, and a threshold decides."""

import numpy as np
from matplotlib.figure import Figure

from inkgrad.data import animals
from inkgrad.layers import Dense
from inkgrad.layout import Named
from inkgrad.plots import save_png

data = animals()
x, t = data.train.x.astype(float), data.train.t
hair, swimming = x[0]
print(f"{len(x)} animals, x has shape {x.shape}")
print(f"the first: hair {hair:.2f}, swimming {swimming:.2f}, a {data.labels[t[0]]}")

W = np.array([[1.0], [-1.0]])  # hair speaks for a goat, swimming against it
b = np.array([0.75])


def neuron(x):
    """Return one number for each animal."""
    return x @ W + b


def is_goat(x):
    """Return 1 for a goat and 0 for a fish."""
    return (neuron(x)[:, 0] > 0.5).astype(int)


print(f"by hand: {hair:.2f} * 1 + {swimming:.2f} * (-1) + 0.75 = {hair - swimming + 0.75:.2f}")
print(f"x W + b: {neuron(x)[0, 0]:.2f}, so it is a {data.labels[is_goat(x)[0]]}")
print(f"right: {np.sum(is_goat(x) == t)} of {len(t)}")

y, _ = Dense(2, 1).forward(Named({"W": W, "b": b}), x)
assert (y == neuron(x)).all()
print("Dense(2, 1) gives the same 80 numbers, to the last digit")

figure = Figure(figsize=(5.2, 5), layout="constrained")
axes = figure.subplots()
axes.plot(x[t == 0, 0], x[t == 0, 1], "o", color="#2166ac", label="fish")
axes.plot(x[t == 1, 0], x[t == 1, 1], "^", color="#b2182b", label="goat")
axes.plot([0, 0.75], [0.25, 1], color="black", label="hair - swimming + 0.75 = 0.5")
axes.set(title="One neuron draws one straight line", xlabel="hair", ylabel="swimming")
figure.legend(loc="outside lower center", ncols=3, frameon=False)
save_png(figure, "tutorial-01.png")
