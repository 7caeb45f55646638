"""Company: what stands beside a text and says nothing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lab.synthetic.lines.kinds import LineKinds
from lab.synthetic.lines.stamps import Stamp
from lab.synthetic.lines.writer import PlacedStamp, Writer

COMPANY_WIDTH = 2.5  # heights of a digit that each of them takes, about
SIGN_BEFORE = 0.7  # of the signs of currencies stand before the amount


class Company(NamedTuple):
    """Whether there is a word before a text, one after it, a sign of a currency, and strokes that close it."""

    before: bool
    after: bool
    sign: bool
    closing: bool


def company_of(kinds: LineKinds, rng: np.random.Generator) -> Company:
    """Return the company of a line."""
    before, after, sign, closing = rng.random(4) < (kinds.words / 2, kinds.words, kinds.currency, kinds.closing)
    return Company(bool(before), bool(after and not before), bool(sign), bool(closing))


def with_company(row: list[PlacedStamp], company: Company, writer: Writer) -> list[PlacedStamp]:
    """Return a row with its company; one that says nothing has a word at least."""
    rng, h = writer.rng, writer.height
    if company.closing and row:
        row = _beside(row, writer.closing(), rng.uniform(0.3, 0.8) * h, before=False)
    if company.sign:
        before = company.closing or rng.random() < SIGN_BEFORE
        row = _beside(row, writer.currency(), rng.uniform(0.1, 0.5) * h, before)
    if company.before or not (row or company.after):
        row = _beside(row, writer.word(), rng.uniform(0.4, 0.8) * h, before=True)
    if company.after:
        row = _beside(row, writer.word(), rng.uniform(0.4, 0.8) * h, before=False)
    return row


def _beside(row: list[PlacedStamp], stamp: Stamp, gap: float, before: bool) -> list[PlacedStamp]:
    """Return a row with one more stamp before or after it, on the line of its neighbour."""
    if not row:
        return [PlacedStamp(stamp, 0, 0)]
    if before:
        left = min(placed.left for placed in row) - stamp.ink.shape[1] - gap
        return [PlacedStamp(stamp, round(left), row[0].base), *row]
    return [*row, PlacedStamp(stamp, round(max(placed.right for placed in row) + gap), row[-1].base)]
