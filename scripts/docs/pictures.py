"""Make the pictures of the documentation that show mathematics: python -m scripts.docs.pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from inkgrad.data import mnist
from inkgrad.layers import ELU, GELU, Elementwise, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from lab.synthetic import Look, write_boxes, write_table

FOLDER = Path(__file__).parent.parent.parent / "docs" / "pictures"
LOGITS = np.array([0.5759881, 0.43654828, -1.02092671])  # of the story's three labels


def jacobian() -> Figure:
    """Return the Jacobian of a softmax beside its diagonal."""
    whole = Softmax().jacobian(LOGITS)
    figure = Figure(figsize=(7.5, 3.4), layout="constrained")
    panels = {"the Jacobian of the softmax": whole, "its diagonal alone": np.diag(np.diag(whole))}
    for axes, (title, matrix) in zip(figure.subplots(1, 2), panels.items(), strict=True):
        axes.imshow(matrix, cmap="RdBu_r", vmin=-0.5, vmax=0.5)
        for i, j in np.ndindex(matrix.shape):
            axes.text(j, i, f"{matrix[i, j]:.3f}", ha="center", va="center")
        names = [f"{k}" for k in range(1, 4)]
        axes.set(title=title, xlabel="input j", ylabel="output i", xticks=range(3), yticks=range(3))
        axes.set_xticklabels(names)
        axes.set_yticklabels(names)
    return figure


def activations() -> Figure:
    """Return each elementwise activation with its slope."""
    layers: list[Elementwise] = [ReLU(), LeakyReLU(), ELU(), Softplus(), GELU(), SiLU(), Sigmoid(), Tanh()]
    x = np.linspace(-4, 4, 401)
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    for axes, layer in zip(figure.subplots(2, 4).flat, layers, strict=True):
        y = layer.value(x)
        axes.plot(x, y, label="y")
        axes.plot(x, layer.slope(x, y), "--", label="dy/dx")
        axes.set(title=type(layer).__name__, ylim=(-1.5, 4), xlim=(-4, 4))
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    return figure


def forms() -> dict[str, Image.Image]:
    """Return the form and the field that the page on forms reads."""
    look, rng = Look(height=60, rotation=1, perspective=0.05, shadow=0.3, noise=4), np.random.default_rng(0)
    form = write_table(3, 4, look, rng, mnist().test, digits_per_cell=(1, 2))
    field = write_boxes("40827", look, rng, mnist().test)
    return {"form": Image.fromarray(form.picture), "field": Image.fromarray(field.picture)}


if __name__ == "__main__":
    for make in jacobian, activations:
        make().savefig(FOLDER / f"{make.__name__}.png", dpi=110)
    for name, picture in forms().items():
        picture.save(FOLDER / f"{name}.jpg", quality=85)
