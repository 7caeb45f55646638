"""Right numbers in the wrong places."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import numpy as np

from inkgrad.check.kind import Kind
from inkgrad.check.naming.case import Case, Guess


def transposed(case: Case) -> Iterator[Guess]:
    """Two axes exchanged, with the shape kept."""
    for i, j in combinations(range(case.n.ndim), 2):
        if case.n.shape[i] > 1 and case.n.shape[i] == case.n.shape[j]:
            yield Guess(Kind.transposed, case.n.swapaxes(i, j), f"axes {i} and {j} of d{case.name} are exchanged")


def symmetrised(case: Case) -> Iterator[Guess]:
    """The symmetric part of square matrices, or one triangle's: the same along symmetric steps."""
    if case.n.ndim < 2 or case.n.shape[-1] != case.n.shape[-2] or case.n.shape[-1] < 2:
        return
    n, turned = case.n, case.n.swapaxes(-1, -2)
    once = n + turned - n * np.eye(n.shape[-1])
    for what, predicted in (
        (f"(G + Gᵀ) / 2 of the right d{case.name}, G", (n + turned) / 2),
        ("that of its lower triangle, which stands for both", np.tril(once)),
        ("that of its upper triangle, which stands for both", np.triu(once)),
        (f"G + Gᵀ of the right d{case.name}, G, with the diagonal counted once", once),
    ):
        message = (
            f"d{case.name} is {what}: right where {case.name} is symmetric and moves so alone; "
            f"if it does, declare it: tangent={{{case.name!r}: 'symmetric'}}"
        )
        yield Guess(Kind.symmetrised, predicted, message)


def memory_order(case: Case) -> Iterator[Guess]:
    """The numbers of the transpose read out in their own order."""
    if case.n.ndim >= 2:
        message = f"d{case.name} has its numbers in another memory order: reshape is not a transpose"
        yield Guess(Kind.reordered, case.n.T.reshape(case.n.shape), message)
        yield Guess(Kind.reordered, case.n.reshape(case.n.shape, order="F"), message)


def flipped(case: Case) -> Iterator[Guess]:
    """Reversed along an axis, or along several."""
    axes = [axis for axis in range(case.n.ndim) if case.n.shape[axis] > 1]
    for count in range(1, len(axes) + 1):
        for chosen in combinations(axes, count):
            along = " and ".join(map(str, chosen))
            yield Guess(Kind.reordered, np.flip(case.n, chosen), f"d{case.name} is reversed along axis {along}")


def rolled(case: Case) -> Iterator[Guess]:
    """Shifted along an axis or two: around, or out of the frame."""
    axes = [axis for axis in range(case.n.ndim) if case.n.shape[axis] > 1]
    for axis in axes:
        for by in range(1, min(case.n.shape[axis], 12)):
            for shift in (by, -by):
                yield from _shifted(case, {axis: shift})
    for first, second in combinations(axes, 2):
        for shift, other in product((-2, -1, 1, 2), repeat=2):
            yield from _shifted(case, {first: shift, second: other})


def _shifted(case: Case, shifts: dict[int, int]) -> Iterator[Guess]:
    around = np.roll(case.n, tuple(shifts.values()), tuple(shifts))
    out = around.copy()
    for axis, shift in shifts.items():
        edge = slice(0, shift) if shift > 0 else slice(shift, None)
        out[(slice(None),) * axis + (edge,)] = 0
    words = " and ".join(f"by {shift} along axis {axis}" for axis, shift in shifts.items())
    for predicted in (around, out):
        yield Guess(Kind.reordered, predicted, f"d{case.name} is shifted {words}", {"shifts": shifts})


def sorted_alike(case: Case) -> Iterator[Guess]:
    """All the right numbers, each example keeping its own, in no order we know."""
    if case.n.ndim < 2 or np.count_nonzero(case.n) < 4:
        return
    rows = case.n.reshape(case.n.shape[0], -1)
    order = np.argsort(rows, axis=1)
    places = np.argsort(np.argsort(case.a.reshape(rows.shape), axis=1), axis=1)
    moved = np.take_along_axis(np.take_along_axis(rows, order, axis=1), places, axis=1)
    message = f"d{case.name} has the right numbers in the wrong places"
    yield Guess(Kind.reordered, moved.reshape(case.n.shape), message)


def swapped(case: Case) -> Iterator[Guess]:
    """The gradient of another array of the same shape."""
    for other, numerical in case.numericals.items():
        if other != case.name and numerical.value.shape == case.n.shape:
            yield Guess(Kind.swapped, numerical.value, f"d{case.name} holds the gradient of {other}", {"other": other})


def dy_misread(case: Case) -> Iterator[Guess]:
    """Each slope beside the dy of another output, where each entry moves one output alone."""
    j, dy = case.jacobian, case.dy.reshape(-1)
    if case.flow is None or j is None or dy.size < 4:
        return
    moves = case.flow != 0
    alone = moves.sum(axis=0) == 1
    if moves.sum(axis=0).max() > 1 or alone.sum() < 4:
        return
    own, order = np.argmax(moves, axis=0)[alone], np.argsort(dy)
    wanted = case.a.ravel()[alone] / j[own, np.flatnonzero(alone)]  # the dy that backward has taken
    place = np.clip(np.searchsorted(dy[order], wanted), 1, dy.size - 1)
    place -= wanted - dy[order][place - 1] < dy[order][place] - wanted
    taken = order[place]
    is_read = (wanted != 0) & (np.abs(dy[taken] - wanted) < 1e-6 * np.abs(dy).max())
    if is_read.sum() < 4 or not (is_read | (wanted == 0)).all() or (own == taken)[is_read].all():
        return
    predicted = np.zeros(case.a.size)
    predicted[alone] = np.where(is_read, dy[taken], 0) * j[own, np.flatnonzero(alone)]
    first = int(np.flatnonzero(is_read & (own != taken))[0])
    at, read, right = (
        [int(k) for k in np.unravel_index(where, shape)]
        for where, shape in (
            (np.flatnonzero(alone)[first], case.a.shape),
            (taken[first], case.y.shape),
            (own[first], case.y.shape),
        )
    )
    message = f"dy is read in the wrong places: for d{case.name}{at} backward takes dy{read}, not dy{right}"
    yield Guess(Kind.reordered, predicted.reshape(case.a.shape), message)
