"""Blocks: the gradients of what is cut from a value, or put together in it, such as gates or heads, exchanged."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import Change
from inkgrad.check.tape.local import Entries

MOST_BLOCKS = 8  # of a value


def exchanged(inside: Inside) -> Iterator[Way]:
    """Two blocks of a gradient are exchanged, all stand the other way round, or they are cut along another axis."""
    for values in inside.lone_and_joint(inside.same_values):
        number = values[-1]
        shape, where = inside.tape.values[number].shape, inside.where(inside.tape.makers[number])
        for axis, count in _cuts(inside, number):
            for change, how in _orders(shape, axis, count):
                message = f"of the gradient of {inside.word(number)}, in {count} parts along axis {axis}, {how}"
                yield Way(Kind.reordered, f"{message} ({where})", nodes=dict.fromkeys(values, change))


def _cuts(inside: Inside, number: int) -> list[tuple[int, int]]:
    """Return the axes along which a value falls into equal parts, and into how many."""
    tape, made = inside.tape, inside.tape.makers[number]
    shape, others = tape.values[number].shape, []
    for k, slot in tape.users.get(number, ()):
        local = tape.local((k, slot))
        if isinstance(local, Entries) and local.is_selection:
            others.append(tape.values[tape.steps[k].output].shape)
    for slot, each in enumerate(tape.steps[made].inputs):
        if each in tape.live and isinstance(local := tape.local((made, slot)), Entries) and local.is_selection:
            others.append(tape.values[each].shape)
    found = (cut for other in others for cut in _cuts_between(shape, other))
    return list(dict.fromkeys(found))


def _cuts_between(shape: tuple[int, ...], other: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Yield the axis and the number of parts where another shape is that of a part, or has the parts as an axis."""
    for axis, size in enumerate(shape):
        before, after = shape[:axis], shape[axis + 1 :]
        if other[:axis] != before or len(other) <= axis:
            continue
        part, rest = other[axis], other[axis + 1 :]
        if rest == after and 0 < part < size and size % part == 0 and size // part <= MOST_BLOCKS:
            yield axis, size // part
        if rest[1:] == after and rest and part * rest[0] == size and 1 < part <= MOST_BLOCKS and rest[0] > 1:
            yield axis, part


def _orders(shape: tuple[int, ...], axis: int, count: int) -> Iterator[tuple[Change, str]]:
    usual = tuple(range(count))
    for i, j in combinations(usual, 2):
        order = [j if k == i else i if k == j else k for k in usual]
        yield partial(_in_order, axis, order), f"parts {i} and {j} are exchanged"
    if count > 2:
        yield partial(_in_order, axis, list(reversed(usual))), "all stand the other way round"
        for shift in (1, -1):
            yield partial(_in_order, axis, list(np.roll(usual, shift))), f"all are shifted by {shift}"
    size = shape[axis] // count
    if size > 1 and size != count:
        yield partial(_regrouped, axis, (count, size)), "the numbers are taken in turns from each"
    if size > 1:
        yield partial(_regrouped, axis, (size, count)), "each takes its numbers in turns"
    if axis and shape[axis - 1] > 1:
        length = shape[axis - 1]
        for parts, how in (((count, length, size), "into"), ((length, count, size), "out of")):
            words = f"a reshape stands for a transpose {how} them: they are mixed with axis {axis - 1}"
            yield partial(_remixed, axis - 1, parts), words


def _in_order(axis: int, order: list[int], gradient: NDArray) -> NDArray:
    parts = np.split(gradient, len(order), axis)
    return np.concatenate([parts[k] for k in order], axis)


def _regrouped(axis: int, parts: tuple[int, int], gradient: NDArray) -> NDArray:
    shape = gradient.shape
    cut = gradient.reshape(*shape[:axis], *parts, *shape[axis + 1 :])
    return cut.swapaxes(axis, axis + 1).reshape(shape)


def _remixed(axis: int, parts: tuple[int, int, int], gradient: NDArray) -> NDArray:
    shape = gradient.shape
    cut = gradient.reshape(*shape[:axis], *parts, *shape[axis + 2 :])
    return cut.swapaxes(axis, axis + 1).reshape(shape)
