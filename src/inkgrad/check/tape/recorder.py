"""Recorder: writes down the operations of a forward while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.tape.local import evaluations
from inkgrad.check.tape.place import Place
from inkgrad.check.tape.tape import Tape, TapeError, TapeStep


@dataclass(frozen=True)
class TapeLimits:
    """What is not written down: more would take longer than anyone waits for a name.

    most_steps        operations, each turn of a loop counted
    most_numbers      in all values
    most_evaluations  of single operations, to differentiate them
    most_work         numbers that these take or give
    """

    most_steps: int = 3000
    most_numbers: int = 20_000_000
    most_evaluations: int = 200_000
    most_work: int = 400_000_000


LIMITS = TapeLimits()


@dataclass
class Recorder:
    """The values of a forward so far, and its steps; what is complex is kept as pairs of real numbers."""

    arrays: dict[str, int] = field(default_factory=dict)
    values: list[NDArray] = field(default_factory=list)
    steps: list[TapeStep] = field(default_factory=list)
    n_numbers: int = 0
    pairs: set[int] = field(default_factory=set)  # the numbers of what is complex

    def value(self, array: Any) -> int:
        """Keep a copy of a value, which may be changed later; return its number."""
        is_complex = np.iscomplexobj(array)
        array = in_pairs(array) if is_complex else array
        self.n_numbers += np.size(array)
        if self.n_numbers > LIMITS.most_numbers:
            raise TapeError(f"more than {LIMITS.most_numbers} numbers")
        self.values.append(np.array(array, np.float64))
        number = len(self.values) - 1
        if is_complex:
            self.pairs.add(number)
        return number

    def array(self, name: str, array: NDArray) -> int:
        """Keep an array that forward gets; return its number."""
        self.arrays[name] = self.value(array)
        return self.arrays[name]

    def step(self, apply: Callable[..., Any], inputs: Sequence[int], result: Any, place: Place, operation: str) -> int:
        """Keep an operation and its result; return the number of that."""
        if len(self.steps) >= LIMITS.most_steps:
            raise TapeError(f"more than {LIMITS.most_steps} operations")
        number = self.value(result)
        are_pairs = [each in self.pairs for each in inputs]
        if any(are_pairs) or number in self.pairs:
            apply = _of_pairs(apply, are_pairs)
        self.steps.append(TapeStep(apply, tuple(inputs), number, place, operation))
        return number

    def tape(self, outputs: Sequence[int]) -> Tape:
        """Return the tape from the arrays to the outputs, without what leads from none of those or to none of these."""
        reached = set(self.arrays.values())
        for step in self.steps:
            if reached & set(step.inputs):
                reached.add(step.output)
        needed = set(outputs)
        for step in reversed(self.steps):
            if step.output in needed:
                needed |= set(step.inputs)
        alive = reached & needed
        steps = [step for step in self.steps if step.output in alive]
        ways = [(self.values[k], self.values[step.output]) for step in steps for k in set(step.inputs) & reached]
        n_evaluations = sum(evaluations(*each) for each in ways)
        work = sum(evaluations(x, y) * max(x.size, y.size) for x, y in ways)
        if n_evaluations > LIMITS.most_evaluations or work > LIMITS.most_work:
            raise TapeError(f"{n_evaluations} evaluations to differentiate each operation, of {work} numbers")
        return Tape(self.arrays, self.values, steps, tuple(outputs), frozenset(reached))


def _of_pairs(apply: Callable[..., Any], are_pairs: Sequence[bool]) -> Callable[..., Any]:
    """Return an operation on complex numbers as one on pairs of real ones."""

    def applied(*values: NDArray) -> NDArray:
        own = (
            value[..., 0] + 1j * value[..., 1] if is_one else value
            for value, is_one in zip(values, are_pairs, strict=True)
        )
        result = np.asarray(apply(*own))
        return in_pairs(result) if np.iscomplexobj(result) else result

    return applied


def in_pairs(array: Any) -> NDArray:
    """Return complex numbers as pairs along a last axis."""
    return np.stack([np.real(array), np.imag(array)], axis=-1)


def leaves_of(tree: Any, kind: type) -> Iterator[Any]:
    """Yield what is of a kind among arguments, also in lists, tuples and dicts."""
    if isinstance(tree, kind):
        yield tree
    elif isinstance(tree, (list, tuple)):
        for each in tree:
            yield from leaves_of(each, kind)
    elif isinstance(tree, dict):
        for each in tree.values():
            yield from leaves_of(each, kind)


def replaced(tree: Any, kind: type, new: Iterator[Any]) -> Any:
    """Return arguments with those of a kind replaced by the next new ones, in the order of `leaves_of`."""
    if isinstance(tree, kind):
        return next(new)
    if isinstance(tree, (list, tuple)):
        found = [replaced(each, kind, new) for each in tree]
        return type(tree)(*found) if hasattr(tree, "_fields") else type(tree)(found)
    if isinstance(tree, dict):
        return {key: replaced(each, kind, new) for key, each in tree.items()}
    return tree
