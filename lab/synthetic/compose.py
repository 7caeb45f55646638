"""Composing: pictures of every kind, as people would hand them in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from inkgrad.data import Examples
from inkgrad.errors import SettingError
from lab.synthetic.amounts import FormField, amount_text, write_amount
from lab.synthetic.forms import write_boxes, write_table
from lab.synthetic.look import DESKS, Look, legible, printed
from lab.synthetic.pages import Page, write_line, write_lines, write_ruled, write_single

LARGEST = 1100  # pixels of a side of most pictures
CROSSING = 0.12  # of the numbers in boxes and tables cross their lines
LEAST_AMOUNT_PX = 22.0  # the height of its digits, so that its dots are seen
TOUCHING_AMOUNT = 0.08  # of its digits touch the next


def compose(kind: str, rng: np.random.Generator, digits: Examples) -> Page:
    """Return a picture of that kind, one of KINDS, its look and what it says drawn at random.

    Raises SettingError when there is no such kind.
    """
    if kind not in MAKERS:
        raise SettingError(f"kinds are {', '.join(KINDS)}, got {kind!r}")
    return replace(MAKERS[kind](rng, digits), kind=kind)


def _single(rng: np.random.Generator, digits: Examples) -> Page:
    height = float(np.exp(rng.uniform(np.log(16), np.log(300))))
    return write_single(legible(Look.random(rng), height), rng, digits)


def _line(rng: np.random.Generator, digits: Examples) -> Page:
    return write_line(int(rng.integers(2, 13)), Look.random(rng), rng, digits)


def _touching(rng: np.random.Generator, digits: Examples) -> Page:
    return write_line(int(rng.integers(2, 9)), replace(Look.random(rng), touching=0.3), rng, digits)


def _ruled(rng: np.random.Generator, digits: Examples) -> Page:
    return write_ruled(_numbers(rng, 6, 10), _small(_paper(rng), 10), rng, digits)


def _squared(rng: np.random.Generator, digits: Examples) -> Page:
    return write_ruled(_numbers(rng, 6, 10), _small(replace(_paper(rng), lines="squared"), 10), rng, digits)


def _boxes(rng: np.random.Generator, digits: Examples) -> Page:
    n = int(rng.integers(3, 13))
    return write_boxes(n, replace(_form(rng, 1.6 * n), touching=CROSSING), rng, digits)


def _table(rng: np.random.Generator, digits: Examples) -> Page:
    most = 1 if rng.random() < 0.7 else 3
    rows, columns = (9, 9) if rng.random() < 0.25 else rng.integers(2, 8, 2)
    if most > 1:
        columns = min(columns, 5)
    look = replace(_form(rng, 2 * max(rows, columns * most)), touching=CROSSING)
    empty = float(rng.uniform(0, 0.5))
    return write_table(int(rows), int(columns), look, rng, digits, empty=empty, digits_per_cell=(1, most))


def _page(rng: np.random.Generator, digits: Examples) -> Page:
    look = _small(_paper(rng), 16)
    desk = DESKS[rng.integers(len(DESKS))] if look.gradient and rng.random() < 0.3 else None
    return write_lines(_numbers(rng, 8, 9, 3), replace(look, desk=desk), rng, digits)


def _board(rng: np.random.Generator, digits: Examples) -> Page:
    return write_lines(_numbers(rng, 3, 8), _small(Look.random(rng, "board"), 14), rng, digits)


def _amounts(rng: np.random.Generator, digits: Examples) -> Page:
    text, look = amount_text(rng), Look.random(rng)
    dense = text.replace(" ", "") if (field := FormField.random(rng)).form == "cells" else text
    look = legible(look, max(LEAST_AMOUNT_PX, min(look.height, LARGEST / (0.8 * len(text) + 6))))
    look = replace(look, touching=TOUCHING_AMOUNT, blur=look.blur * float(rng.uniform(1, 2)))
    if look.grain and rng.random() < 0.5:
        look = replace(look, faint=float(rng.uniform(0.5, 0.85)))
    return write_amount(dense, field, look, rng, digits)


def _paper(rng: np.random.Generator) -> Look:
    """Return the look of paper under a camera or on a scanner."""
    return Look.random(rng, "photo" if rng.random() < 0.65 else "scan")


def _form(rng: np.random.Generator, heights: float) -> Look:
    """Return the look of a printed form, with digits small enough that so many heights fit a picture."""
    return printed(_small(_paper(rng), heights), rng)


def _small(look: Look, heights: float) -> Look:
    """Return a look with digits small enough that so many heights fit a picture."""
    return legible(look, max(16.0, min(look.height, LARGEST / heights)))


def _numbers(rng: np.random.Generator, lines: int, most: int, fewest: int = 1) -> list[str | int]:
    """Return how many digits each line has."""
    return [int(n) for n in rng.integers(3, most + 1, rng.integers(fewest, lines + 1))]


MAKERS: dict[str, Callable[[np.random.Generator, Examples], Page]] = {
    "single": _single,
    "line": _line,
    "touching": _touching,
    "ruled": _ruled,
    "squared": _squared,
    "boxes": _boxes,
    "table": _table,
    "page": _page,
    "board": _board,
    "amounts": _amounts,
}
KINDS = tuple(MAKERS)
"""The kinds of pictures that `compose` makes."""
