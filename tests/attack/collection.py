"""Collection: every attack, once."""

from __future__ import annotations

from importlib.util import find_spec

from attack import (
    broken_files,
    broken_pictures,
    command_values,
    full_disks,
    kernel_calls,
    kills,
    requests,
    rude_clients,
)
from attack.swarm import Attack

GROUPS = {
    "inputs": (broken_files, broken_pictures, requests, command_values, kernel_calls),
    "kills": (kills, full_disks),
    "clients": (rude_clients,),
}
NEEDED = {  # packages, and the attacks that there are with them alone
    "onnx": "onnx",
    "starlette": "playground, flood, half-open, deaf, messages, hang-up, end, kill-serve",
    "pyarrow": "parquet",
}


def attacks_of(group: str) -> list[Attack]:
    """Return the attacks of a group that what is installed allows."""
    return [attack for module in GROUPS[group] for attack in module.attacks()]


def left_out() -> list[str]:
    """Return a line on each package that is missing, and on the attacks that are left out for that."""
    return [f"left out, as {name} is not installed: {them}" for name, them in NEEDED.items() if find_spec(name) is None]
