"""Notes: what a training wrote into its checkpoint, read with suspicion."""

from __future__ import annotations

from math import isfinite
from typing import Any


def are_sound(notes: dict[str, Any]) -> bool:
    """Whether the notes of a checkpoint are all there and of the types that Session.save_checkpoint writes.

    Their "settings" are not looked at here.
    """
    folder, rows, costs = notes.get("folder"), notes.get("rows"), notes.get("costs")
    return (
        "folder" in notes
        and (folder is None or isinstance(folder, str))
        and isinstance(notes.get("data"), str)
        and _is_number(notes.get("seconds"))
        and isinstance(costs, list)
        and all(_is_number(cost) for cost in costs)
        and isinstance(rows, list)
        and all(_is_row(row) for row in rows)
    )


def _is_row(row: Any) -> bool:
    """Whether it is a row of the log: numbers by name, and perhaps words on what is trained."""
    return (
        isinstance(row, dict)
        and {"epoch", "seconds"} <= row.keys()
        and all(isinstance(value, dict) or _is_number(value) for value in row.values())
    )


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and isfinite(value)
