"""Values: backward computes a part of forward again, and gets another value there than forward had."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.inner_axes import sums
from inkgrad.check.naming.inner_factors import DIVISIONS, PRODUCTS, exchanged_constants
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import TapeError

SUMS = "add", "add_any", "sub", "subtract"
MOST = 40  # other forwards of a kind, each of which has to be differentiated anew
MOST_OF_LONG = 8


def without_operand(inside: Inside) -> Iterator[Way]:
    """A summand, or a factor, is left out when forward is computed again."""
    for edges in inside.same_edges:
        k, slot = edges[-1]
        step, numbers = inside.tape.steps[k], [inside.tape.steps[i].inputs[j] for i, j in edges]
        if len(step.inputs) < 2 or not (step.operation in SUMS or _may_go(step.operation, slot)):
            continue
        neutral = 0.0 if step.operation in SUMS else 1.0
        message = f"backward computes forward again without {inside.word(numbers[-1])}, which {step.operation} takes"
        values = {number: np.full_like(inside.tape.values[number], neutral) for number in numbers}
        yield from _again(inside, Kind.wrong_argument, f"{message} ({inside.where(k)})", values)


def _may_go(operation: str, slot: int) -> bool:
    return operation in PRODUCTS or (operation in DIVISIONS and slot == 1)


def of_another_turn(inside: Inside) -> Iterator[Way]:
    """A value is that of another turn of a loop when forward is computed again."""
    values = inside.tape.values
    for numbers in sorted(inside.turns, key=lambda each: each[-1] not in inside.names):
        if len({values[number].shape for number in numbers}) > 1 or numbers[-1] in inside.tape.arrays.values():
            continue
        word = inside.word(numbers[-1])
        where = inside.where(inside.tape.makers[numbers[-1]]) if numbers[-1] in inside.tape.makers else "in forward"
        message = f"backward computes forward again with the {word} of another step ({where})"
        turned = {a: values[b] for a, b in zip(numbers, reversed(numbers), strict=True) if a != b}
        yield from _again(inside, Kind.wrong_argument, message, turned)
        if len(numbers) == 2:
            for a, b in (numbers, numbers[::-1]):
                yield from _again(inside, Kind.wrong_argument, message, {a: values[b]})


def after_the_step(inside: Inside) -> Iterator[Way]:
    """What a turn of a loop gets from the one before it is what it makes itself when forward is computed again."""
    values, states = inside.tape.values, _states(inside)
    for these in ([each] for each in states) if len(states) < 2 else (states, *([each] for each in states)):
        words = " and ".join(dict.fromkeys(inside.word(made[-1]) for _, made in these))
        where = inside.where(inside.tape.makers[these[0][1][-1]])
        given = {a: values[b] for taken, made in these for a, b in zip(taken, made, strict=True)}
        message = f"backward takes {words} as they are after a step where they belong as before it ({where})"
        yield from _again(inside, Kind.wrong_argument, message, given)


def _states(inside: Inside) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return what goes round a loop: the values that turns take, and those of the same kind that they make."""
    makers, shapes = inside.tape.makers, [each.shape for each in inside.tape.values]
    made_with = {number: values for values in inside.same_values if len(values) > 1 for number in values}
    found = {}
    for taken in inside.turns:
        made = tuple(made_with.get(taken[1], ()))
        is_handed_on = len(made) == len(taken) and made[:-1] == taken[1:]
        if is_handed_on and makers.get(taken[0], -1) < makers[made[0]] and shapes[taken[0]] == shapes[made[0]]:
            found[made] = taken, made
    return list(found.values())


def summed_otherwise(inside: Inside) -> Iterator[Way]:
    """A sum or a mean is taken over another axis too when forward is computed again."""
    tape = inside.tape
    for numbers in inside.same_values:
        step = tape.steps[tape.makers[numbers[-1]]]
        if all(tape.values[k].size <= tape.values[step.output].size for k in step.inputs):
            continue
        for change, over in sums(tape.values[numbers[-1]].shape):
            message = f"backward computes {inside.word(numbers[-1])} again, {over}"
            found = {number: change(tape.values[number]) for number in numbers}
            yield from _again(inside, Kind.wrong_axis, f"{message} ({inside.where(tape.makers[numbers[-1]])})", found)


def with_exchanged_constants(inside: Inside) -> Iterator[Way]:
    """Two values have each other's constants in backward, also where forward is computed again."""
    tape = inside.tape
    for way in inside.ways(exchanged_constants):
        values = {}
        for k, slot in way.edges:
            output = tape.steps[k].output
            weight = way.edges[k, slot](np.ones_like(tape.values[output])).flat[0]
            right = tape.local((k, slot)).pull(np.ones_like(tape.values[output])).flat[0]
            values[output] = tape.values[output] * weight / right
        yield from _again(inside, way.kind, way.message, values, way)


def _again(
    inside: Inside, kind: Kind, message: str, values: Mapping[int, NDArray], way: Way | None = None
) -> Iterator[Way]:
    """Yield the way through a forward in which some values are others, if that can be computed."""
    if not values or all(np.array_equal(each, inside.tape.values[number]) for number, each in values.items()):
        return
    try:
        tape = inside.tape.with_values(values)
    except TapeError:
        return
    if all(
        np.isfinite(a).all() or not np.isfinite(b).all() for a, b in zip(tape.values, inside.tape.values, strict=True)
    ):
        yield Way(kind, message, edges=way.edges if way else {}, tape=tape)


def few(search: Callable[[Inside], Iterator[Way]]) -> Callable[[Inside], Iterator[Way]]:
    """Return a search that ends after some ways."""

    def some(inside: Inside) -> Iterator[Way]:
        most = MOST_OF_LONG if inside.is_long else MOST
        yield from (way for _, way in zip(range(most), search(inside), strict=False))

    return some


SEARCHES = tuple(
    few(each) for each in (without_operand, summed_otherwise, with_exchanged_constants, of_another_turn, after_the_step)
)
