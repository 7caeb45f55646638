"""Surroundings: what is on the paper of a line besides its characters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from lab.synthetic.lines.kinds import LineKinds
from lab.synthetic.lines.writer import PlacedStamp

ANYWHERE = 0.12  # of the rules are not under or over the writing; some of these go through it
TINTED = 0.12  # of the boxes have a tint


@dataclass(frozen=True, eq=False)
class Strip:
    """The paper of a line, in pixels.

    digit   the height of a digit
    base    the row on which they stand
    ink     the first and the last column of ink
    cells   columns between the cells of its characters; none where it has no cells
    """

    height: int
    width: int
    digit: float
    base: float
    ink: tuple[float, float]
    cells: tuple[float, ...] = ()


def stamped(strip: Strip, row: list[PlacedStamp], ink: NDArray) -> None:
    """Put stamps on the ink (height, width) of a strip; what is beyond its edges is cut off."""
    for placed in row:
        top, left = placed.base - placed.stamp.top, placed.left
        n_rows, n_columns = placed.stamp.ink.shape
        rows = slice(max(top, 0), max(0, min(top + n_rows, strip.height)))
        columns = slice(max(left, 0), max(0, min(left + n_columns, strip.width)))
        if rows.start < rows.stop and columns.start < columns.stop:
            part = placed.stamp.ink[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
            np.maximum(ink[rows, columns], part, out=ink[rows, columns])


def print_on(strip: Strip, kinds: LineKinds, rng: np.random.Generator) -> NDArray | None:
    """Return how much of each pixel is covered by print, float32 (height, width) in [0, 1]; None where none is."""
    rules, boxes, combs, broken, pale, guilloche, specks = rng.random(7) < (
        kinds.rules, kinds.boxes, kinds.combs, kinds.broken, kinds.pale, kinds.guilloche, kinds.specks,
    )  # fmt: skip
    if not (rules or boxes or combs or guilloche or specks):
        return None
    printed = np.zeros((strip.height, strip.width), np.float32)
    thick = max(0.7, strip.digit * rng.uniform(0.02, 0.1))
    if rules:
        _rule(strip, printed, thick, rng)
    if boxes:
        _box(strip, printed, thick, rng)
    if combs and strip.cells:
        _comb(strip, printed, thick, rng)
    if broken and (rules or boxes or combs):
        _break(strip, printed, rng)
    printed *= np.float32(rng.uniform(0.12, 0.4) if pale else rng.uniform(0.45, 1))
    if guilloche:
        np.maximum(printed, _guilloche(strip, rng), out=printed)
    if specks:
        _strew(strip, printed, rng)
    return printed


def _across(strip: Strip, printed: NDArray, y: float, slope: float, thick: float, part: slice = slice(None)) -> None:
    """Draw a line across at row y, which rises or falls by `slope`."""
    x = np.arange(strip.width, dtype=np.float32)[part]
    far = np.abs(np.arange(strip.height, dtype=np.float32)[:, None] - np.float32(y) - np.float32(slope) * x)
    np.maximum(printed[:, part], np.clip(np.float32(thick / 2 + 0.5) - far, 0, min(1, thick)), out=printed[:, part])


def _down(strip: Strip, printed: NDArray, x: float, lean: float, thick: float, rows: slice = slice(None)) -> None:
    """Draw a line down at column x of the strip's first row."""
    first, last = max(0, int(x - 3 - thick - abs(lean) * strip.height)), int(x + 4 + thick + abs(lean) * strip.height)
    if last <= 0 or first >= strip.width:
        return
    columns = np.arange(first, min(last, strip.width), dtype=np.float32)
    y = np.arange(strip.height, dtype=np.float32)[rows, None]
    far = np.abs(columns - np.float32(x) - np.float32(lean) * y)
    part = printed[rows, first : first + len(columns)]
    np.maximum(part, np.clip(np.float32(thick / 2 + 0.5) - far, 0, min(1, thick)), out=part)


def _rule(strip: Strip, printed: NDArray, thick: float, rng: np.random.Generator) -> None:
    """Draw one or two rules: under the writing and over it, seldom elsewhere."""
    slope = rng.normal(0, 0.012)
    under, over = strip.base + strip.digit * rng.uniform(-0.05, 0.2), strip.base - strip.digit * rng.uniform(1, 1.25)
    for y in (under, over)[: int(rng.integers(1, 3))]:
        _across(strip, printed, rng.uniform(0, strip.height) if rng.random() < ANYWHERE else y, slope, thick)
    if rng.random() < 0.2:
        _down(strip, printed, rng.uniform(0, strip.width), rng.normal(0, 0.03), thick)


