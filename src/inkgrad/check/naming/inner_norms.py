"""Normalisation inside forward: its means taken over other axes in backward."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way

MOST_STEPS = 14  # of which a normalisation may be made
Axes = tuple[int, ...]


def misused(inside: Inside) -> Iterator[Way]:
    """The gradient (dz - mean dz - z mean(dz z)) / s of z = (x - mean x) / s with means over other axes.

    Without a mean in forward, as in a root mean square, the second term is not there (Ba, Kiros & Hinton 2016,
    https://arxiv.org/abs/1607.06450, section 3; Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467).
    """
    for number, other, axes, has_mean in _normalisations(inside):
        z, above = inside.tape.values[other], inside.gradients[other]
        right = _terms(z, above, axes, has_mean)
        scale = _scale(right, inside.tape.back_from({other: above})[number], axes)
        words = f"{inside.word(other)}, made of {inside.word(number)},"
        where = inside.where(inside.tape.makers[other])
        for wrong in _all_axes(z.shape):
            if wrong != axes:
                over, rather = (" and ".join(map(str, each)) for each in (wrong, axes))
                message = (
                    f"the means in the derivative of {words} run over axis {over}, where they should over {rather}"
                )
                off = (_terms(z, above, wrong, has_mean) - right) / scale
                yield Way(Kind.wrong_axis, f"{message} ({where})", nodes={number: partial(np.add, off)})


def _terms(z: NDArray, dz: NDArray, axes: Axes, has_mean: bool) -> NDArray:
    mean = dz.mean(axis=axes, keepdims=True) if has_mean else 0.0
    return np.asarray(dz - mean - z * (dz * z).mean(axis=axes, keepdims=True))


def _scale(terms: NDArray, gradient: NDArray, axes: Axes) -> NDArray:
    """Return s where gradient = terms / s, one number for each group."""
    products, squares = (each.sum(axis=axes, keepdims=True) for each in (terms * gradient, gradient * gradient))
    with np.errstate(all="ignore"):
        return np.asarray(products / squares)


def _normalisations(inside: Inside) -> Iterator[tuple[int, int, Axes, bool]]:
    """Yield x, z, the axes and whether there is a mean, wherever z is the normalised x, seen by its gradient."""
    tape = inside.tape
    for other in sorted(inside.gradients, reverse=True):
        z = tape.values[other]
        if other not in tape.makers or z.size < 6:
            continue
        for axes in _all_axes(z.shape):
            if np.abs((z * z).mean(axis=axes) - 1).max() > 0.05:
                continue
            has_mean = bool(np.abs(z.mean(axis=axes)).max() < 1e-6)
            dz = np.random.default_rng(0).normal(size=z.shape)
            found = tape.back_from({other: dz}, first=max(tape.makers[other] - MOST_STEPS, 0))
            wanted = _terms(z, dz, axes, has_mean)
            for number in sorted(found.keys() - {other}, reverse=True):
                if found[number].shape == z.shape and _fits(wanted, found[number], axes):
                    yield number, other, axes, has_mean


def _fits(terms: NDArray, gradient: NDArray, axes: Axes) -> bool:
    scaled = gradient * _scale(terms, gradient, axes)
    return bool(np.isfinite(scaled).all() and np.allclose(scaled, terms, rtol=1e-5, atol=1e-7))


def _all_axes(shape: tuple[int, ...]) -> list[Axes]:
    long = [axis for axis, size in enumerate(shape) if size > 1]
    return [axes for count in range(1, len(long) + 1) for axes in combinations(long, count)]
