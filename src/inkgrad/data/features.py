"""Features: what a network of points in the plane may be given of them, beside their two coordinates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import SettingError

FEATURES: dict[str, Callable[[NDArray], NDArray]] = {
    "x1": lambda x: x[:, 0],
    "x2": lambda x: x[:, 1],
    "x1x1": lambda x: x[:, 0] ** 2,
    "x2x2": lambda x: x[:, 1] ** 2,
    "x1x2": lambda x: x[:, 0] * x[:, 1],
    "sin1": lambda x: np.sin(2 * np.pi * x[:, 0]),  # one whole wave over the unit square
    "sin2": lambda x: np.sin(2 * np.pi * x[:, 1]),
}
COORDINATES = ("x1", "x2")


def refuse_bad_features(names: object) -> None:
    """Raise SettingError unless these are names of features, at least one and each once."""
    are_known = isinstance(names, Sequence) and all(isinstance(name, str) and name in FEATURES for name in names)
    if not are_known or not names or len(set(names)) < len(names):  # type: ignore[call-overload,arg-type]
        raise SettingError(f"features are one or more of {', '.join(FEATURES)}, each once, got {str(names)[:80]}")


def features(x: NDArray, names: Sequence[str] = COORDINATES) -> NDArray:
    """Return the features of points x (N, 2), one column a name, of the type of x.

    x1 and x2 are the coordinates, x1x1 and x2x2 their squares, x1x2 their product, and sin1 and sin2 are
    sin 2πx1 and sin 2πx2.

    Raises SettingError as refuse_bad_features does.

    >>> features(np.array([[0.25, 2.0]]), ("x2", "x1x1", "sin1"))
    array([[2.    , 0.0625, 1.    ]])
    """
    refuse_bad_features(names)
    return np.stack([FEATURES[name](x) for name in names], axis=1).astype(x.dtype, copy=False)
