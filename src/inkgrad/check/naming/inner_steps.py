"""Steps: one operation inside forward differentiated not at all, wrongly, or at other numbers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.naming.ways import Inside, Way, instead
from inkgrad.check.tape import Edge, TapeError
from inkgrad.check.tape.local import Diagonal, Entries, Local, spreads, unspread

NEAR = 4  # steps: what is made so near may be taken for another also if it has no name
MOST_AXES = 4  # of a stack of matrices, such as the scores of each head
PREFIXES = "cumsum", "cumprod", "accumulate", "logcumsumexp"  # operations that go on with what they had
PRODUCTS = "multiply", "divide", "true_divide", "mul", "div"  # by a constant, where one input depends on the arrays


def skipped(inside: Inside) -> Iterator[Way]:
    """The gradient passes an operation as it came."""
    for edges in inside.lone_and_joint(inside.same_edges):
        step, slot = inside.tape.steps[edges[-1][0]], edges[-1][1]
        shape = inside.tape.values[step.inputs[slot]].shape
        if not spreads(shape, inside.tape.values[step.output].shape):
            if inside.tape.values[step.output].size == inside.tape.values[step.inputs[slot]].size:
                yield _reshaped(inside, edges)
            continue
        kind, message = _words(inside, edges)
        ways = {
            (k, slot): partial(_passed, inside.tape.values[inside.tape.steps[k].inputs[slot]].shape)
            for k, slot in edges
        }
        family = slot, *inside.called_at(edges[-1][0])
        yield Way(kind, f"{message} ({inside.where(edges[-1][0])})", edges=ways, family=family)


def _words(inside: Inside, edges: list[Edge]) -> tuple[Kind, str]:
    """Return what it is to pass the gradient as it came through a step, in all turns of a loop, and the message."""
    step, local = inside.tape.steps[edges[-1][0]], inside.tape.local(edges[-1])
    what = f"the gradient passes {step.operation} of {inside.word(step.inputs[edges[-1][1]])} as it came"
    slopes = _slopes(inside, edges)
    if slopes.size and np.ptp(slopes) < 1e-7 * np.abs(slopes).max():
        times = 1 / slopes[0]
        how = "with the wrong sign" if round(times, 6) == -1 else f"{times:.6g} times what it should be"
        return Kind.term_factor, f"{what}, {how}"
    if lets_pass(inside, edges):
        return Kind.mask_forgotten, f"{what}: also where it is stopped in forward"
    if step.operation in PREFIXES:
        return Kind.carry_lost, f"{what}: what each number hands on to the later ones is lost"
    if isinstance(local, Entries) and local.is_selection:
        return Kind.reordered, f"{what}, not back to where its numbers came from"
    if isinstance(local, Diagonal) and len(set(step.inputs) & inside.tape.live) == 1 and step.operation in PRODUCTS:
        return Kind.term_factor, f"{what}, without the factor of {step.operation}"
    return Kind.derivative_forgotten, f"{what}: its derivative is left out"


def lets_pass(inside: Inside, edges: list[Edge]) -> bool:
    """Return whether steps let each number of an input pass, all of them scaled alike as in dropout, or stop it."""
    slopes = _slopes(inside, edges)
    passed = slopes[slopes.round(9) != 0]
    return 0 < passed.size < slopes.size and bool(np.ptp(passed) < 1e-6 * np.abs(passed).max())


def _slopes(inside: Inside, edges: list[Edge]) -> NDArray:
    """Return the slopes of steps that take each number alone, in a row; none where one does not."""
    found = [inside.tape.local(edge) for edge in edges]
    slopes = [each.slopes.ravel() for each in found if isinstance(each, Diagonal)]
    return np.concatenate(slopes) if len(slopes) == len(edges) else np.zeros(0)


def _reshaped(inside: Inside, edges: list[Edge]) -> Way:
    """Return the way on which a gradient is brought to its shape without regard to where its numbers belong."""
    step = inside.tape.steps[edges[-1][0]]
    word = inside.word(step.inputs[edges[-1][1]])
    message = f"the gradient of {word} comes back through {step.operation} by a reshape, which moves its numbers"
    ways = {}
    for k, slot in edges:
        shape = inside.tape.values[inside.tape.steps[k].inputs[slot]].shape
        ways[k, slot] = partial(np.reshape, shape=shape)
    return Way(Kind.reordered, f"{message} ({inside.where(edges[-1][0])})", edges=ways)


def _passed(shape: tuple[int, ...], gradient: NDArray) -> NDArray:
    return unspread(gradient, shape)


def region_skipped(inside: Inside) -> Iterator[Way]:
    """A value gets the gradient of another one of its shape that is made of it: all between them is left out."""
    tape = inside.tape
    for number in (*tape.arrays.values(), *(step.output for step in tape.steps)):
        for other in tape.below(number):
            if tape.values[other].shape == tape.values[number].shape and {number, other} <= inside.gradients.keys():
                right, found = inside.gradients[number], inside.gradients[other]
                kind, how = Kind.derivative_forgotten, "what is between is left out"
                if _is_masked(found, right):
                    kind, how = Kind.mask_forgotten, "also where forward lets nothing through between them"
                message = f"{inside.word(number)} gets the gradient of {inside.word(other)}: {how}"
                where = inside.where(tape.makers[other])
                yield Way(kind, f"{message} ({where})", nodes={number: partial(instead, found)})


def _is_masked(gradient: NDArray, masked: NDArray) -> bool:
    """Return whether the second gradient is the first where some mask lets it pass, and 0 elsewhere."""
    passes = masked != 0
    return bool(passes.any() and gradient[~passes].any() and np.allclose(masked[passes], gradient[passes], rtol=1e-7))


def turns_skipped(inside: Inside) -> Iterator[Way]:
    """An array that is used in each turn of a loop gets the gradient of what is made later in the turn."""
    tape = inside.tape
    for edges in inside.same_edges:
        k, slot = edges[-1]
        number = tape.steps[k].inputs[slot]
        if number not in tape.arrays.values() or any(tape.steps[i].inputs[j] != number for i, j in edges):
            continue
        shape = tape.values[number].shape
        for values in inside.turns if len(edges) > 1 else ((other,) for other in tape.below(tape.steps[k].output)):
            if len(values) != len(edges) or not inside.gradients.keys() >= set(values):
                continue
            if not spreads(shape, tape.values[values[-1]].shape):
                continue
            if len(edges) == 1 and tape.values[values[-1]].shape == shape:  # see region_skipped
                continue
            names = inside.word(number), inside.word(values[-1])
            message = f"{names[0]} gets the sum of the gradient of {names[1]}: what is between is left out"
            ways = {
                edge: partial(instead, unspread(inside.gradients[each], shape))
                for edge, each in zip(edges, values, strict=True)
            }
            yield Way(Kind.derivative_forgotten, f"{message} ({inside.where(k)})", edges=ways)


def at_another_value(inside: Inside) -> Iterator[Way]:
    """An operation is differentiated at another value of the same shape: c for c_prev, y for x."""
    for edges in inside.same_edges:
        k, _ = edges[-1]
        for j, number in enumerate(inside.tape.steps[k].inputs):
            if not _depends(inside, edges[-1], j):
                continue
            if len(edges) == 1:
                for other in inside.alike(number):
                    yield from _exchanged(inside, edges, j, [other])
            if len(edges) > 1:
                yield from _exchanged_alike(inside, edges, j)


def _exchanged_alike(inside: Inside, edges: list[Edge], j: int) -> Iterator[Way]:
    """In each turn of a loop the same other value of that turn stands there, or its own of the first or last turn."""
    tape = inside.tape
    number = tape.steps[edges[-1][0]].inputs[j]
    shape = tape.values[number].shape
    for other in tape.arrays.values():
        if other != number and tape.values[other].shape == shape:
            yield from _exchanged(inside, edges, j, [other] * len(edges))
    for values in inside.turns:
        if tape.values[values[-1]].shape != shape or len(values) != len(edges):
            continue
        made = tape.makers.get(values[-1], -1)
        if values[-1] in inside.names or abs(edges[-1][0] - made) <= NEAR:
            yield from _exchanged(inside, edges, j, list(values))
        if number in values:
            for k, which in ((0, "first"), (-1, "last")):
                yield from _exchanged(inside, edges, j, [values[k]] * len(values), which)


def _exchanged(inside: Inside, edges: list[Edge], j: int, others: list[int], which: str = "") -> Iterator[Way]:
    tape = inside.tape
    ways = {}
    for edge, other in zip(edges, others, strict=True):
        if tape.values[other].shape != tape.values[tape.steps[edge[0]].inputs[j]].shape:
            return
        try:
            local = tape.local_at(edge, {j: tape.values[other]})
        except TapeError:
            return
        ways[edge] = local.pull
    k = edges[-1][0]
    wrong, right = inside.word(others[-1]), inside.word(tape.steps[k].inputs[j])
    if which:
        wrong, right = f"the {which} {wrong}", "in all turns that of the turn"
    elif wrong == right:  # in a loop the same name is another value in each turn
        wrong, right = f"the {wrong} of this step", f"that of another step, which forward took as {right},"
    message = f"{wrong} stands where {right} belongs: the derivative of {tape.steps[k].operation} is taken there"
    yield Way(Kind.wrong_argument, f"{message} ({inside.where(k)})", edges=ways, evidence={"instead": wrong})


def _depends(inside: Inside, edge: Edge, j: int) -> bool:
    """Return whether the derivative of a step in one input depends on what another, or the same, is."""
    tape = inside.tape
    step = tape.steps[edge[0]]
    value = tape.values[step.inputs[j]]
    above = inside.gradients[step.output]
    rng = np.random.default_rng(0)
    try:
        other = tape.local_at(edge, {j: value * rng.uniform(0.8, 0.9, value.shape)}).pull(above)
    except TapeError:
        return False
    usual = tape.local(edge).pull(above)
    return not np.allclose(other, usual, rtol=1e-6, atol=1e-9 * float(np.abs(usual).max(initial=0)))


def transposed(inside: Inside) -> Iterator[Way]:
    """A square value stands transposed in the derivative of an operation."""
    for edges in inside.same_edges:
        k, _ = edges[-1]
        for j, number in enumerate(inside.tape.steps[k].inputs):
            value = inside.tape.values[number]
            if value.ndim < 2 or value.shape[-1] != value.shape[-2] or not _depends(inside, edges[-1], j):
                continue
            try:
                ways = {edge: _local_transposed(inside, edge, j).pull for edge in edges}
            except TapeError:  # it may be no such operation there, as a Cholesky decomposition
                continue
            word = inside.word(number)
            message = f"{word} stands transposed in the derivative of {inside.tape.steps[k].operation}"
            yield Way(Kind.jacobian_not_transposed, f"{message} ({inside.where(k)})", edges=ways)


def _local_transposed(inside: Inside, edge: Edge, j: int) -> Local:
    own = inside.tape.values[inside.tape.steps[edge[0]].inputs[j]]
    return inside.tape.local_at(edge, {j: own.swapaxes(-1, -2)})


def transposed_gradients(inside: Inside) -> Iterator[Way]:
    """The gradient of a square value, such as the scores of an attention, goes transposed into one of its inputs."""
    for edges in inside.same_edges:
        k, slot = edges[-1]
        step = inside.tape.steps[k]
        y = inside.tape.values[step.output]
        if y.ndim < 2 or y.shape[-1] != y.shape[-2] or isinstance(inside.tape.local(edges[-1]), Diagonal):
            continue
        words = inside.word(step.output), inside.word(step.inputs[slot])
        message = f"the gradient of {words[0]} goes transposed into that of {words[1]}"
        ways = {edge: partial(_pulled_transposed, inside.tape.local(edge)) for edge in edges}
        is_matrix = y.ndim <= MOST_AXES  # of windows of a picture it is their numbers that are in the wrong places
        kind = Kind.transposed if is_matrix else Kind.reordered
        yield Way(kind, f"{message} ({inside.where(k)})", edges=ways)


def _pulled_transposed(local: Local, gradient: NDArray) -> NDArray:
    return local.pull(np.ascontiguousarray(gradient.swapaxes(-1, -2)))
