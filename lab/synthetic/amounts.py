"""Amounts: one line each as on cheques, slips and forms, with marks, and much beside it that is not to be read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from inkgrad.data import Examples
from inkgrad.errors import SettingError
from lab.synthetic.hand import Placed, write_row
from lab.synthetic.look import Color, Look
from lab.synthetic.marks import FONTS, MARKS, OTHER_DIGITS, PRINTED, closing, currency, marked, printed_word, word
from lab.synthetic.pages import Page, page_of
from lab.synthetic.papers import Lines, Rule
from lab.synthetic.prints import Edges, Guilloche, Lettering, Print, Tint
from lab.synthetic.sheets import Sheet

PALE = (236, 214, 228), (214, 236, 220), (252, 228, 200), (208, 226, 246), (246, 240, 196), (228, 222, 240)
COLOURED = (205, 90, 90), (90, 140, 205), (70, 150, 110), (200, 130, 60), (150, 95, 170), (45, 60, 130)
FADED = (240, 190, 195), (180, 205, 240), (180, 222, 195), (245, 210, 165), (205, 190, 225), (190, 190, 195)
DARK = (30, 30, 36), (70, 72, 80)
LIGHT = (200, 205, 200), (150, 190, 210), (215, 190, 150)  # prints on what is dark
OTHERS = 0.12  # of the 0, 1 and 7 are written as elsewhere
MOST_GAP = 0.28  # heights between characters, so that spaces are seen
FORMS = "cheque", "underlined", "cells", "slip"


@dataclass(frozen=True)
class FormField:
    """How an amount stands on its sheet; as it comes, alone on plain paper.

    form       cheque: in a box, maybe on a tint; underlined: on a rule; cells: one character in each, with
               boxes or combs around; slip: on the paper, which may be ruled
    guilloche  whether there is some
    before     what stands before it: "", "word" or "currency" by hand, "print" for a printed one
    after      what stands after it: "", "closing" or "currency"
    title      whether a small printed word stands above
    pale       whether sides, rules and combs are pale
    """

    form: str = "slip"
    guilloche: bool = False
    before: str = ""
    after: str = ""
    title: bool = False
    pale: bool = False

    @staticmethod
    def random(rng: np.random.Generator) -> FormField:
        """Return any field."""
        form = str(rng.choice(FORMS, p=[0.35, 0.25, 0.15, 0.25]))
        before = str(rng.choice(["", "word", "currency", "print"], p=[0.35, 0.2, 0.15, 0.3]))
        after = str(rng.choice(["", "closing", "currency"], p=[0.65, 0.25, 0.1]))
        if form == "cells":
            before, after = ("" if before in ("word", "currency") else before), ""
        return FormField(
            form, bool(rng.random() < {"cheque": 0.6}.get(form, 0.12)), before, after,
            bool(form != "slip" and rng.random() < 0.35), bool(rng.random() < 0.5),
        )  # fmt: skip


def amount_text(rng: np.random.Generator) -> str:
    """Return an amount, a signed number, a date, a time or a plain number, as people write them."""
    kind = rng.choice(["amount", "grouped", "ended", "fenced", "signed", "date", "time", "plain"],
                      p=[0.3, 0.18, 0.1, 0.07, 0.12, 0.13, 0.03, 0.07])  # fmt: skip
    decimal, group = ((".", ","), (",", "."), (".", " "), (",", " "))[rng.integers(4)]
    whole = _number(rng, 5)
    if kind == "amount":
        return f"{_number(rng, 4)}{decimal}{_cents(rng)}"
    if kind == "grouped":
        cents = f"{decimal}{_cents(rng)}" if rng.random() < 0.7 else ""
        return re.sub(r"(?<=\d)(?=(\d{3})+$)", group, _number(rng, 7, 4)) + cents
    if kind == "ended":
        return whole + ("/-", ".-", "=", ",-")[rng.integers(4)]
    if kind == "fenced":
        fence = ("**", "#", "*", "=")[rng.integers(4)]
        return f"{fence}{whole}{decimal}{_cents(rng)}{fence}"
    if kind == "signed":
        number = _number(rng, 3) + (f"{decimal}{_cents(rng)}" if rng.random() < 0.5 else "")
        return (f"-{number}", f"-{number}", f"+{number}", f"({number})")[rng.integers(4)]
    if kind == "date":
        day, month, year = rng.integers(1, 32), rng.integers(1, 13), rng.integers(1950, 2040)
        mark = "/-."[rng.integers(3)]
        parts = ((f"{day:02}", f"{month:02}", f"{year}"), (f"{day}", f"{month}", f"{year % 100:02}"))[rng.integers(2)]
        return f"{year}-{month:02}-{day:02}" if rng.random() < 0.3 else mark.join(parts)
    return f"{rng.integers(24):02}:{rng.integers(60):02}" if kind == "time" else whole


def _number(rng: np.random.Generator, most: int, fewest: int = 1) -> str:
    """Return a number of so many digits that does not begin with 0."""
    return str(rng.integers(1, 10)) + "".join(map(str, rng.integers(0, 10, rng.integers(fewest - 1, most))))


def _cents(rng: np.random.Generator) -> str:
    return "00" if rng.random() < 0.4 else f"{rng.integers(100):02}"


def write_amount(text: str, field: FormField, look: Look, rng: np.random.Generator, digits: Examples) -> Page:
    """Return a picture of one line of digits, marks and single spaces, in a field and beside other things.

    The margins are wide: up to four heights of a digit on the left and right.

    Raises SettingError for a text with other characters, or none; DataError for examples that are no digits.
    """
    if not text or any(set(part) - {*"0123456789", *MARKS} or not part for part in text.split(" ")):
        raise SettingError(f"an amount is of digits, the marks {''.join(MARKS)} and single spaces, got {text!r}")
    if field.form not in FORMS:
        raise SettingError(f"forms are {', '.join(FORMS)}, got {field.form!r}")
    h = look.height
    line_color = _color(look, (FADED if field.pale else COLOURED + DARK), rng)
    look = replace(look, rule=line_color, lines="plain", gap=min(look.gap, MOST_GAP))
    pitch = h * rng.uniform(1.05, 1.5)
    row = in_cells(text, pitch, look, rng, digits) if field.form == "cells" else spelled(text, look, rng, digits)
    row, lettering = _beside(row, field, look, rng)
    left, right, above, below = h * np.append(rng.uniform(0.3, 4, 2), rng.uniform(0.8, 2.2, 2))
    above += 1.2 * h * field.title
    edges = _edges(row)
    first = min([edges[0], *(each.placed.box[0] for each in lettering)])
    shift = np.array([left - first, above - min(edges[1], -h)])
    row = [placed.moved(*shift) for placed in row]
    lettering = [replace(each, placed=each.placed.moved(*shift)) for each in lettering]
    edges = _edges(row)
    width, height = edges[2] + right, edges[3] + below
    frame, rules = _frame(field, edges, shift, (len(text), pitch), look, rng)
    prints: list[Print] = []
    if field.form in ("cheque", "cells") and rng.random() < 0.55 and not look.inverted:
        prints.append(Tint(PALE[rng.integers(len(PALE))], frame))
    if field.guilloche:
        prints.append(_guilloche(frame if rng.random() < 0.5 else (0, 0, width, height), look, rng))
    if field.title:
        size = max(9.0, h * rng.uniform(0.3, 0.5))
        title = printed_word(PRINTED[rng.integers(8)], FONTS[rng.integers(len(FONTS))], size)
        up = min(frame[1], edges[1]) - size * rng.uniform(0.5, 0.9)
        lettering.append(Lettering(_color(look, COLOURED + DARK, rng), title.moved(frame[0] + 0.1 * h, up)))
    lines = None
    if field.form == "slip" and rng.random() < 0.3:
        lines = Lines(h * rng.uniform(1.4, 2), float(shift[1]) + 0.05 * h, rng.uniform(0, h), bool(rng.random() < 0.3))
    sheet = Sheet(width, height, tuple(row), rules, lines, (*prints, *lettering))
    return page_of(sheet, "amounts", look, rng, text=text)


def spelled(text: str, look: Look, rng: np.random.Generator, digits: Examples) -> list[Placed]:
    """Return characters one after the other along y = 0 from x = 0."""
    row: list[Placed] = []
    right, h = 0.0, look.height
    for run, elsewhere in _runs(text, rng):
        if run == " ":
            right += h * rng.uniform(0.75, 1.2)
            continue
        plain = run.isdigit() and not elsewhere
        placed = write_row(run, look, rng, digits) if plain else [marked(run, look, rng)]
        gap = max(0.08 * h + 1.5 + 2 * look.blur, look.gap * h * np.exp(rng.uniform(-0.4, 0.2))) if row else 0.0
        down = 0.05 * look.unsteady * h * rng.normal()
        row += [each.moved(right + gap, down) for each in placed]
        right = max(each.box[2] for each in row)
    return row


def _runs(text: str, rng: np.random.Generator) -> list[tuple[str, bool]]:
    """Return a text as runs of digits, marks, spaces, and single digits that are written as elsewhere."""
    runs: list[tuple[str, bool]] = []
    for character in text:
        elsewhere = character in OTHER_DIGITS and bool(rng.random() < OTHERS)
        if runs and character.isdigit() and runs[-1][0].isdigit() and not elsewhere and not runs[-1][1]:
            runs[-1] = runs[-1][0] + character, False
        else:
            runs.append((character, elsewhere))
    return runs


def in_cells(text: str, pitch: float, look: Look, rng: np.random.Generator, digits: Examples) -> list[Placed]:
    """Return characters in the middle of cells from x = 0; a space is an empty one."""
    row = []
    for i, character in enumerate(text):
        if character != " ":
            ((run, elsewhere),) = _runs(character, rng)
            plain = run.isdigit() and not elsewhere
            placed = write_row(run, look, rng, digits)[0] if plain else marked(run, look, rng)
            free = pitch - (placed.box[2] - placed.box[0])
            row.append(placed.moved(i * pitch + free * rng.uniform(0.35, 0.65), 0.04 * look.height * rng.normal()))
    return row


def _beside(
    row: list[Placed], field: FormField, look: Look, rng: np.random.Generator
) -> tuple[list[Placed], list[Lettering]]:
    """Return a row with what is written beside it, and what is printed before it."""
    h, (left, _, right, _) = look.height, _edges(row)
    lettering = []
    if field.before in ("word", "currency"):
        other = word(look, rng) if field.before == "word" else currency(look, rng)
        room = h * (rng.uniform(0.8, 1.6) if field.before == "word" else rng.uniform(0.25, 0.7))
        row = [other.moved(left - room - other.box[2]), *row]
    elif field.before == "print":
        text = PRINTED[rng.integers(len(PRINTED))]
        other = printed_word(text, FONTS[rng.integers(len(FONTS))], h * rng.uniform(0.55, 1))
        other = other.moved(left - h * rng.uniform(0.5, 1.5) - other.box[2])
        lettering.append(Lettering(_color(look, COLOURED + DARK, rng), other))
    if field.after:
        other = closing(look, rng) if field.after == "closing" else currency(look, rng)
        row = [
            *row,
            other.moved(right + h * (rng.uniform(0.4, 1) if field.after == "closing" else rng.uniform(0.3, 0.6))),
        ]
    return row, lettering


def _frame(
    field: FormField, edges: Edges, origin: np.ndarray, cells: tuple[int, float], look: Look, rng: np.random.Generator
) -> tuple[Edges, tuple[Rule, ...]]:
    """Return the edges of the field around a row that starts at `origin`, and what is printed of it.

    Cells are so many, and so many pixels wide.
    """
    h, thick = look.height, max(1.0, look.height * rng.uniform(0.02, 0.06))
    x0, y0, x1, y1 = edges
    if field.form == "cells":
        n, pitch = cells
        x0, x1 = origin[0], origin[0] + n * pitch
        y0, y1 = min(y0, origin[1] - h) - h * rng.uniform(0.1, 0.3), max(y1, origin[1]) + h * rng.uniform(0.1, 0.3)
        comb = rng.random() < 0.4
        up = y1 - h * rng.uniform(0.15, 0.35) if comb else y0
        down = tuple(Rule(x0 + i * pitch, up, x0 + i * pitch, y1, thick) for i in range(n + 1))
        return (x0, y0, x1, y1), (*down, *(Rule(x0, y, x1, y, thick) for y in ((y1,) if comb else (y0, y1))))
    x0, x1 = x0 - h * rng.uniform(0.2, 0.6), x1 + h * rng.uniform(0.2, 1.5)
    if field.form == "underlined":
        y1 = origin[1] + h * rng.uniform(0.02, 0.2)
        return (x0, y0, x1, y1), (Rule(x0, y1, x1, y1, thick),)
    up, under = h * rng.uniform(-0.08, 0.5, 2)  # some strokes cross a side
    y0, y1 = y0 - up, max(y1, origin[1]) + under
    sides = (Rule(x0, y0, x1, y0, thick), Rule(x0, y1, x1, y1, thick),
             Rule(x0, y0, x0, y1, thick), Rule(x1, y0, x1, y1, thick))  # fmt: skip
    return (x0, y0, x1, y1), sides if field.form == "cheque" and rng.random() < 0.85 else ()


def _guilloche(edges: Edges, look: Look, rng: np.random.Generator) -> Guilloche:
    """Return fine waves; each covers less of the paper the nearer it is to the next."""
    h = look.height
    apart = h * rng.uniform(0.12, 0.5)
    return Guilloche(
        color=_color(look, COLOURED, rng),
        edges=edges,
        apart=float(apart),
        swing=float(h * rng.uniform(0.1, 0.6)),
        long=float(h * rng.uniform(1, 4)),
        shift=float(rng.uniform(0, 0.2)),
        width=float(max(0.8, h * rng.uniform(0.015, 0.035))),
        strength=float(rng.uniform(0.15, 0.5)),
    )


def _color(look: Look, colors: tuple[Color, ...], rng: np.random.Generator) -> Color:
    """Return one of the colours, or of those for dark paper."""
    chosen = LIGHT if look.inverted else colors
    return chosen[rng.integers(len(chosen))]


def _edges(row: list[Placed]) -> Edges:
    """Return the left, top, right and bottom of the ink of a row."""
    boxes = np.array([placed.box for placed in row])
    left, top = boxes[:, :2].min(axis=0)
    right, bottom = boxes[:, 2:].max(axis=0)
    return float(left), float(top), float(right), float(bottom)
