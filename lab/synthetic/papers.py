"""Papers: the colour and grain of a sheet, its lines, what shows through, and dirt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from lab.synthetic.look import Look
from lab.synthetic.view import View


@dataclass(frozen=True)
class Rule:
    """A straight line printed on a sheet from (x0, y0) to (x1, y1), across or down, all in pixels."""

    x0: float
    y0: float
    x1: float
    y1: float
    width: float


@dataclass(frozen=True)
class Lines:
    """The lines of ruled or squared paper: one at y = top and at x = left, and others `apart` pixels from it."""

    apart: float
    top: float
    left: float
    squared: bool


def grain(shape: tuple[int, int], roughness: float, rng: np.random.Generator) -> NDArray:
    """Return noise as of paper: fine grain and broad clouds, float32 with a standard deviation of about `roughness`."""
    from PIL import Image
    from scipy import ndimage

    fine = ndimage.gaussian_filter(rng.standard_normal(shape, np.float32), 0.7, truncate=2)
    coarse = rng.standard_normal((shape[0] // 24 + 2, shape[1] // 24 + 2), np.float32)
    broad = np.asarray(Image.fromarray(coarse).resize(shape[::-1], Image.Resampling.BILINEAR))
    fine *= np.float32(1.8 * roughness)
    fine += np.float32(0.4 * roughness) * broad
    return fine


def print_rules(rules: tuple[Rule, ...], view: View, printed: NDArray) -> None:
    """Draw rules into `printed`, how much of each pixel is covered by print."""
    for rule in rules:
        half = rule.width / 2
        low, high = (rule.x0, rule.y0), (rule.x1, rule.y1)
        (x0, y0), (x1, y1) = np.minimum(low, high), np.maximum(low, high)
        corners = np.array([[x0, x1, x1, x0], [y0, y0, y1, y1]])
        part = view.around(corners, half + 2)
        across = np.minimum(view.x[part] - (x0 - half), (x1 + half) - view.x[part])
        down = np.minimum(view.y[part] - (y0 - half), (y1 + half) - view.y[part])
        covered = np.clip(np.minimum(across, down) + 0.5, 0, min(1, rule.width))
        np.maximum(printed[part], covered, out=printed[part])


def print_lines(lines: Lines, width: float, view: View, printed: NDArray) -> None:
    """Draw the lines of the paper into `printed`; beyond the sheet they go on."""
    for place, first in ((view.y, lines.top), (view.x, lines.left))[: 2 if lines.squared else 1]:
        half = np.float32(lines.apart / 2)
        off = np.abs((place + (half - np.float32(first))) % (2 * half) - half)
        np.maximum(printed, np.clip(width / 2 + 0.5 - off, 0, min(1, width)), out=printed)


def shown_through(ink: NDArray, look: Look, rng: np.random.Generator) -> NDArray:
    """Return how much of each pixel the ink on the other side covers: writing seen from behind, blurred."""
    from scipy import ndimage

    down, right = (int(part * n) for part, n in zip(rng.uniform(0.1, 0.9, 2), ink.shape, strict=True))
    other = np.roll(ink[:, ::-1], (down, right), (0, 1))
    return np.float32(0.3 * look.show_through) * ndimage.gaussian_filter(other, 0.5 + 0.03 * look.height, truncate=2)


def strew(dirt: NDArray, look: Look, rng: np.random.Generator) -> None:
    """Draw specks into `dirt`, how much of each pixel is covered: round ones, and now and then a short hair."""
    height, width = dirt.shape
    for _ in range(min(500, rng.poisson(look.specks * height * width / look.height**2))):
        x, y, radius = rng.uniform(0, width), rng.uniform(0, height), look.height * rng.uniform(0.008, 0.035)
        length = look.height * rng.uniform(0.05, 0.15) if rng.random() < 0.15 else 0
        angle, dark = rng.uniform(0, np.pi), rng.uniform(0.3, 1)
        room = int(radius + length + 2)
        rows = slice(max(0, int(y) - room), int(y) + room + 1)
        columns = slice(max(0, int(x) - room), int(x) + room + 1)
        r, c = np.mgrid[rows.start : min(rows.stop, height), columns.start : min(columns.stop, width)]
        along = (c - x) * np.cos(angle) + (r - y) * np.sin(angle)
        aside = (r - y) * np.cos(angle) - (c - x) * np.sin(angle)
        off = np.hypot(along - np.clip(along, -length, length), aside)
        spot = dark * np.clip((radius if length == 0 else min(radius, 1)) - off + 0.5, 0, 1)
        np.maximum(dirt[rows, columns], spot, out=dirt[rows, columns])
