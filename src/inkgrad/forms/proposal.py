"""Proposal: the fields that a form seems to have: boxes, cells, combs, tables, lines to write on, tick boxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inkgrad.arrays import NDArray
from inkgrad.forms.form import KINDS, Field
from inkgrad.pictures import ink_on_paper

Edges = tuple[int, int, int, int]  # left, top, right and bottom in pixels

COLOURS = {"number": (0, 114, 178), "amount": (0, 158, 115), "date": (204, 121, 167), "code": (213, 94, 0),
           "tick": (148, 103, 189)}  # fmt: skip


@dataclass(frozen=True)
class ProposalSettings:
    """What is a field of a form.

    inked     of the paper's light; what takes more is print
    lowest    share of a sheet's height; what is lower is no box, as the inside of a printed 0
    largest   share of a sheet's area; what is larger is the frame of a part of the form
    filled    share of its rectangle that the inside of a box has without print
    wall      share of a box's height; neighbours in a row are nearer
    alike     share of its width by which a cell may differ from its neighbour
    cell      times its height; a wider cell of a row holds more than a digit
    square    times as long; the sides of a tick box differ by less
    tick      share of a sheet's width; a larger square is no tick box
    rule      share of a sheet's width; a shorter line is none to write on
    across    share of a sheet's width; a longer line parts the form
    tooth     share of their distance; the teeth of a comb are higher
    even      share of it by which the distances of teeth may differ
    room      times the distance of teeth, and share of a sheet's height: so high is what is written over a line
    """

    inked: float = 0.2
    lowest: float = 0.01
    largest: float = 0.1
    filled: float = 0.85
    wall: float = 0.25
    alike: float = 0.25
    cell: float = 1.5
    square: float = 1.25
    tick: float = 0.06
    rule: float = 0.06
    across: float = 0.6
    tooth: float = 0.1
    even: float = 0.2
    room: tuple[float, float] = (1.2, 0.035)


def propose_fields(colours: NDArray, settings: ProposalSettings = ProposalSettings()) -> tuple[Field, ...]:
    """Return the fields that a form seems to have, uint8 (height, width, 1 or 3), from top to bottom.

    A row of narrow boxes and a comb are a code of so many digits, each cell of a table is a field, a small square is
    a tick box, other boxes and lines to write on are numbers.  Their names and kinds are to be set right.
    """
    print_ = ink_on_paper(colours) > settings.inked
    cells = _cells(print_, settings)
    fields, n_tables = [], 0
    for group in _touching(cells, settings):
        rows = _rows_of(group)
        if len(rows) > 1 and len(group) > len(rows):
            n_tables += 1
            fields += [
                Field(f"table{n_tables}_{i}_{j}", "number", cell, "")
                for i, row in enumerate(rows, start=1)
                for j, cell in enumerate(row, start=1)
            ]
        else:
            fields += [field for row in rows for field in _of_row(row, print_.shape[1], settings)]
    for rule in _rules(print_, settings):
        if not any(_near(rule, cell, settings) for cell in cells):
            fields += _above(rule, print_, settings)
    return _named(sorted(fields, key=lambda field: (round(field.box[1] / (0.02 * len(print_))), field.box[0])))


def _cells(print_: NDArray, settings: ProposalSettings) -> list[Edges]:
    """Return the boxes that print encloses."""
    from scipy import ndimage

    labels, _ = ndimage.label(~print_)
    areas = np.bincount(labels.ravel())
    found = []
    for number, (down, across) in enumerate(ndimage.find_objects(labels), start=1):
        height, width = down.stop - down.start, across.stop - across.start
        is_box = settings.lowest * print_.shape[0] <= height and settings.lowest * print_.shape[0] <= width
        if is_box and settings.filled * height * width < areas[number] < settings.largest * print_.size:
            found.append((across.start, down.start, across.stop, down.stop))
    return found


def _touching(cells: Sequence[Edges], settings: ProposalSettings) -> list[list[Edges]]:
    """Return cells in groups; those of one have only a wall between them."""
    groups: list[list[Edges]] = []
    for cell in cells:
        reached = [group for group in groups if any(_are_neighbours(cell, other, settings) for other in group)]
        groups = [group for group in groups if group not in reached]
        groups.append([cell, *(each for group in reached for each in group)])
    return groups


def _are_neighbours(first: Edges, second: Edges, settings: ProposalSettings) -> bool:
    """Return whether two cells stand side by side, or one on the other, with nothing but a wall between them."""
    for low, high in ((0, 2), (1, 3)):
        other_low, other_high = 1 - low, 5 - high
        gap = max(first[low], second[low]) - min(first[high], second[high])
        size = min(first[3] - first[1], second[3] - second[1])
        same = max(abs(first[other_low] - second[other_low]), abs(first[other_high] - second[other_high]))
        if 0 <= gap < settings.wall * size and same < settings.wall * size:
            return True
    return False


def _rows_of(group: Sequence[Edges]) -> list[list[Edges]]:
    """Return cells in rows from top to bottom, each from left to right."""
    rows: list[list[Edges]] = []
    for cell in sorted(group, key=lambda cell: cell[1]):
        if rows and cell[1] < (rows[-1][0][1] + rows[-1][0][3]) / 2:
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return [sorted(row) for row in rows]


def _of_row(row: Sequence[Edges], width: int, settings: ProposalSettings) -> list[Field]:
    """Return the fields of cells side by side: one where a digit goes into each."""
    wide, high = ([cell[k + 2] - cell[k] for cell in row] for k in (0, 1))
    if len(row) == 1:
        is_square = max(wide[0], high[0]) < settings.square * min(wide[0], high[0])
        kind = "tick" if is_square and wide[0] < settings.tick * width else "number"
        return [Field("", kind, row[0], "")]
    is_even = max(wide) - min(wide) < settings.alike * max(wide)
    if is_even and max(wide) < settings.cell * min(high):
        box = row[0][0], min(cell[1] for cell in row), row[-1][2], max(cell[3] for cell in row)
        return [Field("", "code", box, rf"\d{{{len(row)}}}")]
    return [Field("", "number", cell, "") for cell in row]


def _rules(print_: NDArray, settings: ProposalSettings) -> list[Edges]:
    """Return the straight lines across that are long enough to write on, and do not part the form."""
    from scipy import ndimage

    height, width = print_.shape
    lines = ndimage.binary_opening(print_, np.ones((1, max(3, width // 40)), bool))
    labels, _ = ndimage.label(lines, np.ones((3, 3)))
    return [
        (across.start, down.start, across.stop, down.stop)
        for down, across in ndimage.find_objects(labels)
        if settings.rule * width < across.stop - across.start < settings.across * width
        and down.stop - down.start < settings.lowest * height
    ]


def _near(rule: Edges, cell: Edges, settings: ProposalSettings) -> bool:
    """Return whether a line is a wall of a cell."""
    room = settings.wall * (cell[3] - cell[1])
    is_beside = rule[0] < cell[2] + room and rule[2] > cell[0] - room
    return is_beside and rule[1] < cell[3] + room and rule[3] > cell[1] - room


def _above(rule: Edges, print_: NDArray, settings: ProposalSettings) -> list[Field]:
    """Return the field above a line, a comb where it has teeth; none where something is printed on it."""
    left, top, right, _ = rule
    reach = max(2, round(0.004 * len(print_)))
    strip = print_[max(0, top - 2 * reach) : max(0, top - reach), left:right]
    edges = np.flatnonzero(np.diff(np.pad(strip.all(axis=0).astype(int), 1)))
    teeth = (edges[::2] + edges[1::2]) / 2
    apart = np.diff(teeth)
    is_even = len(apart) > 1 and np.ptp(apart) < settings.even * apart.mean()
    if is_even and teeth[0] < apart.mean() / 2 and right - left - teeth[-1] < apart.mean() / 2:
        up = round(settings.room[0] * float(apart.mean()))
        return [Field("", "code", (left, max(0, top - up), right, top), rf"\d{{{len(apart)}}}")]
    up = round(settings.room[1] * len(print_))
    box = left, max(0, top - up), right, top
    is_free = not print_[box[1] : top - reach, left:right].any()
    return [Field("", "number", box, "")] if is_free else []


def _named(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Return fields with a name each, by their kind and number, and the pattern of their kind."""
    counts: dict[str, int] = {}
    named = []
    for field in fields:
        counts[field.kind] = counts.get(field.kind, 0) + 1
        name = field.name or f"{field.kind}{counts[field.kind]}"
        left, top, right, bottom = (float(edge) for edge in field.box)
        named.append(
            replace(field, name=name, box=(left, top, right, bottom), expect=field.expect or KINDS[field.kind])
        )
    return tuple(named)


