"""Placing: where each place of a sample lies in a picture of a page that was printed alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from inkgrad.arrays import NDArray
from inkgrad.forms.homography import homography, mapped, robust_homography, scaled
from inkgrad.pictures import at_working_size, ink_on_paper, thresholds
from inkgrad.pictures.paper import find_skew

LEAST_WEIGHT = 0.02  # of a patch far from a place, so that it says something where there are few


@dataclass(frozen=True)
class PlacingSettings:
    """How a page is laid over its sample.

    coarse_px     longer side at which the whole page is laid over the whole sample, by turns and scales
    scales        of the page against the sample, tried for that
    n_starts      how many of the best places are looked at more closely
    levels_px     longer sides at which patches are looked for, one after the other
    reaches_px    how far around its place a patch is looked for, at each
    patch_px      side of a patch
    n_patches     how many patches of a sample are looked for
    alike         correlation of a patch with a page from which it counts as found
    near_px       a found patch is at most this far from where the map takes it
    clear_share   of the patches found near the map; with more no other start is looked at
    least_share   of the patches found near the map; with less the page does not fit the sample
    blur          standard deviation in pixels by which ink is blurred before it is compared
    """

    coarse_px: int = 160
    scales: tuple[float, ...] = (0.64, 0.72, 0.81, 0.91, 1.02, 1.14, 1.28)
    n_starts: int = 3
    levels_px: tuple[int, ...] = (420, 1000)
    reaches_px: tuple[int, ...] = (28, 12)
    patch_px: int = 33
    n_patches: int = 90
    alike: float = 0.5
    near_px: float = 3.0
    clear_share: float = 0.6
    least_share: float = 0.35
    blur: float = 1.0


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a page lies.

    to_page      (3, 3) takes places of the sample to the page's, both in pixels
    share        of the sample's patches that were found where that map takes them
    here, there  (N, 2) the middles of these patches in the sample, and where they are in the page
    """

    to_page: NDArray
    share: float
    here: NDArray
    there: NDArray

    def near(self, place: NDArray, reach: float) -> NDArray:
        """Return the map (3, 3) that fits best around a place (2,) of the sample: paper bends.

        A patch so many pixels from it counts 0.6 of one right there.
        """
        far = np.hypot(*(self.here - place).T) / reach
        return homography(self.here, self.there, LEAST_WEIGHT + np.exp(-(far**2) / 2))

    def times(self, before: float, after: float) -> Placement:
        """Return the same where pixels of the sample, and of the page, are so many times as many."""
        to_page = scaled(after) @ self.to_page @ scaled(1 / before)
        return Placement(to_page, self.share, before * self.here, after * self.there)


@dataclass(frozen=True, eq=False)
class Patches:
    """Patches of a sample at one size.

    scale   pixels at this size for one of the sample
    size    width and height at this size
    corners (N, 2), left and top of each patch
    pixels  (N, side, side), each with mean 0 and norm 1
    """

    scale: float
    size: tuple[int, int]
    corners: NDArray
    pixels: NDArray


