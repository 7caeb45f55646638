"""A gradient that is right inside and wrong near the border: the backward of a padding."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from itertools import combinations
from math import prod

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.measure.numerical import outputs_or_nan
from inkgrad.check.naming.case import Case, Guess
from inkgrad.check.naming.paddings import PADDINGS, FilterAxis, FilterJacobian

LEAST_INSIDE = 0.2  # of all entries must be right, and lie inside, before that alone is a name

BY_CHANCE = 1e-3  # all that is wrong lies near the border with a smaller probability, if it lies anywhere


def paddings(case: Case) -> Iterator[Guess]:
    """Another padding of the signal, or else of dy: each takes a while."""
    found = list(padding(case))
    yield from found or padded_dy(case)


def padding(case: Case) -> Iterator[Guess]:
    """The gradient of the same filter with another padding, such as zeros: what flows into the padding is lost."""
    if _near_border(case) is None or case.flow is None:
        return
    whole = _filter_jacobian(case)
    for axes, other, found in _with_others(whole, [each for each in whole.filter_axes() if each.used != "zero"]):
        where = f"d{case.name} is right inside and wrong near the ends of {_called(axes)}"
        if other in ("zero", axes[0].used + ", cropped"):
            how = "what flows into the padding is cut off in backward: add it to the entries that it was copied from"
        else:
            how = f"backward has {PADDINGS[other][0]}"
        message = f"{where}: there forward pads with {PADDINGS[axes[0].used][0]}, and {how}"
        predicted = (case.dy.reshape(-1) @ found.whole).reshape(case.z.shape)
        if case.explains(predicted):  # each of the others would take as long
            yield Guess(Kind.border, predicted, message, {"forward": axes[0].used, "backward": other})
            return


def padded_dy(case: Case) -> Iterator[Guess]:
    """The filter of backward goes over a dy that was padded where it should end."""
    if _near_border(case) is None or case.flow is None or case.subject.outputs:
        return
    (block,) = _filter_jacobian(case).blocks
    turned = np.moveaxis(block, range(case.y.ndim), range(-case.y.ndim, 0))
    whole = FilterJacobian((turned,), case.y.ndim)
    for axes, other, found in _with_others(whole, [each for each in whole.filter_axes() if each.used == "zero"]):
        message = (
            f"d{case.name} is right inside and wrong near the border: backward pads dy with {PADDINGS[other][0]} along "
            f"{_called(axes)}, where forward has nothing of it"
        )
        predicted = (found.whole @ case.dy.reshape(-1)).reshape(case.z.shape)
        if case.explains(predicted):
            yield Guess(Kind.border, predicted, message, {"forward": "zero", "backward": other})
            return


def _with_others(
    whole: FilterJacobian, padded: list[FilterAxis]
) -> Iterator[tuple[tuple[FilterAxis, ...], str, FilterJacobian]]:
    """Yield the Jacobian with each other padding along some axes, all of them first, and these axes."""
    for count in range(len(padded), 0, -1):
        for axes in combinations(padded, count):
            for other in PADDINGS:
                if all(each.used != other for each in axes):
                    yield axes, other, reduce(lambda found, along: found.with_padding(along, other), axes, whole)


def _called(axes: tuple[FilterAxis, ...]) -> str:
    return _axes([each.axis for each in axes])


def _axes(axes: list[int]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {' and '.join(map(str, axes))}"


def _filter_jacobian(case: Case) -> FilterJacobian:
    """Return the Jacobian of each output, without what is but rounding."""
    j = case.jacobian
    assert j is not None
    assert case.flow is not None
    shapes = [shape for _, shape in case.subject.outputs] or [case.y.shape]
    parts = np.split(np.where(case.flow != 0, j, 0), np.cumsum([prod(shape) for shape in shapes])[:-1])
    blocks = (part.reshape(*shape, *case.z.shape) for part, shape in zip(parts, shapes, strict=True))
    return FilterJacobian(tuple(blocks), case.z.ndim)


def right_inside(case: Case) -> Iterator[Guess]:
    """Wrong near the ends of some axes alone, where each output depends on what is near it: no padding is known."""
    near = _near_border(case)
    if near is None or not case.is_input or case.subject.outputs:
        return
    inside, axes, depth = near
    n_wrong = np.count_nonzero(np.abs(case.a - case.n) > case.bar)
    if (
        (~inside).mean() ** n_wrong > BY_CHANCE
        or inside.mean() < LEAST_INSIDE
        or not all(_is_local(case, axis) for axis in axes)
    ):
        return
    message = (
        f"d{case.name} is right inside and wrong within {depth} of the ends of {_axes(axes)}: "
        "is the backward of a padding missing, or that of another one?"
    )
    yield Guess(Kind.border, np.where(inside, case.n, case.a), message, {"axes": axes, "depth": depth})


def _is_local(case: Case, axis: int) -> bool:
    """Return whether entries move several outputs, but few along an axis, which go on as they do."""
    shape, n = case.y.shape, case.z.shape[axis]
    if len(shape) != case.z.ndim or shape[axis] < 4:
        return False
    touched = [np.flatnonzero(_touched(case, axis, place)) for place in (0, n // 4, n // 2, n - 1 - n // 4, n - 1)]
    counts = [len(each) for each in touched]
    if min(counts[1:4]) < 1 or max(counts) > 0.6 * shape[axis] or counts[2] < 2:
        return False
    return bool(touched[1].mean() < touched[3].mean())


def _touched(case: Case, axis: int, place: int) -> NDArray:
    """Return along an axis of y which outputs move with the entry at a place of that axis, in the middle of others."""
    where = tuple(place if k == axis else n // 2 for k, n in enumerate(case.z.shape))
    moved = case.z.copy()
    moved[where] += 0.1 * (float(np.sqrt(np.mean(moved * moved))) or 1.0)
    y = case.y.reshape(-1).astype(np.float64)
    found = outputs_or_nan(case.subject, case.subject.copies() | {case.name: moved}, y)
    has_moved = ~(np.abs(found - y) <= 1e-9 * (np.abs(y).max(initial=0) or 1.0))
    others = tuple(k for k in range(case.y.ndim) if k != axis)
    return np.asarray(has_moved.reshape(case.y.shape).any(axis=others))


def _near_border(case: Case) -> tuple[NDArray, list[int], int] | None:
    """Return which entries lie inside, the axes at whose ends those lie that are wrong, and how near; or None."""
    is_wrong = np.abs(case.a - case.n) > np.maximum(case.bar, 1e-6 * np.abs(case.n).max(initial=0))
    if not is_wrong.any() or is_wrong.all():
        return None
    shape = is_wrong.shape
    long = [axis for axis in range(len(shape)) if shape[axis] >= 5]
    for count in range(1, len(long) + 1):
        for axes in combinations(long, count):
            for depth in range(1, min(shape[axis] for axis in axes) // 2 + 1):
                inside = np.ones(shape, bool)
                for axis in axes:
                    place = np.arange(shape[axis])
                    near = np.minimum(place, shape[axis] - 1 - place) >= depth
                    inside &= near.reshape([-1 if k == axis else 1 for k in range(len(shape))])
                if inside.any() and not is_wrong[inside].any():
                    return inside, list(axes), depth
    return None
