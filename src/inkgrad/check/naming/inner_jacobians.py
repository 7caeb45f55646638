"""Jacobians inside forward: of a part that gives a value of the shape of what it gets, one used in a wrong way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way


@dataclass(frozen=True)
class PartSizes:
    """Parts that are looked at: larger ones would take longer than anyone waits.

    most_steps    between the two values
    most_numbers  in each
    most_parts    of all forward
    """

    most_steps: int = 16
    most_numbers: int = 400
    most_parts: int = 60


SIZES = PartSizes()


def misused(inside: Inside) -> Iterator[Way]:
    """Only the diagonal of the Jacobian of a part is used, or it is used untransposed, or twice."""
    for count, (number, other, j) in enumerate(_parts(inside)):
        if count == SIZES.most_parts:
            return
        above = inside.gradients[other].ravel()
        right = above @ j
        diagonal = np.diag(j) * above
        part = f"{inside.word(other)}, made of {inside.word(number)}"
        where = inside.where(inside.tape.makers[other])
        for kind, wrong, how in (
            (Kind.diagonal_jacobian, diagonal, "only the diagonal of the Jacobian is used"),
            (Kind.off_diagonal_jacobian, right - diagonal, "the diagonal of the Jacobian is left out"),
            (Kind.jacobian_not_transposed, j @ above, "the Jacobian is used untransposed"),
            (Kind.derivative_twice, right @ j, "the derivative is applied twice"),
        ):
            change = partial(np.add, (wrong - right).reshape(inside.tape.values[number].shape))
            yield Way(kind, f"of {part}, {how} ({where})", nodes={number: change})


def _parts(inside: Inside) -> Iterator[tuple[int, int, NDArray]]:
    """Yield pairs of a value and one of its shape that is made of it, with the Jacobian, if that is no diagonal."""
    tape = inside.tape
    for other in sorted(inside.gradients, reverse=True):
        if other not in tape.makers or not 1 < tape.values[other].size <= SIZES.most_numbers:
            continue
        first = max(tape.makers[other] - SIZES.most_steps, 0)
        candidates = {number for k in range(first, tape.makers[other] + 1) for number in tape.steps[k].inputs}
        for number in sorted(candidates, reverse=True):
            if tape.values[number].shape != tape.values[other].shape or other not in tape.below(number):
                continue
            j = _jacobian(inside, number, other, first)
            if np.abs(j - np.diag(np.diag(j))).max() > 1e-7 * np.abs(j).max():
                yield number, other, j


def _jacobian(inside: Inside, number: int, other: int, first: int) -> NDArray:
    shape = inside.tape.values[other].shape
    rows = []
    for unit in np.eye(inside.tape.values[other].size):
        found = inside.tape.back_from({other: unit.reshape(shape)}, first=first)
        rows.append(found[number].ravel() if number in found else np.zeros(unit.size))
    return np.array(rows)
