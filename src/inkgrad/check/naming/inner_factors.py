"""Factors: the gradient of a value inside forward multiplied, or divided, by another value once too often."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape.local import spreads

DIVISIONS = "divide", "true_divide", "div"
PRODUCTS = "multiply", "mul"


def other_factors(inside: Inside) -> Iterator[Way]:
    """A value's gradient is multiplied or divided by another value, or holds another in the place of its own."""
    tape = inside.tape
    others = sorted((*tape.arrays.values(), *tape.makers), key=lambda number: number not in inside.names)
    for values in inside.same_values:
        if len(values) > 1:
            continue
        number = values[0]
        own, where = tape.values[number], inside.where(tape.makers[number])
        for other in others:
            factor = tape.values[other]
            if not spreads(factor.shape, own.shape) or not np.all(factor):
                continue
            word, third = inside.word(number), inside.word(other)
            for by, how in ((factor, "multiplied"), (1 / factor, "divided")):
                kind, message = Kind.term_factor, f"the part through {word} is {how} by {third} once too often"
                if (pair := _made_by(inside, other, how)) is not None:
                    wrong, right = map(inside.word, pair)
                    kind, message = Kind.wrong_argument, f"{wrong} stands where {right} belongs, {how} by {third}"
                yield Way(kind, f"{message} ({where})", nodes={number: partial(np.multiply, by)})
            if other != number and factor.shape == own.shape and np.all(own):
                for by in (factor / own, own / factor):
                    message = f"{third} stands where {word} belongs"
                    yield Way(Kind.wrong_argument, f"{message} ({where})", nodes={number: partial(np.multiply, by)})


def _made_by(inside: Inside, factor: int, how: str) -> tuple[int, int] | None:
    """Return a value and what forward makes of it by the opposite of that: one may stand where the other belongs."""
    names = DIVISIONS if how == "multiplied" else PRODUCTS
    for step in inside.tape.steps:
        if step.operation in names and factor in step.inputs[1:]:
            return step.inputs[0], step.output
    return None
