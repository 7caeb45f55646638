"""Examples held out of the training, to tell when to stop."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import train_test_split

from inkgrad.errors import DataError
from inkgrad.interop.sklearn.example_rows import Rows

FEWEST = 2  # examples that a score can be made of


def split(rows: Rows, fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Return the rows to train on and those held out, a `fraction` of them; of each class, where t are class numbers.

    Raises DataError when there are too few for that.
    """
    classes = rows.t if rows.t.ndim == 1 else None
    try:
        train, held = train_test_split(np.arange(len(rows)), test_size=fraction, random_state=seed, stratify=classes)
    except ValueError as error:
        raise DataError(f"early_stopping cannot hold out examples for validation: {error}") from None
    if len(held) < FEWEST:
        raise DataError(
            f"early_stopping holds out {fraction:g} of {len(rows)} examples, which are {len(held)}: "
            f"make validation_fraction larger, for at least {FEWEST}"
        )
    return rows.take(train), rows.take(held)
