"""The compiled kernels, where there are any: an install without a C++ compiler has none."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

TYPES = np.dtype(np.float32), np.dtype(np.float64)  # that the kernels reckon in


def load_kernels(instructions: str | None = None) -> Any:
    """Return the module of kernels for an instruction set, the best of this machine unless one is named.

    None where no kernels are installed.

    Raises ValueError for instructions that this machine lacks.
    """
    try:
        baseline = import_module("inkgrad.fast._kernels_baseline")
    except ModuleNotFoundError as error:
        if error.name != "inkgrad.fast._kernels_baseline":
            raise
        return None
    can = baseline.instruction_sets()
    if instructions is not None and instructions not in can:
        raise ValueError(f"there is no such instruction set on this machine: it has {', '.join(can)}")
    return import_module(f"inkgrad.fast._kernels_{instructions or can[0]}")


compiled: Any = load_kernels()
"""The kernels in use, chosen when this is imported; None without any."""


def instruction_set() -> str | None:
    """Return what the kernels use of this machine: "avx512", "avx2" or "baseline"; None without kernels."""
    return None if compiled is None else str(compiled.INSTRUCTIONS)
