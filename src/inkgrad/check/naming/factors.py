"""What a factor may come from: the sizes of the problem, and numbers that the user's code holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod, sqrt

from inkgrad.check.naming.case import Case

MOST_NAMES = 2  # of one factor: more are no help


def factor_names(case: Case, c: float) -> list[str]:
    """Return what the factor c may come from: the sizes of the problem are distinct primes in a good check.

    What is simple is believed first: a number that is known by name or a size, then what is made of several sizes.
    """
    for candidates, room in (
        ({**_sizes(case), **case.settings}, 1e-4),
        (_of_known(case.settings), 10 * case.tolerance),
        (_of_rows(case), 10 * case.tolerance),
        (dict(_of_shapes(case)), 10 * case.tolerance),
    ):
        for sign, factor in (("", c), ("-", -c)):
            found = [f"{sign}{name}" for name, value in candidates.items() if abs(factor - value) <= room * abs(value)]
            if found:
                return found[:MOST_NAMES]
    return []


def _sizes(case: Case) -> dict[str, float]:
    inputs = case.z if case.inputs is None else case.inputs
    outputs = case.y if case.y.ndim else inputs  # a cost has one output; its y is its input
    n = outputs.shape[0] if outputs.ndim else 1
    n_out = outputs.shape[-1] if outputs.ndim > 1 else None
    n_in = inputs.shape[-1] if inputs.ndim > 1 else None
    places = prod(outputs.shape[1:-1]) if outputs.ndim > 2 else None
    candidates = {"2": 2.0, "½": 0.5}
    for size, words in (
        (n, "the batch size" if outputs.ndim > 1 or case.y.ndim else f"the size of {case.name}"),
        (n_in, "the number of inputs"),
        (n_out, "the number of outputs"),
        (places, "the number of places"),
    ):
        if size is not None and size > 1:
            candidates |= {words: float(size), f"1 / {words}": 1 / size}
    return candidates


def _of_known(settings: Mapping[str, float]) -> dict[str, float]:
    """Return what is made of numbers that are known by name."""
    found: dict[str, float] = {}
    for name, value in settings.items():
        if value in (0, 1, -1) or name.startswith("1 / "):
            continue
        short = f"({name})" if " " in name else name
        found[f"1 / {short}"] = 1 / value
        if value != round(value):  # the square of a whole number is many other things too
            found[f"{short}²"] = value**2
        if value > 0:
            found |= {f"√{short}": sqrt(value), f"1 / √{short}": 1 / sqrt(value)}
    return found


def _of_rows(case: Case) -> dict[str, float]:
    """Return what comes from rows that do not count, as their gradient is 0."""
    if case.n.ndim < 2:
        return {}
    rows = (case.n != 0).any(axis=tuple(range(1, case.n.ndim)))
    kept, n = int(rows.sum()), len(rows)
    if not 1 < kept < n:
        return {}
    share = "the share of rows that have a gradient"
    return {share: kept / n, f"1 / {share}": n / kept, f"the {kept} rows that have a gradient": kept} | {
        f"1 / the {kept} rows that have a gradient": 1 / kept
    }


def _of_shapes(case: Case) -> Iterator[tuple[str, float]]:
    """Yield what is made of the sizes of the arrays: of several axes that follow each other, of their roots."""
    arrays = {} if case.subject.outputs or not case.y.ndim else {"y": case.y}
    arrays |= {case.name: case.z, **case.subject.arrays}
    seen: set[float] = set()
    for name, array in arrays.items():
        for first in range(array.ndim):
            for last in range(first, array.ndim):
                size = prod(array.shape[first : last + 1])
                if size > 1 and size not in seen:
                    seen.add(size)
                    yield from _of_size(size, _called(name, array.ndim, first, last))


def _called(name: str, ndim: int, first: int, last: int) -> str:
    if last - first + 1 == ndim:
        return f"the size of {name}"
    if first == last:
        return f"the size of axis {first} of {name}"
    return f"the size of axes {first} to {last} of {name} together"


def _of_size(size: int, words: str) -> Iterator[tuple[str, float]]:
    yield from (
        (words, float(size)),
        (f"1 / {words}", 1 / size),
        (f"√ of {words}", sqrt(size)),
        (f"1 / √ of {words}", 1 / sqrt(size)),
        (f"N / (N - 1), N being {words}", size / (size - 1)),
        (f"(N - 1) / N, N being {words}", (size - 1) / size),
    )
