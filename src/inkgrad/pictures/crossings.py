"""Crossings: rules taken out, and strokes that cross them kept whole."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import Array
from inkgrad.pictures.rules import Rules

THICKEST = 12  # pixels; strokes across thicker rules are lost


def without_rules(strokes: Array, rules: Rules) -> Array:
    """Return strokes without the rules; where a stroke crosses a rule, it stays whole."""
    if not rules:
        return strokes
    lines = rules.across | rules.down
    rest = strokes & ~lines
    across = _bridged(rest, rules.across)
    down = _bridged(rest.T, rules.down.T).T
    return np.asarray(rest | (across & ~rules.down) | (down & ~rules.across))


def _bridged(rest: Array, lines: Array) -> Array:
    """Return the pixels of lines across that have ink of the rest both above and below, or nearly so."""
    width = rest.shape[1] + 2
    ink = np.pad(rest, 1).ravel()
    where = np.flatnonzero(np.pad(lines, 1))
    above, below = (_reached(ink, where, side, _thickest(lines)) for side in (-width, width))
    bridged = np.zeros(ink.size, bool)
    bridged[where] = above & below
    return bridged.reshape(-1, width)[1:-1, 1:-1]


def _reached(ink: Array, where: Array, side: int, n_steps: int) -> Array:
    """Return which pixels, at indices `where`, are reached from ink by steps away from `side`, straight or aslant."""
    ink, reached = ink.copy(), np.zeros(len(where), bool)
    for _ in range(n_steps):
        beside = where[~reached] + side
        new = ink[beside - 1] | ink[beside] | ink[beside + 1]
        if not new.any():
            break
        reached[~reached] = new
        ink[where[reached]] = True
    return reached


def _thickest(lines: Array) -> int:
    """Return how thick lines across are, in pixels: nearly the most of them all."""
    columns = lines[:, lines.any(axis=0)]
    starts = (columns[1:] & ~columns[:-1]).sum() + columns[0].sum()
    return min(int(np.ceil(2 * columns.sum() / max(starts, 1))) + 1, THICKEST) if columns.size else 0
