"""Reading: what was read in a picture, and where; as a notebook shows it, and drawn over the picture."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from io import BytesIO
from itertools import groupby

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inkgrad.arrays import NDArray
from inkgrad.errors import PictureError
from inkgrad.html import BAD, Html, as_html, table
from inkgrad.pictures import Source, open_picture
from inkgrad.reader.eye import DIGITS
from inkgrad.reader.number import number_of

UNSURE = "?"
MOST_CHARACTERS_SHOWN = 300  # in a notebook; pictures of them take half a kilobyte each
LEAST_DRAWN_PX = 400  # of the longer side: smaller pictures are enlarged, so that labels can be read


@dataclass(frozen=True, eq=False)
class Character:
    """One digit or mark of a picture.

    label        "0" to "9" or a mark, or "?" where its probability is below the reader's threshold
    best         the most probable label, also where it is unsure
    probability  of `best`, in [0, 1]
    others       the next best two labels with their probabilities
    box          left, top, right, bottom in pixels of the picture
    line, column its line and its place in the line, counted from 0
    image        what the network saw, uint8 (28, 28)
    gap          what parts it from the one before it in its line: "", a space, or a tab between cells
    cell         row and column of its cell in the table of the reading; None where it stands in none
    """

    label: str
    best: str
    probability: float
    others: tuple[tuple[str, float], ...]
    box: tuple[int, int, int, int]
    line: int
    column: int
    image: NDArray = field(repr=False)
    gap: str = ""
    cell: tuple[int, int] | None = None

    @property
    def is_digit(self) -> bool:
        """Whether it is a digit, sure or not, and no mark."""
        return self.best in tuple(DIGITS)


def digits_alone(characters: Iterable[Character]) -> tuple[Character, ...]:
    """Return the digits among characters, without gaps, in the lines and columns that they then have."""
    digits = (character for character in characters if character.is_digit)
    return tuple(
        replace(digit, line=line, column=column, gap="")
        for line, (_, its) in enumerate(groupby(digits, lambda digit: digit.line))
        for column, digit in enumerate(its)
    )


@dataclass(frozen=True, eq=False)
class Line:
    """The characters of one line, from left to right."""

    characters: tuple[Character, ...]

    @property
    def digits(self) -> tuple[Character, ...]:
        """The digits among them."""
        return tuple(character for character in self.characters if character.is_digit)

    @property
    def text(self) -> str:
        """The labels one after the other, with the gaps between them."""
        return "".join(character.gap + character.label for character in self.characters)

    @property
    def number(self) -> Decimal | None:
        """What the line is worth where it is one number, such as 12.50 or 1,234; else None (see number_of)."""
        return number_of(self.text)

    @property
    def probability(self) -> float:
        """That of its weakest character."""
        return min(character.probability for character in self.characters)

    def __len__(self) -> int:
        return len(self.characters)

    def __iter__(self) -> Iterator[Character]:
        return iter(self.characters)


@dataclass(frozen=True)
class Skipped:
    """What was left out of a reading: so many words, and so many blots and other things that are no writing."""

    words: int = 0
    blots: int = 0

    @property
    def total(self) -> int:
        """How many things were left out."""
        return self.words + self.blots

    def __str__(self) -> str:
        """Return it in words: 12 words and 3 blots."""
        counted = [_count(n, noun) for n, noun in ((self.words, "word"), (self.blots, "blot")) if n]
        return " and ".join(counted) or "nothing"


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read in a picture.

    characters  all of them, line by line from top to bottom, each line from left to right
    table       rows of cells as text, "" for an empty cell, where there is a grid or a row of boxes;
                the largest, where there are several; else None
    size        width and height of the picture in pixels
    error       why the picture could not be read, None where it could
    skipped     how many words and blots were left out
    turned      0, 90, 180 or 270: degrees clockwise by which the picture was turned to read it; boxes are where
                they are in the picture as it was given
    """

    characters: tuple[Character, ...]
    table: tuple[tuple[str, ...], ...] | None
    size: tuple[int, int]
    error: str | None = None
    skipped: Skipped = Skipped()
    turned: int = 0

    @cached_property
    def digits(self) -> tuple[Character, ...]:
        """The digits among the characters."""
        return tuple(character for character in self.characters if character.is_digit)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines, from top to bottom."""
        return tuple(Line(tuple(line)) for _, line in groupby(self.characters, lambda character: character.line))

    @property
    def text(self) -> str:
        """The lines, joined by newlines."""
        return "\n".join(line.text for line in self.lines)

    @property
    def number(self) -> Decimal | None:
        """That of its line where there is just one; else None."""
        return self.lines[0].number if len(self.lines) == 1 else None

    @property
    def probability(self) -> float:
        """That of the weakest character; 1 where there is none."""
        return min((character.probability for character in self.characters), default=1.0)

    def _repr_html_(self) -> str:
        """Return the text, the table, and each character as the network saw it, for notebooks."""
        if self.error:
            return Html(f"<div>not read: {as_html(self.error)}</div>")
        n_marks = len(self.characters) - len(self.digits)
        marks = f" and {_count(n_marks, 'mark')}" if n_marks else ""
        sure = f", the weakest {self.probability:.1%} sure" if self.characters else ""
        about = f"{_count(len(self.digits), 'digit')}{marks} in {_count(len(self.lines), 'line')}{sure}"
        turned = f", turned by {self.turned} degrees" if self.turned else ""
        left_out = f"; {self.skipped} left out" if self.skipped.total else ""
        width, height = self.size
        parts = [f"<div>{about}; picture of {width} × {height} pixels{turned}{left_out}</div>"]
        left = MOST_CHARACTERS_SHOWN
        for line in self.lines:
            parts.append(_line_in_html(line, left))
            left = max(left - len(line), 0)
        if self.table:
            columns = max(map(len, self.table))
            rows = [[*row, *[""] * (columns - len(row))] for row in self.table]
            parts.append(table([str(k) for k in range(columns)], rows, "table", n_texts=0))
        return Html("".join(parts))


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"


def _line_in_html(line: Line, most: int) -> str:
    characters = "".join(_character_in_html(character) for character in line.characters[:most])
    text = f'<code style="font-size:1.2em;white-space:pre">{as_html(line.text)}</code>'
    return (
        f'<div style="margin:.5em 0">{text}<div style="display:flex;flex-wrap:wrap;gap:.3em">{characters}</div></div>'
    )


def _character_in_html(character: Character) -> str:
    """Return a character's picture with its label and probability below; the next best are told on hovering."""
    ranks = ((character.best, character.probability), *character.others)
    hint = as_html(", ".join(f"{label} {probability:.1%}" for label, probability in ranks))
    rim = f"2px solid {BAD}" if character.label == UNSURE else "1px solid rgba(128,128,128,.4)"
    return (
        f'<figure title="{hint}" style="margin:0;text-align:center;font-size:.8em;line-height:1.3">'
        f'<img alt="{as_html(character.best)}" width="40" height="40" src="{_as_data(character.image)}" '
        f'style="border:{rim};image-rendering:pixelated">'
        f"<figcaption><b>{as_html(character.label)}</b><br>{character.probability:.1%}</figcaption></figure>"
    )


