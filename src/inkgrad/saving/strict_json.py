"""Strict JSON: as the standard has it, with nothing twice, and only numbers that are numbers."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

MOST_DIGITS = 300  # of a whole number: any float holds its size


def strict_json(raw: bytes | str) -> Any:
    """Return what a JSON text in UTF-8 says.

    Raises ValueError for what json.loads lets pass: a key that comes twice, NaN and infinity (also as
    1e999), whole numbers of more than 300 digits, and nesting deeper than Python can follow.
    """
    text = raw.decode() if isinstance(raw, bytes) else raw
    try:
        return json.loads(
            text,
            object_pairs_hook=_without_doubles,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except RecursionError:
        raise ValueError("brackets in brackets without end") from None


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        double = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the name {double[:50]!r} comes twice")
    return found


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _finite(word: str) -> float:
    number = float(word)
    if not isfinite(number):
        raise ValueError(f"the number {word[:50]} is too large")
    return number


def _whole(word: str) -> int:
    if len(word) > MOST_DIGITS:
        raise ValueError(f"a whole number has {len(word)} digits, more than {MOST_DIGITS}")
    return int(word)
