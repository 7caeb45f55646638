"""Blocks: the part of a large array whose gradient is wrong, found by halving."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.joint import Joint
from inkgrad.check.measure.subject import REDRAWN, Arrays, Backward, Subject


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

    def subject(self, whole: Subject) -> Subject:
        """Return a subject that is like another one, but has only these few numbers for its one array."""
        name, few = self.name, self.few

        def inserted(arrays: Arrays) -> Arrays:
            full = whole.arrays[name].copy()
            full[few] = arrays[name]
            return {**whole.arrays, name: full}

        def forward(arrays: Arrays) -> NDArray:
            return whole.forward(inserted(arrays))

        def of_few(backward: Backward) -> Backward:
            def backward_of_few(arrays: Arrays, dy: NDArray, start: float) -> Arrays:
                found = backward(inserted(arrays), dy, start)
                return {name: found[name][few].copy()} if name in found else {}

            return backward_of_few

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
        )


def wrong_block(joint: Joint, name: str, most: int) -> Block:
    """Return the smallest block of an array that holds all its wrong numbers; at most `most` of them are looked at."""
    shape = joint.subject.arrays[name].shape
    start, stop = [0] * len(shape), list(shape)
    for axis in range(len(shape)):
        for half in _halves(joint, name, axis, start, stop):
            start[axis], stop[axis] = half
    few, left = [], most
    for a, b in zip(start, stop, strict=True):
        n = min(b - a, max(1, left))
        few.append(slice(a, a + n))
        left //= n
    return Block(name, tuple(start), tuple(stop), tuple(few), shape)


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
    v = joint.direction([name])
    inside = tuple(slice(*(span if k == axis else (a, b))) for k, (a, b) in enumerate(zip(start, stop, strict=True)))
    only = np.zeros_like(v[name])
    only[inside] = v[name][inside]
    return {name: only}
