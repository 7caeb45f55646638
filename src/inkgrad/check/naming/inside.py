"""Inside: forward taken apart, and the gradients as they would be were one of its operations differentiated wrongly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.measure.streams import stream
from inkgrad.check.tape import Change, Edge, Tape

N_DIRECTIONS = 6  # along which a wrong way back is tried before it is gone in full
ERRORS = ValueError, IndexError, ArithmeticError, np.linalg.LinAlgError  # of an operation at numbers it is not made for


@dataclass(frozen=True)
class Way:
    """Another way back through forward, and the mistake that goes it.

    edges   from the outputs of some steps to their inputs
    nodes   by the number of a value what is made of its gradient
    weight  a number that is fitted: how often what goes this way counts; None where there is none
    """

    kind: Kind
    message: str
    edges: Mapping[Edge, Change] = field(default_factory=dict)
    nodes: Mapping[int, Change] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_single(self) -> bool:
        """Whether it is another one in one place only, so that the gradient depends linearly on it."""
        return len(self.edges) + len(self.nodes) == 1


@dataclass(frozen=True)
class Inside:
    """The tape of a forward with the gradients of all its values for one dy."""

    tape: Tape
    dy: NDArray
    _tangents: dict[str, list[dict[int, NDArray]]] = field(default_factory=dict)

    @cached_property
    def gradients(self) -> dict[int, NDArray]:
        """The right gradient of each value."""
        return self.tape.back(self.dy)

    def gradient(self, name: str, way: Way | None = None) -> NDArray:
        """Return the gradient of an array, as it is if another way is gone back."""
        if way is None:
            return self.tape.gradients(self.gradients)[name]
        return self.tape.gradients(self.tape.back(self.dy, way.edges, way.nodes))[name]

    def directions(self, name: str) -> list[NDArray]:
        """Return some random directions of an array."""
        rng, shape = stream(0, f"inside {name}"), self.tape.values[self.tape.arrays[name]].shape
        return [rng.normal(size=shape) for _ in range(N_DIRECTIONS)]

    def slopes(self, name: str, way: Way) -> NDArray:
        """Return by how much a single other way changes the slopes of <dy, y> along the directions of an array."""
        number, off = self._change(way)
        return np.array([float((off * each[number]).sum()) if number in each else 0.0 for each in self.tangents(name)])

    def may_be(self, name: str, way: Way, off: NDArray, room: float) -> bool:
        """Return whether a single other way changes those slopes by `off`, to within `room` in each."""
        number, change = self._change(way)
        for wanted, each in zip(off, self.tangents(name), strict=True):
            found = float(np.vdot(change, each[number])) if number in each else 0.0
            if not abs(found - wanted) <= room:
                return False
        return True

    def _change(self, way: Way) -> tuple[int, NDArray]:
        """Return which value's gradient a single other way changes, and by what."""
        if way.nodes:
            ((number, change),) = way.nodes.items()
            gradient = self.gradients[number]
            off = change(gradient) - gradient
        else:
            ((edge, change),) = way.edges.items()
            step = self.tape.steps[edge[0]]
            number, above = step.inputs[edge[1]], self.gradients[step.output]
            off = change(above) - self.tape.local(edge).pull(above)
        return number, off

    def tangents(self, name: str) -> list[dict[int, NDArray]]:
        """Return the slope of each value along each of the directions of an array."""
        if name not in self._tangents:
            self._tangents[name] = [self.tape.forth({name: each}) for each in self.directions(name)]
        return self._tangents[name]

    # The same operation in all turns of a loop

    @cached_property
    def same_edges(self) -> list[list[Edge]]:
        """The inputs of steps, those of the same place together; from the last to the first."""
        groups: dict[Any, list[Edge]] = {}
        for k, step in enumerate(self.tape.steps):
            for slot in range(len(step.inputs)):
                if step.output in self.gradients:
                    groups.setdefault((step.place.key, step.operation, slot), []).append((k, slot))
        return sorted(groups.values(), key=lambda edges: -edges[-1][0])

    @cached_property
    def same_values(self) -> list[list[int]]:
        """The outputs of steps, those of the same place together; from the last to the first."""
        groups: dict[Any, list[int]] = {}
        for step in self.tape.steps:
            if step.output in self.gradients:
                groups.setdefault((step.place.key, step.operation), []).append(step.output)
        return sorted(groups.values(), key=lambda values: -values[-1])

    def lone_and_joint(self, groups: list[list[Any]]) -> Iterator[list[Any]]:
        """Yield each group as a whole, then what is in groups of several alone."""
        yield from groups
        for group in groups:
            if len(group) > 1:
                yield from ([each] for each in group)

    # In the user's words

    def word(self, number: int) -> str:
        """Return what a value is called: an array by its name, others as the user does, or by what makes them."""
        for name, array in self.tape.arrays.items():
            if array == number:
                return name
        for k, slot in self.tape.users.get(number, []):
            name = self.tape.steps[k].place.names[slot]
            if name and name not in self.tape.arrays:  # a function may call what it gets as another calls an array
                return name
        place = self.tape.steps[self.tape.makers[number]].place
        assigned = re.fullmatch(r"(\w+) = (.*)", place.statement)
        return assigned[1] if assigned and assigned[2] == place.expression else shortened(place.expression)

    def where(self, k: int) -> str:
        """Return where a step stands."""
        place = self.tape.steps[k].place
        return f"in line {place.line}, {shortened(place.statement, 70)}" if place.line else "in forward"


def shortened(text: str, most: int = 40) -> str:
    """Return a piece of code that is not too long."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 3] + "..."
