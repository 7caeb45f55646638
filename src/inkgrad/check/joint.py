"""Joint: all arrays of a subject judged together, along random directions, in some 20 evaluations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.finding import Finding
from inkgrad.check.kind import Kind
from inkgrad.check.measure.directions import DIRECTION_LIMITS, Disagreement, Point, Rates, product, shaken
from inkgrad.check.measure.purity import (
    examine_finiteness,
    examine_forward,
    examine_writing,
    misshapen,
    mutated,
    refuse_misshapen,
)
from inkgrad.check.measure.slopes import Slope
from inkgrad.check.measure.streams import stream
from inkgrad.check.measure.subject import Arrays, Subject
from inkgrad.check.verdict import NOTHING, ArrayVerdict, Strictness


@dataclass(frozen=True)
class JointLimits:
    """How arrays are judged along directions.

    times    by which the second dy is larger: a power of 2, which changes no rounding
    n_together  directions through all arrays, at most
    n_alone  directions through an array alone, where the one through all does not tell
    """

    times: float = -128.0
    n_together: int = 3
    n_alone: int = 4


JOINT_LIMITS = JointLimits()


@dataclass(frozen=True)
class Asked:
    """What was found along one direction: a disagreement for each dy, and what backward said to each.

    `n_kinks` counts the outputs that have no slope, but two.
    """

    disagreements: tuple[Disagreement, ...]
    rates: tuple[Rates, ...]
    n_kinks: int = 0

    @property
    def is_wrong(self) -> bool:
        """Whether backward and the slopes disagree for any dy."""
        return any(each.is_wrong for each in self.disagreements)

    @property
    def is_blurred(self) -> bool:
        """Whether there is more than one slope for some dy, or none."""
        return any(each.is_kinked or not each.is_known for each in self.disagreements)

    def sharpness(self, name: str, usual: float) -> float:
        """Return the smallest error bar of any dy, as a part of the gradient of an array; inf at a kink."""
        if self.is_blurred:
            return np.inf
        parts = []
        for d, r in zip(self.disagreements, self.rates, strict=True):
            size, ordinary = r.sizes[name], usual * r.scale
            is_zero = size < d.bar < NOTHING * ordinary  # so that beside others it is nothing
            parts.append(d.bar / (ordinary if is_zero else size or ordinary))
        return min(parts)


def least_seen(asked: Sequence[Asked], name: str, usual: float) -> float:
    """Return the smallest error of an array that would have been seen along some direction, as a part of its gradient.

    Whatever the error is, all directions miss it with at most the probability DIRECTION_LIMITS.p_miss.
    """
    sharp = [each.sharpness(name, usual) for each in asked]
    sharp = [each for each in sharp if np.isfinite(each)]
    if not sharp:
        return np.inf
    return float(sqrt(2 / pi) * (np.prod(sharp) / DIRECTION_LIMITS.p_miss) ** (1 / len(sharp)))


SAME_AGAIN = 1e-9  # of a gradient: by less a deep model's sums differ where its memory lies otherwise from call to call


class Joint:
    """A subject at a point with two dy of different sizes, to be asked along directions.

    What backward does wrong beside its numbers is seen on the way: `findings`.
    """

    def __init__(self, subject: Subject, y: NDArray, seed: int, noise: NDArray | float = 0.0) -> None:
        self.subject, self.y, self.seed, self.noise = subject, y, seed, noise
        self.point = Point(subject, y, noise)
        self.rng = stream(seed, "directions")
        self.findings = self._about_forward()
        self.dys = self._some_dys(y)
        self.together = Asked((), (Rates(self.dys[0], {}, {}),)) if self.findings else self._all_together()
        sizes = (size for rates in self.together.rates[:1] for size in rates.sizes.values())
        self.usual = max(sizes, default=0.0) / self.together.rates[0].scale or 1.0

    @property
    def is_wrong(self) -> bool:
        """Whether backward and the slopes disagree along the direction through all arrays."""
        return not self.findings and self.together.is_wrong

    def direction(self, names: Iterable[str]) -> Arrays:
        """Return a random direction through some arrays."""
        return self.point.direction(self.rng, names)

    def _about_forward(self) -> tuple[Finding, ...]:
        """Return what forward does beside giving y; where y was known before, its adapter has seen to that."""
        is_known = self.subject.y is not None
        return () if is_known or self._is_large else tuple(examine_forward(self.subject, self.y))

    @property
    def _is_large(self) -> bool:
        return sum(array.size for array in self.subject.arrays.values()) > DIRECTION_LIMITS.large

    def _some_dys(self, y: NDArray) -> tuple[NDArray, ...]:
        """Return a random dy, the same in another size and sign, of which backward should say as much more; a third.

        Each direction is asked with two: the first with the first two, all others with the first and the last.
        """
        if self.subject.only_dy is not None:
            return (self.subject.only_dy,)
        dy, other = self.rng.standard_normal((2, *y.shape)) if y.ndim else np.array([1.0, 1.7])
        return tuple(np.asarray(each).astype(y.dtype) for each in (dy, *(JOINT_LIMITS.times * np.array([dy, other]))))

    def ask(self, directions: Sequence[Arrays]) -> list[Asked]:
        """Return what is found along each of some directions; backward is called once for each dy."""
        if not directions:
            return []
        rates: list[list[Rates]] = [[] for _ in directions]
        for dy in self.dys[::2]:
            gradients = self._gradients(dy)
            for found, v in zip(rates, directions, strict=True):
                found.append(self.point.rates(gradients, dy, v))
            del gradients  # they may be as large as the model
        return [self._compared(self.point.slopes(v), tuple(each)) for v, each in zip(directions, rates, strict=True)]

    def _compared(self, slopes: Slope, rates: tuple[Rates, ...]) -> Asked:
        disagreements = tuple(self.point.disagreement(slopes, each) for each in rates)
        return Asked(disagreements, rates, int(slopes.broken.sum()))

    def _all_together(self) -> Asked:
        """Return what is found along a direction through all arrays; see to it that backward keeps its manners."""
        v = self.direction(self.subject.arrays)
        slopes = self.point.slopes(v)  # before backward leaves its gradients about
        rates = [self._first_rates(v)]
        if self.findings:
            return Asked((), tuple(rates))
        rates += [self._rates(dy, v, start=1.0) for dy in self.dys[1:2]]
        again, times = (rates[1], JOINT_LIMITS.times) if rates[1:] else (self._rates(self.dys[0], v, start=1.0), 1.0)
        if self._differing(rates[0], again, times):  # random, added to what was there, or not linear in dy?
            self.findings = self._not_the_same(rates[0], self._rates(self.dys[0], v)) or self._not_written()
        return self._compared(slopes, tuple(rates)) if not self.findings else Asked((), tuple(rates))

    def _rates(self, dy: NDArray, v: Arrays, start: float = 0.0) -> Rates:
        return self.point.rates(self._gradients(dy, start), dy, v)

    def _gradients(self, dy: NDArray, start: float = 0.0) -> Arrays:
        return refuse_misshapen(self.subject, self.subject.backward(dict(self.subject.arrays), dy.copy(), start))

    def _first_rates(self, v: Arrays) -> Rates:
        """Call backward for the first time, on copies, unless these were too large."""
        subject, dy, spare = self.subject, self.dys[0], self.dys[0].copy()
        is_large = self._is_large
        arrays = dict(subject.arrays) if is_large else subject.copies()
        before = {name: _trace_of(array) for name, array in arrays.items()} if is_large else {}
        gradients = subject.backward(arrays, spare, 0.0)
        wrong = misshapen(subject, gradients)
        if wrong:
            self.findings = tuple(wrong)
            return Rates(dy, {}, {})
        first = next(iter(arrays))
        is_changed = {
            name: not same(before[name], _trace_of(array)) if is_large else not same(array, subject.arrays[name])
            for name, array in arrays.items()
        }
        found = [mutated("backward", name) for name in is_changed if is_changed[name]]
        if not same(spare, dy):
            found.append(mutated("backward", "dy", first))
        self.findings = (*found, *examine_finiteness(gradients))
        return self.point.rates(gradients, dy, v)

    def _not_the_same(self, first: Rates, again: Rates) -> tuple[Finding, ...]:
        message = "d{} differs when backward is called again with the same numbers: draw once, in forward"
        return tuple(Finding("", name, Kind.random, (), message.format(name)) for name in self._differing(first, again))

    def _not_written(self) -> tuple[Finding, ...]:
        return tuple(examine_writing(self.subject, self.dys[0], self._gradients(self.dys[0])))

    def _differing(self, first: Rates, again: Rates, times: float = 1.0) -> list[str]:
        """Return the arrays of which backward does not say so many times the same."""
        room = max(1e3 * self.subject.eps, SAME_AGAIN) * abs(times)
        return [
            name
            for name, size in first.sizes.items()
            if abs(times * first.rates[name] - again.rates[name]) > room * size
            or abs(abs(times) * size - again.sizes[name]) > room * size
        ]


def _trace_of(array: NDArray) -> float:
    """Return a number that another order of the array's numbers would change too, without a copy of it."""
    flat = array.reshape(-1)
    return product(flat[1:], flat[:-1]) + float(flat[-1:].sum())


