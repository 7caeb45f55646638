"""Streams: the random numbers of a check, which no array that a user drew from the same seed holds too."""

from __future__ import annotations

import numpy as np


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return random numbers for one purpose.

    A dy that is equal to x, as default_rng(seed) would give where x came of it too, hides whatever is a multiple of x.
    """
    return np.random.default_rng([seed, *purpose.encode()])
