"""Awkward points: zeros, ties, borders, large numbers and repeated indices, where many mistakes show alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.measure.streams import stream
from inkgrad.check.measure.subject import Subject

LARGE = 30.0  # times what was given: where exp overflows in float16, and sigmoids are flat


def awkward_points(subject: Subject, seed: int) -> Iterator[tuple[str, Subject]]:
    """Yield a subject at awkward points, each with the words for where that is."""
    rng = stream(seed, "awkward")

    def halved(a: NDArray) -> NDArray:
        return np.where(rng.random(a.shape) < 0.5, a, 0)

    def tied(a: NDArray) -> NDArray:
        return rng.choice(a.reshape(-1)[:3], a.shape) if a.size else a

    moves: dict[str, Callable[[NDArray], NDArray]] = {
        "where some numbers are 0": halved,
        "where some numbers are equal": tied,
        "at whole numbers": np.rint,
        "at large numbers": lambda a: LARGE * a,
    }
    for words, move in moves.items():
        arrays = {name: np.asarray(move(a), a.dtype) for name, a in subject.arrays.items()}
        precise = subject.precise and subject.precise.at(
            {name: arrays[name].astype(a.dtype) for name, a in subject.precise.arrays.items()}
        )
        yield words, replace(subject.at(arrays), precise=precise, parts=None)


def with_repeats(inputs: Sequence[Any]) -> tuple[Any, ...] | None:
    """Return inputs whose whole numbers, such as indices and labels, repeat; None where there are none."""
    if not isinstance(inputs, tuple | list):  # one array alone, which has slopes
        return None
    found = tuple(map(_repeated, inputs))
    return found if any(a is not b for a, b in zip(found, inputs, strict=True)) else None


def _repeated(array: Any) -> Any:
    """Return an array or a tensor whose second half is its first again, if it holds several whole numbers."""
    if "int" not in str(getattr(array, "dtype", "")) or not array.ndim or len(flat := array.reshape(-1)) < 2:
        return array
    n = len(flat)
    index = np.arange(n) % ((n + 1) // 2)
    return flat[index].reshape(array.shape)
