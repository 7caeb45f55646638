"""Confusion: which class was taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import ShapeError
from inkgrad.plots.style import STYLE, shortened


def confusion(matrix: NDArray, labels: Sequence[str], title: str | None = None) -> Any:
    """Return a Figure of a confusion matrix (K, K): row i, column j counts examples of class i taken for class j.

    What is right, along the diagonal, is blue; what is wrong is orange, on a scale of its own, as else nobody
    would see it beside what is right.  Both are parts of their row, so that rare classes count as much as others.

    Raises ShapeError unless the matrix has a row and a column for each label.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    matrix, k = np.asarray(matrix), len(labels)
    if matrix.shape != (k, k) or k == 0:
        raise ShapeError(f"a confusion matrix of {k} labels has shape {(k, k)}, got {matrix.shape}")
    parts = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    wrong = parts * ~np.eye(k, dtype=bool)
    scale = max(float(wrong.max()), STYLE.least_scale)
    side = min(max(3.2, 0.42 * k), 9.0)
    figure = Figure(figsize=(side + 2.6, side + 1.5))
    figure.set_layout_engine("constrained", w_pad=0.12)  # or names at the edge are cut
    axes = figure.subplots()
    axes.imshow(_coloured(parts, wrong / scale), interpolation="nearest")
    _write_counts(axes, matrix, parts, wrong / scale)
    _name(axes, matrix, labels)
    n, right = int(matrix.sum()), int(np.trace(matrix))
    axes.set_title(title or f"{right:,} of {n:,} right", parse_math=False)
    bar = figure.colorbar(ScalarMappable(Normalize(0, 100 * scale), "Oranges"), ax=axes, shrink=0.75, pad=0.03)
    bar.set_label("misread, % of its row")
    return figure


def _coloured(parts: NDArray, wrong: NDArray) -> NDArray:
    """Return the colours of the cells, (K, K, 3): white where there is nothing."""
    from matplotlib import colormaps

    diagonal = np.eye(len(parts), dtype=bool)[..., np.newaxis]
    colours = np.where(diagonal, colormaps["Blues"](0.75 * parts)[..., :3], colormaps["Oranges"](wrong)[..., :3])
    return np.where(parts[..., np.newaxis] > 0, colours, 1.0)


def _write_counts(axes: Any, matrix: NDArray, parts: NDArray, wrong: NDArray) -> None:
    k = len(matrix)
    if k > STYLE.most_counts:
        return
    size = np.clip(36 / len(f"{matrix.max()}"), 6, 10) if k <= 12 else np.clip(24 / len(f"{matrix.max()}"), 5, 8)
    for i, j in np.argwhere(matrix > 0):
        dark = parts[i, j] > 0.8 if i == j else wrong[i, j] > 0.6
        colour = "white" if dark else STYLE.ink
        axes.text(j, i, f"{matrix[i, j]}", ha="center", va="center", fontsize=size, color=colour)


def _name(axes: Any, matrix: NDArray, labels: Sequence[str]) -> None:
    """Write the labels along both sides, and at the right the part of each row that is right."""
    k, names = len(labels), shortened(labels)
    size = 10 if k <= STYLE.most_counts else 7 if k <= 64 else 4
    turn = 90 if max(map(len, names)) > 2 else 0
    places = range(k)
    axes.set_xticks(places, names, rotation=turn, fontsize=size, parse_math=False)
    axes.set_yticks(places, names, fontsize=size, parse_math=False)
    axes.tick_params(length=0)
    axes.set(xlabel="read as", ylabel="what it was")
    axes.set_xticks(np.arange(k + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(k + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#dddddd", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    totals, right = matrix.sum(axis=1), np.diagonal(matrix)
    shares = [f"{100 * r / n:.1f} %" if n else "none" for r, n in zip(right, totals, strict=True)]
    for i, share in [(-0.62, "right"), *enumerate(shares)]:
        place = {"xy": (k - 0.5, i), "xytext": (5, 0), "textcoords": "offset points", "annotation_clip": False}
        colour = STYLE.faint if share == "none" else STYLE.ink
        axes.annotate(share, **place, va="center", fontsize=min(size, 8), color=colour)
