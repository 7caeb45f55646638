"""Lattice: all ways to read a row of ink as digits, and the most probable one.

A row is a list of atoms from left to right: pieces, or parts of pieces that may be several digits.
A candidate is some neighbouring atoms together.  The network says of each candidate which digit it is,
or that it is none.  The best reading parts the atoms into digits and dirt so that the product of the
probabilities is largest.  (LeCun et al. 1998, https://doi.org/10.1109/5.726791, section VII:
heuristic over-segmentation and a Viterbi search.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.decoding import Automaton
from inkgrad.pictures.pieces import Piece, joined


@dataclass(frozen=True)
class LatticeSettings:
    """What may be a digit, and how probable the rest is.

    most_atoms   of one digit
    widest       times the height of the writing; no digit is wider
    gap          share of the height of the writing; the parts of one digit are not farther apart
    least        probability; less is not believed
    dirty_piece  probability that a piece is dirt that could be several digits, and looks like none of them
    dirty_part   probability that a part of a piece is dirt, and the rest a digit
    shared_atom  share of the height of the writing; two digits may share a part of a piece that is no wider
    sharing      probability that two digits share one (of 40 made-up lines with linked zeros 28 are read, with 1: 29)
    """

    most_atoms: int = 8
    widest: float = 1.6
    gap: float = 0.22
    least: float = 1e-6
    dirty_piece: float = 0.25
    dirty_part: float = 0.02
    shared_atom: float = 0.3
    sharing: float = 0.8


@dataclass(frozen=True, eq=False)
class Candidate:
    """The atoms from `start` to before `stop` of a row, which may be one digit."""

    start: int
    stop: int
    piece: Piece


@dataclass(frozen=True, eq=False)
class Row:
    """Atoms from left to right, and the height of the writing in pixels.

    `piece_of` has for each atom the number of the piece that it is, or is a part of.
    """

    atoms: Sequence[Piece]
    piece_of: Sequence[int]
    high: float
    settings: LatticeSettings = LatticeSettings()

    @cached_property
    def candidates(self) -> list[Candidate]:
        """All that may be digits."""
        found = []
        for start in range(len(self.atoms)):
            for stop in range(start + 1, min(start + self.settings.most_atoms, len(self.atoms)) + 1):
                atoms = self.atoms[start:stop]
                if stop > start + 1 and not self._may_be_one(atoms):
                    break
                found.append(Candidate(start, stop, joined(atoms)))
        return found

    def _may_be_one(self, atoms: Sequence[Piece]) -> bool:
        left, right = min(atom.left for atom in atoms), max(atom.right for atom in atoms)
        gap = atoms[-1].left - max(atom.right for atom in atoms[:-1])
        return right - left <= self.settings.widest * self.high and gap <= self.settings.gap * self.high


Taken = tuple[tuple[int, int], ...]  # the number of a candidate, and which digit it is, for each digit of a row


def best_parse(row: Row, digits: NDArray, dirt: NDArray, expected: Automaton | None = None) -> Taken:
    """Return the most probable reading of a row.

    digits    (n, 10)  the probability of each candidate to be each digit
    dirt      (m,)     that of each piece to be no digit
    expected           what accepts the digits that are expected; where no reading agrees with it, it is left aside

    Each atom counts with the logarithm of the probability of the candidate that it belongs to, so that
    readings of few and of many digits are compared fairly.  A piece may be dirt, and at a price a part of one; and
    at another price two digits that touch may share a slim atom, the stroke between them.
    """
    anything = Automaton(np.zeros((1, 10), np.int64), np.ones(1, bool))
    found = _search(row, digits, dirt, anything if expected is None else expected)
    return _search(row, digits, dirt, anything) or () if found is None else found


def _search(row: Row, digits: NDArray, dirt: NDArray, expected: Automaton) -> Taken | None:
    """Return the best reading of a row that an automaton accepts; None where there is none.

    best[i][s] is the best score of the first i atoms that leads to state s, and came[i][s] how it came to
    that: from which atom and state, with which candidate (-1 for dirt), as which digit.
    """
    n, n_states, settings = len(row.atoms), len(expected.ends), row.settings
    scores = np.log(np.maximum(digits, settings.least))
    steps = [_steps(scores, leads_to) for leads_to in expected.leads_to]
    best = [[-inf] * n_states for _ in range(n + 1)]
    came: list[list[tuple[int, int, int, int]]] = [[(0, 0, -1, 0)] * n_states for _ in range(n + 1)]
    best[0][0] = 0.0
    share = float(np.log(settings.sharing))

    def may_come(i: int, s: int, j: int, s_next: int, gain: float, k: int, digit: int) -> None:
        score = best[i][s] + gain
        if score > best[j][s_next]:
            best[j][s_next], came[j][s_next] = score, (i, s, k, digit)

    by_start: list[list[int]] = [[] for _ in range(n)]
    for k, candidate in enumerate(row.candidates):
        by_start[candidate.start].append(k)
    for i in range(n):
        end, part = _end_of_piece(row, i)
        whole = settings.dirty_piece if end > i + 1 else 1.0  # a piece that may be several digits looks like none
        losses = [(end, float(np.log(max(whole * dirt[row.piece_of[i]], settings.least))))] if not part else []
        losses += [(i + 1, float(np.log(settings.dirty_part)))] if part or end > i + 1 else []
        for s in range(n_states):
            if best[i][s] == -inf:
                continue
            for j, loss in losses:
                may_come(i, s, j, s, (j - i) * loss, -1, 0)
            for s_next, top, which in steps[s]:
                for k in by_start[i]:
                    j = row.candidates[k].stop
                    may_come(i, s, j, s_next, (j - i) * float(top[k]), k, int(which[k]))
                for k in by_start[i - 1] if part and _may_share(row, i - 1) and came[i][s][2] >= 0 else ():
                    j = row.candidates[k].stop
                    if j > i:
                        may_come(i, s, j, s_next, (j - i) * float(top[k]) + share, k, int(which[k]))
    ends = np.flatnonzero(expected.ends).tolist()
    s = max(ends, key=lambda s: best[n][s], default=0)
    return _walk_back(came, n, s) if ends and best[n][s] > -inf else None


def _steps(scores: NDArray, leads_to: NDArray) -> list[tuple[int, NDArray, NDArray]]:
    """Return the states to which a state leads, each with the score of the best digit of each candidate that does."""
    steps = []
    for s_next in sorted(set(leads_to[leads_to >= 0].tolist())):
        expected = np.flatnonzero(leads_to == s_next)
        its = scores[:, expected]
        steps.append((s_next, its.max(axis=1), expected[its.argmax(axis=1)]))
    return steps


def _may_share(row: Row, i: int) -> bool:
    """Return whether atom i is so slim that it may be a stroke of two digits, as the wall between two zeros is."""
    return row.atoms[i].width <= row.settings.shared_atom * row.high


def _end_of_piece(row: Row, i: int) -> tuple[int, bool]:
    """Return the atom after the last one of the piece that atom i belongs to, and whether i is not its first."""
    j = i
    while j < len(row.atoms) and row.piece_of[j] == row.piece_of[i]:
        j += 1
    return j, i > 0 and row.piece_of[i - 1] == row.piece_of[i]


def _walk_back(came: list[list[tuple[int, int, int, int]]], i: int, m: int) -> Taken:
    taken = []
    while i > 0:
        i, m, k, digit = came[i][m]
        if k >= 0:
            taken.append((k, digit))
    return tuple(reversed(taken))
