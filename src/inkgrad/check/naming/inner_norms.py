"""Normalisation inside forward: its means taken over other axes in backward."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way

MOST_STEPS = 14  # of which a normalisation may be made
Axes = tuple[int, ...]


@dataclass(frozen=True)
class Form:
    """What is done to x: the mean is taken off, it is divided by the root of the mean of its squares, or by its length.

    The gradient is (dz - mean dz - z mean(dz z)) / s, without what is not done (Ba, Kiros & Hinton 2016,
    https://arxiv.org/abs/1607.06450, section 3; Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467).  Where the
    length is made another one it is (dz - u sum(dz u)) / s with u = z / |z| (Salimans & Kingma 2016,
    https://arxiv.org/abs/1602.07868, equation 3).
    """

    is_centred: bool
    is_scaled: bool
    by_length: bool = False

    def terms(self, z: NDArray, dz: NDArray, axes: Axes) -> NDArray:
        """Return the gradient but for the division by s."""
        found = dz - dz.mean(axis=axes, keepdims=True) if self.is_centred else dz
        if self.is_scaled:
            total = np.sum if self.by_length else np.mean
            found = found - z * total(dz * z, axis=axes, keepdims=True)
        return np.asarray(found)

    def numbers(self, z: NDArray, axes: Axes) -> NDArray:
        """Return what stands for z in its terms: itself, or what has the length one."""
        return z / np.sqrt((z * z).sum(axis=axes, keepdims=True)) if self.by_length else z

    def may_be(self, z: NDArray, axes: Axes) -> bool:
        """Return whether numbers look as if this had been done to them."""
        if self.is_centred and np.abs(z.mean(axis=axes)).max() > 1e-6 * np.abs(z).max():
            return False
        squares = (z * z).mean(axis=axes)
        if self.by_length:
            return bool(squares.all())
        return not self.is_scaled or bool(np.abs(squares - 1).max() <= 0.05)


FORMS = Form(True, True), Form(False, True), Form(False, True, True), Form(True, False)


@dataclass(frozen=True)
class Normalisation:
    """From value `number` to value `other`, over some axes; each group of numbers is divided by `scale`."""

    number: int
    other: int
    axes: Axes
    form: Form
    scale: NDArray


def misused(inside: Inside) -> Iterator[Way]:
    """The means in the gradient of a normalisation run over other axes."""
    for found in _normalisations(inside):
        z = found.form.numbers(inside.tape.values[found.other], found.axes) * np.sign(found.scale)
        words = f"{inside.word(found.other)}, made of {inside.word(found.number)},"
        where = inside.where(inside.tape.makers[found.other])
        for wrong in _all_axes(z.shape):
            if wrong != found.axes:
                over, rather = (" and ".join(map(str, each)) for each in (wrong, found.axes))
                what = "sums" if found.form.by_length else "means"
                message = (
                    f"the {what} in the derivative of {words} run over axis {over}, where they should over {rather}"
                )
                off = partial(_off, found, z, wrong)
                yield Way(Kind.wrong_axis, f"{message} ({where})", passages={(found.number, found.other): off})


def _off(found: Normalisation, z: NDArray, wrong: Axes, dz: NDArray) -> NDArray:
    return np.asarray((found.form.terms(z, dz, wrong) - found.form.terms(z, dz, found.axes)) / found.scale)


def _scale(terms: NDArray, gradient: NDArray, axes: Axes) -> NDArray:
    """Return s where gradient = terms / s, one number for each group."""
    products, squares = (each.sum(axis=axes, keepdims=True) for each in (terms * gradient, gradient * gradient))
    with np.errstate(all="ignore"):
        return np.asarray(products / squares)


def _normalisations(inside: Inside) -> Iterator[Normalisation]:
    """Yield what is normalised, seen by its gradient."""
    tape = inside.tape
    for other in sorted(inside.gradients, reverse=True):
        z = tape.values[other]
        if other not in tape.makers or z.size < 6:
            continue
        forms = [form for form in FORMS if not (form.by_length and inside.is_long)]  # which anything may be
        likely = [(axes, form) for axes in _all_axes(z.shape) for form in forms if form.may_be(z, axes)]
        if not likely:
            continue
        dz = np.random.default_rng(0).normal(size=z.shape)
        found = tape.back_from({other: dz}, first=max(tape.makers[other] - MOST_STEPS, 0))
        for axes, form in likely:
            terms = form.terms(form.numbers(z, axes), dz, axes)
            for number in sorted(found.keys() - {other}, reverse=True):
                if found[number].shape == z.shape:
                    scale = _scale(terms, found[number], axes)
                    if _fits(terms, found[number] * scale):
                        yield Normalisation(number, other, axes, form, scale)


def _fits(terms: NDArray, scaled: NDArray) -> bool:
    return bool(np.isfinite(scaled).all() and np.allclose(scaled, terms, rtol=1e-5, atol=1e-7))


def _all_axes(shape: tuple[int, ...]) -> list[Axes]:
    long = [axis for axis, size in enumerate(shape) if size > 1]
    return [axes for count in range(1, len(long) + 1) for axes in combinations(long, count)]
