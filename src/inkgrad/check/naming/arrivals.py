"""What becomes of the dy of each output on its way to a gradient: some never arrive, or the last one overwrites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.case import Case, Guess

MOST_GROUPS = 300  # whose weights are fitted together: more take seconds
ORDINALS = "first", "second", "third", "fourth", "fifth", "sixth"


@dataclass(frozen=True)
class Groups:
    """The outputs in groups of equal rights: those of one index along an axis of y, or of one of several outputs.

    flow     what the dy of each group adds to the gradient, (groups, entries)
    touches  whether it may add anything there
    words    how the groups are called, where `of` an axis they have indices
    """

    flow: NDArray
    touches: NDArray
    words: tuple[str, ...] = ()
    axis: int = -1
    of: str = "y"

    def called(self, chosen: NDArray) -> str:
        """Return some of the groups in words: "y[:, 3:6]", "the second output"."""
        if self.words:
            return " and ".join(self.words[k] + "," * ("," in self.words[k]) for k in chosen)
        first, last = int(chosen[0]), int(chosen[-1])
        is_span = last - first + 1 == len(chosen) and len(chosen) > 1
        index = f"{first}:{last + 1}" if is_span else str(first) if len(chosen) == 1 else f"{[int(k) for k in chosen]}"
        return f"{self.of}[{':, ' * self.axis}{index}]"


def part_of_dy(case: Case) -> Iterator[Guess]:
    """The dy of some outputs counts, that of others does not: seen where all along an axis count 0 times or once."""
    for groups in _all_groups(case):
        weights = _zeros_and_ones(groups.flow, case.a.ravel())
        if weights is None:
            continue
        predicted = (weights @ groups.flow).reshape(case.a.shape)
        message = f"the dy of {groups.called(np.flatnonzero(weights == 0))} never arrives in d{case.name}"
        yield Guess(Kind.part_of_dy, predicted, message, {"weights": weights})


def one_slice(case: Case) -> Iterator[Guess]:
    """What one index along an axis of y adds, where each adds to all entries."""
    for groups in _all_groups(case):
        if groups.axis < 0 or len(groups.flow) < 3 or case.a.size < 2 or not _is_broadcast(groups):
            continue
        for k, flow in enumerate(groups.flow):
            message = (
                f"d{case.name} is that of {groups.called(np.array([k]))} alone: "
                f"it is not summed over axis {groups.axis} of {groups.of}"
            )
            yield Guess(Kind.not_summed, flow.reshape(case.a.shape), message, {"axis": groups.axis, "index": k})


def _zeros_and_ones(flow: NDArray, a: NDArray) -> NDArray | None:
    """Return how often each group counts where that is 0 times or once each, both; None where it is not so, or where
    there are too few numbers to tell."""
    alive = np.abs(flow).max(axis=1, initial=0) > 0
    if not 2 <= alive.sum() <= MOST_GROUPS or alive.sum() >= flow.shape[1]:
        return None
    found, _, rank, _ = np.linalg.lstsq(flow[alive].T, a, rcond=1e-9)
    whole = np.rint(found)
    is_sound = rank == alive.sum() and np.abs(found - whole).max() < 1e-3 and set(whole) == {0.0, 1.0}
    if not is_sound:
        return None
    weights = np.ones(len(flow))
    weights[alive] = whole
    return weights


def _is_broadcast(groups: Groups) -> bool:
    """Return whether each group touches all entries that any does."""
    return bool((groups.touches == groups.touches.any(axis=0)).all())


def overwritten(case: Case) -> Iterator[Guess]:
    """Each entry holds what the last output that touches it adds; the outputs one by one, or by their first axes."""
    for groups in (*_leading_groups(case), *_all_groups(case)):
        yield from _last_alone(case, groups)


def overwritten_by_several(case: Case) -> Iterator[Guess]:
    """The same where no index of y touches all entries, so that it is more than the last one that arrives; or where y
    is made of copies of entries, such as words that come again."""
    if _is_of_copies(case) or not any(
        (each.touches == each.touches.any(axis=0)).all(axis=1).any() for each in _all_groups(case)
    ):
        yield from overwritten(case)


def _is_of_copies(case: Case) -> bool:
    j, flow = case.jacobian, case.flow
    if j is None or flow is None or case.subject.outputs:
        return False
    return bool((flow != 0).sum(axis=1).max() == 1 and np.abs(j[flow != 0] - 1).max() < 1e-6)


def _last_alone(case: Case, groups: Groups) -> Iterator[Guess]:
    count = groups.touches.sum(axis=0)
    if (count > 1).sum() < 2:
        return
    last = len(groups.flow) - 1 - np.argmax(groups.touches[::-1], axis=0)
    predicted = np.take_along_axis(groups.flow, last[np.newaxis], axis=0)[0].reshape(case.a.shape)
    message = (
        f"each entry of d{case.name} holds what the last output that it touches adds, where up to "
        f"{int(count.max())} add to it: = for +=, or an index that comes more than once?"
    )
    yield Guess(Kind.overwritten, predicted, message)


def _all_groups(case: Case) -> Iterator[Groups]:
    """Yield the outputs of several as groups, then those of each axis."""
    flow = case.flow
    if flow is None:
        return
    outputs = case.subject.outputs
    if len(outputs) > 1:
        starts = np.cumsum([0, *(prod(shape) for _, shape in outputs)])[:-1]
        if all(prod(shape) for _, shape in outputs):
            words = tuple(
                f"the {ORDINALS[k]} output, {name}" if k < len(ORDINALS) else name
                for k, (name, _) in enumerate(outputs)
            )
            touches = np.logical_or.reduceat(flow != 0, starts)
            yield Groups(np.add.reduceat(flow, starts), touches, words)
        return
    shape = case.y.shape
    for axis in range(len(shape)):
        if shape[axis] > 1:
            parts = flow.reshape(prod(shape[:axis]), shape[axis], -1, case.z.size)
            yield Groups(parts.sum(axis=(0, 2)), (parts != 0).any(axis=(0, 2)), axis=axis)


def _leading_groups(case: Case) -> Iterator[Groups]:
    """Yield the outputs in groups of one index along the first two axes each, the first three, and so on."""
    flow, shape = case.flow, case.y.shape
    for n_axes in range(2, len(shape) + 1) if flow is not None else ():
        assert flow is not None
        parts = flow.reshape(prod(shape[:n_axes]), -1, case.z.size)
        yield Groups(parts.sum(axis=1), (parts != 0).any(axis=1))
