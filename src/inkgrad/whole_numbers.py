"""Bounds of whole numbers: of seeds, batch sizes, epochs and classes that are chosen, and of what files say."""

from __future__ import annotations

from math import isfinite, log10
from numbers import Integral
from typing import Any

from inkgrad.errors import SettingError

LARGEST_WHOLE = 2**63 - 1
"""What 64 bits hold.  Files have no larger setting: what was trained with one could not be gone on with."""
LONGEST_SHOWN_BITS = 256


def shown_whole(number: object) -> str:
    """Return a number as a message shows it: of a whole one that is very long only how large it is.

    Python itself refuses to write one of more than 4300 digits.

    >>> shown_whole(-12), shown_whole(-(10**5000))
    ('-12', '-1.0e5000')
    """
    if not isinstance(number, int) or number.bit_length() <= LONGEST_SHOWN_BITS:
        return repr(number) if isinstance(number, str) else str(number)
    exponent, rest = divmod(log10(abs(number)), 1)
    return f"{'-' if number < 0 else ''}{min(10**rest, 9.9):.1f}e{exponent:.0f}"


def is_number(value: Any) -> bool:
    """Whether what JSON said is a finite number, and a whole one of 64 bits at most: a float holds all of these."""
    return (type(value) is float and isfinite(value)) or (type(value) is int and abs(value) <= LARGEST_WHOLE)


def refuse_bad_seed(seed: int) -> None:
    """Raise SettingError for a seed that is no whole number of 0 or more, or that files could not hold."""
    refuse_no_whole(seed, "seed")
    if seed < 0:
        raise SettingError(f"a seed is a whole number of 0 or more, got {shown_whole(seed)}")
    refuse_too_large(seed, "seed")


def refuse_bad_batch_size(batch_size: int) -> None:
    """Raise SettingError for a batch without an example, or one of a size that files could not hold."""
    refuse_no_whole(batch_size, "batch_size")
    if batch_size < 1:
        raise SettingError(f"a batch holds at least 1 example, got a batch size of {shown_whole(batch_size)}")
    refuse_too_large(batch_size, "batch_size")


def refuse_too_large(number: int, name: str) -> None:
    """Raise SettingError for a setting `name` that files could not hold."""
    if number > LARGEST_WHOLE:
        raise SettingError(
            f"a `{name}` is at most {LARGEST_WHOLE}, as 64 bits hold it, got {shown_whole(number)}", setting=name
        )


def refuse_no_whole(number: object, name: str) -> None:
    """Raise SettingError for a setting `name` that is no whole number."""
    if not isinstance(number, Integral) or isinstance(number, bool):
        raise SettingError(f"a `{name}` is a whole number, got {number!r:.40}", setting=name)
