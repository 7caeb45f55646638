"""Inside: forward taken apart, and the gradients as they would be were one of its operations differentiated wrongly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.measure.streams import stream
from inkgrad.check.tape import Change, Edge, Passage, Tape, TapeStep

N_DIRECTIONS = 6  # along which a wrong way back is tried before it is gone in full


@dataclass(frozen=True)
class Way:
    """Another way back through forward, and the mistake that goes it.

    edges     from the outputs of some steps to their inputs
    nodes     by the number of a value what is made of its gradient
    passages  from a value to one that is made of it what is added to its gradient for the gradient of that
    tape      of another forward, if it is that of one
    family    what is done at which line, whoever calls that: the same may be done in all calls of a function
    """

    kind: Kind
    message: str
    edges: Mapping[Edge, Change] = field(default_factory=dict)
    nodes: Mapping[int, Change] = field(default_factory=dict)
    passages: Mapping[Passage, Change] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)
    tape: Tape | None = None
    family: tuple[Any, ...] = ()

    @property
    def is_single(self) -> bool:
        """Whether it is another one in one place only, so that the gradient depends linearly on it."""
        return self.n_places == 1 and self.tape is None

    @property
    def n_places(self) -> int:
        """In how many places it is another one."""
        return len(self.edges) + len(self.nodes) + len(self.passages)

    def with_places_of(self, ways: Sequence[Way]) -> Way:
        """Return the way that is another one wherever any of some ways is."""
        edges = {edge: change for way in ways for edge, change in way.edges.items()}
        nodes = {number: change for way in ways for number, change in way.nodes.items()}
        passages = {passage: change for way in ways for passage, change in way.passages.items()}
        return replace(self, edges=edges, nodes=nodes, passages=passages)


LONG = 60  # steps
LIKELY = 1e-2  # parts of an error by which a way may miss it along a direction and be gone in full
SAME = 1e-5  # parts of itself by which two gradients may differ that are the same
MOST_LOOKED_AT = 20  # values, of which the gradients are tried
LEAST_SAID = 1e-3  # of the right gradient: what is said of less is rounding beside that
NUMBERS_OF_A_STEP = 500  # which take as long as the rest of it
MOST_EFFORT = 200_000  # steps on ways that are gone in full: some two seconds
SHARES = 4  # no search may have more than a quarter of that


@dataclass(frozen=True)
class Inside:
    """The tape of a forward with the gradients of all its values for one dy.

    `said` is what backward gives for each array.  `believed` are the ways that have explained one so far: mostly
    one mistake spoils several arrays.
    """

    tape: Tape
    dy: NDArray
    said: Mapping[str, NDArray]
    believed: list[Way] = field(default_factory=list)
    _tangents: dict[str, list[dict[int, NDArray]]] = field(default_factory=dict)
    _gone: dict[int, dict[str, NDArray]] = field(default_factory=dict)
    _changes: dict[int, tuple[int, NDArray]] = field(default_factory=dict)
    _kept: dict[int, Way] = field(default_factory=dict)  # ways known by their id, which another would get after them
    _ways: dict[Any, list[Way]] = field(default_factory=dict)

    @cached_property
    def gradients(self) -> dict[int, NDArray]:
        """The right gradient of each value."""
        return self.tape.back(self.dy)

    def ways(self, search: Search) -> list[Way]:
        """Return the ways that a search finds, which are the same for all arrays."""
        if search not in self._ways:
            found = list(search(self))
            found += _in_all_turns(self, found)
            self._ways[search] = [*found, *_in_all_calls(found)]
        return self._ways[search]

    def gradient(self, name: str, way: Way | None = None) -> NDArray:
        """Return the gradient of an array, as it is if another way is gone back."""
        if way is None:
            return self.tape.gradients(self.gradients)[name]
        if id(way) not in self._gone:
            self._kept[id(way)] = way
            tape = way.tape or self.tape
            self._gone[id(way)] = tape.gradients(tape.back(self.dy, way.edges, way.nodes, way.passages))
        return self._gone[id(way)][name]

    def explains_all(self, way: Way) -> bool:
        """Return whether a way gives what backward said for all arrays, also for those that are right."""
        for name, said in self.said.items():
            off = float(np.linalg.norm(self.gradient(name, way) - said))
            size = max(float(np.linalg.norm(said)), LEAST_SAID * float(np.linalg.norm(self.gradient(name))))
            if not off <= SAME * size:
                return False
        return True

    def is_bound(self, name: str, axis: int) -> bool:
        """Return whether any gradient of some value makes that of an array what it is but for a factor for each index
        of an axis: of three numbers that are made even, with mean 0 and spread 1, the gradient has one direction."""
        right = self.gradient(name)
        others = tuple(k for k in range(right.ndim) if k != axis)
        square = (right * right).sum(axis=others, keepdims=True)
        rich = [k for k in self.tape.below(self.tape.arrays[name]) if self.tape.values[k].size > 2 * square.size]
        rng = stream(0, f"bound {name}")
        for number in rich[:: max(len(rich) // MOST_LOOKED_AT, 1)]:
            found = self.tape.back_from({number: rng.normal(size=self.tape.values[number].shape)})
            other = self.tape.gradients(found)[name]
            with np.errstate(all="ignore"):
                factors = (other * right).sum(axis=others, keepdims=True) / square
            if other.any() and np.linalg.norm(factors * right - other) < SAME * np.linalg.norm(other):
                return True
        return False

    def has_gone(self, way: Way) -> bool:
        """Return whether a way has been gone in full, for another array."""
        return id(way) in self._gone

    @cached_property
    def effort(self) -> float:
        """What it takes to go one way in full, in steps of few numbers."""
        sizes = (
            self.tape.local((k, slot)).slopes.size
            for k, step in enumerate(self.tape.steps)
            for slot, number in enumerate(step.inputs)
            if number in self.tape.live and step.output in self.gradients
        )
        return sum(1 + size / NUMBERS_OF_A_STEP for size in sizes)

    def is_tired(self, n_gone: int = 0) -> bool:
        """Return whether so many ways have been gone, or by one search alone, that no one waits for more."""
        return self.effort * max(len(self._gone), SHARES * n_gone) > MOST_EFFORT

    def directions(self, name: str) -> list[NDArray]:
        """Return some random directions of an array."""
        rng, shape = stream(0, f"inside {name}"), self.tape.values[self.tape.arrays[name]].shape
        return [rng.normal(size=shape) for _ in range(N_DIRECTIONS)]

    def slopes(self, name: str, ways: Sequence[Way]) -> NDArray:
        """Return by how much single other ways change the slopes of <dy, y> along the directions of an array.

        It has the shape (ways, directions).
        """
        changes = [self._change(way) for way in ways]
        rows: dict[int, list[int]] = {}
        for k, (number, _) in enumerate(changes):
            rows.setdefault(number, []).append(k)
        found, tangents = np.zeros((len(ways), N_DIRECTIONS)), self.tangents(name)
        for number, these in rows.items():
            if number in tangents[0]:
                along = np.stack([each[number].ravel() for each in tangents], axis=1)
                found[these] = np.stack([changes[k][1].ravel() for k in these]) @ along
        return found

    def likely(self, name: str, ways: Sequence[Way], off: NDArray) -> list[Way]:
        """Return the ways but for the single ones that do not change those slopes by about `off`."""
        single = [way for way in ways if way.is_single]
        near = np.abs(self.slopes(name, single) - off) <= LIKELY * np.linalg.norm(off)
        kept = {id(way) for way, is_near in zip(single, near.all(axis=1), strict=True) if is_near}
        return [way for way in ways if not way.is_single or id(way) in kept]

    def _change(self, way: Way) -> tuple[int, NDArray]:
        """Return which value's gradient a single other way changes, and by what."""
        if id(way) not in self._changes:
            self._kept[id(way)] = way
            if way.passages:
                (((number, later), change),) = way.passages.items()
                off = change(self.gradients[later])
            elif way.nodes:
                ((number, change),) = way.nodes.items()
                gradient = self.gradients[number]
                off = change(gradient) - gradient
            else:
                ((edge, change),) = way.edges.items()
                step = self.tape.steps[edge[0]]
                number, above = step.inputs[edge[1]], self.gradients[step.output]
                off = change(above) - self.tape.local(edge).pull(above)
            self._changes[id(way)] = number, np.ascontiguousarray(off)
        return self._changes[id(way)]

    def tangents(self, name: str) -> list[dict[int, NDArray]]:
        """Return the slope of each value along each of the directions of an array."""
        if name not in self._tangents:
            found = [self.tape.forth({name: each}) for each in self.directions(name)]
            self._tangents[name] = [{k: np.ascontiguousarray(part) for k, part in each.items()} for each in found]
        return self._tangents[name]

    # The same operation in all turns of a loop

    @cached_property
    def same_edges(self) -> list[list[Edge]]:
        """The inputs of steps, those of the same place together; from the last to the first."""
        groups: dict[Any, list[Edge]] = {}
        for k, step in enumerate(self.tape.steps):
            for slot, number in enumerate(step.inputs):
                if step.output in self.gradients and number in self.tape.live:
                    shapes = self.tape.values[number].shape, self.tape.values[step.output].shape
                    groups.setdefault((step.place.key, step.operation, slot, shapes), []).append((k, slot))
        return sorted(groups.values(), key=lambda edges: -edges[-1][0])

    @cached_property
    def same_values(self) -> list[list[int]]:
        """The outputs of steps, those of the same place together; from the last to the first."""
        groups: dict[Any, list[int]] = {}
        for step in self.tape.steps:
            if step.output in self.gradients:
                shape = self.tape.values[step.output].shape
                groups.setdefault((step.place.key, step.operation, shape), []).append(step.output)
        return sorted(groups.values(), key=lambda values: -values[-1])

    @cached_property
    def turns(self) -> list[tuple[int, ...]]:
        """Values turn by turn of a loop: what an operation gives in each, and what it takes."""
        made = [tuple(values) for values in self.same_values if len(values) > 1]
        taken: dict[Any, list[int]] = {}
        for step in self.tape.steps:
            for slot, number in enumerate(step.inputs):
                taken.setdefault((step.place.key, step.operation, slot), []).append(number)
        return list(dict.fromkeys((*made, *(tuple(each) for each in taken.values() if len(set(each)) > 1))))

    def is_repeated(self, step: TapeStep) -> bool:
        """Return whether a step is done in several turns of a loop."""
        return self._n_turns[step.place.key, step.operation] > 1

    @cached_property
    def _n_turns(self) -> Counter[Any]:
        return Counter((step.place.key, step.operation) for step in self.tape.steps)

    def called_at(self, k: int) -> tuple[Any, ...]:
        """Return where a step stands in the innermost of the user's functions, whoever calls that."""
        step = self.tape.steps[k]
        own = (part for n, part in enumerate(step.place.key) if n == 0 or isinstance(part, int))
        return *own, step.operation

    def is_in_loop(self, number: int) -> bool:
        """Return whether a value is made anew in each turn of a loop."""
        return number in self._turned

    @cached_property
    def _turned(self) -> dict[int, tuple[int, int]]:
        """In which of how many turns of a loop a value is made."""
        groups = [values for values in self.same_values if len(values) > 1]
        return {number: (k, len(values)) for values in groups for k, number in enumerate(values)}

    def alike(self, number: int) -> list[int]:
        """Return the values of a shape that may stand where another belongs.

        In a long forward they are those with names, in a loop those of the same turn and of the turns beside it.
        """
        found = (each for each in self._by_shape.get(self.tape.values[number].shape, ()) if each != number)
        named = (each for each in found if not self.is_long or each in self.names)
        return [each for each in named if self._are_near(number, each)]

    def _are_near(self, one: int, other: int) -> bool:
        """Return whether two values are made in turns of a loop that are not far from each other, or in none."""
        if not {one, other} <= self._turned.keys():
            return True
        (i, n), (j, m) = self._turned[one], self._turned[other]
        return abs(i * min(n, m) // n - j * min(n, m) // m) <= 1  # of loops within each other the outer one has fewer

    @property
    def is_long(self) -> bool:
        """Whether forward has so many steps that not everything can be tried."""
        return len(self.tape.steps) > LONG

    @cached_property
    def _by_shape(self) -> dict[tuple[int, ...], list[int]]:
        found: dict[tuple[int, ...], list[int]] = {}
        for number in sorted({number for step in self.tape.steps for number in (*step.inputs, step.output)}):
            found.setdefault(self.tape.values[number].shape, []).append(number)
        return found

    def lone_and_joint(self, groups: list[list[Any]]) -> Iterator[list[Any]]:
        """Yield each group as a whole, then what is in it alone; of many turns the first two and the last two."""
        yield from groups
        for group in groups:
            if len(group) > 1:
                yield from ([each] for each in (group if len(group) <= 4 else (*group[:2], *group[-2:])))

    # In the user's words

    @cached_property
    def names(self) -> dict[int, str]:
        """What values are called in the user's code: arrays by their names, others as they are used first."""
        names = {number: name for name, number in self.tape.arrays.items()}
        for step in self.tape.steps:
            for number, name in zip(step.inputs, step.place.names, strict=True):
                if name and name not in self.tape.arrays:  # a function may call what it gets as another calls an array
                    names.setdefault(number, name)
        for number, k in self.tape.makers.items():
            place = self.tape.steps[k].place
            assigned = re.fullmatch(r"(\w+) = (.*)", place.statement)
            if assigned and place.expression in (assigned[2], place.statement) and assigned[1] not in self.tape.arrays:
                names.setdefault(number, assigned[1])
        return names

    def word(self, number: int) -> str:
        """Return what a value is called, or else what makes it."""
        if number in self.names:
            return self.names[number]
        maker = self.tape.makers.get(number)
        return "a constant" if maker is None else shortened(self.tape.steps[maker].place.expression)

    def where(self, k: int) -> str:
        """Return where a step stands."""
        place = self.tape.steps[k].place
        return f"line {place.line}: {shortened(place.statement, 70)}" if place.line else "in forward"


def _in_all_turns(inside: Inside, ways: list[Way]) -> Iterator[Way]:
    """Yield the ways of which the same is said in several places, those of the turns of a loop, gone in all of them."""
    alike: dict[Any, list[Way]] = {}
    known = {_places(way) for way in ways}
    for way in ways:
        if way.is_single:
            starts = (number for number, _ in way.passages)  # two values may have one name
            made = (inside.called_at(inside.tape.makers[k]) if k in inside.tape.makers else k for k in starts)
            alike.setdefault((way.message, *made), []).append(way)
    for each in alike.values():
        if len(each) > 1:
            whole = each[0].with_places_of(each)
            if whole.n_places == len(each) and _places(whole) not in known:
                yield whole


def _in_all_calls(ways: list[Way]) -> Iterator[Way]:
    """Yield the ways that are gone in several calls of one function of the user's, gone in all of them."""
    alike: dict[Any, list[Way]] = {}
    for way in ways:
        if way.family:
            alike.setdefault(way.family, []).append(way)
    for each in alike.values():
        whole = each[0].with_places_of(each)
        if whole.n_places > max(way.n_places for way in each):
            yield whole


def _places(way: Way) -> tuple[Any, ...]:
    return way.message, frozenset(way.edges), frozenset(way.nodes), frozenset(way.passages)


Search = Callable[[Inside], Iterator[Way]]


def shortened(text: str, most: int = 40) -> str:
    """Return a piece of code that is not too long."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 3] + "..."


def instead(found: NDArray, gradient: NDArray) -> NDArray:
    """Return what takes the place of a gradient, whatever that is."""
    return found
