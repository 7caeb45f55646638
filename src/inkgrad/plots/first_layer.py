"""First layer: what the first weights of a network look for in an image."""

from __future__ import annotations

from math import ceil, prod, sqrt
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import DataError, ShapeError
from inkgrad.plots.style import STYLE


def first_layer(W: NDArray, input_shape: tuple[int, ...] | None = None) -> Any:
    """Return a Figure of weights: red adds to an output, blue takes away from it, white is 0.

    Shapes    W (height, width, c_in, c_out), the kernels of a convolution: a tile for each output channel and,
              side by side, each input channel
              W (n_in, n_out), of a dense layer whose inputs are images of `input_shape` (height, width,
              channels): a tile for each unit; without, or for other inputs: the matrix as it is

    Of more than 100 units those with the longest weights are shown, in their order.

    Raises ShapeError for weights of another shape, DataError for numbers that are not finite.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    W = np.asarray(W, np.float64)
    if W.ndim not in (2, 4) or W.size == 0:
        raise ShapeError(f"weights are (n_in, n_out) or (height, width, c_in, c_out), got an array of shape {W.shape}")
    if not np.isfinite(W).all():
        raise DataError("weights must be finite numbers, got NaN or infinity")
    as_images = W.ndim == 4 or (input_shape is not None and len(input_shape) == 3 and prod(input_shape) == len(W))
    if as_images:
        whole = W if W.ndim == 4 else W.reshape(*(input_shape or ()), -1)
        n_out = whole.shape[-1]
        most = STYLE.most_tiles
        longest = np.sort(np.argsort(-(whole**2).sum(axis=(0, 1, 2)), kind="stable")[:most])
        picture = _mosaic(np.concatenate(list(np.moveaxis(whole[..., longest], 2, 0)), axis=1))
        what = "kernels" if W.ndim == 4 else "units"
        some = f"the {most} of {n_out} {what} with the longest weights" if n_out > most else f"{n_out} {what}"
        title = f"first layer: {some}, {whole.shape[0]} × {whole.shape[1]} each"
    else:
        picture, title = W.T, f"first layer: a row for each of {W.shape[1]} units, {W.shape[0]} inputs"
    high, wide = picture.shape
    scale = 6.4 / max(high, wide)
    figure = Figure(figsize=(max(wide * scale, 2.4) + 1.4, max(high * scale, 1.8) + 0.8), layout="constrained")
    axes = figure.subplots()
    reach = float(np.abs(W).max()) or 1.0
    shown = axes.imshow(picture, cmap="RdBu_r", vmin=-reach, vmax=reach, interpolation="nearest")
    axes.set_title(title, fontsize=11)
    if as_images:
        axes.axis("off")
    else:
        axes.set(xlabel="input", ylabel="unit", aspect="auto")
        for axis in axes.xaxis, axes.yaxis:
            axis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    figure.colorbar(shown, ax=axes, shrink=0.8, label="weight")
    return figure


def _mosaic(tiles: NDArray) -> NDArray:
    """Return tiles (height, width, n) in about a square, row by row, with gaps that are NaN: no colour."""
    height, width, n = tiles.shape
    columns = min(n, max(1, ceil(sqrt(n * height / width))))
    gap = max(1, round(0.08 * height))
    rows = ceil(n / columns)
    picture = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for k in range(n):
        top, left = k // columns * (height + gap), k % columns * (width + gap)
        picture[top : top + height, left : left + width] = tiles[..., k]
    return picture
