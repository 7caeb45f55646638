"""ValidationSplit: training examples in two parts, to train on and to compare trials on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkgrad.data import Dataset, Examples
from inkgrad.errors import DataError


@dataclass(frozen=True, eq=False)
class ValidationSplit:
    """Training examples in two parts: those to train on, and those held out for validation."""

    train: Examples
    validation: Examples

    @classmethod
    def out_of(cls, dataset: Dataset, fraction: float, seed: int) -> ValidationSplit:
        """Return the training examples in two parts, at random by `seed`; the test examples stay out of it.

        Raises DataError when there are too few for that.
        """
        n = len(dataset.train)
        n_held = round(fraction * n)
        if n_held < 2 or n_held >= n:
            raise DataError(
                f"validation_fraction = {fraction:g} of {n} training examples holds out {n_held}: "
                "at least 2 are needed, and some to train on"
            )
        order = np.random.default_rng(seed).permutation(n)
        held, rest = np.sort(order[:n_held]), np.sort(order[n_held:])
        x, t = dataset.train.x, dataset.train.t
        return cls(Examples(x[rest], t[rest]), Examples(x[held], t[held]))
