"""Chapter 6: softmax turns outputs into probabilities, and each depends on all."""

import numpy as np
from matplotlib.figure import Figure

from inkgrad.check import check_layer
from inkgrad.layers import Softmax
from inkgrad.plots import save_png


def softmax(x):
    """Return positive numbers that sum to 1."""
    e = np.exp(x - x.max())
    return e / e.sum()


def jacobian(x):
    """Return J_ij = dy_i / dx_j = y_i (1 if i = j else 0, minus y_j)."""
    y = softmax(x)
    return np.diag(y) - np.outer(y, y)


logits = np.array([0.58, 0.44, -1.02])  # fish, goat, and a third label that is never used
y = softmax(logits)
print("y", y.round(4), "sum", y.sum().round(6))
print(f"J\n{jacobian(logits).round(4)}")
assert (Softmax().value(logits[np.newaxis]) == y).all()
assert np.allclose(Softmax().jacobian(logits), jacobian(logits), rtol=1e-15, atol=0)

h = 1e-5
columns = [(softmax(logits + d) - softmax(logits - d)) / (2 * h) for d in h * np.eye(3)]
assert np.allclose(np.column_stack(columns), jacobian(logits), atol=1e-9)
print("nudges agree with all nine numbers, and so does Softmax()\n")


class DiagonalSoftmax(Softmax):
    """A softmax whose backward knows only the diagonal."""

    def vjp(self, x, y, dy):
        return dy * y * (1 - y)


for n, names in (2, "fish, goat"), (3, "fish, goat, third"):
    x = logits[np.newaxis, :n]
    y = Softmax().value(x)
    dy = y - np.eye(n)[1]  # it is a goat; the cost is half the squared distance
    right, wrong = (layer.vjp(x, y, dy) for layer in (Softmax(), DiagonalSoftmax()))
    print(f"{names}: wrong / right = {(wrong / right)[0].round(4)}")

print()
report = check_layer(DiagonalSoftmax(), logits[np.newaxis], raises=False)
for finding in report.findings:
    print(f"the checker says {finding.kind}:\n  {finding.message}")

figure = Figure(figsize=(8, 3.6), layout="constrained")
names = "fish", "goat", "third"
full = jacobian(logits)
for axes, J, title in zip(
    figure.subplots(1, 2), (full, np.diag(np.diag(full))), ("the Jacobian", "only its diagonal"), strict=True
):
    axes.imshow(J, cmap="RdBu_r", vmin=-0.3, vmax=0.3, alpha=0.6)
    for (i, j), number in np.ndenumerate(J):
        axes.text(j, i, f"{number:.3f}", ha="center", va="center")
    axes.set(title=title, xticks=range(3), yticks=range(3), xlabel="input j", ylabel="output i")
    axes.set_xticklabels(names)
    axes.set_yticklabels(names)
save_png(figure, "tutorial-06.png")
