"""The machine and the versions that a result belongs to."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from standings import peak

from inkgrad.fast import instruction_set

NAMES = "inkgrad", "numpy", "torch", "jax", "jaxlib", "scikit-learn", "onnxruntime", "onnx"


def report() -> str:
    versions = ", ".join(f"{name} {_version(name)}" for name in NAMES)
    peaks = ", ".join(f"{peak(n) / 1e9:.0f} GFLOP/s with {n}" for n in (1, 2))
    return (
        f"{os.cpu_count()} cores of {_processor()}, Python {platform.python_version()}, {versions}. "
        f"inkgrad's kernels: {instruction_set() or 'none, plain layers'}. "
        f"NumPy's sgemm at its best: {peaks} threads."
    )


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.machine())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