def _as_data(image: NDArray) -> str:
    """Return an image, uint8 with 0 for paper, as the address of a PNG picture that is in the address itself."""
    file = BytesIO()
    Image.fromarray(255 - image).save(file, format="PNG")
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"


def draw_boxes(picture: Source, reading: Reading) -> Image.Image:
    """Return a picture with a box around each character of its reading, and its label above.

    Boxes are blue where the character is sure, and orange where its probability is 0.5 or less.

    Raises what open_picture does, and PictureError for a picture without pixels.
    """
    colours = open_picture(picture)
    if colours.size == 0:
        raise PictureError("a picture without pixels cannot be drawn on")
    drawn = Image.fromarray(np.repeat(colours, 4 - colours.shape[2], axis=2) if colours.shape[2] == 1 else colours)
    scale = max(1, -(-LEAST_DRAWN_PX // max(drawn.size)))
    if scale > 1:
        drawn = drawn.resize((drawn.width * scale, drawn.height * scale), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(drawn)
    for line in reading.lines:
        usual = float(np.median([character.box[3] - character.box[1] for character in line]))
        for character in line:
            left, top, right, bottom = (edge * scale for edge in character.box)
            high = max(bottom - top, usual * scale)  # a dot is small, but its label is not
            colour = _colour(character.probability)
            width = max(1, round(high / 40))
            outer = (left - width, top - width, right + width - 1, bottom + width - 1)
            pen.rectangle(outer, outline=colour, width=width)
            size = int(np.clip(high / 2.5, 10, 60))
            place, anchor = ((left, top - 2 * width), "lb") if top > size else ((left + width, top), "lt")
            font = ImageFont.load_default(size)
            pen.text(place, character.label, colour, font, anchor, stroke_width=1, stroke_fill="white")
    return drawn


def _colour(probability: float) -> tuple[int, int, int]:
    """Return a colour from orange, for probabilities up to 0.5, to blue."""
    share = np.clip((probability - 0.5) / (1 - 0.5), 0, 1)
    sure, unsure = np.array([0, 114, 178]), np.array([213, 94, 0])  # which the colour-blind tell apart
    red, green, blue = np.rint(share * sure + (1 - share) * unsure).astype(int).tolist()
    return red, green, blue
