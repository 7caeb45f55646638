"""Paper: from colours to ink, whatever the paper's own colour, shadows and folds, and however it is turned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from inkgrad.arrays import NDArray


@dataclass(frozen=True)
class PaperSettings:
    """How ink is told from the paper under it.

    least_side_px     shorter side of a picture; a smaller picture is enlarged
    most_pixels       of a picture; a larger picture is reduced
    enough_for_paper  pixels that are enough to see the paper
    enough_for_grain  pixels that are enough to know the grain of the paper
    least_ink         share of the paper's light; what takes away less is paper
    widest_stroke     share of the picture's shorter side; no stroke is thicker
    stroke_bounds_px  the widest stroke is between these in any picture
    local_bounds      the threshold at a place is between these times that of the whole picture
    edge_slope        share of the threshold; a steeper slope is an edge, not noise
    grainy            share of the light; pixels of grainy paper differ from their neighbours by more
    above_noise       ink of strokes is at least this many standard deviations of paper above it
    above_slopes      ink of strokes is at least this many times as strong as the slopes of noise
    """

    least_side_px: int = 56
    most_pixels: int = 3_000_000
    enough_for_paper: int = 90_000
    enough_for_grain: int = 20_000
    least_ink: float = 0.06
    widest_stroke: float = 0.3
    stroke_bounds_px: tuple[int, int] = (16, 100)
    local_bounds: tuple[float, float] = (0.5, 1.2)
    edge_slope: float = 0.5
    grainy: float = 0.035
    above_noise: float = 4.0
    above_slopes: float = 2.5

    def step(self, shape: tuple[int, ...]) -> int:
        """Return of how many pixels, down and across, one is enough to see the paper."""
        return max(1, int(np.sqrt(shape[0] * shape[1] / self.enough_for_paper)))

    def window(self, shape: tuple[int, ...]) -> int:
        """Return how many of those pixels are wider than any stroke."""
        return int(np.clip(self.widest_stroke * min(shape), *self.stroke_bounds_px)) // self.step(shape) + 1


@dataclass(frozen=True)
class SkewSettings:
    """How a page is turned upright.

    most_degrees   a page is turned by at most this, either way
    least_degrees  a smaller skew does no harm
    fewest_pieces  a page with fewer does not show how it is turned
    sharper        rows must be this many times as sharp as unturned; otherwise it is chance
    enough_points  pixels with ink that are enough to see the rows
    """

    most_degrees: float = 16.0
    least_degrees: float = 0.7
    fewest_pieces: int = 4
    sharper: float = 1.12
    enough_points: int = 12_000


def at_working_size(colours: NDArray, settings: PaperSettings = PaperSettings()) -> tuple[NDArray, float]:
    """Return colours of a size to work at, and how many of its pixels were one before."""
    height, width, _ = colours.shape
    most, least_side = settings.most_pixels, settings.least_side_px
    if height * width > most:
        factor = min(int(np.ceil(np.sqrt(height * width / most))), height, width)
        smaller = _image(colours).reduce(factor)
        return _array(smaller), 1 / factor
    if min(height, width) < least_side and height * width > 1:
        factor = min(-(-least_side // min(height, width)), 4)
        if height * width * factor**2 <= most:
            return enlarged(colours, factor), factor
    return colours, 1


def enlarged(colours: NDArray, factor: int) -> NDArray:
    """Return colours with so many pixels for one, down and across."""
    height, width, _ = colours.shape
    return _array(_image(colours).resize((width * factor, height * factor), Image.Resampling.BICUBIC))


def _image(colours: NDArray) -> Image.Image:
    return Image.fromarray(colours[..., 0] if colours.shape[2] == 1 else colours)


def _array(image: Image.Image) -> NDArray:
    array = np.asarray(image)
    return array if array.ndim == 3 else array[..., np.newaxis]


def lightness_skew(colours: NDArray, settings: PaperSettings = PaperSettings()) -> float:
    """Return the skewness of lightness against its surroundings: below 0 for dark on light, above 0 for light on dark.

    Where the one takes a share q of the picture and the other the rest, it is
    (1 - 2 q) / √(q (1 - q)), so it is near 0 only where ink and paper take about the same space.
    """
    from scipy import ndimage

    step = settings.step(colours.shape)
    light = colours[::step, ::step].mean(axis=2, dtype=np.float32)
    light -= ndimage.uniform_filter(light, max(light.shape) if max(light.shape) < 80 else min(light.shape) // 2)
    variance = float((light**2).mean())
    return float((light**3).mean()) / variance**1.5 if variance > 1 else 0.0


def ink_on_paper(colours: NDArray, light_on_dark: bool = False, settings: PaperSettings = PaperSettings()) -> NDArray:
    """Return the ink of a picture, float32 (height, width) in [0, 1]: the part of the paper's light that it takes.

    It is `as_ink` of `taken_by_ink`.
    """
    return as_ink(taken_by_ink(colours, light_on_dark, settings), settings)


def taken_by_ink(colours: NDArray, light_on_dark: bool = False, settings: PaperSettings = PaperSettings()) -> NDArray:
    """Return the part of the paper's light that is taken in each channel, float32 (channels, height, width) in [0, 1].

    For each colour channel the paper is what remains when dark things narrower than a stroke may be
    are painted over (a closing: the minimum of the maximum of the surroundings).  A closing keeps the
    edges of shadows where they are.
    """
    if light_on_dark:
        colours = 255 - colours
    return np.stack([_taken(colours[..., k], settings) for k in range(colours.shape[2])])


def as_ink(taken: NDArray, settings: PaperSettings = PaperSettings()) -> NDArray:
    """Return ink, float32 (height, width) in [0, 1], for what is taken in each channel (channels, height, width).

    The channels are weighted by the ink they show, so that blue ink on grey paper, or yellow chalk, counts where it is
    seen.
    """
    if len(taken) == 1:
        return _smoothed(taken[0], settings.grainy)
    strength = (taken[:, ::3, ::3] ** 2).sum(axis=(1, 2)).astype(np.float64) + 1e-9
    weights = (strength / strength.sum()).astype(np.float32)
    return _smoothed(np.asarray(np.tensordot(weights, taken, 1)), settings.grainy)


def _taken(channel: NDArray, settings: PaperSettings) -> NDArray:
    from scipy import ndimage

    height, width = channel.shape
    step, window = settings.step(channel.shape), settings.window(channel.shape)
    rough = Image.fromarray(channel).reduce(step) if step > 1 else Image.fromarray(channel)
    paper = ndimage.grey_closing(np.asarray(rough), (window, window), mode="nearest").astype(np.float32)
    paper = ndimage.uniform_filter(paper, max(3, window // 4), mode="nearest")
    whole = np.asarray(Image.fromarray(paper).resize((width, height), Image.Resampling.BILINEAR))
    return np.clip(1 - channel / np.maximum(whole, 8), 0, 1)


def _smoothed(ink: NDArray, grainy: float) -> NDArray:
    """Return ink; of a grainy picture, each pixel's mean with its neighbours."""
    from scipy import ndimage

    bends = np.abs(2 * ink[1:-1:2, 1:-1:2] - ink[1:-1:2, :-2:2] - ink[1:-1:2, 2::2])
    return ndimage.uniform_filter(ink, 3) if bends.size and np.median(bends) > grainy else ink