class Sample:
    """A form as it is printed, over which pages are laid; `colours` is uint8 (height, width, 1 or 3)."""

    def __init__(self, colours: NDArray, settings: PlacingSettings = PlacingSettings()) -> None:
        self.settings = settings
        self.size = colours.shape[1], colours.shape[0]
        self.ink, self.scale = _ink_of(colours)

    @property
    def to_ink(self) -> NDArray:
        """The map (3, 3) from its pixels to those of its ink."""
        return scaled(self.scale)

    @cached_property
    def coarse(self) -> NDArray:
        """The ink at the coarsest size."""
        return _at_size(self.ink, self.settings.coarse_px, self.settings.blur)[0]

    @cached_property
    def levels(self) -> list[Patches]:
        """The patches at each size."""
        return [_patches(self.ink, longest, self.settings) for longest in self.settings.levels_px]

    def place(self, colours: NDArray) -> Placement | None:
        """Return where a page lies, uint8 (height, width, 1 or 3); None where it is no page of this form."""
        page, scale = _ink_of(colours)
        rng = np.random.default_rng(0)
        best: Placement | None = None
        for start in self._starts(page):
            found = self._found(0, start, page, rng)
            best = max((each for each in (best, found) if each), key=lambda each: each.share, default=None)
            if best and best.share > self.settings.clear_share:
                break
        for level in range(1, len(self.levels)):
            best = best and self._found(level, best.to_page, page, rng)
        if best is None or best.share < self.settings.least_share:
            return None
        return best.times(1 / self.scale, 1 / scale)

    def _starts(self, page: NDArray) -> list[NDArray]:
        """Return the maps from the sample's ink to the page's that lay all of the one best over the other."""
        settings, coarse = self.settings, self.coarse
        skew = find_skew(page > thresholds(page), max(page.shape) / 60)
        to_coarse = settings.coarse_px / max(self.ink.shape)
        usual = to_coarse * np.sqrt(
            self.ink.size / page.size
        )  # coarse pixels for one of the page, if it fills the picture
        found = []
        for degrees in (0, 90, 180, 270):
            for scale in settings.scales:
                to_page, size = _turned(degrees + skew, usual / scale, page.shape)
                worth, shift = _best_shift(coarse, _warped(page, to_page, size, settings.blur))
                found.append((worth, to_page @ shift @ scaled(to_coarse)))
        found.sort(key=lambda each: -each[0])
        return [start for _, start in found[: settings.n_starts]]

    def _found(self, level: int, start: NDArray, page: NDArray, rng: np.random.Generator) -> Placement | None:
        """Return where the page lies by the patches that are found near where a map takes them."""
        settings, patches, reach = self.settings, self.levels[level], self.settings.reaches_px[level]
        to_ink = scaled(1 / patches.scale)
        room = _moved(-reach, -reach)
        size = patches.size[0] + 2 * reach, patches.size[1] + 2 * reach
        seen = _warped(page, start @ to_ink @ room, size, settings.blur)
        alike, offsets = _sought(patches, seen, reach)
        good = alike >= settings.alike
        middles = patches.corners[good] + settings.patch_px / 2
        there = mapped(start @ to_ink, middles + offsets[good])
        fitted = robust_homography(middles / patches.scale, there, settings.near_px * _scale(start @ to_ink), rng)
        if fitted is None:
            return None
        matrix, near = fitted
        return Placement(matrix, float(near.sum() / len(good)), middles[near] / patches.scale, there[near])


