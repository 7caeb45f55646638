"""Untrusted: what others wrote, taken with suspicion: ordinary files, JSON to the letter, words fit for a message."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from reprlib import Repr
from typing import Any, BinaryIO

from inkgrad.errors import ModelFileError
from inkgrad.whole_numbers import LONGEST_SHOWN_BITS, shown_whole


@dataclass(frozen=True)
class FileLimits:
    """The most that is believed of a file.

    deepest        descriptions in lists in descriptions; far from what Python cannot follow
    deepest_json   brackets in brackets of a JSON text, those around a description with it
    most_parts     of a description
    most_digits    of a whole number: any float holds its size
    most_axes      of an array
    most_numbers   of an array
    longest_name   of an array, in characters
    """

    deepest: int = 100
    deepest_json: int = 200
    most_parts: int = 100_000
    most_digits: int = 300
    most_axes: int = 16
    most_numbers: int = 2**48
    longest_name: int = 200


FILE_LIMITS = FileLimits()


@contextmanager
def ordinary_file(path: str | os.PathLike[str]) -> Iterator[tuple[BinaryIO, int]]:
    """Yield a file that is open for reading, and its size in bytes.

    Raises ModelFileError, naming it, when it is not an ordinary file; OSError when it cannot be read.
    """
    with open(path, "rb", opener=_without_waiting) as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise ModelFileError(f"{path} is not an ordinary file")
        yield file, about.st_size


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to does not keep us."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_file(path: str | os.PathLike[str], most: int = 2**31 - 1) -> bytes:
    """Return the bytes of a file; unless told otherwise, as many as Protocol Buffers hold at most.

    Raises ModelFileError, naming it, when it is not an ordinary file or has more than `most` bytes; OSError when it
    cannot be read.
    """
    with ordinary_file(path) as (file, n_bytes):
        if n_bytes > most:
            raise ModelFileError(f"{path} has {n_bytes} bytes; at most {most} are read")
        return file.read(n_bytes)  # `most` would be taken from the memory at once


def strict_json(raw: bytes | str) -> Any:
    """Return what a JSON text in UTF-8 says.

    Raises ValueError for what json.loads lets pass: a key that comes twice, NaN and infinity (also as
    1e999), whole numbers of more than 300 digits, and brackets in brackets, more than 200 deep, which
    whatever follows them into the depth, such as an error's message, might not bear.
    """
    text = raw.decode() if isinstance(raw, bytes) else raw
    try:
        found = json.loads(
            text,
            object_pairs_hook=_without_doubles,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except RecursionError:
        raise _too_deep() from None
    _refuse_deep(found)
    return found


def _too_deep() -> ValueError:
    return ValueError(f"brackets lie in brackets, more than {FILE_LIMITS.deepest_json} deep")


def _refuse_deep(found: Any) -> None:
    """Go down level by level, as going down into each part could not come to an end."""
    level = [found]
    for _ in range(FILE_LIMITS.deepest_json):
        inside = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list))
        level = [part for parts in inside for part in parts if isinstance(part, dict | list)]
        if not level:
            return
    raise _too_deep()


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        double = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the name {double[:50]!r} comes twice")
    return found


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a number of JSON")


def _finite(word: str) -> float:
    number = float(word)
    if not isfinite(number):
        raise ValueError(f"the number {word[:50]} is too large")
    return number


def _whole(word: str) -> int:
    if len(word) > FILE_LIMITS.most_digits:
        raise ValueError(f"a whole number has {len(word)} digits, more than {FILE_LIMITS.most_digits}")
    return int(word)


def are_whole(value: Any, least: int = 0) -> bool:
    """Whether it is a list of whole numbers, each at least `least`; a bool is none."""
    return isinstance(value, list) and all(type(n) is int and n >= least for n in value)


def one_line(thing: object, longest: int = 300) -> str:
    """Return str(thing) on one line: control characters escaped, the middle left out beyond `longest` characters.

    >>> one_line("two" + chr(10) + "lines")
    'two\\\\nlines'
    """
    text = str(thing)
    if len(text) > longest:
        text = f"{text[: longest // 2]} ... {text[-(longest // 2) :]}"
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


class _Short(Repr):
    def repr_int(self, x: int, level: int) -> str:
        return shown_whole(x) if x.bit_length() > LONGEST_SHOWN_BITS else super().repr_int(x, level)


def quoted(thing: object) -> str:
    """Return repr(thing), shortened, however deep and large it is.

    >>> quoted(list(range(100)))
    '[0, 1, 2, 3, 4, 5, 6, 7, ...]'
    """
    short = _Short()
    short.maxlevel, short.maxlist, short.maxdict, short.maxstring, short.maxother = 3, 8, 8, 80, 120
    return one_line(short.repr(thing))
