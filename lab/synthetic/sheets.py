"""Sheets: what is written and printed on a piece of paper, and the picture of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from lab.synthetic.hand import Placed
from lab.synthetic.light import light, taken
from lab.synthetic.look import Color, Look
from lab.synthetic.papers import Lines, Rule, grain, print_lines, print_rules, shown_through, strew
from lab.synthetic.prints import Print, stamp
from lab.synthetic.view import View, view_of

Layer = tuple[NDArray | None, Color]  # how much of each pixel it covers, and its colour
Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A piece of paper, width and height in pixels, with what is written and printed on it.

    Rules and lines are printed in the look's colour for them, prints in their own, beneath them.
    """

    width: float
    height: float
    written: tuple[Placed, ...]
    rules: tuple[Rule, ...] = ()
    lines: Lines | None = None
    prints: tuple[Print, ...] = ()


def picture_of(sheet: Sheet, look: Look, rng: np.random.Generator) -> tuple[NDArray, list[Box]]:
    """Return the picture of a sheet, uint8 (height, width, 3), and the box of each digit in it.

    Paper, print and ink go through the same view; the light falls on all of them, and the camera sees them.
    """
    view = view_of(sheet.width, sheet.height, look, rng)
    width, height = view.size
    ink = np.zeros((height, width), np.float32)
    boxes = [_draw(placed, view, ink) for placed in sheet.written]
    paper, pen = (look.ink, look.paper) if look.inverted else (look.paper, look.ink)
    layers: list[Layer] = [(each.cover(view), each.color) for each in sheet.prints]
    layers += [(_printed(sheet, look, view), look.rule), (_flowing(ink, look, rng), pen)]
    if look.show_through:
        layers.insert(0, (shown_through(ink, look, rng), pen))
    if look.specks:
        dirt = np.zeros_like(ink)
        strew(dirt, look, rng)
        layers.append((dirt, pen))
    shine = light(width, height, look, rng)
    if look.texture:
        rough = 1 + grain((height, width), 0.04 * look.texture, rng)
        shine = rough if shine is None else shine * rough
    return taken(_laid(paper, layers, shine, _beyond(sheet, look, view), look), look, rng), boxes


def _laid(paper: Color, layers: list[Layer], shine: NDArray | None, beyond: NDArray | None, look: Look) -> NDArray:
    """Return the colours of layers on paper, lit; and of the desk beyond."""
    covers = [(cover, color) for cover, color in layers if cover is not None]
    picture = np.empty((*covers[0][0].shape, 3), np.float32)
    for k in range(3):
        plane = np.full(picture.shape[:2], paper[k] / 255, np.float32)
        for cover, color in covers:
            plane += cover * (np.float32(color[k] / 255) - plane)
        if beyond is not None and look.desk is not None:
            plane += beyond * (np.float32(look.desk[k] / 255) - plane)
        if shine is not None:
            plane *= shine
        picture[:, :, k] = plane
    return picture


def _draw(placed: Placed, view: View, ink: NDArray) -> Box:
    """Draw a digit into the ink of a picture, and return the box around its own."""
    part, cover = stamp(placed, view, ink)
    seen = cover > 0.25
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    top, left = part[0].start, part[1].start
    return int(left + columns[0]), int(top + rows[0]), int(left + columns[-1] + 1), int(top + rows[-1] + 1)


def _printed(sheet: Sheet, look: Look, view: View) -> NDArray | None:
    """Return how much of each pixel is covered by print; None when there is none."""
    if not sheet.rules and sheet.lines is None:
        return None
    printed = np.zeros(view.x.shape, np.float32)
    if sheet.lines:
        print_lines(sheet.lines, max(0.8, look.rule_width * look.height), view, printed)
    print_rules(sheet.rules, view, printed)
    return printed


def _flowing(ink: NDArray, look: Look, rng: np.random.Generator) -> NDArray:
    """Return the ink as it flowed: unevenly along the strokes, and caught by the grain of the paper."""
    from PIL import Image

    if look.faint:
        cells = tuple(int(n / (0.4 * look.height)) + 3 for n in ink.shape)
        coarse = Image.fromarray(rng.uniform(0, 1, cells).astype(np.float32))
        ink = ink * (1 - np.float32(0.7 * look.faint) * np.asarray(coarse.resize(ink.shape[::-1])))
    if look.grain:
        size = max(1.0, 0.02 * look.height)  # of a grain, in pixels
        cells = tuple(int(n / size) + 2 for n in ink.shape)
        coarse = Image.fromarray(rng.uniform(-0.3, 1, cells).astype(np.float32))
        ink = ink * (1 - np.float32(look.grain) * np.clip(np.asarray(coarse.resize(ink.shape[::-1])), 0, 0.85))
    return ink


def _beyond(sheet: Sheet, look: Look, view: View) -> NDArray | None:
    """Return how much of each pixel shows the desk."""
    if look.desk is None:
        return None
    across = np.maximum(-view.x, view.x - np.float32(sheet.width))
    down = np.maximum(-view.y, view.y - np.float32(sheet.height))
    return np.clip(np.maximum(across, down) + 0.5, 0, 1)
