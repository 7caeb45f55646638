"""Prints: what is printed on a sheet in a colour of its own: tints, guilloche and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from inkgrad.arrays import NDArray
from lab.synthetic.hand import Placed
from lab.synthetic.look import Color
from lab.synthetic.pens import drawn
from lab.synthetic.view import View

Edges = tuple[float, float, float, float]  # left, top, right and bottom, in pixels of the sheet


class Print(Protocol):
    """Something printed: its colour, and how much of each pixel of a view it covers, float32 (height, width)."""

    @property
    def color(self) -> Color: ...

    def cover(self, view: View) -> NDArray: ...


@dataclass(frozen=True)
class Tint:
    """A place of the sheet in another colour."""

    color: Color
    edges: Edges

    def cover(self, view: View) -> NDArray:
        return _inside(self.edges, view)


@dataclass(frozen=True)
class Guilloche:
    """A bundle of fine waves across a place of the sheet, as on cheques.

    apart, swing, long  between two waves, of each to both sides, and from crest to crest, in pixels
    shift               of each wave against the one above it, in crests
    width               of a line, in pixels
    strength            how much of the paper a line covers, 0 to 1
    """

    color: Color
    edges: Edges
    apart: float
    swing: float
    long: float
    shift: float
    width: float
    strength: float

    def cover(self, view: View) -> NDArray:
        left, top, right, bottom = self.edges
        covered = np.zeros(view.x.shape, np.float32)
        turn = 2 * np.pi * view.x / self.long
        steep = 2 * np.pi * self.swing / self.long
        for k in range(int((bottom - top) / self.apart) + 1):
            phase = turn + 2 * np.pi * self.shift * k
            down = np.abs(view.y - np.float32(top + k * self.apart) - np.float32(self.swing) * np.sin(phase))
            far = down / np.sqrt(1 + (steep * np.cos(phase)) ** 2)
            np.maximum(covered, np.clip(self.width / 2 + 0.5 - far, 0, min(1, self.width)), out=covered)
        return np.float32(self.strength) * covered * _inside((left, top, right, bottom), view)


@dataclass(frozen=True, eq=False)
class Lettering:
    """A printed word."""

    color: Color
    placed: Placed

    def cover(self, view: View) -> NDArray:
        covered = np.zeros(view.x.shape, np.float32)
        stamp(self.placed, view, covered)
        return covered


def stamp(placed: Placed, view: View, ink: NDArray) -> tuple[tuple[slice, slice], NDArray]:
    """Draw a glyph into the ink of a picture; return where it was drawn, and how much of each pixel it covers there."""
    n_rows, n_columns = placed.glyph.field.shape
    corners = np.array([[0, n_columns, n_columns, 0], [0, 0, n_rows, n_rows]])
    part = view.around(placed.matrix @ corners + placed.origin[:, None], 1)
    back = np.linalg.inv(placed.matrix).astype(np.float32)
    x, y = (view.x[part] - np.float32(placed.origin[0]), view.y[part] - np.float32(placed.origin[1]))
    cover = drawn(placed.glyph, back[0, 0] * x + back[0, 1] * y, back[1, 0] * x + back[1, 1] * y, float(back[1, 1]))
    np.maximum(ink[part], cover, out=ink[part])
    return part, cover


def _inside(edges: Edges, view: View) -> NDArray:
    """Return how much of each pixel is within edges."""
    left, top, right, bottom = (np.float32(edge) for edge in edges)
    across, down = np.minimum(view.x - left, right - view.x), np.minimum(view.y - top, bottom - view.y)
    return np.clip(np.minimum(across, down) + np.float32(0.5), 0, 1)
