"""Camera: from ink and print on a strip of paper to the ink that is seen of it."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFilter

from inkgrad.arrays import NDArray
from inkgrad.pictures import ink_on_paper
from lab.synthetic.lines.kinds import LineKinds

WEAK = 0.4  # of the strong, the parts of a pencil's stroke


def uneven(ink: NDArray, digit: float, kinds: LineKinds, rng: np.random.Generator) -> NDArray:
    """Return ink as a pen or a pencil leaves it: how dark it is, and how evenly."""
    pencil, faint = rng.random(2) < (kinds.pencil, kinds.faint)
    dark = rng.uniform(0.25, 0.5) if faint else rng.uniform(0.55, 0.97)
    if pencil:
        flow = np.clip(_clouds(ink.shape, max(2.0, 0.45 * digit), rng) * 2.2 - 0.6, 0, 1)
        ink = ink * (WEAK + (1 - WEAK) * flow)
        ink = ink * (1 - np.float32(rng.uniform(0, 0.5)) * rng.random(ink.shape, np.float32))
        dark = min(dark, 0.75)
    return ink * np.float32(dark)


def _clouds(shape: tuple[int, ...], size: float, rng: np.random.Generator) -> NDArray:
    """Return numbers in [0, 1], float32, that change over so many pixels."""
    coarse = rng.random((int(shape[0] / size) + 3, int(shape[1] / size) + 3), np.float32)
    return np.asarray(Image.fromarray(coarse).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)).clip(0, 1)


def seen(ink: NDArray, printed: NDArray | None, digit: float, kinds: LineKinds, rng: np.random.Generator) -> NDArray:
    """Return the ink (height, width) that `ink_on_paper` finds in a photo of a strip with ink and print.

    An enlarged one is larger than the strip.
    """
    light = np.full(ink.shape, np.float32(rng.uniform(0.6, 1)))
    shadow, grain, noise, blur, jpeg, enlarged = rng.random(6) < (
        kinds.shadow, kinds.grain, kinds.noise, kinds.blur, kinds.jpeg, kinds.enlarged,
    )  # fmt: skip
    if shadow:
        light *= _shadow(ink.shape, rng)
    if grain:
        light *= 1 - np.float32(rng.uniform(0.02, 0.12)) * _clouds(ink.shape, rng.uniform(1, 4), rng)
    if printed is not None:
        light *= 1 - printed * np.float32(0.95)
    light *= 1 - ink
    levels = Image.fromarray((255 * light).astype(np.uint8))
    if enlarged:
        levels = _enlarged(levels, digit, rng)
    if blur:
        levels = levels.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.045 * digit)))
    if noise:
        grey = rng.standard_normal(levels.size[::-1], np.float32) * np.float32(rng.uniform(1, 14))
        levels = Image.fromarray(np.clip(np.asarray(levels) + grey, 0, 255).astype(np.uint8))
    if jpeg:
        file = io.BytesIO()
        levels.save(file, "JPEG", quality=int(rng.integers(25, 90)))
        levels = Image.open(file)
    return ink_on_paper(np.asarray(levels)[..., None])


def _shadow(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray:
    """Return how much light is left beside an edge, sharp or soft, or along a slope; any direction."""
    height, width = shape
    angle, dark = rng.uniform(0, 2 * np.pi), np.float32(rng.uniform(0.15, 0.55))
    x = np.arange(width, dtype=np.float32) - np.float32(rng.uniform(0.1, 0.9) * width)
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(rng.uniform(0.1, 0.9) * height)
    soft = np.float32(1 / (1 if rng.random() < 0.3 else rng.uniform(0.1, 1) * width))
    return 1 - dark * np.clip(0.5 + (np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y) * soft, 0, 1)


def _enlarged(levels: Image.Image, digit: float, rng: np.random.Generator) -> Image.Image:
    """Return a picture as it is when digits of 8 to 16 pixels are enlarged two to six times."""
    few = min(1.0, rng.uniform(8, 16) / digit)
    small = levels.resize((max(1, round(few * levels.width)), max(1, round(few * levels.height))), Image.Resampling.BOX)
    filters = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)
    times = rng.uniform(2, 6)
    size = round(times * small.width), round(times * small.height)
    return small.resize(size, filters[rng.integers(3)])