def _paper_level(ink: NDArray, enough: int) -> tuple[float, float]:
    """Return how much ink paper seems to have, and the standard deviation of that, from the lighter part of a picture.

    Of a normal distribution 0.08 lies 1.405, and 0.3 lies 0.524 standard deviations or more below
    the mean.  So it does not matter how much of the picture is ink, up to 0.7 of it.
    """
    step = max(2, int(np.sqrt(ink.size / enough)))
    some = np.sort(ink[::step, ::step], axis=None)
    low, high = some[int(0.08 * len(some))], some[int(0.3 * len(some))]
    deviation = (high - low) / (1.405 - 0.524)
    return float(high + 0.524 * deviation), float(deviation)


def thresholds(ink: NDArray, settings: PaperSettings = PaperSettings()) -> NDArray:
    """Return how much ink a stroke has at least in each place, for ink (height, width) in [0, 1].

    It is the mean ink at edges: sum(e ink) / sum(e), with e the fourth power of the slope; half of
    each edge's slope lies above it and half below.  (After Kittler, Illingworth & Föglein 1985,
    https://doi.org/10.1016/0734-189X(85)90093-3, who weight by the slope itself; its fourth
    power lets noise count less.)  It is taken in each place's surroundings, and
    nowhere much less or more than in the whole picture.
    """
    from scipy import ndimage

    slope = _slope(ink) ** 2
    edges = slope**2
    total = float(edges.sum())
    if total == 0:
        return np.ones_like(ink)
    level, deviation = _paper_level(ink, settings.enough_for_grain)
    weighted = edges * (ink - np.float32(level))
    surely_ink = settings.above_noise * deviation
    whole = max(float(weighted.sum()) / total, settings.least_ink, surely_ink)
    step, window = settings.step(ink.shape), settings.window(ink.shape)
    noise = np.minimum(slope, (settings.edge_slope * whole) ** 2)
    inks, slopes, rough = (
        ndimage.uniform_filter(_reduced(values, step), 2 * window, mode="reflect")
        for values in (weighted, edges, noise)
    )
    low, high = (bound * whole for bound in settings.local_bounds)
    least = np.maximum(max(low, surely_ink), settings.above_slopes * np.sqrt(np.maximum(rough, 0)))
    threshold = np.maximum(np.minimum(inks / np.maximum(slopes, 1e-9), high), least) + np.float32(level)
    if step > 1:
        height, width = ink.shape
        threshold = np.asarray(Image.fromarray(threshold).resize((width, height), Image.Resampling.BILINEAR))
    return threshold


