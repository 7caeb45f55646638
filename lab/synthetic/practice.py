"""Practice: digits in the MNIST form as real pictures leave them, and things that are no digits."""

from __future__ import annotations

import numpy as np
from PIL import Image

from inkgrad.arrays import NDArray
from inkgrad.data import Dataset, Examples, mnist
from inkgrad.pictures import mnist_form
from lab.synthetic.sources import beside, cut, from_font, from_mnist, nothing
from lab.synthetic.strokes import written

NOTHING = "none"  # the label of what is no digit
LABELS = (*"0123456789", NOTHING)
FRAMED = 0.1  # the part that is stretched to a square; what is narrower than NARROW, in heights, never is
NARROW = 0.3
SHARES = {"mnist": 0.45, "strokes": 0.28, "font": 0.11, "nothing": 0.16}
N_HELD_BACK = 10_000  # of MNIST's training digits, the last: for choices, and to calibrate


def practice(n: int = 250_000, seed: int = 0) -> Dataset:
    """Return MNIST's first 50,000 training digits and n pictures of practice; to test, MNIST's other 10,000.

    The test set of MNIST is not touched.
    """
    train = mnist().train
    known = Examples(train.x[:-N_HELD_BACK], train.t[:-N_HELD_BACK])
    made = practice_examples(n, known, np.random.default_rng(seed))
    both = Examples(np.concatenate([known.x, made.x]), np.concatenate([known.t, made.t]))
    return Dataset(both, Examples(train.x[-N_HELD_BACK:], train.t[-N_HELD_BACK:]), LABELS)


def practice_examples(n: int, digits: Examples, rng: np.random.Generator) -> Examples:
    """Return n examples in the MNIST form, uint8 (n, 28, 28, 1), with class numbers 0 to 9, or 10 for no digit.

    They are digits of MNIST, digits drawn from strokes, printed digits, and things that are no
    digits; seen in pictures of few or many pixels, slanted, turned, blurred, noisy, with rests
    of a neighbour or of a rule, or cut off at an edge.
    """
    x, t = np.empty((n, 28, 28, 1), np.uint8), np.empty(n, np.uint8)
    sources = rng.choice(list(SHARES), n, p=list(SHARES.values()))
    for i, source in enumerate(sources):
        digit = None
        while digit is None:  # some become so thin that nothing is left
            ink, t[i] = _ink(str(source), digits, rng)
            digit = as_seen(ink, rng, alone=source == "nothing", digits=digits)
        x[i, :, :, 0] = digit
    return Examples(x, t)


def _ink(source: str, digits: Examples, rng: np.random.Generator) -> tuple[NDArray, int]:
    """Return the ink of one example, and its class number."""
    if source == "nothing":
        return nothing([_any_digit(digits, rng) for _ in range(2)], rng), 10
    if source == "mnist":
        i = rng.integers(len(digits))
        return from_mnist(digits.x[i, :, :, 0], rng), int(digits.t[i])
    digit = int(rng.integers(10))
    return (written(digit, rng) if source == "strokes" else from_font(str(digit), rng)), digit


def _any_digit(digits: Examples, rng: np.random.Generator) -> NDArray:
    i = rng.integers(len(digits))
    ink = written(int(rng.integers(10)), rng) if rng.random() < 0.3 else from_mnist(digits.x[i, :, :, 0], rng)
    return ink if ink.any() else _any_digit(digits, rng)


def as_seen(ink: NDArray, rng: np.random.Generator, alone: bool, digits: Examples) -> NDArray | None:
    """Return ink as a picture would show it, in the MNIST form; None where nothing is left.

    Unless it is `alone`, some of it is cut off, or something of a neighbour or a rule comes with it.
    """
    ink = _turned(ink, rng)
    if not alone and rng.random() < 0.15:
        ink = (_cut_off, _with_neighbour, _with_rule)[rng.integers(3)](ink, rng, digits)
    seen = _photographed(ink, rng)
    return None if seen is None else mnist_form(seen)


