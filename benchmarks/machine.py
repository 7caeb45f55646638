"""The machine and the versions that a result belongs to."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def describe() -> str:
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    versions = []
    for name in ("inkgrad", "numpy", "torch", "scikit-learn"):
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            versions.append(f"{name} not installed")
    return f"{os.cpu_count()} cores of {cpu}, Python {platform.python_version()}, {', '.join(versions)}."
