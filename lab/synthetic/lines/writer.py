"""Writer: one hand, or one printer, that writes a line."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from lab.synthetic.lines.habits import Habits
from lab.synthetic.lines.kinds import LineKinds
from lab.synthetic.lines.stamps import DigitBank, Pen, Stamp, field_stamp, font_stamp, stroke_stamp
from lab.synthetic.lines.ways import (
    CAPITAL_WAYS,
    CURRENCY_WAYS,
    FOREIGN_WAYS,
    LETTER_WAYS,
    LINKED_ZERO,
    MARK_WAYS,
    in_a_row,
    plain_ways,
    word,
)
from lab.synthetic.sources import font_of
from lab.synthetic.strokes import Stroke, strokes_of

DOTS, BUSY = ".,:", "=:*#"  # marks that are dots, and marks whose strokes are near each other
SMALLEST_DOT = 0.04  # of a digit's height is half of its width at least: nobody sees a smaller one
THICKEST_BUSY = 0.07  # of a digit's height is half of a stroke's width at most, or they run together
NARROW_SPACES = 0.75  # of the spaces of print; the others are wider, as between columns
DIGITS_OF_EM = 0.72  # the height of a printed digit
LETTERS, CAPITALS = tuple(LETTER_WAYS), tuple(CAPITAL_WAYS)
PRINTED_LETTERS = "abcdefghijklmnopqrstuvwxyz" + 3 * "aeiou"
PRINTED_WORDS = (
    "Total",
    "Nr.",
    "Date",
    "EUR",
    "Sum",
    "Hello",
    "No.",
    "Tel",
    "kg",
    "pesos",
    "Page",
    "Amount",
    "Rs",
    "cm",
)
PRINTED_CURRENCY = ("$", "EUR", "US$", "CHF", "Rs.", "€", "£", "¥")
IN_EVERY_FONT = 5  # of these


@dataclass(frozen=True, eq=False)
class PlacedStamp:
    """A stamp with its left edge and the line that it stands on, in pixels."""

    stamp: Stamp
    left: int
    base: int

    @property
    def right(self) -> int:
        """The first column after it."""
        return self.left + self.stamp.ink.shape[1]

    def moved(self, right: int, down: int) -> PlacedStamp:
        """Return the same stamp elsewhere."""
        return PlacedStamp(self.stamp, self.left + right, self.base + down)


class Writer:
    """Somebody who writes one line, with digits `height` pixels high."""

    def __init__(
        self, bank: DigitBank, kinds: LineKinds, habits: Habits, pen: Pen, height: float, rng: np.random.Generator
    ) -> None:
        self.bank, self.kinds, self.habits, self.pen, self.height, self.rng = bank, kinds, habits, pen, height, rng
        self.stretch = float(rng.uniform(0.8, 1.2))
        self.paler = float(rng.uniform(0.45, 1))  # than print beside it
        self.font_px = max(6, round(height / DIGITS_OF_EM))

    def row(self, text: str) -> list[PlacedStamp]:
        """Return what a text looks like, beginning at column 0 on row 0."""
        row: list[PlacedStamp] = []
        right, free, size = 0.0, False, 1.0
        for i, character in enumerate(self._written_at_once(text)):
            if self.habits.pitch:
                right = i * self.habits.pitch * self.height
            if character == " ":
                right += self._space()
                free = False
                continue
            size = self._size(character, size)
            stamp = self.stamp_of(character, self.height * size)
            base = round(self.height * (self.habits.slope * right / self.height + self._wobble()))
            free = free and character.isdigit()
            left = self._left(row, stamp, right, base, free)
            row.append(PlacedStamp(stamp, left, base))
            right, free = float(row[-1].right), character.isdigit()
        return row

    def _space(self) -> float:
        """Return how wide a space is, in pixels; those of most print are as narrow as its font has them."""
        if self.habits.printed == 1 and self.rng.random() < NARROW_SPACES:
            narrow = self.habits.condensed * font_of(self.habits.font, self.font_px).getlength(" ")
            return narrow * self.rng.uniform(0.85, 1.3)
        return self.rng.uniform(0.6, 1.6) * self.height

    def _printed(self, text: str) -> Stamp:
        return font_stamp(text, self.habits.font, self.font_px, self.habits.condensed)

    def _written_at_once(self, text: str) -> list[str]:
        """Return the characters of a text, zeros together where they are linked."""
        runs = re.findall("00+|.", text)
        linked = [
            len(run) > 1 and not self.habits.pitch and not self.habits.printed
            and self.rng.random() < self.kinds.linked_zeros for run in runs
        ]  # fmt: skip
        return [part for run, whole in zip(runs, linked, strict=True) for part in ([run] if whole else run)]

    def _size(self, character: str, before: float) -> float:
        """Return how large a character is in heights; 0s after a tall 6 are small."""
        if self.habits.printed == 1:
            return 1.0
        size = float(np.exp(self.habits.size_spread * np.clip(self.rng.standard_normal(), -2, 2)))
        if character == "6" and self.rng.random() < self.kinds.tall_six:
            return size * self.rng.uniform(1.25, 1.6)
        return size * 0.75 if character[0] == "0" and before > 1.25 else size

    def _wobble(self) -> float:
        return 0.0 if self.habits.printed == 1 else self.habits.base_spread * float(self.rng.standard_normal())

    def _left(self, row: list[PlacedStamp], stamp: Stamp, right: float, base: int, free: bool) -> int:
        """Return where the next stamp begins, after a row whose last ends at `right`; if it is free to touch that."""
        habits, width = self.habits, stamp.ink.shape[1]
        if habits.pitch:
            free = habits.pitch * self.height - width
            return round(right + free * (0.5 + 0.6 * np.clip(0.3 * self.rng.standard_normal(), -0.5, 0.5)))
        if habits.printed == 1:
            return round(right)
        gap = habits.gap + habits.gap_spread * self.rng.standard_normal()
        if free and self.rng.random() < habits.touching:
            overlap = habits.overlap * self.height * self.rng.uniform(0, 1)
            return round(max(row[-1].left + 0.3 * width, right - room_between(row[-1], stamp, base) - overlap))
        return round(right + (max(gap, 0.02) * self.height if row else 0))

    def stamp_of(self, character: str, height: float) -> Stamp:
        """Return one character, or linked zeros, so many pixels high if it is a digit."""
        if self.habits.printed and self.rng.random() < self.habits.printed:
            return self._printed(character)
        stamp = self._by_hand(character, height)
        return Stamp(stamp.ink * np.float32(self.paler), stamp.top) if self.habits.printed else stamp

    def _by_hand(self, character: str, height: float) -> Stamp:
        stretch = self.stretch * self.rng.uniform(0.88, 1.14)
        if len(character) > 1:
            strokes = in_a_row([LINKED_ZERO] * len(character), True, float(self.rng.uniform(-0.02, 0.25)))
            return stroke_stamp(strokes, height, stretch * 0.88, self.pen, self.rng)
        if not character.isdigit():
            return self._drawn(
                MARK_WAYS[character], height * self.rng.uniform(0.85, 1.15), stretch, self._pen(character)
            )
        for kind, (digit, ways) in FOREIGN_WAYS.items():
            if digit == character and self.rng.random() < getattr(self.kinds, kind):
                return self._drawn(ways, height, stretch, self.pen)
        if self.rng.random() < self.habits.strokes:
            return self._drawn(plain_ways(character), height, stretch, self.pen)
        return field_stamp(self.bank.field(int(character), self.rng), height, stretch, self.pen)

    def _pen(self, mark: str) -> Pen:
        """Return the pen for a mark; it does not go over one twice, as that would make two."""
        half, most = self.pen.half, THICKEST_BUSY * self.height
        if mark in DOTS:
            half = max(1.2 * half, SMALLEST_DOT * self.height)
        return Pen(min(half, most) if mark in BUSY else half, self.pen.lean)

    def _drawn(self, ways: tuple[str, ...], height: float, stretch: float, pen: Pen) -> Stamp:
        way = ways[self.rng.integers(len(ways))]
        return stroke_stamp(strokes_of(way), height, stretch * 0.88, pen, self.rng)

    def word(self) -> Stamp:
        """Return a word, or a part of one."""
        rng, n = self.rng, int(self.rng.integers(2, 8))
        capital, capitals, known, joined = rng.random(4) < (0.4, 0.2, 0.5, 0.6)
        if self.habits.printed == 1:
            text = "".join(PRINTED_LETTERS[i] for i in rng.integers(0, len(PRINTED_LETTERS), n))
            text = text.upper() if capitals else text.capitalize() if capital else text
            text = PRINTED_WORDS[rng.integers(len(PRINTED_WORDS))] if known else text
            return self._printed(text)
        text = "".join(LETTERS[i] for i in rng.integers(0, len(LETTERS), n))
        some = "".join(CAPITALS[i] for i in rng.integers(0, len(CAPITALS), n))
        text = some if capitals else some[0] + text[1:] if capital else text
        return stroke_stamp(word(text, bool(joined)), self.height * rng.uniform(0.8, 1.3), 0.8, self.pen, rng)

    def currency(self) -> Stamp:
        """Return the sign of a currency."""
        if self.habits.printed == 1:
            return self._printed(PRINTED_CURRENCY[self.rng.integers(len(PRINTED_CURRENCY))])
        return self._drawn(CURRENCY_WAYS, self.height * self.rng.uniform(0.9, 1.3), self.stretch, self.pen)

    def closing(self) -> Stamp:
        """Return what fills a line so that nothing can be added: one or two strokes, straight, waved or zigzag."""
        rng, long = self.rng, float(self.rng.uniform(1.6, 4.5))
        kind, y = rng.integers(4), float(rng.uniform(0.6, 1.1))
        if kind < 2:
            ends = [(y + 0.25 * i, y + 0.25 * i + rng.normal(0, 0.06)) for i in range(kind + 1)]
            strokes: tuple[Stroke, ...] = tuple(((0.0, first), (long, last)) for first, last in ends)
        else:
            x = np.arange(0, long, 0.25 if kind == 2 else 0.4)
            swing = rng.uniform(0.08, 0.35) * np.where(np.arange(len(x)) % 2, 1, -1)
            strokes = (tuple(zip(x.tolist(), (y + swing).tolist(), strict=True)),)
        return stroke_stamp(strokes, self.height, 1.0, self.pen, rng, wobble=0.03)


def room_between(placed: PlacedStamp, stamp: Stamp, base: int) -> float:
    """Return how far a stamp that stands right of another may go left until they touch in some row."""
    top = max(placed.base - placed.stamp.top, base - stamp.top)
    bottom = min(
        placed.base - placed.stamp.top + len(placed.stamp.ink),
        base - stamp.top + len(stamp.ink),
    )
    if bottom - top < 2:
        return 0.0
    first = placed.stamp.ink[top - placed.base + placed.stamp.top :][: bottom - top] > 0.5
    second = stamp.ink[top - base + stamp.top :][: bottom - top] > 0.5
    both = first.any(axis=1) & second.any(axis=1)
    if not both.any():
        return 0.0
    room: NDArray = first[:, ::-1].argmax(axis=1) + second.argmax(axis=1)
    return float(room[both].min())