def same(a: NDArray | float, b: NDArray | float) -> bool:
    """Return whether two arrays are equal, NaN and all."""
    return np.array_equal(a, b, equal_nan=True)


def joint_of(subject: Subject, y: NDArray, seed: int, noise: NDArray | float = 0.0) -> Joint:
    """Return a subject as asked along a first direction; from a point near by where the point itself is a kink.

    Where kinks of several parts meet, the chain rule may give a slope that is none of the whole, as for
    relu(x) - relu(-x) at 0.  No point near by is like that, while a mistake stays.
    """
    joint = Joint(subject, y, seed, noise)
    is_kinked = joint.together.is_blurred or (joint.together.is_wrong and joint.together.n_kinks)
    return beside(joint) if is_kinked and not joint.findings else joint


def beside(joint: Joint) -> Joint:
    """Return a subject as asked at a point near by; where that is not in its domain, as it was asked."""
    moved = shaken(joint.subject, joint.seed)
    y = np.asarray(moved.forward(moved.copies()))
    is_there = y.shape == joint.y.shape and np.isfinite(y).all()
    return Joint(moved, y, joint.seed, joint.noise) if is_there else joint


def verdicts(
    joint: Joint,
    layer: str,
    strictness: Strictness,
    reference: str,
    only_together: bool = False,
    is_beside: bool = False,
) -> tuple[ArrayVerdict, ...]:
    """Return the verdict on each array: by the direction through all, or, where that does not tell, by its own.

    With `only_together` no further direction is asked; `is_beside` says that the point is near one with kinks.
    """
    names, together = list(joint.subject.arrays), [joint.together]
    if only_together:
        return tuple(_verdict(joint, name, together, layer, strictness, reference) for name in names)

    def untold() -> list[str]:
        if any(each.is_wrong or each.is_blurred for each in together):
            return names
        return [name for name in names if not least_seen(together, name, joint.usual) <= strictness.sensitivity]

    while len(together) < JOINT_LIMITS.n_together and len(untold()) > 0 and not together[-1].is_wrong:
        together += joint.ask([joint.direction(names)])
    asked = dict.fromkeys(names, together)
    for name in untold():
        asked[name] = joint.ask([joint.direction([name]) for _ in range(JOINT_LIMITS.n_alone)])
    at_kink = any(each.is_blurred or (each.is_wrong and each.n_kinks) for found in asked.values() for each in found)
    if at_kink and not is_beside and (moved := beside(joint)) is not joint:  # the chain rule gives no slope there
        return verdicts(moved, layer, strictness, reference, is_beside=True)
    return tuple(_verdict(joint, name, asked[name], layer, strictness, reference) for name in names)


def _verdict(
    joint: Joint, name: str, asked: list[Asked], layer: str, strictness: Strictness, reference: str
) -> ArrayVerdict:
    error = _error(asked, joint.usual) if any(each.is_wrong for each in asked) else 0.0
    least, size = least_seen(asked, name, joint.usual), joint.subject.arrays[name].size
    return ArrayVerdict(layer, name, size, strictness.verdict(error, 0.0, least), error, least, reference)


def _error(asked: list[Asked], usual: float) -> float:
    """Return how far a gradient is off, as a part of what the slopes say; `usual` is the size of one that is 0."""
    found = [(d, r.scale) for each in asked for d, r in zip(each.disagreements, each.rates, strict=True)]
    off, rate = (float(np.linalg.norm(each)) for each in zip(*((d.off / s, d.rate / s) for d, s in found), strict=True))
    return off / (rate or usual * sqrt(len(found)))
