"""Logarithms of sums inside forward: log-sum-exp and log-softmax with another derivative than theirs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming import inner_terms
from inkgrad.check.naming.inner_passages import Along, by_place, way_through
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import Change

MOST_STEPS = 12  # of which one may be made
Axes = tuple[int, ...]


def misused(inside: Inside) -> Iterator[Way]:
    """The softmax in the gradient of a log-sum-exp is another one, or the total of a log-softmax a constant."""
    for passages in by_place(inside, _log_sums(inside)):
        yield from _of_log_sum(inside, passages)
    for passages in by_place(inside, _log_softmaxes(inside)):
        yield from _of_log_softmax(inside, passages)


def held_constant(inside: Inside) -> Iterator[Way]:
    """A value contributes nothing; or of a log-sum-exp the largest alone contributes, as in a maximum.

    The second is what comes where a part within the log-sum-exp is held constant, but is seldom done so: `rank` says
    which is believed.
    """
    yield from inside.ways(inner_terms.held_constant)
    for passages in by_place(inside, _log_sums(inside)):
        last, axis = passages[-1], passages[-1].axis
        total, where = inside.word(last.other), inside.where(inside.tape.makers[last.other])
        message = f"the largest alone of what {total} is the log-sum-exp of gets a gradient, as of a maximum"
        offs = []
        for each in passages:
            x = inside.tape.values[each.number]
            largest = 1.0 * (x == x.max(axis=axis, keepdims=True))
            offs.append(partial(_spread, largest - _softmax(x, (axis,)), axis))
        yield way_through(Kind.wrong_formula, f"{message} ({where})", passages, offs)


def rank(inside: Inside, way: Way) -> int:
    """Return where a way of `held_constant` stands among those that explain the same: the lower is believed."""
    if way.kind == Kind.wrong_formula:
        return 1
    for passage in _log_sums(inside):
        within = {k for k in inside.tape.below(passage.number) if passage.other in inside.tape.below(k)}
        starts, ends = within | {passage.number}, within | {passage.other}
        steps = ((inside.tape.steps[k].inputs[slot], inside.tape.steps[k].output) for k, slot in way.edges)
        if any(number in within for number in way.nodes) or any(a in starts and b in ends for a, b in steps):
            return 2
    return 0


def _of_log_sum(inside: Inside, passages: list[Along]) -> Iterator[Way]:
    last, axis = passages[-1], passages[-1].axis
    x, total = inside.word(last.number), inside.word(last.other)
    where = inside.where(inside.tape.makers[last.other])
    values = [inside.tape.values[each.number] for each in passages]
    right = [_softmax(value, (axis,)) for value in values]
    for wrong in _axes(values[-1].shape):
        if wrong != (axis,):
            over = " and ".join(map(str, wrong))
            message = f"the softmax in the derivative of {total}, made of {x}, is over axis {over}, not axis {axis}"
            offs = [partial(_spread, _softmax(a, wrong) - b, axis) for a, b in zip(values, right, strict=True)]
            yield way_through(Kind.wrong_axis, f"{message} ({where})", passages, offs)


def _of_log_softmax(inside: Inside, passages: list[Along]) -> Iterator[Way]:
    last, axis = passages[-1], passages[-1].axis
    words = f"{inside.word(last.other)}, made of {inside.word(last.number)},"
    where = inside.where(inside.tape.makers[last.other])
    shares = [np.exp(inside.tape.values[each.other]) for each in passages]
    message = f"the total in {words} is taken for a constant: the sum over axis {axis} is missing"
    offs: list[Change] = [partial(_summed, p, (axis,)) for p in shares]
    yield way_through(Kind.term_missing, f"{message} ({where})", passages, offs)
    for wrong in _axes(shares[-1].shape):
        if wrong != (axis,):
            over = " and ".join(map(str, wrong))
            message = f"the sum in the derivative of {words} runs over axis {over}, where it should over axis {axis}"
            offs = [partial(_summed_elsewhere, p, axis, wrong) for p in shares]
            yield way_through(Kind.wrong_axis, f"{message} ({where})", passages, offs)


def _spread(share: NDArray, axis: int, gradient: NDArray) -> NDArray:
    return share * (gradient if gradient.ndim == share.ndim else np.expand_dims(gradient, axis))


def _summed(share: NDArray, axes: Axes, gradient: NDArray) -> NDArray:
    return np.asarray(share * gradient.sum(axis=axes, keepdims=True))


def _summed_elsewhere(share: NDArray, axis: int, wrong: Axes, gradient: NDArray) -> NDArray:
    return _summed(share, (axis,), gradient) - _summed(share, wrong, gradient)


def _softmax(x: NDArray, axes: Axes) -> NDArray:
    with np.errstate(all="ignore"):  # where all are -inf there is none
        e = np.exp(x - x.max(axis=axes, keepdims=True))
        return np.asarray(e / e.sum(axis=axes, keepdims=True))


def _axes(shape: tuple[int, ...]) -> list[Axes]:
    long = [axis for axis, size in enumerate(shape) if size > 1]
    return [axes for count in (1, 2) for axes in combinations(long, count)]


def _log_sums(inside: Inside) -> Iterator[Along]:
    """Yield x and its log-sum-exp along an axis, seen by the gradient."""
    tape = inside.tape
    for other in sorted(inside.gradients, reverse=True):
        if other not in tape.makers:
            continue
        shape = tape.values[other].shape
        above = np.random.default_rng(0).normal(size=shape)
        found = tape.back_from({other: above}, first=max(tape.makers[other] - MOST_STEPS, 0))
        for number in sorted(found.keys() - {other}):
            x = tape.values[number]
            for axis in (k for k, size in enumerate(x.shape) if size > 1):
                if shape not in (_without(x.shape, axis), _without(x.shape, axis, 1)):
                    continue
                is_its = _alike(_log_sum(x, axis).reshape(shape), tape.values[other])  # not that and something more
                if is_its and _alike(found[number], _spread(_softmax(x, (axis,)), axis, above)):
                    yield Along(number, other, axis)


def _log_sum(x: NDArray, axis: int) -> NDArray:
    return np.asarray(np.logaddexp.reduce(x, axis=axis))


def _without(shape: tuple[int, ...], axis: int, *rather: int) -> tuple[int, ...]:
    return (*shape[:axis], *rather, *shape[axis + 1 :])


def _log_softmaxes(inside: Inside) -> Iterator[Along]:
    """Yield x and its log-softmax along an axis, seen by the gradient."""
    tape = inside.tape
    for other in sorted(inside.gradients, reverse=True):
        log = tape.values[other]
        if other not in tape.makers or log.ndim == 0 or log.max(initial=0) > 0:
            continue
        p = np.exp(log)
        for axis in (k for k in range(log.ndim) if log.shape[k] > 1 and np.allclose(p.sum(axis=k), 1)):
            above = np.random.default_rng(0).normal(size=log.shape)
            found = tape.back_from({other: above}, first=max(tape.makers[other] - MOST_STEPS, 0))
            wanted = above - _summed(p, (axis,), above)
            for number in sorted(found.keys() - {other}, reverse=True):
                if found[number].shape == log.shape and _alike(found[number], wanted):
                    yield Along(number, other, axis)


def _alike(one: NDArray, other: NDArray) -> bool:
    return bool(np.allclose(one, other, rtol=1e-6, atol=1e-9))
