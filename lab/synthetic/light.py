"""Light: how bright each part of a picture is; and the camera."""

from __future__ import annotations

import io

import numpy as np

from inkgrad.arrays import NDArray
from lab.synthetic.look import Look


def light(width: int, height: int, look: Look, rng: np.random.Generator) -> NDArray | None:
    """Return how bright each pixel is lit, float32 (height, width), 1 as the paper is; None where all are 1."""
    if not (look.gradient or look.shadow or look.fold):
        return None
    x = (np.arange(width, dtype=np.float32) - width / 2) / max(width, height)
    y = ((np.arange(height, dtype=np.float32) - height / 2) / max(width, height))[:, None]
    lit = np.ones((height, width), np.float32)
    if look.gradient:
        u = _along(x, y, rng.uniform(0, 2 * np.pi))
        lit *= 1 - look.gradient * (u - u.min()) / max(float(np.ptp(u)), 1e-6)
    if look.shadow:
        softness = 1.2 / max(width, height) if look.hard_shadow else rng.uniform(0.06, 0.2)
        lit *= 1 - look.shadow / (1 + np.exp(np.clip(_outside(x, y, rng) / np.float32(softness), -30, 30)))
    if look.fold:
        u = _along(x, y, rng.integers(2) * np.pi / 2 + rng.normal(0, 0.03))
        u -= np.float32(rng.uniform(0.8 * u.min(), 0.8 * u.max()))
        side = np.float32(1 if rng.random() < 0.5 else -1)
        lit *= 1 - look.fold * np.where(side * u > 0, np.exp(-np.abs(u) * 6), 0)
        lit *= 1 - 0.5 * look.fold * np.exp(-np.abs(u) * max(width, height) / 1.5)
    return lit


def _along(x: NDArray, y: NDArray, angle: float) -> NDArray:
    """Return how far each pixel is in a direction."""
    return np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y


def _outside(x: NDArray, y: NDArray, rng: np.random.Generator) -> NDArray:
    """Return how far each pixel is outside a shadow: half of the picture, a round thing, or a telephone."""
    angle, (x0, y0) = rng.uniform(0, 2 * np.pi), rng.uniform(-0.25, 0.25, 2)
    u, v = (_along(x - np.float32(x0), y - np.float32(y0), angle + turn) for turn in (0, np.pi / 2))
    kind = rng.integers(3)
    if kind == 0:
        return u
    if kind == 1:  # it reaches in from the rim
        a, b = rng.uniform(0.15, 0.4, 2)
        u += np.float32(np.copysign(0.4, rng.uniform(-1, 1)))
        return (np.hypot(u / np.float32(a), v / np.float32(b)) - 1) * np.float32(min(a, b))
    return np.maximum(np.abs(u) - np.float32(0.15), v)


def taken(picture: NDArray, look: Look, rng: np.random.Generator) -> NDArray:
    """Return a picture, float32 (height, width, 3) in [0, 1], as a camera stores it, uint8."""
    from PIL import Image, ImageFilter

    levels = np.rint(255 * np.clip(picture, 0, 1, out=picture)).astype(np.uint8)
    if look.blur:
        levels = np.asarray(Image.fromarray(levels).filter(ImageFilter.GaussianBlur(look.blur)))
    if look.noise:
        grey = rng.standard_normal(levels.shape[:2], np.float32) * np.float32(look.noise)
        coarse = rng.standard_normal((levels.shape[0] // 2 + 1, levels.shape[1] // 2 + 1, 3), np.float32)
        color = np.rint(coarse * np.float32(0.4 * look.noise)).astype(np.int16)
        color = color.repeat(2, 0).repeat(2, 1)[: levels.shape[0], : levels.shape[1]]
        color += np.rint(grey).astype(np.int16)[:, :, None]
        levels = np.clip(color + levels, 0, 255).astype(np.uint8)
    if look.jpeg is not None:
        file = io.BytesIO()
        Image.fromarray(levels).save(file, "JPEG", quality=look.jpeg)
        levels = np.asarray(Image.open(file))
    return levels