def _turned(ink: NDArray, rng: np.random.Generator) -> NDArray:
    """Return ink turned by up to 15 degrees, slanted, narrower or wider, as a picture with 12 to 100 pixels a digit.

    Some is stretched until it is about as wide as high, as collections of digits do.
    """
    ink = cut(ink)
    height, width = ink.shape
    a, shear, stretch = np.radians(np.clip(rng.normal(0, 6), -15, 15)), rng.normal(0, 0.2), np.exp(rng.normal(0, 0.22))
    if width > NARROW * height and rng.random() < FRAMED:
        stretch = width / height / rng.uniform(0.85, 1.1)
    scale = max(height, 12) / np.exp(rng.uniform(np.log(12), np.log(100)))
    back = scale * np.array([[np.cos(a), np.sin(a) + shear], [-np.sin(a), np.cos(a)]]) @ np.diag([stretch, 1])
    reach = np.abs(np.linalg.inv(back)) @ (width, height)
    size = int(reach[0]) + 5, int(reach[1]) + 5
    shift = np.array([width, height]) / 2 - back @ (np.array(size) / 2)
    smaller = Image.fromarray(ink)
    if scale > 2:  # the transform below looks at few pixels only
        smaller = smaller.reduce(int(scale))
        back, shift = back / int(scale), shift / int(scale)
    data = (back[0, 0], back[0, 1], shift[0], back[1, 0], back[1, 1], shift[1])
    return np.asarray(smaller.transform(size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR))


def _photographed(ink: NDArray, rng: np.random.Generator) -> NDArray | None:
    """Return ink blurred and noisy, and its paper white again; None where nothing is left."""
    from scipy import ndimage

    seen = ink * rng.uniform(0.6, 1)
    if rng.random() < 0.6:
        seen = ndimage.gaussian_filter(seen, rng.uniform(0.2, 0.03 * max(ink.shape) + 0.5))
    seen = seen + rng.normal(0, rng.uniform(0, 0.12), seen.shape)
    threshold = rng.uniform(0.35, 0.6) * np.percentile(seen, 99)
    strokes = seen > threshold
    if not strokes.any():
        return None
    near = ndimage.binary_dilation(strokes, np.ones((3, 3)))
    kept = np.where(near & (seen > threshold / 2), seen, 0) if rng.random() < 0.8 else strokes
    return np.clip(kept / np.median(kept[strokes]), 0, 1).astype(np.float32)


def _cut_off(ink: NDArray, rng: np.random.Generator, digits: Examples) -> NDArray:
    ink = np.rot90(ink, k := int(rng.integers(4)))
    return np.rot90(ink[round(rng.uniform(0.05, 0.15) * len(ink)) :], -k)


def _with_neighbour(ink: NDArray, rng: np.random.Generator, digits: Examples) -> NDArray:
    """Return ink with the edge of another digit beside it."""
    ink, other = cut(ink), cut(_any_digit(digits, rng))
    scale = max(ink.shape[0], 4) / other.shape[0]
    other = np.asarray(Image.fromarray(other).resize((max(4, round(other.shape[1] * scale)), max(ink.shape[0], 4))))
    n = max(1, round(other.shape[1] * rng.uniform(0.05, 0.2)))
    left, right = (ink, other[:, :n]) if rng.random() < 0.5 else (other[:, -n:], ink)
    return beside(left, right, gap=int(rng.integers(0, 2 + ink.shape[0] // 8)), down=int(rng.integers(-2, 3)))


def _with_rule(ink: NDArray, rng: np.random.Generator, digits: Examples) -> NDArray:
    """Return ink with a rest of a line at one edge, or right across."""
    ink = np.rot90(cut(ink), k := int(rng.integers(4))).copy()
    height, width = ink.shape
    thick = max(1, round(rng.uniform(0.01, 0.06) * height))
    top = 0 if rng.random() < 0.7 else int(rng.integers(height))
    start, stop = np.sort(rng.integers(0, width + 1, 2))
    np.maximum(ink[top : top + thick, start:stop], rng.uniform(0.4, 1), out=ink[top : top + thick, start:stop])
    return np.rot90(ink, -k)
