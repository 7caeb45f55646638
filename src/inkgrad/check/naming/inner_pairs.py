"""Pairs: two mistakes at once inside forward, such as two terms that are both left out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming import inner_axes, inner_steps, inner_terms
from inkgrad.check.naming.ways import Inside, Way

MOST = 1500  # ways, of which any two may be gone


def two_at_once(inside: Inside, name: str, off: NDArray) -> Iterator[Way]:
    """Two ways that together change the slopes of <dy, y> along the directions of an array by `off`."""
    for ways in (  # of one family: two mistakes that have nothing in common are seldom made at once
        inside.ways(inner_terms.held_constant),
        [*inside.ways(inner_steps.skipped), *inside.ways(inner_steps.region_skipped)],
        inside.ways(inner_axes.summed_with_weights),
    ):
        yield from _pairs(inside, name, off, [way for way in ways if way.is_single][:MOST])


def _pairs(inside: Inside, name: str, off: NDArray, ways: list[Way]) -> Iterator[Way]:
    slopes = inside.slopes(name, ways)
    size = float(np.linalg.norm(off))
    moving = [k for k in range(len(ways)) if np.linalg.norm(slopes[k]) > 1e-6 * size]
    for i, k in enumerate(moving):
        rest = np.abs(slopes[moving[i + 1 :]] + slopes[k] - off).max(axis=1, initial=0)
        for j in np.flatnonzero(rest < 1e-4 * size):
            yield _both(ways[k], ways[moving[i + 1 + int(j)]])


def _both(one: Way, other: Way) -> Way:
    kind = Kind.derivative_forgotten if Kind.derivative_forgotten in (one.kind, other.kind) else one.kind
    return Way(kind, f"{one.message}; and {other.message}").with_places_of([one, other])
