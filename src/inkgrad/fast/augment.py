"""Images bent by the kernel, for training."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data import Warps, apply_warps, refuse_bad_images, spline_basis
from inkgrad.fast import kernels
from inkgrad.fast.base import COUNT_LIMIT, fits, ordered


def warp(images: NDArray, warps: Warps, n_threads: int = 1) -> NDArray:
    """Return images bent as `warps` says, as apply_warps does, but for the last bit.

    Images that are neither uint8 nor float32 are left to apply_warps, and so are all where there
    are no kernels.

    Raises ShapeError and DataError as apply_warps does.
    """
    if kernels.compiled is None or not _suits(images) or len(warps) != len(images):
        return apply_warps(images, warps)
    refuse_bad_images(images)
    bent, (height, width), grid = np.empty_like(images, order="C"), images.shape[1:3], warps.bumps.shape[1]
    bases = [spline_basis(grid, n) if grid else np.empty((0, n), np.float32) for n in (height, width)]
    kernels.compiled.warp(
        ordered(images), ordered(warps.affine), ordered(warps.bumps), ordered(warps.thickness), *bases, bent, n_threads
    )
    return bent


def _suits(images: NDArray) -> bool:
    if images.ndim != 4 or images.dtype not in (np.uint8, np.float32) or not fits(images):
        return False
    _, height, width, channels = images.shape
    return bool((height + 3) * (width + 3) * channels < COUNT_LIMIT)  # with the paper around them
