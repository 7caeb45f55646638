"""Maker: lines on the fly, each with what it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs.line_targets import frames_needed, line_targets
from inkgrad.data import Examples
from inkgrad.pictures import line_form
from lab.synthetic.lines.camera import seen, uneven
from lab.synthetic.lines.company import COMPANY_WIDTH, company_of, with_company
from lab.synthetic.lines.habits import habits_of, pen_of
from lab.synthetic.lines.kinds import ALPHABET, LineKinds
from lab.synthetic.lines.stamps import DigitBank
from lab.synthetic.lines.surroundings import Strip, print_on, stamped
from lab.synthetic.lines.texts import text_of
from lab.synthetic.lines.writer import PlacedStamp, Writer

WIDEST_PX = 256  # of a line 32 pixels high
PX_A_FRAME = 4  # across a line
DIGIT_PX = 22  # the height of a digit in such a line, about
AROUND = 4  # pixels beyond a row that are photographed with it, so that its edges are as those inside


@dataclass(frozen=True, eq=False)
class MadeLine:
    """A line in its form, float32 (32, width) in [0, 1], and what it says."""

    ink: NDArray
    text: str


class LineMaker:
    """Makes lines of digits, uint8 (N, 28, 28, 1), with the kinds of things that settings allow.

    Raises DataError when the examples are no digits of MNIST's form, or one of the ten is missing.
    """

    def __init__(self, digits: Examples, kinds: LineKinds | None = None) -> None:
        self.bank, self.kinds = DigitBank(digits), kinds or LineKinds()

    def lines(self, n: int, rng: np.random.Generator) -> list[MadeLine]:
        """Return n lines."""
        return [self.line(rng) for _ in range(n)]

    def line(self, rng: np.random.Generator) -> MadeLine:
        """Return a line that is at most 256 pixels wide, and has the frames that its text needs."""
        while True:
            made = self._tried(*(np.random.default_rng(seed) for seed in rng.integers(0, 2**63, (4, 2))))
            if made.ink.shape[1] <= WIDEST_PX and has_room(made):
                return made

    def _tried(
        self, says: np.random.Generator, writes: np.random.Generator, prints: np.random.Generator,
        sees: np.random.Generator,
    ) -> MadeLine:  # fmt: skip
        """Return a line of any width.  Each stage has a stream of its own, so that one kind leaves the others alone."""
        kinds = self.kinds
        height = DIGIT_PX * sees.uniform(0.9, 1.6)
        in_cells = bool(writes.random() < 0.75 * kinds.boxes + kinds.combs)
        habits = habits_of(kinds, writes, in_cells)
        advance = habits.pitch or 0.75 + max(habits.gap, 0)
        company = company_of(kinds, writes)
        longest = int(WIDEST_PX / (DIGIT_PX * advance) - 1 - COMPANY_WIDTH * sum(company) / advance)
        text = text_of(kinds, says, max(2, min(longest, 16)))
        text = text.replace(" ", "") if in_cells else text
        writer = Writer(self.bank, kinds, habits, pen_of(kinds, height, writes), height, writes)
        row = with_company(writer.row(text), company, writer)
        strip, row = _laid_out(row, writer, sees)
        ink = np.zeros((strip.height, strip.width), np.float32)
        stamped(strip, row, ink)
        if prints.random() < kinds.neighbours:
            stamped(strip, _neighbours(row, strip, prints), ink)
        picture = seen(uneven(ink, height, kinds, sees), print_on(strip, kinds, prints), height, kinds, sees)
        around = round(AROUND * len(picture) / strip.height)
        return MadeLine(line_form(picture[around:-around, around:-around]), text)


def has_room(made: MadeLine) -> bool:
    """Whether CTC has a frame for each character, and one between two that are alike, at 4 pixels a frame."""
    targets = line_targets(
        [[1 + ALPHABET.index(character) for character in made.text]], made.ink.shape[1] // PX_A_FRAME
    )
    return int(frames_needed(targets)[0]) <= int(targets[0, 0])


def _room(loose: bool, rng: np.random.Generator) -> NDArray:
    """Return how much room there is above and below a row's ink, in heights of a digit; it may be less than none."""
    if not loose:
        return np.array([0.15, 0.15])
    return rng.uniform(-0.06, 0.3, 2) if rng.random() < 0.7 else rng.uniform(0, 0.8, 2)


def _laid_out(row: list[PlacedStamp], writer: Writer, rng: np.random.Generator) -> tuple[Strip, list[PlacedStamp]]:
    """Return the strip of a row as the scan cuts it out, roughly around its ink, and the row at its place there."""
    h, loose = writer.height, rng.random() < writer.kinds.crops
    before, after = (rng.uniform(-0.03, 0.8, 2) + (rng.random(2) < 0.1) * 2) * h if loose else (0.2 * h, 0.2 * h)
    above, below = _room(loose, rng) * h
    left, right = min(placed.left for placed in row), max(placed.right for placed in row)
    top = min(min(placed.base - max(placed.stamp.top, round(0.9 * h)) for placed in row), 0)
    bottom = max(placed.base - placed.stamp.top + len(placed.stamp.ink) for placed in row)
    bottom = max(bottom, *(placed.base for placed in row))
    base = above - top
    across, down = round(AROUND + before - left), round(AROUND + base)
    height = base + bottom + below
    cells: tuple[float, ...] = ()
    if writer.habits.pitch:
        step = writer.habits.pitch * h
        cells = tuple(across + i * step for i in range(int(np.ceil(right / step)) + 1))
        after += max(0.0, cells[-1] - across - right)
    width = max(8, round(right - left + before + after))
    strip = Strip(
        round(height) + 2 * AROUND, width + 2 * AROUND, h, AROUND + base, (left + across, right + across), cells
    )
    return strip, [placed.moved(across, down) for placed in row]


def _neighbours(row: list[PlacedStamp], strip: Strip, rng: np.random.Generator) -> list[PlacedStamp]:
    """Return the same stamps in other places, as the rows above and below have some, just cut by the strip's edge."""
    found = []
    for placed in row:
        for up in (True, False):
            if rng.random() < 0.4:
                cut = int(rng.uniform(0.02, 0.16) * strip.height)
                ink = placed.stamp.ink
                base = cut + placed.stamp.top - len(ink) if up else strip.height - cut + placed.stamp.top
                found.append(PlacedStamp(placed.stamp, int(rng.integers(-5, strip.width)), base))
    return found
