"""Blocks: the part of a large array whose gradient is wrong, seen beside that of forward itself or found by halving."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.joint import Joint
from inkgrad.check.measure.subject import REDRAWN, Arrays, Backward, Subject
from inkgrad.check.own_forward import ROUNDINGS

MOST_IN_A_ROW = 300  # numbers, which are looked at though they are more than asked for: rows are seldom cut in right


@dataclass(frozen=True)
class Block:
    """A part of the array `name`, from `start` to `stop` along each axis.

    `few` is as much of it as can be looked at closely, `shape` that of the whole array.
    """

    name: str
    start: tuple[int, ...]
    stop: tuple[int, ...]
    few: tuple[slice, ...]
    shape: tuple[int, ...]

    @property
    def where(self) -> str:
        """Where it lies, in words."""
        if not any(self.start) and self.stop == self.shape:
            return "all over it"
        spans = (f"{a}:{b}" if b - a > 1 else f"{a}" for a, b in zip(self.start, self.stop, strict=True))
        return f"in [{', '.join(spans)}]"

    def alone(self, whole: Subject, y: NDArray) -> Subject | None:
        """Return a subject of few numbers of x and the outputs in their places, where they move no others.

        So it looks as the whole does, and what is wrong can be named. None where they do, as in a matrix product.
        """
        if self.name != whole.main or y.shape != self.shape or not self.shape:
            return None
        for few in (*self._rows(), self.few):
            small = replace(self, few=few).subject(whole)
            moved = {self.name: small.arrays[self.name] * 1.001 + small.arrays[self.name].dtype.type(0.001)}
            is_still = small.forward(moved) == y
            is_still[few] = True
            if is_still.all():
                return _with_outputs(small, few, y.shape)
        return None

    def _rows(self) -> Iterator[tuple[slice, ...]]:
        """Yield about as many numbers in whole rows along the last axis, then the last two, and so on."""
        most = prod(len(range(each.start, each.stop, each.step or 1)) for each in self.few)
        for axis in reversed(range(len(self.shape) - 1)):
            row = prod(self.shape[axis + 1 :])
            if row > MOST_IN_A_ROW:
                return
            first = [each.start for each in self.few[: axis + 1]]
            points = [slice(a, a + 1) for a in first[:-1]]
            rows = slice(first[-1], min(first[-1] + max(most // row, 1), self.shape[axis]))
            yield (*points, rows, *(slice(0, n) for n in self.shape[axis + 1 :]))

    def subject(self, whole: Subject) -> Subject:
        """Return a subject that is like another one, but has only these few numbers for its one array."""
        name, few, start = self.name, self.few, whole.arrays[self.name]
        memory = np.empty_like(start)  # used again, as new memory costs more than copies

        def inserted(arrays: Arrays) -> Arrays:
            np.copyto(memory, start)
            memory[few] = arrays[name]
            return {**whole.arrays, name: memory}

        def forward(arrays: Arrays) -> NDArray:
            return np.array(whole.forward(inserted(arrays)))  # a copy: it may be the memory itself

        def of_few(backward: Backward) -> Backward:
            def backward_of_few(arrays: Arrays, dy: NDArray, start: float) -> Arrays:
                found = backward(inserted(arrays), dy, start)
                return {name: found[name][few].copy()} if name in found else {}

            return backward_of_few

        unfold = whole.unfold
        few_numbers = {name: whole.arrays[name][few].copy()}
        return Subject(
            whole.name,
            few_numbers,
            forward,
            of_few(whole.backward),
            only_dy=whole.only_dy,
            main=None,
            unit=whole.unit,
            variants={words: of_few(each) for words, each in whole.variants.items() if words == REDRAWN},
            unfold=(lambda arrays: unfold(inserted(arrays)).of_few(name, few)) if unfold else None,
        )


def _with_outputs(subject: Subject, few: tuple[slice, ...], shape: tuple[int, ...]) -> Subject:
    """Return a subject with a few of its outputs, which lie where its numbers do."""

    def of_few(backward: Backward) -> Backward:
        def backward_of_few(arrays: Arrays, dy: NDArray, start: float) -> Arrays:
            every = np.zeros(shape, dy.dtype)
            every[few] = dy
            return backward(arrays, every, start)

        return backward_of_few

    unfold = subject.unfold
    return replace(
        subject,
        unfold=(lambda arrays: unfold(arrays).with_few_outputs(few)) if unfold else None,
        forward=lambda arrays: subject.forward(arrays)[few],
        backward=of_few(subject.backward),
        main=next(iter(subject.arrays)),
        variants={words: of_few(each) for words, each in subject.variants.items()},
    )


def block_beside(joint: Joint, name: str, most: int, right: NDArray) -> Block | None:
    """Return the smallest block of an array that holds all numbers of its gradient for the first dy that are not
    `right`; None if all are."""
    said = joint.subject.backward(joint.subject.arrays, joint.dys[0].copy(), 0.0)[name]
    is_wrong = ~(np.abs(said - right) <= ROUNDINGS * joint.subject.eps * np.abs(right).max(initial=0))  # NaN is
    if not is_wrong.any():
        return None
    axes = range(is_wrong.ndim)
    along = [np.flatnonzero(is_wrong.any(axis=tuple(k for k in axes if k != axis))) for axis in axes]
    start, stop = tuple(int(each[0]) for each in along), tuple(int(each[-1]) + 1 for each in along)
    first = tuple(int(k) for k in np.unravel_index(np.argmax(is_wrong), is_wrong.shape))
    return Block(name, start, stop, _few(first, stop, most), is_wrong.shape)


def wrong_block(joint: Joint, name: str, most: int) -> Block:
    """Return the smallest block of an array that holds all its wrong numbers; at most `most` of them are looked at."""
    shape = joint.subject.arrays[name].shape
    start, stop = [0] * len(shape), list(shape)
    for axis in range(len(shape)):
        for half in _halves(joint, name, axis, start, stop):
            start[axis], stop[axis] = half
    return Block(name, tuple(start), tuple(stop), _spread(start, stop, most), shape)


def _few(first: Sequence[int], stop: Sequence[int], most: int) -> tuple[slice, ...]:
    """Return a part of at most `most` numbers from `first` on, about as long along each axis."""
    return tuple(slice(a, a + n) for a, n in zip(first, _sizes(first, stop, most), strict=True))


def _spread(first: Sequence[int], stop: Sequence[int], most: int) -> tuple[slice, ...]:
    """Return at most `most` numbers all over a part: at its edge there may be none but zeros, as of blank paper."""
    found = []
    for a, b, n in zip(first, stop, _sizes(first, stop, most), strict=True):
        step = (b - a) // n
        middle = a + step // 2
        found.append(slice(middle, middle + step * (n - 1) + 1, step))
    return tuple(found)


def _sizes(first: Sequence[int], stop: Sequence[int], most: int) -> list[int]:
    """Return how many of at most `most` numbers lie along each axis, about as many along each."""
    long = [b - a for a, b in zip(first, stop, strict=True)]
    sizes, left = dict.fromkeys(range(len(long)), 1), most
    for n_axes, axis in zip(range(len(long), 0, -1), sorted(sizes, key=long.__getitem__), strict=True):
        sizes[axis] = min(long[axis], max(1, int(left ** (1 / n_axes))))
        left //= sizes[axis]
    return [sizes[axis] for axis in range(len(long))]


def _halves(joint: Joint, name: str, axis: int, start: list[int], stop: list[int]) -> Iterator[tuple[int, int]]:
    """Yield smaller and smaller spans along an axis, as long as all that is wrong lies in one half."""
    a, b = start[axis], stop[axis]
    while b - a > 1:
        middle = (a + b) // 2
        spans = (a, middle), (middle, b)
        asked = joint.ask([_direction(joint, name, axis, span, start, stop) for span in spans])
        wrong = [span for span, each in zip(spans, asked, strict=True) if each.is_wrong]
        if len(wrong) != 1:
            return
        a, b = wrong[0]
        yield a, b


def _direction(
    joint: Joint, name: str, axis: int, span: tuple[int, int], start: list[int], stop: list[int]
) -> dict[str, NDArray]:
    """Return a random direction through a block alone."""
    inside = tuple(slice(*(span if k == axis else (a, b))) for k, (a, b) in enumerate(zip(start, stop, strict=True)))
    only = np.zeros(joint.subject.arrays[name].shape)
    only[inside] = joint.rng.normal(0, joint.point.scales[name], only[inside].shape)
    return {name: only}
