"""Paper: from colours to ink, whatever the paper's own colour, its shadows and folds."""

from __future__ import annotations

import numpy as np
from PIL import Image

from inkgrad.arrays import Array

LEAST_SIDE, MOST_PIXELS = 56, 3_000_000  # smaller pictures are enlarged, larger ones reduced
ROUGH = 90_000  # pixels that are enough to see the paper
N_SAMPLED = 20_000  # pixels that are enough to know the paper's grain
LEAST_INK = 0.06  # of the paper's light; what takes away less is paper
STROKE = 0.3  # of the picture's shorter side: no stroke is thicker
LEAST_STROKE, MOST_STROKE = 16, 100  # pixels
NOISE = 0.5  # of the threshold: steeper slopes are edges, and no noise
GRAINY = 0.035  # of the light: by so much or more a pixel differs from its neighbours
ABOVE_NOISE = 4.0  # standard deviations of paper is the ink of strokes at least
GRAIN = 2.5  # times as dark as the noise's slopes is a stroke


def at_working_size(colours: Array) -> tuple[Array, float]:
    """Return colours of a size to work at, and how many of its pixels were one before."""
    height, width, _ = colours.shape
    if height * width > MOST_PIXELS:
        factor = min(int(np.ceil(np.sqrt(height * width / MOST_PIXELS))), height, width)
        smaller = _image(colours).reduce(factor)
        return _array(smaller), 1 / factor
    if min(height, width) < LEAST_SIDE and height * width > 1:
        factor = min(-(-LEAST_SIDE // min(height, width)), 4)
        if height * width * factor**2 <= MOST_PIXELS:
            larger = _image(colours).resize((width * factor, height * factor), Image.Resampling.BICUBIC)
            return _array(larger), factor
    return colours, 1


def _image(colours: Array) -> Image.Image:
    return Image.fromarray(colours[..., 0] if colours.shape[2] == 1 else colours)


def _array(image: Image.Image) -> Array:
    array = np.asarray(image)
    return array if array.ndim == 3 else array[..., np.newaxis]


def lightness_skew(colours: Array) -> float:
    """Return the skewness of lightness against its surroundings: below 0 for dark on light, above 0 for light on dark.

    Where the one takes a share q of the picture and the other the rest, it is
    (1 - 2 q) / √(q (1 - q)), so it is near 0 only where ink and paper take about the same space.
    """
    from scipy import ndimage

    step = max(1, int(np.sqrt(colours.shape[0] * colours.shape[1] / ROUGH)))
    light = colours[::step, ::step].mean(axis=2, dtype=np.float32)
    light -= ndimage.uniform_filter(light, max(light.shape) if max(light.shape) < 80 else min(light.shape) // 2)
    variance = float((light**2).mean())
    return float((light**3).mean()) / variance**1.5 if variance > 1 else 0.0


def ink_on_paper(colours: Array, light_on_dark: bool = False) -> Array:
    """Return the ink of a picture, float32 (height, width) in [0, 1]: the part of the paper's light that it takes.

    For each colour channel the paper is what remains when dark things narrower than a stroke may be
    are painted over (a closing: the minimum of the maximum of the surroundings).  A closing keeps the
    edges of shadows where they are.  The channels are weighted by the ink they show, so that blue ink on
    grey paper, or yellow chalk, counts where it is seen.
    """
    if light_on_dark:
        colours = 255 - colours
    taken = np.stack([_taken(colours[..., k]) for k in range(colours.shape[2])])
    if len(taken) == 1:
        return _smoothed(taken[0])
    strength = (taken[:, ::3, ::3] ** 2).sum(axis=(1, 2)).astype(np.float64) + 1e-9
    weights = (strength / strength.sum()).astype(np.float32)
    return _smoothed(np.asarray(np.tensordot(weights, taken, 1)))


def _taken(channel: Array) -> Array:
    from scipy import ndimage

    height, width = channel.shape
    step = max(1, int(np.sqrt(channel.size / ROUGH)))
    rough = Image.fromarray(channel).reduce(step) if step > 1 else Image.fromarray(channel)
    window = int(np.clip(STROKE * min(height, width), LEAST_STROKE, MOST_STROKE)) // step + 1
    paper = ndimage.grey_closing(np.asarray(rough), (window, window), mode="nearest").astype(np.float32)
    paper = ndimage.uniform_filter(paper, max(3, window // 4), mode="nearest")
    whole = np.asarray(Image.fromarray(paper).resize((width, height), Image.Resampling.BILINEAR))
    return np.clip(1 - channel / np.maximum(whole, 8), 0, 1)


def _smoothed(ink: Array) -> Array:
    """Return ink; of a grainy picture, each pixel's mean with its neighbours."""
    from scipy import ndimage

    bends = np.abs(2 * ink[1:-1:2, 1:-1:2] - ink[1:-1:2, :-2:2] - ink[1:-1:2, 2::2])
    return ndimage.uniform_filter(ink, 3) if bends.size and np.median(bends) > GRAINY else ink


def paper_level(ink: Array) -> tuple[float, float]:
    """Return how much ink paper seems to have, and the standard deviation of that, from the lighter part of a picture.

    Of a normal distribution 0.08 lies 1.405, and 0.3 lies 0.524 standard deviations or more below
    the mean.  So it does not matter how much of the picture is ink, up to 0.7 of it.
    """
    step = max(2, int(np.sqrt(ink.size / N_SAMPLED)))
    some = np.sort(ink[::step, ::step], axis=None)
    low, high = some[int(0.08 * len(some))], some[int(0.3 * len(some))]
    deviation = (high - low) / (1.405 - 0.524)
    return float(high + 0.524 * deviation), float(deviation)


def thresholds(ink: Array) -> Array:
    """Return how much ink a stroke has at least in each place, for ink (height, width) in [0, 1].

    It is the mean ink at edges: sum(e ink) / sum(e), with e the fourth power of the slope; half of
    each edge's slope lies above it and half below.  (After Kittler, Illingworth & Föglein 1985,
    https://doi.org/10.1016/0734-189X(85)90093-3, who weight by the slope itself; its fourth
    power lets noise count less.)  It is taken in each place's surroundings, and
    nowhere less than half of the whole picture's.
    """
    from scipy import ndimage

    slope = _slope(ink) ** 2
    edges = slope**2
    total = float(edges.sum())
    if total == 0:
        return np.ones_like(ink)
    level, deviation = paper_level(ink)
    weighted = edges * (ink - np.float32(level))
    whole = max(float(weighted.sum()) / total, LEAST_INK, ABOVE_NOISE * deviation)
    step = max(1, int(np.sqrt(ink.size / ROUGH)))
    window = int(np.clip(STROKE * min(ink.shape), LEAST_STROKE, MOST_STROKE)) // step + 1
    noise = np.minimum(slope, (NOISE * whole) ** 2)
    inks, slopes, rough = (
        ndimage.uniform_filter(_reduced(values, step), 2 * window, mode="reflect")
        for values in (weighted, edges, noise)
    )
    least = np.maximum(max(0.5 * whole, ABOVE_NOISE * deviation), GRAIN * np.sqrt(np.maximum(rough, 0)))
    threshold = np.maximum(np.minimum(inks / np.maximum(slopes, 1e-9), 1.2 * whole), least) + np.float32(level)
    if step > 1:
        height, width = ink.shape
        threshold = np.asarray(Image.fromarray(threshold).resize((width, height), Image.Resampling.BILINEAR))
    return threshold


def _slope(ink: Array) -> Array:
    slope = np.zeros_like(ink)
    slope[1:-1] = np.abs(ink[2:] - ink[:-2])
    slope[:, 1:-1] = np.maximum(slope[:, 1:-1], np.abs(ink[:, 2:] - ink[:, :-2]))
    return slope


def _reduced(values: Array, step: int) -> Array:
    return np.asarray(Image.fromarray(values).reduce(step)) if step > 1 else values
