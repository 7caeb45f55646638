"""Warps: how each image of a batch is to be bent, and the bending itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data.examples import refuse_bad_inputs
from inkgrad.errors import DataError, ShapeError


@dataclass(frozen=True, eq=False)
class Warps:
    """One change for each of N images, all float32; lengths are in pixels, rows count downwards.

    affine     (N, 2, 3)     where an output pixel (row, column) comes from, before bumps:
                             affine @ (row - r0, column - c0, 1) + (r0, c0), with the image's
                             centre r0 = (H - 1) / 2, c0 = (W - 1) / 2
    bumps      (N, G, G, 2)  what is added to that (rows, columns) at G × G control points of a
                             cubic B-spline; G = 0, or at least 4
    thickness  (N,)          in [-1, 1]: above 0 the strokes become thicker, below 0 thinner

    Raises ShapeError when arrays are not shaped so, DataError when numbers are not float32,
    not finite, too large for float32 to reckon with, or a thickness is out of range.
    """

    affine: NDArray
    bumps: NDArray
    thickness: NDArray

    def __post_init__(self) -> None:
        n, g = len(self), self.bumps.shape[1] if self.bumps.ndim == 4 else 0
        finite = 1e30  # sums of such numbers times pixels are still finite in float32
        shapes = {"thickness": (n,), "affine": (n, 2, 3), "bumps": (n, g, g, 2)}
        if g in (1, 2, 3):
            raise ShapeError(f"Warps takes bumps at no control points or at least 4 a side, got {g}")
        for name, shape in shapes.items():
            array, largest = getattr(self, name), 1 if name == "thickness" else finite
            if array.shape != shape:
                raise ShapeError(f"Warps takes {name} of shape {shape} for {n} images, got {array.shape}")
            if array.dtype != np.float32:
                raise DataError(f"Warps takes {name} as float32, got {array.dtype}")
            fits = np.abs(array) <= largest  # written so that NaN fails
            if not fits.all():
                where = [int(i) for i in np.argwhere(~fits)[0]]
                raise DataError(
                    f"Warps takes {name} from -{largest:g} to {largest:g}, got {array[tuple(where)]} at index {where}"
                )

    def __len__(self) -> int:
        return int(self.thickness.size)


def refuse_bad_images(images: NDArray) -> None:
    """Raise ShapeError or DataError for other than (N, H, W, channels) of uint8, or floats in [0, 1]."""
    if images.ndim != 4:
        raise ShapeError(f"images have shape (N, height, width, channels), got {images.shape}")
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise DataError(f"images are uint8 in 0..255 or floats in [0, 1], got {images.dtype}")
    if images.size:
        refuse_bad_inputs(images)


def apply_warps(images: NDArray, warps: Warps) -> NDArray:
    """Return images (N, H, W, channels) bent as `warps` says, of their own type.

    Images are uint8 in 0..255, which come out rounded to nearest (halves to even), or floats in
    [0, 1]; 0 is paper, and around the image is paper.

    1. Thickness t:  I becomes (1 - |t|) I + |t| D, where D is in every pixel the maximum (t > 0)
       or the minimum (t < 0) of itself and its four neighbours.
    2. Every output pixel (r, c) has a source, affine @ (r - r0, c - c0, 1) + (r0, c0) plus
       sum_ab B_a(r) B_b(c) bumps_ab, with the cubic B-splines B of `spline_basis`.
    3. The output is the image between the four pixels around the source, weighted by nearness
       (bilinear): with the source at (k + f, l + e), k and l whole and f and e in [0, 1),

           (1 - f) ((1 - e) I_k,l + e I_k,l+1) + f ((1 - e) I_k+1,l + e I_k+1,l+1)

       where each mean is taken as a + e (b - a), so that equal pixels stay what they are.

    Everything is computed in float32, but pixels given as float64 stay float64.

    Raises ShapeError when there are not as many warps as images, and as refuse_bad_images does.
    """
    refuse_bad_images(images)
    n, height, width, _ = images.shape
    if len(warps) != n:
        raise ShapeError(f"each of {n} images needs one warp, got {len(warps)}")
    numbers, functions = _numbers(warps, height, width), _functions(warps.bumps.shape[1], height, width)
    bent = np.empty(images.shape, images.dtype)
    step = max(1, 2**15 // max(1, height * width))  # images at a time: many need little memory
    for start in range(0, n, step):
        block = slice(start, start + step)
        pixels = _thickened(_on_paper(images[block]), warps.thickness[block])
        found = _between(pixels, numbers[:, block] @ functions).reshape(images[block].shape)
        bent[block] = np.rint(found) if images.dtype == np.uint8 else found
    return bent


def spline_basis(n_points: int, n_pixels: int) -> NDArray:
    """Return the uniform cubic B-splines of n_points control points at n_pixels pixels, (n_points, n_pixels).

    The pixel r has u = r (n_points - 3) / (n_pixels - 1), k = floor(u) but at most n_points - 4,
    and f = u - k.  At it the functions k to k + 3 are

        (1 - f)³ / 6,  (3 f³ - 6 f² + 4) / 6,  (-3 f³ + 3 f² + 3 f + 1) / 6,  f³ / 6

    and all others 0.  They sum to 1.  A single pixel has u = 0.  (Rueckert et al. 1999,
    https://doi.org/10.1109/42.796284, the local motion model.)
    """
    u = np.arange(n_pixels) * (n_points - 3) / max(n_pixels - 1, 1)
    k = np.minimum(u.astype(int), n_points - 4)
    f = u - k
    weights = np.array([(1 - f) ** 3, 3 * f**3 - 6 * f**2 + 4, -3 * f**3 + 3 * f**2 + 3 * f + 1, f**3]) / 6
    basis = np.zeros((n_points, n_pixels), np.float32)
    basis[k + np.arange(4)[:, None], np.arange(n_pixels)] = weights
    return basis


# A source is linear in the numbers of a warp: for each axis, 3 numbers times the functions
# (row - r0, column - c0, 1) of the pixel, and G² bumps times the functions B_a(row) B_b(column).


def _functions(n_points: int, height: int, width: int) -> NDArray:
    """Return those functions at every pixel, (3 + G², H W)."""
    rows, columns = np.indices((height, width)).reshape(2, -1)
    affine = np.stack([rows - (height - 1) / 2, columns - (width - 1) / 2, np.ones(height * width)])
    if n_points == 0:
        return affine.astype(np.float32)
    products = spline_basis(n_points, height)[:, None, :, None] * spline_basis(n_points, width)[None, :, None, :]
    return np.concatenate([affine, products.reshape(n_points**2, -1)], dtype=np.float32)


def _numbers(warps: Warps, height: int, width: int) -> NDArray:
    """Return the numbers before them, (2, N, 3 + G²), for sources counted from a pixel outside the image."""
    n, g = warps.bumps.shape[:2]
    bumps = warps.bumps.reshape(n, g * g, 2)
    numbers = np.concatenate([warps.affine, bumps.swapaxes(1, 2)], axis=2)
    numbers[:, :, 2] += (height + 1) / 2, (width + 1) / 2
    return np.ascontiguousarray(numbers.swapaxes(0, 1))


def _on_paper(images: NDArray) -> NDArray:
    """Return images as floats, with 1 pixel of paper before and 2 after, in both directions."""
    n, height, width, channels = images.shape
    paper = np.zeros((n, height + 3, width + 3, channels), np.result_type(images.dtype, np.float32))
    paper[:, 1:-2, 1:-2] = images
    return paper


def _thickened(pixels: NDArray, thickness: NDArray) -> NDArray:
    """Return pixels with strokes thicker or thinner; the paper around stays paper."""
    if not thickness.any():
        return pixels
    t = thickness.astype(pixels.dtype)[:, None, None, None]
    signed = np.sign(t) * pixels  # the minimum is minus the maximum of minus
    most = signed[:, 1:-2, 1:-2].copy()
    for rows, columns in (slice(-3), slice(1, -2)), (slice(2, -1), slice(1, -2)):
        np.maximum(most, signed[:, rows, columns], out=most)
        np.maximum(most, signed[:, columns, rows], out=most)
    inside = pixels[:, 1:-2, 1:-2]
    inside *= 1 - np.abs(t)
    most *= t
    inside += most
    return pixels


def _between(pixels: NDArray, source: NDArray) -> NDArray:
    """Return the pixels at source (2, N, P), each between its four neighbours, as (N, P, channels)."""
    n, height, width, channels = pixels.shape
    source = np.clip(source, 0, np.array([height - 2, width - 2], np.float32)[:, None, None])  # beyond is paper too
    corner = np.floor(source)
    f, e = (source - corner)[..., None]
    rows, columns = corner.astype(np.intp)
    first = (np.arange(n)[:, None] * height + rows) * width + columns
    flat = pixels.reshape(n * height * width, channels)

    def between_columns(offset: int) -> NDArray:
        left, right = flat[offset:].take(first, axis=0), flat[offset + 1 :].take(first, axis=0)
        return left + e * (right - left)

    upper, lower = between_columns(0), between_columns(width)
    return upper + f * (lower - upper)
