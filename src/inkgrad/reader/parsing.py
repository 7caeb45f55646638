"""Parsing: from the pieces of scanned pictures to digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count, pairwise

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.pictures.pieces import CutSettings, Piece, cut_apart
from inkgrad.reader.expectation import Expectation
from inkgrad.reader.eye import DIGITS, Eye, Recognition
from inkgrad.reader.lattice import Candidate, LatticeSettings, Row, best_parse
from inkgrad.reader.page import Scan
from inkgrad.reader.pattern import Pattern
from inkgrad.reader.seen import Seen


@dataclass(frozen=True)
class ParsingSettings:
    """How likely ink is writing, and when a piece may be several digits.

    size_spread       standard deviation of the logarithm of the heights of digits
    faint             share of the usual darkness; what is fainter shines through from the other side
    thin              share of the usual stroke; what is thinner is the rest of a rule
    alone             dirt is this many times as probable where a picture has one piece only: it was taken for something
    cut_one           a 1 that is cut from something wider is this many times as probable, as letters have such strokes
    still_none        what was read is this many times as probable as the network says not to be a digit
    sure              probability of the best digit; above it, only a wide piece may be several digits
    doubtful          probability of the best digit; below it, a narrow piece may be several digits, too
    wide              times the height of the writing; wider pieces may be several digits
    wide_if_unsure    the same for pieces that are less sure
    wide_if_doubtful  the same for doubtful pieces; two digits are not narrower
    tall              times the height of the writing; higher pieces are not writing
    low               share of the height of the writing; lower pieces do not say how high a row is
    row_bounds        the height of a row is between these times that of the writing
    one_wide          times the height of the writing; a cell with no wider writing has one character
    """

    cuts: CutSettings = CutSettings()
    lattice: LatticeSettings = LatticeSettings()
    size_spread: float = 0.45
    faint: float = 0.45
    thin: float = 0.5
    alone: float = 0.3
    cut_one: float = 0.2
    still_none: float = 0.3
    sure: float = 0.97
    doubtful: float = 0.6
    wide: float = 1.15
    wide_if_unsure: float = 0.8
    wide_if_doubtful: float = 0.4
    tall: float = 2.0
    low: float = 0.5
    row_bounds: tuple[float, float] = (0.6, 1.5)
    one_wide: float = 1.2


def parse(
    scans: Sequence[Scan], eye: Eye, expected: Expectation, settings: ParsingSettings = ParsingSettings()
) -> list[list[list[Seen]]]:
    """Return the digits of each row of each scan.

    The network looks twice, each time at all pictures together: at the pieces, to learn which may be
    several digits, and at all candidates.
    """
    first = _looked_at(eye, [(list(chain.from_iterable(scan.rows)), scan.ink) for scan in scans])
    work = [
        _as_work(scan, look, expected_of_rows(scan, expected, settings), settings)
        for scan, look in zip(scans, first, strict=True)
    ]
    second = iter(_looked_at(eye, [(job.unseen, job.ink) for jobs in work for job in jobs]))
    return [[_digits(job, next(second), settings) for job in jobs] for jobs in work]


def _looked_at(eye: Eye, groups: list[tuple[list[Piece], NDArray]]) -> list[Recognition]:
    """Return what is seen of each group of pieces, cut out of the ink beside it; the network looks once."""
    pieces = [piece for group, _ in groups for piece in group]
    seen = eye.look(pieces, [ink for group, ink in groups for _ in group])
    return _parts(seen, [len(group) for group, _ in groups])


def _parts(look: Recognition, lengths: list[int]) -> list[Recognition]:
    """Return what is seen in parts of these lengths."""
    stops = np.cumsum([0, *lengths]).tolist()
    return [look[start:stop] for start, stop in pairwise(stops)]


@dataclass(frozen=True, eq=False)
class _Work:
    """A row that was looked at once: what was seen of its pieces, its atoms, and how likely each piece is dirt."""

    ink: NDArray
    pieces: list[Piece]
    look: Recognition
    usual: Usual
    row: Row
    dirt: NDArray
    pattern: Pattern | None

    @property
    def unseen(self) -> list[Piece]:
        """The candidates that are no whole pieces, and so were not looked at yet."""
        seen = set(map(id, self.pieces))
        return [candidate.piece for candidate in self.row.candidates if id(candidate.piece) not in seen]

    def look_at_candidates(self, unseen: Recognition) -> Recognition:
        """Return what is seen of all candidates."""
        known, new = {id(piece): k for k, piece in enumerate(self.pieces)}, count(len(self.pieces))
        order = [known[key] if (key := id(each.piece)) in known else next(new) for each in self.row.candidates]
        return self.look.followed_by(unseen)[np.array(order, int)]


def expected_of_rows(
    scan: Scan, expected: Expectation, settings: ParsingSettings = ParsingSettings()
) -> list[Pattern | None]:
    """Return what is expected of each row of a scan: a pattern, or anything.

    Where most cells of a table have one character each, as a row of boxes, a pattern of more is that of a line of them.
    """
    if expected.pattern is None or expected.pattern.n_digits[1] == 1:
        return [expected.pattern] * len(scan.rows)
    in_boxes = tables_of_boxes(scan, settings)
    return [None if place is not None and place[0] in in_boxes else expected.pattern for place in scan.places]


def tables_of_boxes(scan: Scan, settings: ParsingSettings = ParsingSettings()) -> set[int]:
    """Return the tables of a scan of whose cells most have one character each, as a row of boxes."""
    widths: dict[int, list[float]] = {}
    for pieces, place in zip(scan.rows, scan.places, strict=True):
        if place is not None and pieces:
            width = max(piece.right for piece in pieces) - min(piece.left for piece in pieces)
            widths.setdefault(place[0], []).append(width / max(scan.high, 1))
    return {table for table, its in widths.items() if len(its) > 1 and np.median(its) <= settings.one_wide}


def _as_work(
    scan: Scan, look: Recognition, expected: Sequence[Pattern | None], settings: ParsingSettings
) -> list[_Work]:
    """Return the rows of a scan, for what is seen of all its pieces, and what is expected of each."""
    weights = 1 - look.none + 1e-6  # of each piece, how much it looks like a digit
    usual = Usual(_median(look.darkness, weights), _median(look.stroke, weights))
    work = []
    looks = _parts(look, [len(row) for row in scan.rows])
    for pieces, its, pattern in zip(scan.rows, looks, expected, strict=True):
        row = _as_row(pieces, its, scan, pattern is not None, settings)
        dirt = 1 - (1 - its.none) * _likely(pieces, its, row.high, usual, settings, settings.tall)
        if len(scan.rows) == 1 and len(pieces) == 1:
            dirt *= settings.alone
        work.append(_Work(scan.ink, pieces, its, usual, row, dirt, pattern))
    return work


def _digits(job: _Work, unseen: Recognition, settings: ParsingSettings) -> list[Seen]:
    """Return the digits of a row."""
    candidates, look = [candidate.piece for candidate in job.row.candidates], job.look_at_candidates(unseen)
    parts = np.array([_is_part(candidate, job.row) for candidate in job.row.candidates], bool)
    tall = np.where(parts, 1.0, settings.tall)
    p = look.p * _likely(candidates, look, job.row.high, job.usual, settings, tall)[:, None]
    p[:, 1] *= np.where(parts, settings.cut_one, 1.0)
    taken = best_parse(job.row, p, job.dirt, None if job.pattern is None else job.pattern.digits)
    sure = look.p / (1 - (1 - settings.still_none) * look.none)[:, None]
    return [
        Seen(candidates[k], DIGITS[digit], dict(zip(DIGITS, sure[k].tolist(), strict=True)), look.images[k])
        for k, digit in taken
    ]


def _is_part(candidate: Candidate, row: Row) -> bool:
    """Return whether a candidate leaves something of its pieces outside."""
    before, after = candidate.start - 1, candidate.stop
    return (before >= 0 and row.piece_of[before] == row.piece_of[candidate.start]) or (
        after < len(row.atoms) and row.piece_of[after] == row.piece_of[after - 1]
    )


@dataclass(frozen=True)
class Usual:
    """How the writing of a picture usually is: how dark in [0, 1], and with strokes of how many pixels."""

    darkness: float
    stroke: float


def _median(values: NDArray, weights: NDArray) -> float:
    if len(values) == 0:
        return 1.0
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2)])


def _as_row(pieces: list[Piece], look: Recognition, scan: Scan, is_expected: bool, settings: ParsingSettings) -> Row:
    """Return the row of pieces, those that may be several digits cut apart."""
    high = _height(pieces, scan.high, settings)
    atoms: list[Piece] = []
    piece_of: list[int] = []
    for number, piece in enumerate(pieces):
        may_be_several = piece.width > _narrowest_of_several(float(look.p[number].max()), settings) * high
        parts = [piece]
        if (may_be_several or is_expected) and piece.height < settings.tall * high:
            parts = cut_apart(piece, scan.ink, high, settings.cuts)
        atoms += parts
        piece_of += [number] * len(parts)
    return Row(atoms, piece_of, high, settings.lattice)


def _narrowest_of_several(probability: float, settings: ParsingSettings) -> float:
    """Return how wide a piece is at least that may be several digits, for that of its best digit."""
    if probability > settings.sure:
        return settings.wide
    return settings.wide_if_unsure if probability > settings.doubtful else settings.wide_if_doubtful


def _height(pieces: list[Piece], high: float, settings: ParsingSettings) -> float:
    """Return the height of the writing in a row, which is near that of the whole picture."""
    heights = [piece.height for piece in pieces if piece.height > settings.low * high]
    least, most = (bound * high for bound in settings.row_bounds)
    return float(np.clip(np.median(heights), least, most)) if len(heights) >= 3 else high


def _likely(
    pieces: list[Piece], look: Recognition, high: float, usual: Usual, settings: ParsingSettings, tall: float | NDArray
) -> NDArray:
    """Return how likely pieces are to be digits, in [0, 1], for their height, darkness and thickness alone.

    Those of up to `tall` times the height of the writing are no less likely than those as high as it.
    """
    ratio = np.array([piece.height for piece in pieces], float) / max(high, 1)
    ratio = np.where(ratio > 1, np.maximum(ratio / tall, 1), ratio)
    size = np.exp(-0.5 * (np.log(np.maximum(ratio, 1e-3)) / settings.size_spread) ** 2)
    dark = np.minimum(look.darkness / usual.darkness / settings.faint, 1)
    thick = np.minimum(look.stroke / usual.stroke / settings.thin, 1)
    return np.asarray(size * dark * thick**2)
