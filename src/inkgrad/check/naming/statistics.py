"""Normalisation whose mean or variance was taken for a constant."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from inkgrad.check.kind import Kind
from inkgrad.check.naming.case import Case, Guess


def constants(case: Case) -> Iterator[Guess]:
    """dx of a normalisation is c (q - mean q - h mean(q h)), with h the normalised x and q = dy gamma.

    The second term comes from the mean, the third from the variance, over all but the last axis, as
    in batch normalisation, over the last, or over groups of channels.  Each term is fitted on its own.
    """
    if not case.is_input or case.y.shape != case.z.shape or case.z.ndim < 2 or case.is_elementwise:
        return
    gamma = next(
        (array for array in case.parameters.values() if array.shape == case.z.shape[-1:]), None
    )  # follows the normalisation
    for shape, axis in _ways(case.z.shape):
        x, q = case.z.reshape(shape), (case.dy if gamma is None else case.dy * gamma).reshape(shape)
        if q.size < 12:
            continue  # three terms would fit anything so small
        spread = x.std(axis=axis, keepdims=True)
        if not spread.all():
            continue
        h = (x - x.mean(axis=axis, keepdims=True)) / spread
        terms = [
            q / spread,
            np.broadcast_to(q.mean(axis=axis, keepdims=True), q.shape) / spread,
            h * (q * h).mean(axis=axis, keepdims=True) / spread,
        ]
        columns = np.stack([term.ravel() for term in terms], axis=1)
        right = np.linalg.lstsq(columns, case.n.ravel(), rcond=None)[0]
        found = np.linalg.lstsq(columns, case.a.ravel(), rcond=None)[0]
        if np.linalg.norm(columns @ right - case.n.ravel()) > 1e-3 * np.linalg.norm(case.n):
            continue  # not a normalisation along this axis
        if np.allclose(found, right, atol=1e-3):
            continue  # what is wrong is none of the three
        lost = [words for k, words in ((1, "the mean"), (2, "the variance")) if abs(found[k]) < 1e-2 < abs(right[k])]
        if not lost:
            kind, message = (
                Kind.wrong_formula,
                f"the terms of d{case.name} count {np.round(found, 4)}, not {np.round(right, 4)}",
            )
        else:
            kind, message = (
                Kind.statistics_constant,
                f"{' and '.join(lost)} {'are' if len(lost) > 1 else 'is'} treated as constant, though each {case.name} "
                f"moves {'them' if len(lost) > 1 else 'it'} too",
            )
        predicted = (columns @ found).reshape(case.z.shape)
        # the exact gradient holds an epsilon in the variance that the terms here do not
        blur = np.linalg.norm(columns @ right - case.n.ravel()) + np.linalg.norm(case.bar)
        if np.linalg.norm(predicted - case.a) <= 10 * blur + case.tolerance * np.linalg.norm(case.a):
            yield Guess(kind, case.a, message, {"terms": found, "right": right})


def _ways(shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield how x may be seen, and the axes over which it may be normalised then."""
    last = len(shape) - 1
    yield shape, tuple(range(last))
    yield shape, (last,)
    if last > 1:
        for n_groups in (n for n in range(1, shape[-1] + 1) if shape[-1] % n == 0):
            yield (shape[0], prod(shape[1:-1]), n_groups, shape[-1] // n_groups), (1, 3)
