"""The compiled kernels, where there are any: an install without a C++ compiler has none."""

from __future__ import annotations

from typing import Any

import numpy as np

TYPES = np.dtype(np.float32), np.dtype(np.float64)  # that the kernels reckon in
BYTES = np.dtype(np.uint8)

kernels: Any
try:
    from inkgrad.fast import _kernels as kernels  # type: ignore[attr-defined,no-redef]
except ImportError as error:
    if error.name not in ("inkgrad.fast", "inkgrad.fast._kernels"):
        raise
    kernels = None


def instruction_set() -> str | None:
    """Return what the kernels use of this machine: "avx512", "avx2" or "baseline"; None without kernels."""
    return None if kernels is None else str(kernels.instruction_set())
