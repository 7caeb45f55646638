"""Left out: the ink of a row that no character was read from, as words and as blots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inkgrad.pictures.pieces import Piece
from inkgrad.reader.seen import Seen

SPACE = " "


@dataclass(frozen=True)
class LeftOutSettings:
    """Which pieces of a row count as left out; lengths are shares of the height of the writing.

    low      lower pieces are specks, dots and rests of rules, and count as nothing
    covered  share of its width; where characters were read from more of a piece, it was not left out
    apart    pieces with more paper between them are two words, or two blots
    """

    low: float = 0.4
    covered: float = 0.4
    apart: float = 0.45


@dataclass(frozen=True)
class LeftOut:
    """Some neighbouring pieces that were left out: the columns from `left` to before `right`, and how many they are."""

    left: int
    right: int
    n_pieces: int

    @property
    def is_word(self) -> bool:
        """Whether they are several, as letters are; a single one is a blot."""
        return self.n_pieces > 1


def left_out(
    pieces: Sequence[Piece], row: Sequence[Seen], high: float, settings: LeftOutSettings = LeftOutSettings()
) -> list[LeftOut]:
    """Return what was left out of a row, from left to right, for its pieces and the characters that were read."""
    found: list[LeftOut] = []
    for piece in sorted(pieces, key=lambda each: each.left):
        if piece.height < settings.low * high or _covered(piece, row) > settings.covered:
            continue
        last = found[-1] if found else None
        if last is not None and piece.left - last.right <= settings.apart * high and not _between(last, piece, row):
            found[-1] = LeftOut(last.left, max(last.right, piece.right), last.n_pieces + 1)
        else:
            found.append(LeftOut(piece.left, piece.right, 1))
    return found


def parted(row: Sequence[Seen], rests: Sequence[LeftOut]) -> list[Seen]:
    """Return the characters of a row with a space where a word between two of them was left out."""
    found: list[Seen] = []
    words = [rest for rest in rests if rest.is_word]
    for seen in row:
        before = found[-1].piece.middle[1] if found else np.inf
        is_parted = any(before < (word.left + word.right) / 2 < seen.piece.middle[1] for word in words)
        found.append(replace(seen, gap=SPACE) if is_parted and not seen.gap else seen)
    return found


def _covered(piece: Piece, row: Sequence[Seen]) -> float:
    """Return the share of a piece's width that characters were read from."""
    columns = np.zeros(piece.width, bool)
    for seen in row:
        columns[max(seen.piece.left - piece.left, 0) : max(seen.piece.right - piece.left, 0)] = True
    return float(columns.mean())


def _between(last: LeftOut, piece: Piece, row: Sequence[Seen]) -> bool:
    """Return whether a character stands between what was left out before and a piece."""
    return any(last.right <= seen.piece.middle[1] < piece.left for seen in row)
