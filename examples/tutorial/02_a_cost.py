"""Chapter 2: a cost says how wrong a neuron is, in one number that moves when the neuron does."""

import numpy as np
from matplotlib.figure import Figure

from inkgrad.costs import SquaredError
from inkgrad.data import animals
from inkgrad.plots import save_png

animal = animals().train
x, t = animal.x.astype(float), animal.t[:, np.newaxis].astype(float)
W = np.array([[1.0], [-1.0]])


def n_wrong(b):
    """Return how many animals are on the wrong side."""
    return np.sum((x @ W + b > 0.5) != (t == 1))


def mean_distance(b):
    """Return how far outputs are from their targets, on average."""
    return np.sum(np.abs(x @ W + b - t)) / len(t)


def cost(b):
    """Return half the squared distance, on average."""
    return 0.5 * np.sum((x @ W + b - t) ** 2) / len(t)


print("    b  wrong  distance      cost")
for b in 0.55, 0.555, 0.56, 0.65, 0.75:
    print(f"{b:.3f}  {n_wrong(b):5}  {mean_distance(b):.6f}  {cost(b):.6f}")

best = np.mean(t - x @ W)
print(f"the cost is least where b is the mean of what is missing, {best:.6f}: {cost(best):.6f}")
assert cost(best) < min(cost(best - 0.001), cost(best + 0.001))

value, _ = SquaredError().value_and_gradient(x @ W + 0.75, t)
assert value == cost(0.75)
print(f"SquaredError gives {value:.6f} for b = 0.75, the same to the last digit")

many = np.linspace(0, 1, 401)
figure = Figure(figsize=(10, 3.2), layout="constrained")
for axes, f, title in zip(
    figure.subplots(1, 3),
    (n_wrong, mean_distance, cost),
    ("animals on the wrong side", "mean distance", "mean of half the square"),
    strict=True,
):
    axes.plot(many, [f(b) for b in many], color="#2166ac")
    axes.set(title=title, xlabel="b", ylim=(0, None))
save_png(figure, "tutorial-02.png")
