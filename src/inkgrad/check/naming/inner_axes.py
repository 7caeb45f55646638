"""Axes: the gradient of a value inside forward summed over the wrong axis, not summed, overwritten or moved."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations, product

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way, instead
from inkgrad.check.tape import Change, Edge
from inkgrad.check.tape.local import Diagonal, Entries


def summed_elsewhere(inside: Inside) -> Iterator[Way]:
    """What a sum or a mean gets back is summed, or averaged, over another axis too, or over blocks of it."""
    groups = [*inside.lone_and_joint(inside.same_values), *_reductions(inside)]
    for values in groups:
        shape = inside.tape.values[values[-1]].shape
        words = " and ".join(dict.fromkeys(inside.word(number) for number in values))
        where = inside.where(inside.tape.makers[values[-1]])
        for change, over in sums(shape):
            message = f"the gradient of {words} is {over}"
            yield Way(Kind.wrong_axis, f"{message} ({where})", nodes=dict.fromkeys(values, change))


def summed_with_weights(inside: Inside) -> Iterator[Way]:
    """The same of one result of a reduction, where a power of another is multiplied to the sum, not to its terms."""
    tape = inside.tape
    for values in inside.same_values:
        number, shape = values[0], tape.values[values[0]].shape
        if len(values) > 1 or 1 not in shape or tape.values[number].size == 1:
            continue
        where = inside.where(tape.makers[number])
        powers = ((other, power) for other in tape.makers for power in (0, 1, 2, -1, -2))
        for other, power in powers:
            w = tape.values[other]
            if w.shape != shape or not np.all(w):
                continue
            for change, over in sums(shape):
                message = f"the gradient of {inside.word(number)} is {over}"
                weighted = partial(_weighted, w.astype(np.float64) ** power, change)
                yield Way(Kind.wrong_axis, f"{message} ({where})", nodes={number: weighted})


def _weighted(w: NDArray, change: Change, gradient: NDArray) -> NDArray:
    return w * change(gradient / w)


def _reductions(inside: Inside) -> Iterator[list[int]]:
    """Yield the results of reductions of the same shape together, such as a mean and a variance."""
    tape = inside.tape
    found: dict[tuple[int, ...], list[int]] = {}
    for step in tape.steps:
        shape = tape.values[step.output].shape
        is_smaller = any(tape.values[k].size > tape.values[step.output].size for k in step.inputs)
        if is_smaller and step.output in inside.gradients:
            found.setdefault(shape, []).append(step.output)
    yield from (values for values in found.values() if 1 < len(values) < 5)


def sums(shape: tuple[int, ...]) -> Iterator[tuple[Change, str]]:
    """Yield what sums, or averages, over more axes of a shape, or over blocks of one, and what to call that."""
    axes = [axis for axis, size in enumerate(shape) if size > 1]
    for count in (1, 2):
        for chosen in combinations(axes, count):
            along = " and ".join(map(str, chosen))
            yield partial(_spread_sum, np.sum, chosen), f"summed over axis {along} too"
            yield partial(_spread_sum, np.mean, chosen), f"averaged over axis {along} too"
    for axis in axes:
        for block in (size for size in range(2, shape[axis]) if shape[axis] % size == 0):
            for how, word in ((np.sum, "summed"), (np.mean, "averaged")):
                yield partial(_in_blocks, how, axis, block), f"{word} over blocks of {block} along axis {axis}"


def _spread_sum(how: object, axes: tuple[int, ...], gradient: NDArray) -> NDArray:
    return np.broadcast_to(how(gradient, axis=axes, keepdims=True), gradient.shape)  # type: ignore[operator]


def _in_blocks(how: object, axis: int, block: int, gradient: NDArray) -> NDArray:
    shape = gradient.shape
    parts = gradient.reshape(*shape[:axis], shape[axis] // block, block, *shape[axis + 1 :])
    total = how(parts, axis=axis + 1, keepdims=True)  # type: ignore[operator]
    return np.broadcast_to(total, parts.shape).reshape(shape)


def not_summed(inside: Inside) -> Iterator[Way]:
    """Of what a spread or a repeated value gets back one slice alone, or the last alone, is kept."""
    for edges in inside.lone_and_joint(inside.same_edges):
        k, slot = edges[-1]
        local, number = inside.tape.local((k, slot)), inside.tape.steps[k].inputs[slot]
        word, where = inside.word(number), inside.where(k)
        if isinstance(local, Diagonal) and np.count_nonzero(local.slopes) > inside.tape.values[number].size:
            for first in (True, False):
                ways = {edge: partial(_one_alone, inside, edge, first) for edge in edges}
                which = "first" if first else "last"
                message = f"{word} is used along a whole axis, but gets back what comes from its {which} place alone"
                yield Way(Kind.not_summed, f"{message} ({where})", edges=ways)
        elif isinstance(local, Entries) and np.unique(local.columns).size < local.columns.size:
            for first in (True, False):
                ways = {edge: partial(_one_alone, inside, edge, first) for edge in edges}
                which = "first" if first else "last"
                message = f"each number of {word} gets back only the {which} of what it gives: = for +=?"
                yield Way(Kind.overwritten, f"{message} ({where})", edges=ways)


PICKS = "getitem", "__getitem__", "take", "gather", "index_select"  # by indices, of which some may be alike


def not_summed_at_all(inside: Inside) -> Iterator[Way]:
    """The same of several repetitions at once, as of the rows and the columns of a picture."""
    repeated = [
        (k, slot)
        for k, step in enumerate(inside.tape.steps)
        for slot, number in enumerate(step.inputs)
        if number in inside.tape.live and step.output in inside.gradients and _repeats(inside, (k, slot))
    ]
    if 1 < len(repeated) < 5:
        for first in (True, False):
            which = "first" if first else "last"
            message = f"of what is repeated the {which} place alone gives its gradient back"
            ways = {edge: partial(_one_alone, inside, edge, first) for edge in repeated}
            is_picked = inside.tape.steps[repeated[-1][0]].operation in PICKS
            kind = Kind.overwritten if is_picked else Kind.not_summed
            yield Way(kind, f"{message} ({inside.where(repeated[-1][0])})", edges=ways)


def _repeats(inside: Inside, edge: Edge) -> bool:
    """Return whether an operation repeats numbers of an input as they are."""
    local = inside.tape.local(edge)
    return isinstance(local, Entries) and local.is_selection and np.unique(local.columns).size < local.columns.size


def _one_alone(inside: Inside, edge: Edge, first: bool, gradient: NDArray) -> NDArray:
    """Return what comes back to each number from the first or the last of the places where it is used."""
    local = inside.tape.local(edge)
    if isinstance(local, Diagonal):  # also in a turn where an operation, such as a product with zeros, is like that
        return _one_slice(local, first, gradient)
    return _one_each(local, first, gradient)


def _one_slice(local: Diagonal, first: bool, gradient: NDArray) -> NDArray:
    found, shape = local.slopes * gradient, local.shape
    while found.ndim > len(shape):
        found = found[0 if first else -1]
    for axis, size in enumerate(shape):
        if size == 1 and found.shape[axis] != 1:
            found = found.take([0 if first else -1], axis)
    return np.asarray(found)


def _one_each(local: Entries, first: bool, gradient: NDArray) -> NDArray:
    order = np.lexsort((local.rows if not first else -local.rows, local.columns))
    columns = local.columns[order]
    last = np.append(columns[1:] != columns[:-1], True)[: columns.size]
    kept = order[last]
    alone = Entries(local.rows[kept], local.columns[kept], local.slopes[kept], local.shape_out, local.shape)
    return alone.pull(gradient)


def moved(inside: Inside) -> Iterator[Way]:
    """The gradient of a value is reversed, shifted or transposed, or a slice of it is left out or alone kept."""
    for values in inside.lone_and_joint(inside.same_values):
        shape = inside.tape.values[values[-1]].shape
        word, where = inside.word(values[-1]), inside.where(inside.tape.makers[values[-1]])
        for kind, change, how in _moves(shape):
            yield Way(kind, f"the gradient of {word} {how} ({where})", nodes=dict.fromkeys(values, change))


def _moves(shape: tuple[int, ...]) -> Iterator[tuple[Kind, Change, str]]:
    axes = [axis for axis, size in enumerate(shape) if size > 1]
    for axis in axes:
        yield Kind.reordered, partial(np.flip, axis=axis), f"is reversed along axis {axis}"
        for shift in (1, -1):
            yield Kind.reordered, partial(np.roll, shift=shift, axis=axis), f"is shifted by {shift} along axis {axis}"
            yield Kind.reordered, partial(_shifted, shift, axis), f"is shifted by {shift} along axis {axis}"
        for k, keep in product(sorted({0, shape[axis] - 1}), (True, False)):
            words = f"is that of index {k} of axis {axis} alone" if keep else f"lacks index {k} of axis {axis}"
            yield Kind.missing, partial(_sliced, axis, k, keep), words
    for i, j in combinations(axes, 2):
        if shape[i] == shape[j]:
            yield Kind.reordered, partial(np.swapaxes, axis1=i, axis2=j), f"has axes {i} and {j} exchanged"


def _shifted(shift: int, axis: int, gradient: NDArray) -> NDArray:
    found = np.roll(gradient, shift, axis)
    found[(slice(None),) * axis + (0 if shift > 0 else -1,)] = 0
    return found


def _sliced(axis: int, k: int, keep: bool, gradient: NDArray) -> NDArray:
    found = np.zeros_like(gradient) if keep else gradient.copy()
    here = (slice(None),) * axis + (k,)
    found[here] = gradient[here] if keep else 0
    return found


def read_elsewhere(inside: Inside) -> Iterator[Way]:
    """A value gets a block of the gradient of a larger one that is made of it, from another place than it should."""
    tape = inside.tape
    for number in (*tape.arrays.values(), *(step.output for step in tape.steps)):
        shape = tape.values[number].shape
        for other in tape.below(number):
            larger = tape.values[other].shape
            if len(larger) != len(shape) or larger == shape or not {number, other} <= inside.gradients.keys():
                continue
            if not shape or any(b < a for a, b in zip(shape, larger, strict=True)):
                continue
            for start in product(*(range(min(b - a, 3) + 1) for a, b in zip(shape, larger, strict=True))):
                block = inside.gradients[other][tuple(slice(s, s + a) for s, a in zip(start, shape, strict=True))]
                message = f"{inside.word(number)} gets the gradient of {inside.word(other)} from {list(start)} on"
                where = inside.where(tape.makers[other])
                yield Way(
                    Kind.reordered, f"{message}, from another place ({where})", nodes={number: partial(instead, block)}
                )
