"""Habits: how somebody writes a line, and with what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lab.synthetic.lines.kinds import LineKinds
from lab.synthetic.lines.stamps import Pen
from lab.synthetic.sources import FONTS

WIDTHS_OF_PRINT = 0.85, 0.92, 1.0, 1.0, 1.0, 1.08  # fonts are as wide, or condensed, or a little wider


@dataclass(frozen=True)
class Habits:
    """How a line is written; lengths in heights of a digit.

    gap, gap_spread     between neighbours, and how much that differs
    size_spread         standard deviation of the heights
    base_spread, slope  of the line that they stand on
    touching            whether neighbours may come as near as they touch, and overlap by `overlap`
    strokes             the share of digits that are drawn from strokes
    font                the name of the font of what is printed
    printed             the share of the characters that are: 0 for a hand
    condensed           times the width of the font's own characters
    pitch               the width of a cell where each character has one, else 0
    """

    gap: float
    gap_spread: float
    size_spread: float
    base_spread: float
    slope: float
    touching: float
    overlap: float
    strokes: float
    font: str
    printed: float
    condensed: float
    pitch: float


def habits_of(kinds: LineKinds, rng: np.random.Generator, in_cells: bool) -> Habits:
    """Return the habits of somebody who writes lines of these kinds."""
    touching, overlapping, spread, size, base, printed, mixed = rng.random(7) < (
        kinds.touching, kinds.overlapping, kinds.spread, kinds.uneven_size, kinds.uneven_base, kinds.printed,
        kinds.mixed,
    )  # fmt: skip
    return Habits(
        gap=rng.uniform(0.35, 0.75) if spread and not (touching or overlapping) else rng.uniform(0.06, 0.3),
        gap_spread=rng.uniform(0.02, 0.1),
        size_spread=rng.uniform(0.05, 0.14) if size else 0.02,
        base_spread=rng.uniform(0.02, 0.08) if base else 0.01,
        slope=rng.normal(0, 0.03) if base else 0.0,
        touching=rng.uniform(0.3, 1) if touching or overlapping else 0.0,
        overlap=rng.uniform(0.04, 0.16) if overlapping else 0.02,
        strokes=0.0 if not kinds.strokes else float(np.clip(rng.normal(kinds.strokes, 0.4), 0, 1)),
        font=FONTS[rng.integers(len(FONTS))],
        printed=1.0 if printed else rng.uniform(0.2, 0.7) if mixed and in_cells else 0.0,
        condensed=float(WIDTHS_OF_PRINT[rng.integers(len(WIDTHS_OF_PRINT))]),
        pitch=rng.uniform(0.95, 1.7) if in_cells else 0.0,
    )


def pen_of(kinds: LineKinds, height: float, rng: np.random.Generator) -> Pen:
    """Return a pen for digits so many pixels high."""
    thick, thin, slanted, twice = rng.random(4) < (kinds.thick, kinds.thin, kinds.slanted, kinds.twice)
    width = rng.uniform(0.15, 0.23) if thick else rng.uniform(0.035, 0.07) if thin else rng.uniform(0.07, 0.14)
    lean = float(np.clip(rng.normal(0.08, 0.22), -0.5, 0.6)) if slanted else 0.0
    return Pen(max(0.45, width * height / 2), lean, bool(twice))
