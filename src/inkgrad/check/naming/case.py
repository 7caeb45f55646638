"""Case: one wrong gradient, and all that may explain it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.measure.numerical import Numerical, numerical_vjp, outputs_or_nan
from inkgrad.check.measure.subject import Subject
from inkgrad.check.naming.ways import Inside


@dataclass(frozen=True)
class Guess:
    """A kind of mistake, the wrong gradient it predicts, and what to say of it.

    `n_fitted` counts the numbers in it that were fitted to the wrong gradient: it explains any that is
    wrong in no more places.
    """

    kind: Kind
    predicted: NDArray
    message: str
    evidence: dict[str, Any] = field(default_factory=dict)
    n_fitted: int = 0


@dataclass(frozen=True)
class Case:
    """The gradient `a` of the array `name` by backward, which is not `n`, the numerical one.

    `numericals` has the numerical gradients of all arrays of the subject; `settings` are numbers
    from which mistakes are made, such as a dropout's 1 - rate, with what to call them; `inside` is forward taken
    apart, if it can be.
    """

    subject: Subject
    name: str
    a: NDArray
    numericals: Mapping[str, Numerical]
    y: NDArray
    dy: NDArray
    settings: Mapping[str, float] = field(default_factory=dict)
    inside: Inside | None = None

    @property
    def n(self) -> NDArray:
        """The numerical gradient, inside a kink the value nearest to backward's."""
        found = self.numericals[self.name]
        return np.clip(self.a, found.low, found.high)

    @property
    def bar(self) -> NDArray:
        """The error bar of each entry of `n`."""
        return self.numericals[self.name].bar

    @property
    def z(self) -> NDArray:
        """The array itself."""
        return self.subject.arrays[self.name]

    @cached_property
    def tolerance(self) -> float:
        """How far apart, as a part of their length, two gradients may be and still be the same."""
        return max(2e-6, 50 * self.subject.eps)

    def same(self, a: NDArray, b: NDArray) -> bool:
        """Return whether two gradients are equal to within the error bars."""
        if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
            return False
        size = max(np.linalg.norm(a), np.linalg.norm(b))
        blur = 3 * np.linalg.norm(self.bar) if self.bar.shape == a.shape else 0.0
        return bool(np.linalg.norm(a - b) <= self.tolerance * size + blur)

    @cached_property
    def n_wrong(self) -> int:
        """How many entries are wrong."""
        return int(np.count_nonzero(np.abs(self.a - self.n) > self.bar))

    def explains(self, predicted: NDArray, n_fitted: int = 0) -> bool:
        """Return whether a prediction is what backward said, and far better than the right gradient is.

        One with numbers fitted to it must fit more wrong entries than those.
        """
        if n_fitted and n_fitted >= self.n_wrong:
            return False
        if not self.same(predicted, self.a):
            return False
        off = np.linalg.norm(self.a - self.n)
        return bool(np.linalg.norm(predicted - self.a) <= 0.1 * off)

    @property
    def is_input(self) -> bool:
        """Whether this is dx, not the gradient of a parameter."""
        return self.name == self.subject.main

    @property
    def inputs(self) -> NDArray | None:
        """The array that stands for x, or None where none does."""
        return self.subject.arrays[self.subject.main] if self.subject.main else None

    @property
    def parameters(self) -> dict[str, NDArray]:
        """The arrays that do not stand for x."""
        return {name: array for name, array in self.subject.arrays.items() if name != self.subject.main}

    @property
    def jacobian(self) -> NDArray | None:
        """J_oi = dy_o / dz_i of this array, or None where it is too large."""
        return self.numericals[self.name].jacobian

    @cached_property
    def flow(self) -> NDArray | None:
        """What the dy of each output adds to each entry, (outputs, entries), 0 where it is but rounding; or None."""
        j = self.jacobian
        if j is None or not j.size or not np.isfinite(j).all():
            return None
        slopes = np.where(np.abs(j) > 1e-9 * np.abs(j).max(), j, 0)
        return np.asarray(self.dy.reshape(-1, 1) * slopes)

    @cached_property
    def slopes(self) -> NDArray | None:
        """The diagonal of J, shaped like x, if y has the shape of x; else None."""
        j = self.jacobian
        if j is None or not self.is_input or self.y.shape != self.z.shape:
            return None
        return np.diag(j).reshape(self.z.shape)

    @cached_property
    def is_elementwise(self) -> bool:
        """Whether each output depends on its own input alone."""
        j = self.jacobian
        if self.slopes is None or j is None:
            return False
        return bool(np.abs(j - np.diag(np.diag(j))).max(initial=0) <= 1e-7 * np.abs(j).max(initial=0))

    @cached_property
    def per_example(self) -> NDArray | None:
        """What each example of the batch adds to the gradient, (N, *shape); None if that is unknown."""
        j = self.jacobian
        if j is None or self.y.ndim < 2:
            return None
        n = self.y.shape[0]
        parts = np.einsum("nop,no->np", j.reshape(n, -1, self.z.size), self.dy.reshape(n, -1))
        return parts.reshape(n, *self.z.shape)

    @cached_property
    def without_dy(self) -> NDArray:
        """What backward gives for dy = 0."""
        return self.gradient_for(np.zeros_like(self.dy))

    def gradient_for(self, dy: NDArray) -> NDArray:
        """Return what backward gives for another dy."""
        found = self.subject.backward(self.subject.copies(), dy.copy(), 0.0)
        return np.asarray(found[self.name], np.float64)

    def counterfactual(self, **changed: NDArray) -> NDArray | None:
        """Return the numerical gradient as it were with other arrays; None where that cannot be evaluated."""
        return self._of_other(changed, lambda subject, y: True)

    def possible_counterfactual(self, **changed: NDArray) -> NDArray | None:
        """Return the counterfactual; None also where one look shows that backward's gradient is not that."""
        return self._of_other(changed, self._may_be)

    def _of_other(self, changed: dict[str, NDArray], is_wanted: Callable[[Subject, NDArray], bool]) -> NDArray | None:
        arrays = self.subject.copies() | changed
        subject = Subject(self.subject.name, arrays, self.subject.forward, self.subject.backward)
        try:
            with np.errstate(all="ignore"):
                y = np.asarray(subject.forward(subject.copies()))
                if y.shape != self.dy.shape or not np.isfinite(y).all() or not is_wanted(subject, y):
                    return None
                return numerical_vjp(subject, self.name, self.dy, y).value
        except (ValueError, IndexError, ArithmeticError):  # such arrays do not fit this function
            return None

    def _may_be(self, subject: Subject, y: NDArray) -> bool:
        """Whether backward's gradient may be that of another subject: their slopes in one direction are close.

        Both ways along a direction of +1 and -1 two gradients that differ by d have slopes that differ by about |d|.
        At a kink the slope in a direction is not the sum of those of the entries, so there anything may be.
        """
        found = self.numericals[self.name]
        if (found.high - found.low > found.bar).any():
            return True
        v = np.random.default_rng(0).choice([-1.0, 1.0], self.z.shape)
        z = subject.arrays[self.name].astype(np.float64)
        step = self.subject.eps ** (1 / 3) * min(float(np.sqrt(np.mean(z * z))) or 1.0, 1.0)
        dy = self.dy.reshape(-1).astype(np.float64)
        before, after = (
            outputs_or_nan(subject, subject.copies() | {self.name: (z + d * v).astype(self.z.dtype)}, y.reshape(-1))
            for d in (-step, step)
        )
        slope = dy @ (after - before) / (2 * step)
        off, off_right = (abs(float(slope - (each * v).sum())) for each in (self.a, self.n))
        curved, blur = self.subject.eps ** (2 / 3), 3 * np.linalg.norm(self.bar)
        close = ((0.01 + 10 * curved) * np.linalg.norm(self.a) + blur) * np.sqrt(v.size)
        sharp = (100 * curved * np.linalg.norm(self.a) + blur) * np.sqrt(v.size)
        is_right = off > sharp and off_right < 0.1 * off  # as of a linear function, whose gradient is the same there
        return not (off > close or is_right)  # what is not finite is looked at entry by entry


Mechanism = Callable[[Case], Iterator[Guess]]
