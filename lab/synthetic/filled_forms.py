"""Filled forms: a printed form with ten fields, blank and filled in by hand, as scanners and cameras see it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data import Examples
from inkgrad.errors import SettingError
from lab.synthetic.amounts import in_cells, spelled
from lab.synthetic.hand import Placed
from lab.synthetic.look import DESKS, Look, legible
from lab.synthetic.marks import printed_word, scrawled
from lab.synthetic.papers import Rule
from lab.synthetic.prints import Edges, Lettering
from lab.synthetic.sheets import Sheet, picture_of
from lab.synthetic.strokes import Stroke

SHEET = 34.0, 48.0  # width and height, in heights of a digit
PRINT = (40, 42, 48)
FONT = "DejaVuSans"
USUAL_PX = 30.0  # height of a digit
TICKED = 0.5  # of the tick boxes
MOST_GAP = 0.28  # heights between characters, so that spaces are seen
CROSS: tuple[Stroke, ...] = (((0.0, 0.1), (0.9, 1.0)), ((0.85, 0.0), (0.05, 1.0)))
CHECK: tuple[Stroke, ...] = (((0.0, 0.5), (0.3, 1.0), (0.3, 1.0), (1.1, -0.2)),)
WAYS = "scan", "photo", "upside down"


@dataclass(frozen=True)
class PrintedField:
    """A field of the form.

    name    its name
    title   what is printed above it
    kind    number, date, code, amount or tick
    expect  the pattern of what is written in it; "" for a tick box
    form    cells, comb, box, line or tick
    box     left, top, right and bottom, in heights of a digit from the sheet's corner
    n       how many cells or teeth it has
    """

    name: str
    title: str
    kind: str
    expect: str
    form: str
    box: Edges
    n: int = 0


FIELDS = (
    PrintedField("customer", "Customer number", "code", r"\d{6}", "cells", (3, 9, 11.4, 10.8), 6),
    PrintedField("postcode", "Postcode", "code", r"\d{5}", "comb", (20, 9, 27, 10.8), 5),
    PrintedField("date", "Date", "date", r"\d{2}\.\d{2}\.\d{4}", "box", (3, 14, 13, 16.2)),
    PrintedField("pieces", "Pieces", "number", r"\d{1,3}", "box", (20, 14, 25, 16.2)),
    PrintedField("phone", "Telephone", "code", r"\d{10}", "cells", (3, 19, 17, 20.8), 10),
    PrintedField("year", "Year of birth", "number", r"[12]\d{3}", "cells", (22, 19, 27.6, 20.8), 4),
    PrintedField("amount", "Amount", "amount", r"\d{1,4}\.\d{2}", "box", (3, 24, 13, 26.2)),
    PrintedField("total", "Total", "amount", r"\d{1,5}\.\d{2}", "line", (20, 24, 31, 26.2)),
    PrintedField("express", "Express", "tick", "", "tick", (3, 30, 4.5, 31.5)),
    PrintedField("paid", "Paid", "tick", "", "tick", (20, 30, 21.5, 31.5)),
)
"""The fields of the form."""


@dataclass(frozen=True, eq=False)
class FilledForm:
    """A picture, uint8 (height, width, 3), and what its fields say by their names; "yes" and "no" of tick boxes."""

    picture: NDArray
    truth: dict[str, str]


def blank_form(height: float = USUAL_PX) -> NDArray:
    """Return the form as it is printed, for digits so many pixels high, uint8 (height, width, 3)."""
    look = Look(height=height, rule=PRINT)
    return picture_of(_sheet((), look), look, np.random.default_rng(0))[0]


def fill_form(way: str, rng: np.random.Generator, digits: Examples, height: float = USUAL_PX) -> FilledForm:
    """Return the form filled in by hand: a "scan" that lies askew, a "photo", or a scan that is "upside down".

    Raises SettingError for another way, DataError for examples that are no digits.
    """
    if way not in WAYS:
        raise SettingError(f"ways are {', '.join(WAYS)}, got {way!r}")
    look = form_look(way, rng, height)
    truth = {field.name: _text(field, rng) for field in FIELDS}
    written = [each for field in FIELDS for each in _written(field, truth[field.name], look, rng, digits)]
    return FilledForm(picture_of(_sheet(tuple(written), look), look, rng)[0], truth)


def form_look(way: str, rng: np.random.Generator, height: float) -> Look:
    """Return how a form looks that was scanned askew or upside down, or photographed."""
    look = legible(Look.random(rng, "photo" if way == "photo" else "scan"), height)
    look = replace(look, rule=PRINT, rule_width=0.05, gap=min(look.gap, MOST_GAP))
    if way == "photo":
        desk = DESKS[rng.integers(len(DESKS))]
        turn, slant = float(rng.uniform(-8, 8)), float(rng.uniform(0.02, 0.15))
        return replace(look, desk=desk, rotation=turn, perspective=slant)
    askew = float(rng.uniform(-4, 4))
    return replace(look, rotation=180 + askew if way == "upside down" and askew < 0 else
                   -180 + askew if way == "upside down" else askew)  # fmt: skip


def _text(field: PrintedField, rng: np.random.Generator) -> str:
    """Return what somebody may write in a field."""
    whole = {"customer": 6, "postcode": 5, "phone": 10}
    if field.name in whole:
        return "".join(map(str, rng.integers(0, 10, whole[field.name])))
    if field.name == "date":
        return f"{rng.integers(1, 29):02}.{rng.integers(1, 13):02}.{rng.integers(2020, 2027)}"
    if field.kind == "amount":
        return f"{int(10 ** rng.uniform(0, 4 if field.name == 'amount' else 5))}.{rng.integers(100):02}"
    if field.kind == "tick":
        return "yes" if rng.random() < TICKED else "no"
    return str(rng.integers(1930, 2008)) if field.name == "year" else str(int(10 ** rng.uniform(0, 3)))


def _written(field: PrintedField, text: str, look: Look, rng: np.random.Generator, digits: Examples) -> list[Placed]:
    """Return what is written in a field, on the sheet."""
    h = look.height
    left, _, right, bottom = (h * edge for edge in field.box)
    if field.kind == "tick":
        if text == "no":
            return []
        mark = scrawled(CROSS if rng.random() < 0.6 else CHECK, "", look.pen or 0.1, look, rng)
        return [mark.moved(left + h * rng.uniform(0.1, 0.5), bottom - h * rng.uniform(0.1, 0.4))]
    if field.n:
        pitch = (right - left) / field.n
        row = in_cells(text, pitch, replace(look, height=0.92 * h), rng, digits)
        return [each.moved(left, bottom - h * rng.uniform(0.2, 0.5)) for each in row]
    row = spelled(text, look, rng, digits)
    wide = max(each.box[2] for each in row)
    room = right - left - 0.8 * h
    fit = min(1.0, room / wide)
    row = [replace(each, matrix=fit * each.matrix, origin=fit * each.origin) for each in row]
    start = left + 0.4 * h + rng.uniform(0, 1) * (room - fit * wide)
    return [each.moved(start, bottom - h * rng.uniform(0.25, 0.6)) for each in row]


def _sheet(written: tuple[Placed, ...], look: Look) -> Sheet:
    """Return the form with what is written on it."""
    h = look.height
    width, height = (h * n for n in SHEET)
    words = [("Order form", 1.2, (3.0, 4.2)), ("Please write clearly, one digit to a box", 0.5, (3.0, 5.6)),
             ("Return to: Inkgrad Ltd, 12 Mill Lane, Riverton 40213", 0.5, (3.0, 44.5))]  # fmt: skip
    for field in FIELDS:
        left, top, right, _ = field.box
        at = (right + 0.6, field.box[3] - 0.35) if field.form == "tick" else (left, top - 0.45)
        words.append((field.title, 0.55, at))
    lettering = tuple(
        Lettering(PRINT, printed_word(text, FONT, size * h).moved(x * h, y * h)) for text, size, (x, y) in words
    )
    rules = [Rule(3 * h, y * h, 31 * h, y * h, 0.05 * h) for y in (6.6, 42.8)]
    for field in FIELDS:
        rules += _printed_rules(field, h)
    return Sheet(width, height, written, tuple(rules), prints=lettering)


def _printed_rules(field: PrintedField, h: float) -> list[Rule]:
    left, top, right, bottom = (h * edge for edge in field.box)
    thick = 0.05 * h
    under = Rule(left, bottom, right, bottom, thick)
    if field.form == "line":
        return [under]
    n = field.n or 1
    up = bottom - 0.3 * (bottom - top) if field.form == "comb" else top
    down = [Rule(left + (right - left) * i / n, up, left + (right - left) * i / n, bottom, thick) for i in range(n + 1)]
    return [under, *down, *([] if field.form == "comb" else [Rule(left, top, right, top, thick)])]
