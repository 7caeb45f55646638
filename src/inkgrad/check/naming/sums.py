"""A gradient summed over an axis too many, or too few, whether its shape shows it or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations, permutations

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.finding import Finding
from inkgrad.check.kind import Kind
from inkgrad.check.measure.numerical import Numerical
from inkgrad.check.naming.case import Case, Guess

MOST_AXES = 4  # of which all choices are tried


def summed_too_far(case: Case) -> Iterator[Guess]:
    """The sum over some axes of the gradient, in the place of each of its numbers along them."""
    for axes in _choices([k for k, n in enumerate(case.n.shape) if n > 1]):
        over = _over(axes)
        for how, total in (
            ("summed", case.n.sum(axis=axes, keepdims=True)),
            ("averaged", case.n.mean(axes, keepdims=True)),
        ):
            message = f"d{case.name} is {how} over {over} of {case.name}, which is an axis too many"
            yield Guess(Kind.summed_too_far, np.broadcast_to(total, case.n.shape), message, {"axes": axes})


def _over(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {' and '.join(map(str, axes))}"


def _choices(axes: list[int]) -> Iterator[tuple[int, ...]]:
    """Yield some of the axes: one, two and so on."""
    return chain.from_iterable(combinations(axes[:MOST_AXES], n) for n in range(1, min(len(axes), MOST_AXES) + 1))


def named_by_shape(finding: Finding, gradient: NDArray, right: Numerical) -> Finding:
    """Return a finding about a gradient of a wrong shape, with a name where its numbers show where they come from."""
    name, n = finding.array, right.value
    room = 1e-5 * np.abs(n).max(initial=0) + 3 * right.bar.max(initial=0)

    def same(a: NDArray, b: NDArray) -> bool:
        return a.size == b.size and bool(np.abs(a.ravel() - b.ravel()).max(initial=0) <= room)  # NaN is not

    if not n.size or not np.abs(n).max() > room:
        return finding
    for axes in _choices(list(range(gradient.ndim))):
        if _filled(gradient.sum(axis=axes).shape) == _filled(n.shape) and same(gradient.sum(axis=axes), n):
            return _told(
                finding, Kind.not_summed, f"summed over {_over(axes)} it is right: {name} is broadcast over that"
            )
    for axes in _choices(list(range(n.ndim))):
        if _filled(n.sum(axis=axes).shape) == _filled(gradient.shape) and same(n.sum(axis=axes), gradient):
            return _told(finding, Kind.summed_too_far, f"it is the right one summed over {_over(axes)} of {name}")
    for order in permutations(range(n.ndim)) if n.ndim <= MOST_AXES else ():
        if n.transpose(order).shape == gradient.shape and same(n.transpose(order), gradient):
            return _told(finding, Kind.transposed, "it is the transpose of the right one")
    return _told(finding, finding.kind, "its numbers are right: reshape it") if same(gradient, n) else finding


def _filled(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n > 1)


def _told(finding: Finding, kind: Kind, words: str) -> Finding:
    return replace(finding, kind=kind, message=f"{finding.message}; {words}")