def _ink_of(colours: NDArray) -> tuple[NDArray, float]:
    """Return the thin ink of a picture, at a size to work at, and how many of its pixels were one before.

    What is wider than any print, as the desk around a page, is taken away: an opening, the maximum of the minimum of
    the surroundings.
    """
    from scipy import ndimage

    colours, scale = at_working_size(colours)
    ink = ink_on_paper(colours)
    height, width = ink.shape
    rough = Image.fromarray(ink).reduce(4) if min(ink.shape) > 100 else Image.fromarray(ink)
    wide = ndimage.grey_opening(np.asarray(rough), max(3, max(rough.size) // 40), mode="nearest")
    return ink - np.asarray(Image.fromarray(wide).resize((width, height), Image.Resampling.BILINEAR)), scale


def _at_size(ink: NDArray, longest: int, blur: float) -> tuple[NDArray, float]:
    """Return ink with a longer side of so many pixels, and how many of its pixels were one before."""
    scale = longest / max(ink.shape)
    size = round(ink.shape[1] * scale), round(ink.shape[0] * scale)
    return _warped(ink, scaled(1 / scale), size, blur), scale


def _warped(ink: NDArray, to_ink: NDArray, size: tuple[int, int], blur: float) -> NDArray:
    """Return ink as seen through a map from a picture of that size, width and height; beyond it there is none."""
    from scipy import ndimage

    factor = max(1, int(_scale(to_ink)))
    source = Image.fromarray(ink)
    source = source.reduce(factor) if factor > 1 else source
    matrix = scaled(1 / factor) @ to_ink
    coefficients = (matrix / matrix[2, 2]).ravel()[:8].tolist()
    seen = source.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)
    return np.asarray(ndimage.gaussian_filter(np.asarray(seen), blur))


def _scale(matrix: NDArray) -> float:
    """Return how many pixels a map makes of one, near the origin."""
    return float(np.sqrt(abs(np.linalg.det(matrix[:2, :2] / matrix[2, 2]))))


def _moved(right: float, down: float) -> NDArray:
    return np.array([[1, 0, right], [0, 1, down], [0, 0, 1]], float)


def _turned(degrees: float, scale: float, shape: tuple[int, ...]) -> tuple[NDArray, tuple[int, int]]:
    """Return the map from a picture of a page turned clockwise and scaled to the page; and the picture's size."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = scale * np.array([[cos, -sin], [sin, cos]])
    height, width = shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ turn.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = turn, -low
    n_columns, n_rows = np.ceil(high - low).astype(int).tolist()
    return np.linalg.inv(matrix), (n_columns, n_rows)


def _best_shift(sample: NDArray, page: NDArray) -> tuple[float, NDArray]:
    """Return how alike two pictures of ink are where they are most so, and the map from the one to the other there."""
    from scipy import fft

    shape = [fft.next_fast_len(a + b, real=True) for a, b in zip(sample.shape, page.shape, strict=True)]
    first, last = (fft.rfft2(ink - ink.mean(), shape) for ink in (sample, page))
    alike = fft.irfft2(last * first.conj(), shape)
    down, right = (int(k) for k in np.unravel_index(alike.argmax(), alike.shape))
    down, right = (k - n if k >= seen else k for k, n, seen in zip((down, right), shape, page.shape, strict=True))
    worth = float(alike.max() / (np.linalg.norm(sample - sample.mean()) * np.linalg.norm(page - page.mean()) + 1e-9))
    return worth, _moved(right, down)


def _patches(ink: NDArray, longest: int, settings: PlacingSettings) -> Patches:
    """Return patches of ink that can be found again: corners and crossings, spread over the sheet.

    Of each patch the smaller eigenvalue of the mean of g gᵀ counts, g the slope of the ink: where it is small, the
    patch looks the same a little farther along (Shi & Tomasi 1994, https://doi.org/10.1109/CVPR.1994.323794).
    """
    from scipy import ndimage

    seen, scale = _at_size(ink, longest, settings.blur)
    side = settings.patch_px
    down, right = np.gradient(seen)
    xx, yy, xy = (ndimage.uniform_filter(each, side) for each in (right**2, down**2, right * down))
    worth = (xx + yy) / 2 - np.sqrt((xx - yy) ** 2 / 4 + xy**2)
    half = side // 2
    inner = np.zeros_like(worth)
    inner[half : -half or None, half : -half or None] = worth[half : -half or None, half : -half or None]
    corners: list[tuple[int, int]] = []
    while len(corners) < settings.n_patches and inner.max() > 1e-5:
        y, x = np.unravel_index(inner.argmax(), inner.shape)
        corners.append((int(x) - half, int(y) - half))
        inner[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1] = 0
    pixels = np.array([seen[y : y + side, x : x + side] for x, y in corners], np.float32).reshape(-1, side, side)
    pixels = pixels - pixels.mean(axis=(1, 2), keepdims=True)
    norms = np.sqrt((pixels**2).sum(axis=(1, 2), keepdims=True))
    return Patches(scale, (seen.shape[1], seen.shape[0]), np.array(corners, float).reshape(-1, 2), pixels / norms)


def _sought(patches: Patches, seen: NDArray, reach: int) -> tuple[NDArray, NDArray]:
    """Return how alike each patch is to what is seen where it is most so, (N,), and how far from its place, (N, 2).

    What is seen has `reach` pixels more on each side than the sample, and so has what is compared with each patch.
    The correlation of a patch p, of mean 0 and norm 1, with a window s is (Σ p s) / √(Σ s² - (Σ s)² / n).
    """
    from scipy import fft

    n, side = len(patches.pixels), patches.pixels.shape[1]
    wide = side + 2 * reach
    windows = np.lib.stride_tricks.sliding_window_view(seen, (wide, wide))
    columns, rows = patches.corners.astype(int).T
    around = windows[rows, columns]
    shape = (fft.next_fast_len(wide, real=True),) * 2
    products = fft.irfft2(fft.rfft2(around, shape) * fft.rfft2(patches.pixels, shape).conj(), shape)
    n_places = 2 * reach + 1
    sums, squares = (_box_sums(each, side) for each in (around.astype(np.float64), around.astype(np.float64) ** 2))
    spread = np.sqrt(np.maximum(squares - sums**2 / side**2, 1e-3))
    alike = (products[:, :n_places, :n_places] / spread).reshape(n, -1)
    best = alike.argmax(axis=1)
    offsets = np.stack([best % n_places, best // n_places], axis=1) - float(reach)
    return alike[np.arange(n), best], offsets


def _box_sums(images: NDArray, side: int) -> NDArray:
    """Return the sum of each square of so many pixels, of images (N, height, width)."""
    sums = np.pad(images.cumsum(axis=1).cumsum(axis=2), ((0, 0), (1, 0), (1, 0)))
    return np.asarray(sums[:, side:, side:] - sums[:, :-side, side:] - sums[:, side:, :-side] + sums[:, :-side, :-side])