def as_toml(fields: Sequence[Field], sample: str) -> str:
    """Return the file of a form with these fields, as load_form takes it; `sample` is the name of its picture."""
    lines = [
        "# What inkgrad sees on the form. Set right what a field is called and what it holds: its kind is number,",
        "# amount, date, code or tick, and expect is the pattern of what is written there; leave out what is no field.",
        f"sample = {_quoted(sample)}",
    ]
    for field in fields:
        box = ", ".join(f"{edge:g}" for edge in field.box)
        lines += ["", "[[field]]", f"name = {_quoted(field.name)}", f"kind = {_quoted(field.kind)}", f"box = [{box}]"]
        if field.expect:
            lines.append(f"expect = '{field.expect}'")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def draw_fields(colours: NDArray, fields: Sequence[Field]) -> Image.Image:
    """Return a picture of a form with the box of each field, in the colour of its kind, and its name."""
    drawn = Image.fromarray(np.repeat(colours, 4 - colours.shape[2], axis=2) if colours.shape[2] == 1 else colours)
    drawn = drawn.copy()
    pen = ImageDraw.Draw(drawn)
    line = max(2, max(drawn.size) // 600)
    font = ImageFont.load_default(max(10, max(drawn.size) // 90))
    for field in fields:
        left, top, right, bottom = field.box
        pen.rectangle((left - line, top - line, right + line, bottom + line), outline=COLOURS[field.kind], width=line)
        pen.text(
            (left, top - 2 * line), field.name, COLOURS[field.kind], font, "lb", stroke_width=2, stroke_fill="white"
        )
    return drawn