def _slope(ink: NDArray) -> NDArray:
    slope = np.zeros_like(ink)
    slope[1:-1] = np.abs(ink[2:] - ink[:-2])
    slope[:, 1:-1] = np.maximum(slope[:, 1:-1], np.abs(ink[:, 2:] - ink[:, :-2]))
    return slope


def _reduced(values: NDArray, step: int) -> NDArray:
    return np.asarray(Image.fromarray(values).reduce(step)) if step > 1 else values


def find_skew(strokes: NDArray, high: float, settings: SkewSettings = SkewSettings()) -> float:
    """Return by how many degrees rows of writing and rules rise to the right; 0 where it is not clear.

    Each angle's rows of pixels are counted; where writing and rules lie along them, the counts
    are most uneven, and the sum of their squares is largest.  `high` is the height of the
    writing; rows are an eighth of it.
    """
    rows, columns = np.nonzero(strokes)
    if len(rows) < 50:
        return 0.0
    step = max(1, len(rows) // settings.enough_points)
    rows, columns = rows[::step], columns[::step] - strokes.shape[1] / 2
    band = max(1.0, high / 8)
    coarse = np.arange(-settings.most_degrees, settings.most_degrees + 0.1, 1)
    best = max(coarse, key=lambda angle: _sharpness(rows, columns, angle, band))
    fine = best + np.arange(-0.75, 0.8, 0.25)
    best = float(max(fine, key=lambda angle: _sharpness(rows, columns, angle, band)))
    least = settings.sharper * _sharpness(rows, columns, 0, band)
    return best if _sharpness(rows, columns, best, band) > least else 0.0


def _sharpness(rows: NDArray, columns: NDArray, angle: float, band: float) -> float:
    slope = np.tan(np.radians(angle))
    lines = ((rows + slope * columns) / band).astype(int)
    return float((np.bincount(lines - lines.min()).astype(float) ** 2).sum())


def turned(ink: NDArray, degrees: float) -> NDArray:
    """Return ink turned clockwise by so many degrees about its middle, the picture as large as before."""
    return np.asarray(Image.fromarray(ink).rotate(-degrees, Image.Resampling.BILINEAR))
