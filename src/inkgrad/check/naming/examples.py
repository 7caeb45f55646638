"""Only some of the batch counted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inkgrad.check.naming.case import Case, Guess


def weighted(case: Case) -> Iterator[Guess]:
    """Each example counts with a weight of its own, where all should count once."""
    parts = case.per_example
    if case.is_input or parts is None or len(parts) < 2 or case.n.size < 2:
        return
    columns = parts.reshape(len(parts), -1).T
    weights, _, rank, _ = np.linalg.lstsq(columns, case.a.ravel(), rcond=None)
    if rank < len(parts) or np.ptp(weights) < 1e-3 or columns.shape[0] <= len(parts):
        return
    if len(np.unique(weights.round(4))) > 2:  # a mistake leaves some out, or doubles some
        return
    predicted = (columns @ weights).reshape(case.n.shape)
    shown = np.array2string(weights.round(4) + 0.0, max_line_width=200)
    message = f"the examples of the batch count {shown} times in d{case.name}, where each should count once: = for +=?"
    yield Guess("one-example", predicted, message, {"weights": weights})


def one_each(case: Case) -> Iterator[Guess]:
    """Each entry holds what the first, or the last, example that touches it adds."""
    parts = case.per_example
    if case.is_input or parts is None or len(parts) < 2:
        return
    touched = np.abs(parts) > case.bar
    last = len(parts) - 1 - np.argmax(touched[::-1], axis=0)
    for which, index in (("first", np.argmax(touched, axis=0)), ("last", last)):
        predicted = np.take_along_axis(parts, index[np.newaxis], axis=0)[0]
        message = f"d{case.name} holds the part of the {which} example alone, not the sum over the batch: = for +=?"
        yield Guess("one-example", predicted, message, {"example": which})
