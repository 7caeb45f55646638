"""Formulas: the slope of an elementwise part inside forward written down wrongly, or made with another value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import TapeError
from inkgrad.check.tape.local import elementwise_slopes

MOST_STEPS = 8  # in one part


def made_with_another(inside: Inside) -> Iterator[Way]:
    """The slope of a part, such as 1 - y² of a tanh, is made with another value in the place of its output."""
    for number, other, slopes in _elementwise_parts(inside):
        result, where = inside.word(other), inside.where(inside.tape.makers[other])
        for same in _in_outputs(inside.tape.values[other], slopes):
            for third in inside.alike(other):
                message = f"the slope of {result} is made with {inside.word(third)} in its place"
                wrong = same(inside.tape.values[third])
                yield _way(inside, Kind.wrong_argument, f"{message} ({where})", number, other, wrong, slopes)


def at_another_place(inside: Inside) -> Iterator[Way]:
    """The slope of a part is that at another value, first of all at its own output."""
    yield from sorted(_at_other_places(inside), key=lambda way: way.kind != Kind.derivative_at_output)


def _at_other_places(inside: Inside) -> Iterator[Way]:
    tape = inside.tape
    for number, other, slopes in _elementwise_parts(inside):
        if tape.steps[tape.makers[other]].inputs[:1] == (number,):
            continue  # one operation, which is looked at alone
        where = inside.where(tape.makers[other])
        if inside.is_in_loop(other):
            continue
        others = () if inside.is_long else inside.alike(other)
        for third in dict.fromkeys((other, *others)):
            if third == number:
                continue
            try:
                wrong = elementwise_slopes(partial(_again, inside, number, other), tape.values[third])
            except TapeError:
                continue
            message = (
                f"the slope of {inside.word(other)} is taken at {inside.word(third)}, not at {inside.word(number)}"
            )
            kind = Kind.derivative_at_output if third == other else Kind.wrong_argument
            if wrong.shape == slopes.shape and np.isfinite(wrong).all():
                yield _way(inside, kind, f"{message} ({where})", number, other, wrong, slopes)


def _again(inside: Inside, number: int, other: int, value: NDArray) -> NDArray:
    return inside.tape.again(number, value, other)


def wrong_slopes(inside: Inside) -> Iterator[Way]:
    """The slope of a part is a short formula that is not its own."""
    starts = Counter[int]()
    for number, other, slopes in _elementwise_parts(inside):
        starts[other] += 1
        u, v = inside.tape.values[number], inside.tape.values[other]
        name, result = inside.word(number), inside.word(other)
        where = inside.where(inside.tape.makers[other])
        formulas = _formulas(name, u, result, v)
        families = {formula: k for k, formula in enumerate(formulas)}
        for third in inside.alike(other):
            w, word = inside.tape.values[third], inside.word(third)
            formulas |= {word: w, f"{word} (1 - {word})": w * (1 - w), f"1 - {word}²": 1 - w * w}
        for formula, wrong in formulas.items():
            message = f"the slope of {result} is taken for {formula}"
            way = _way(inside, Kind.wrong_formula, f"{message} ({where})", number, other, wrong, slopes)
            family = families.get(formula, -1), starts[other], *inside.called_at(inside.tape.makers[other])
            yield replace(way, family=family if formula in families else ())


def _way(inside: Inside, kind: Kind, message: str, number: int, other: int, wrong: NDArray, slopes: NDArray) -> Way:
    """Return the way on which the slope of a part is a wrong one.

    If it is wrong only where it should be 0, a mask is forgotten, and if it is a multiple of the right one, a factor.
    """
    passes = slopes.round(9) != 0
    result, where = inside.word(other), inside.where(inside.tape.makers[other])
    if passes.all() and np.ptp(wrong / slopes) < 1e-7 * np.abs(wrong / slopes).max():
        kind, message = (
            Kind.term_factor,
            f"the slope of {result} is {(wrong / slopes).flat[0]:.6g} times what it should be ({where})",
        )
    if passes.any() and not passes.all() and np.allclose(wrong[passes], slopes[passes], rtol=1e-6):
        kind = Kind.mask_forgotten
        message = (
            f"{inside.word(number)} gets a gradient from {result} also where forward lets nothing through ({where})"
        )
    return Way(kind, message, passages={(number, other): partial(np.multiply, wrong - slopes)})


def _formulas(x: str, u: NDArray, y: str, v: NDArray) -> dict[str, NDArray]:
    return {
        y: v,
        f"1 - {y}": 1 - v,
        f"{y} (1 - {y})": v * (1 - v),
        f"1 - {y}²": 1 - v * v,
        f"{y}²": v * v,
        x: u,
        f"1 - {x}²": 1 - u * u,
        f"{x} (1 - {x})": u * (1 - u),
        f"2 {x}": 2 * u,
        f"exp {x}": np.exp(u),
        f"[{x} > 0]": 1.0 * (u > 0),
        f"[{x} < 0]": 1.0 * (u < 0),
    }


Formula = Callable[[NDArray], NDArray]
OF_OUTPUTS: tuple[Formula, ...] = (  # slopes of sigmoid, tanh, exp, sqrt and 1/x, as formulas in their outputs
    lambda w: w * (1 - w),
    lambda w: 1 - w * w,
    lambda w: w,
    lambda w: 0.5 / w,
    lambda w: -w * w,
)


def _in_outputs(v: NDArray, slopes: NDArray) -> Iterator[Formula]:
    """Yield the formulas in the output alone that give the slopes."""
    for formula in OF_OUTPUTS:
        with np.errstate(all="ignore"):
            if np.allclose(formula(v), slopes, rtol=1e-6, atol=1e-9):
                yield formula


def _elementwise_parts(inside: Inside) -> Iterator[tuple[int, int, NDArray]]:
    """Yield pairs of a value and another that is made of it number by number, and the slopes of that.

    In a long forward it is one step from one to the other, or both have names.
    """
    tape = inside.tape
    for other in sorted(inside.gradients, reverse=True):
        if other not in tape.makers:
            continue
        shape = tape.values[other].shape
        first = max(tape.makers[other] - MOST_STEPS, 0)
        ones, random = np.ones(shape), np.random.default_rng(0).normal(size=shape)
        slopes, seen = (tape.back_from({other: each}, first=first) for each in (ones, random))
        near = tape.steps[tape.makers[other]].inputs
        for number in sorted(slopes.keys() - {other}, reverse=True):
            if inside.is_long and number not in near and not {number, other} <= inside.names.keys():
                continue
            if tape.values[number].shape == shape and np.allclose(seen[number], random * slopes[number], rtol=1e-9):
                yield number, other, slopes[number]
