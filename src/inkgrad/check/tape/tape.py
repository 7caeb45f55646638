"""Tape: what forward does, operation by operation, and the gradient if one of them were differentiated otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.tape.local import Local, local_derivative
from inkgrad.check.tape.place import NOWHERE, Place


class TapeError(Exception):
    """A forward is too long, too large, or does something that cannot be written down, or done again."""


Edge = tuple[int, int]  # the number of a step, and which of its inputs
Passage = tuple[int, int]  # the number of a value, and that of a later one that is made of it
Index = tuple[slice, ...]
Change = Callable[[NDArray], NDArray]  # another way back: from the gradient of a step's output to that of an input


@dataclass(frozen=True)
class TapeStep:
    """One operation: value `output` is apply(*inputs), the inputs being values by their numbers too."""

    apply: Callable[..., NDArray]
    inputs: tuple[int, ...]
    output: int
    place: Place
    operation: str

    def result(self, *inputs: NDArray) -> NDArray:
        """Return its output; raise TapeError where it cannot be done at these inputs."""
        try:
            return np.asarray(self.apply(*inputs), np.float64)
        except Exception as error:  # it is an operation of a library, which may raise anything
            raise TapeError(str(error)) from error


@dataclass(frozen=True)
class Tape:
    """All operations between some arrays and the outputs of a forward.

    arrays   the number of the value that each array is, by name
    values   all values, float64
    steps    the operations in their order
    outputs  the numbers of the outputs, which in a row are y
    live     the numbers of the values that depend on the arrays; the others are constants
    """

    arrays: Mapping[str, int]
    values: Sequence[NDArray]
    steps: Sequence[TapeStep]
    outputs: tuple[int, ...]
    live: frozenset[int]
    _locals: dict[Edge, Local] = field(default_factory=dict, repr=False)

    def local(self, edge: Edge) -> Local:
        """Return the derivative of a step in one of its inputs, at the values as they are."""
        if edge not in self._locals:
            self._locals[edge] = self.local_at(edge, {})
        return self._locals[edge]

    def local_at(self, edge: Edge, others: Mapping[int, NDArray]) -> Local:
        """Return the derivative of a step in one of its inputs, where some of its inputs are others."""
        step, slot = self.steps[edge[0]], edge[1]
        inputs = [others.get(k, self.values[number]) for k, number in enumerate(step.inputs)]

        def moved(x: NDArray) -> NDArray:
            return step.result(*inputs[:slot], x, *inputs[slot + 1 :])

        return local_derivative(moved, inputs[slot], self.values[step.output] if not others else moved(inputs[slot]))

    def back(
        self,
        dy: NDArray,
        edges: Mapping[Edge, Change] | None = None,
        nodes: Mapping[int, Change] | None = None,
        passages: Mapping[Passage, Change] | None = None,
    ) -> dict[int, NDArray]:
        """Return the gradient of <dy, y> for each value, by its number.

        `edges` are other ways back through some steps; `nodes` change the gradients of some values, when all
        that flows into them has been added up, and `passages` add to them what they make of those of later values.
        """
        start: dict[int, NDArray] = {}
        for number, part in zip(self.outputs, self._parts(dy), strict=True):
            start[number] = start[number] + part if number in start else part
        return self.back_from(start, edges, nodes, passages)

    def back_from(
        self,
        start: Mapping[int, NDArray],
        edges: Mapping[Edge, Change] | None = None,
        nodes: Mapping[int, Change] | None = None,
        passages: Mapping[Passage, Change] | None = None,
        first: int = 0,
    ) -> dict[int, NDArray]:
        """Return the same where the gradients of some values are given, for the steps from `first` on."""
        edges, nodes, found = edges or {}, nodes or {}, dict(start)
        added: dict[int, list[tuple[int, Change]]] = {}
        for (number, later), off in (passages or {}).items():
            added.setdefault(number, []).append((later, off))

        def complete(number: int) -> None:
            parts = (off(found[later]) for later, off in added.get(number, ()) if later in found)
            found[number] = sum(parts, start=found[number])
            if number in nodes:
                found[number] = nodes[number](found[number])

        for k in range(len(self.steps) - 1, first - 1, -1):
            step = self.steps[k]
            if step.output not in found:
                continue
            complete(step.output)
            gradient = found[step.output]
            for slot, number in enumerate(step.inputs):
                if number not in self.live:
                    continue
                change = edges.get((k, slot))
                part = change(gradient) if change else self.local((k, slot)).pull(gradient)
                found[number] = found[number] + part if number in found else part
        for number in self.arrays.values():
            if number in found:
                complete(number)
        return found

    def gradients(self, found: Mapping[int, NDArray]) -> dict[str, NDArray]:
        """Return the gradients of the arrays, of those of all values."""
        return {name: found.get(k, np.zeros_like(self.values[k])) for name, k in self.arrays.items()}

    def forth(self, directions: Mapping[str, NDArray]) -> dict[int, NDArray]:
        """Return the slope of each value along a direction of some arrays, by its number."""
        found = {self.arrays[name]: direction for name, direction in directions.items()}
        for k, step in enumerate(self.steps):
            for slot, number in enumerate(step.inputs):
                if number in found:
                    part = self.local((k, slot)).push(found[number])
                    found[step.output] = found[step.output] + part if step.output in found else part
        return found

    @cached_property
    def users(self) -> dict[int, list[Edge]]:
        """By the number of a value the edges that lead from it."""
        found: dict[int, list[Edge]] = {}
        for k, step in enumerate(self.steps):
            for slot, number in enumerate(step.inputs):
                if number in self.live:
                    found.setdefault(number, []).append((k, slot))
        return found

    def of_few(self, name: str, few: Index) -> Tape:
        """Return the tape that leads from a few numbers of one array alone, those at an index."""
        start, number = self.values[self.arrays[name]], len(self.values)

        def inserted(numbers: NDArray) -> NDArray:
            found = np.array(start)
            found[few] = numbers
            return found

        first = TapeStep(inserted, (number,), self.arrays[name], NOWHERE, "insert")
        values = [*self.values, start[few]]
        arrays, live = {name: number}, self.live | {number}
        return replace(self, arrays=arrays, values=values, steps=[first, *self.steps], live=live, _locals={})

    def with_few_outputs(self, few: Index) -> Tape:
        """Return the tape that ends with a few numbers of its output, those at an index; of several all in a row."""
        number = len(self.values)

        def part(*ys: NDArray) -> NDArray:
            whole = ys[0] if len(ys) == 1 else np.concatenate([y.reshape(-1) for y in ys])
            return np.asarray(whole[few])

        last = TapeStep(part, self.outputs, number, NOWHERE, "getitem")
        values = [*self.values, part(*(self.values[output] for output in self.outputs))]
        steps, live = [*self.steps, last], self.live | {number}
        return replace(self, values=values, steps=steps, outputs=(number,), live=live, _locals={})

    def again(self, number: int, value: NDArray, other: int) -> NDArray:
        """Return what value `other` is where value `number` is another one."""
        found = {number: value}
        for step in self.steps:
            if found.keys() & set(step.inputs):
                inputs = (found.get(k, self.values[k]) for k in step.inputs)
                found[step.output] = step.result(*inputs)
            if step.output == other:
                break
        return found[other]

    def without(self, edges: frozenset[Edge]) -> Tape:
        """Return the tape of another forward, in which each of some steps passes on one of its inputs as it is."""
        values, steps, changed = list(self.values), [], set[int]()
        known: dict[Edge, Local] = {}
        for k, step in enumerate(self.steps):
            passed = next((slot for slot in range(len(step.inputs)) if (k, slot) in edges), None)
            if passed is not None:
                step = replace(step, apply=lambda *inputs, passed=passed: inputs[passed])
            if passed is not None or changed & set(step.inputs):
                values[step.output] = step.result(*(values[number] for number in step.inputs))
                changed.add(step.output)
            else:
                same = ((k, slot) for slot in range(len(step.inputs)))
                known |= {edge: self._locals[edge] for edge in same if edge in self._locals}
            steps.append(step)
        return replace(self, values=values, steps=steps, _locals=known)

    def with_values(self, given: Mapping[int, NDArray]) -> Tape:
        """Return the tape of a forward in which some values are others, and so is all that is made of them.

        What makes these values is differentiated as it is.
        """
        values, changed, known = list(self.values), set(given), dict[Edge, Local]()
        for number, value in given.items():
            values[number] = value
        for k, step in enumerate(self.steps):
            if step.output not in given and changed & set(step.inputs):
                values[step.output] = step.result(*(values[number] for number in step.inputs))
                changed.add(step.output)
            else:
                live = ((k, slot) for slot, number in enumerate(step.inputs) if number in self.live)
                known |= {edge: self.local(edge) for edge in live}
        return replace(self, values=values, _locals=known)

    def below(self, number: int) -> list[int]:
        """Return the numbers of the values that depend on one, in their order."""
        found = {number}
        for step in self.steps:
            if found & set(step.inputs):
                found.add(step.output)
        return sorted(found - {number})

    @cached_property
    def makers(self) -> dict[int, int]:
        """By the number of a value that of the step that makes it."""
        return {step.output: k for k, step in enumerate(self.steps)}

    def _parts(self, dy: NDArray) -> list[NDArray]:
        row, parts, start = dy.reshape(-1).astype(np.float64), [], 0
        if row.size != sum(self.values[number].size for number in self.outputs):
            raise TapeError("outputs of other numbers than forward gives")
        for number in self.outputs:
            shape = self.values[number].shape
            size = int(np.prod(shape))
            parts.append(row[start : start + size].reshape(shape))
            start += size
        return parts
