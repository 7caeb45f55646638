"""Place: where in the user's code an operation stands, and what its inputs are called there."""

from __future__ import annotations

import linecache
import sys
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

_CHECKER = Path(__file__).parents[1]


def is_ours(file: str) -> bool:
    """Return whether code in a file is the checker's own, and no user's, as that of its lessons might be."""
    return file.startswith(str(_CHECKER)) and not file.startswith(str(_CHECKER / "lessons"))


@dataclass(frozen=True)
class Place:
    """Where an operation stands.

    key      the same for the same operation in another turn of a loop, and for no other
    order    grows along the code: what has the smaller one comes first in a turn of a loop
    file     and `line`: the user's line
    columns  from where to where in that line the expression goes, (0, 0) where that is not known
    names    what the inputs are called there, "" for those without a name
    """

    key: tuple[Any, ...]
    order: tuple[int, ...]
    file: str
    line: int
    columns: tuple[int, int]
    names: tuple[str, ...]

    @cached_property
    def statement(self) -> str:
        """The user's line."""
        return linecache.getline(self.file, self.line).strip()

    @cached_property
    def expression(self) -> str:
        """The part of the line that is this operation, or the whole line where that is not known."""
        start, stop = self.columns
        text = linecache.getline(self.file, self.line).encode()[start:stop].decode(errors="replace").strip()
        return text or self.statement


NOWHERE = Place(("nowhere",), (), "", 0, (0, 0), ("",))  # of what is in no code of the user's


def extended(place: Place, *more: int) -> Place:
    """Return the place of one of several operations that stand in the same place."""
    return replace(place, key=(*place.key, *more), order=(*place.order, *more))


def place_of_caller(inputs: tuple[Any, ...], library: str) -> Place:
    """Return the place of the innermost call that is neither in a library, a folder, nor in the checker.

    `inputs` are the objects that the operation takes.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame and (is_ours(frame.f_code.co_filename) or frame.f_code.co_filename.startswith(library)):
        frame = frame.f_back
    if frame is None:
        return Place((), (), "", 0, (0, 0), ("",) * len(inputs))
    calls = []
    above: FrameType | None = frame
    while above and not is_ours(above.f_code.co_filename):
        calls.append((above.f_code, above.f_lasti))
        above = above.f_back
    line, columns = _position(frame.f_code, frame.f_lasti, frame.f_lineno)
    names = tuple(_name_in(frame, each) for each in inputs)
    order = tuple(lasti for _, lasti in reversed(calls))
    return Place(tuple(calls), order, frame.f_code.co_filename, line, columns, names)


def place_of_traceback(traceback: Any, library: str) -> Place:
    """Return the place of an operation of which a library has kept a traceback; one without a key if there is none."""
    codes, instructions = traceback.raw_frames() if traceback is not None else ((), ())
    calls = [
        (code, lasti)
        for code, lasti in zip(codes, instructions, strict=True)
        if not is_ours(code.co_filename) and not code.co_filename.startswith(library)
    ]
    if not calls:
        return Place((), (), "", 0, (0, 0), ())
    code, lasti = calls[0]
    line, columns = _position(code, lasti, code.co_firstlineno)
    order = tuple(int(lasti) for _, lasti in reversed(calls))
    return Place(tuple(calls), order, code.co_filename, line, columns, ())


def _name_in(frame: FrameType, thing: Any) -> str:
    return next((name for name, value in frame.f_locals.items() if value is thing), "")


@lru_cache(maxsize=10_000)
def _position(code: CodeType, lasti: int, line: int) -> tuple[int, tuple[int, int]]:
    """Return the line of an instruction, and from where to where in it its expression goes."""
    for k, (first, last, start, stop) in enumerate(code.co_positions()):
        if k == lasti // 2:
            if first is None or first != last or start is None or stop is None:
                return first or line, (0, 0)
            return first, (start, stop)
    return line, (0, 0)