def _box(strip: Strip, printed: NDArray, thick: float, rng: np.random.Generator) -> None:
    """Draw the sides of the cells, or one box around all, of which an edge may be outside."""
    lean, slope = rng.normal(0, 0.02), rng.normal(0, 0.008)
    top, bottom = strip.base - strip.digit * rng.uniform(1.05, 1.5), strip.base + strip.digit * rng.uniform(0.05, 0.45)
    if not strip.cells or rng.random() < 0.25:
        room = strip.digit * rng.uniform(0.12, 0.6, 2)
        sides: tuple[float, ...] = (strip.ink[0] - room[0], strip.ink[1] + room[1])
    else:
        sides = strip.cells
    whole = rng.random() < 0.4  # the sides go on beyond the row, as in a table
    rows = slice(None) if whole else slice(max(0, int(top)), max(1, int(bottom) + 1))
    columns = slice(None) if whole else slice(max(0, int(sides[0])), max(1, int(sides[-1]) + 1))
    if rng.random() < TINTED:
        np.maximum(printed[rows, columns], np.float32(rng.uniform(0.1, 0.4)), out=printed[rows, columns])
    for i, x in enumerate(sides):
        bold = 2.0 if len(sides) > 4 and i % 3 == 0 and whole else 1.0
        _down(strip, printed, x, lean, bold * thick, rows)
    for y in (top, bottom):
        if rng.random() < 0.9:
            _across(strip, printed, y, slope, thick, columns)


def _comb(strip: Strip, printed: NDArray, thick: float, rng: np.random.Generator) -> None:
    """Draw short strokes between the cells, standing on a line."""
    bottom = strip.base + strip.digit * rng.uniform(0.02, 0.25)
    rows = slice(max(0, int(bottom - strip.digit * rng.uniform(0.2, 0.6))), max(1, int(bottom) + 1))
    for x in strip.cells:
        _down(strip, printed, x, 0.0, thick, rows)
    _across(strip, printed, bottom, 0.0, thick)


def _break(strip: Strip, printed: NDArray, rng: np.random.Generator) -> None:
    """Take away parts of all lines, as dots, dashes or by bad print."""
    if rng.random() < 0.5:
        period, share = max(3.0, strip.digit * rng.uniform(0.1, 0.4)), rng.uniform(0.4, 0.8)
        x, y = np.arange(strip.width) % period < share * period, np.arange(strip.height) % period < share * period
        printed *= x | y[:, None] if rng.random() < 0.3 else x ^ y[:, None]
    else:
        from PIL import Image

        coarse = rng.random((strip.height // 6 + 2, strip.width // 6 + 2), np.float32)
        printed *= np.asarray(Image.fromarray(coarse).resize((strip.width, strip.height))) > rng.uniform(0.3, 0.5)


def _guilloche(strip: Strip, rng: np.random.Generator) -> NDArray:
    """Return bundles of fine curves that run across, and how much they cover."""
    x = np.arange(strip.width, dtype=np.float32)
    y = np.arange(strip.height, dtype=np.float32)[:, None]
    curves = np.zeros((strip.height, strip.width), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        apart = strip.digit * rng.uniform(0.1, 0.5)
        swing = strip.digit * rng.uniform(0.1, 0.6) * np.sin(
            2 * np.pi * (x / (strip.digit * rng.uniform(1, 8)) + rng.random())
        )  # fmt: skip
        phase = (y + swing.astype(np.float32) + np.float32(rng.normal(0, 0.4)) * x) * np.float32(1 / apart)
        near = 1 - np.abs(2 * (phase - np.floor(phase)) - 1)
        np.maximum(curves, near ** np.float32(rng.uniform(1, 6)) * np.float32(rng.uniform(0.05, 0.3)), out=curves)
    return curves


def _strew(strip: Strip, printed: NDArray, rng: np.random.Generator) -> None:
    """Draw dots smaller than a full stop is, and a hair now and then."""
    for _ in range(int(rng.integers(1, 9))):
        size = max(1, int(strip.digit * rng.uniform(0.02, 0.06)))
        y, x = int(rng.integers(strip.height)), int(rng.integers(strip.width))
        part = printed[y : y + size, x : x + size * int(1 + (rng.random() < 0.15) * rng.integers(2, 6))]
        np.maximum(part, np.float32(rng.uniform(0.2, 0.9)), out=part)
