"""Softmax inside forward: its gradient summed over another axis, or made with another value in its place."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import Tape

MOST_STEPS = 12  # of which a softmax may be made


def misused(inside: Inside) -> Iterator[Way]:
    """The gradient p (dp - sum(dp p)) of p = softmax(s) with the wrong sum, or with something else for p."""
    for number, other, axis in _softmaxes(inside):
        p = inside.tape.values[other]
        words = f"{inside.word(other)}, made of {inside.word(number)},"
        where = inside.where(inside.tape.makers[other])
        for wrong in (k for k in range(p.ndim) if k != axis):
            message = f"the sum in the derivative of {words} runs over axis {wrong}, where it should over axis {axis}"
            off = partial(_off, p, wrong, p, axis)
            yield Way(Kind.wrong_axis, f"{message} ({where})", passages={(number, other): off})
        for third in (*inside.tape.arrays.values(), *inside.tape.makers):
            w = inside.tape.values[third]
            if third != other and w.shape == p.shape:
                message = f"the derivative of {words} is made with {inside.word(third)} in its place"
                off = partial(_off, w, axis, p, axis)
                yield Way(Kind.wrong_argument, f"{message} ({where})", passages={(number, other): off})


def of_another_forward(inside: Inside, tape: Tape, words: str) -> Iterator[Way]:
    """The softmax in the gradient is that of another forward, and all else is of this one."""
    for number, other, axis in _softmaxes(inside):
        p, right = tape.values[other], inside.tape.values[other]
        if not np.array_equal(p, right) and np.isfinite(p).all():
            off = partial(_off, p, axis, right, axis)
            message = f"the derivative of {inside.word(other)} is made with that {words}: is it computed again?"
            where = inside.where(inside.tape.makers[other])
            yield Way(Kind.wrong_argument, f"{message} ({where})", passages={(number, other): off})


def _off(wrong: NDArray, wrong_axis: int, p: NDArray, axis: int, above: NDArray) -> NDArray:
    """Return how far the gradient is off that is made with another softmax, or over another axis."""
    return _gradient(wrong, above, wrong_axis) - _gradient(p, above, axis)


def _gradient(p: NDArray, above: NDArray, axis: int) -> NDArray:
    return np.asarray(p * (above - (above * p).sum(axis=axis, keepdims=True)))


def _softmaxes(inside: Inside) -> Iterator[tuple[int, int, int]]:
    """Yield s, p and the axis wherever p is the softmax of s, seen by its gradient."""
    tape = inside.tape
    for other in sorted(inside.gradients, reverse=True):
        p = tape.values[other]
        if other not in tape.makers or p.ndim == 0 or (p < 0).any():
            continue
        for axis in (k for k in range(p.ndim) if p.shape[k] > 1 and np.allclose(p.sum(axis=k), 1)):
            above = np.random.default_rng(0).normal(size=p.shape)
            found = tape.back_from({other: above}, first=max(tape.makers[other] - MOST_STEPS, 0))
            wanted = _gradient(p, above, axis)
            for number in sorted(found.keys() - {other}, reverse=True):
                if found[number].shape == p.shape and np.allclose(found[number], wanted, rtol=1e-6, atol=1e-9):
                    yield number, other, axis
