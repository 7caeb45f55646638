"""Tables in Markdown, and numbers in them."""

from collections.abc import Iterable, Sequence
from math import isnan


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; rows that are too short are filled with empty cells."""
    lines = ["| " + " | ".join(head) + " |", "|" + "--|" * len(head)]
    lines += ["| " + " | ".join([*row, *[""] * (len(head) - len(row))]) + " |" for row in rows]
    return "\n".join(lines)


def time_text(seconds: float) -> str:
    """Return seconds with three digits and the unit that suits: "4.47 ms"."""
    if isnan(seconds):
        return ""
    for unit, size in ("s", 1.0), ("ms", 1e-3), ("µs", 1e-6):
        if seconds >= 0.9995 * size or unit == "µs":
            return f"{seconds / size:#.3g} {unit}".replace(". ", " ")
    raise AssertionError


def threads_text(n_threads: int) -> str:
    return "1 thread" if n_threads == 1 else f"{n_threads} threads"
