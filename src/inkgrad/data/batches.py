"""Batches: one epoch of examples in a new order."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inkgrad.arrays import Array
from inkgrad.data.examples import Examples, as_inputs
from inkgrad.errors import SettingError


def batches(
    examples: Examples,
    batch_size: int,
    rng: np.random.Generator,
    skip: int = 0,
    dtype: type | None = np.float32,
) -> Iterator[tuple[Array, Array]]:
    """Yield (x, t) for each batch of one epoch, leaving out the first `skip` batches.

    The examples are shuffled, not the batches: otherwise the same ones would stand together
    for ever.  The last batch is smaller when batch_size does not divide their number.  Inputs come
    as `dtype`, as as_inputs makes them; with None as they are.

    Raises SettingError for a batch size below 1.
    """
    if batch_size < 1:
        raise SettingError(f"a batch holds at least 1 example, got a batch size of {batch_size}")
    order = rng.permutation(len(examples))
    for start in range(skip * batch_size, len(order), batch_size):
        chosen = order[start : start + batch_size]
        x = examples.x.take(chosen, axis=0)
        yield x if dtype is None else as_inputs(x, dtype), examples.t[chosen]
