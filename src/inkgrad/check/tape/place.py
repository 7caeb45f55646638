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
    part     where the expression is several operations in one: what this one gives
    """

    key: tuple[Any, ...]
    order: tuple[int, ...]
    file: str
    line: int
    columns: tuple[int, int]
    names: tuple[str, ...]
    part: str = ""

    @cached_property
    def statement(self) -> str:
        """The user's line."""
        return linecache.getline(self.file, self.line).strip()

    @cached_property
    def expression(self) -> str:
        """The part of the line that is this operation, or the whole line where that is not known."""
        whole = _text_at(self.file, self.line, self.columns) or self.statement
        return f"{self.part} of {whole}" if self.part else whole


NOWHERE = Place(("nowhere",), (), "", 0, (0, 0), ("",))  # of what is in no code of the user's


def extended(place: Place, *more: int) -> Place:
    """Return the place of one of several operations that stand in the same place."""
    return replace(place, key=(*place.key, *more), order=(*place.order, *more))


def place_of_caller(inputs: tuple[Any, ...], library: str, composites: str = "") -> Place:
    """Return the place of the innermost call that is neither in a library, a folder, nor in the checker.

    `inputs` are the objects that the operation takes.  `composites` is a file of the checker in which operations that
    are several in one are written out: what runs there is a part of the user's call.
    """
    frame: FrameType | None = sys._getframe(1)
    inner: list[FrameType] = []
    while frame and (is_ours(frame.f_code.co_filename) or frame.f_code.co_filename.startswith(library)):
        if frame.f_code.co_filename == composites:
            inner.append(frame)
        frame = frame.f_back
    if frame is None:
        return Place((), (), "", 0, (0, 0), ("",) * len(inputs))
    calls = [(each.f_code, each.f_lasti) for each in inner]
    above: FrameType | None = frame
    while above and not is_ours(above.f_code.co_filename):
        calls.append((above.f_code, above.f_lasti))
        above = above.f_back
    line, columns = _position(frame.f_code, frame.f_lasti, frame.f_lineno)
    names = tuple(_name_in(frame, each) for each in inputs)
    order = tuple(lasti for _, lasti in reversed(calls))
    place = Place(tuple(calls), order, frame.f_code.co_filename, line, columns, names)
    return _part_of(place, inner[0], inputs) if inner else place


def _part_of(place: Place, frame: FrameType, inputs: tuple[Any, ...]) -> Place:
    """Return the place of an operation that a composite does, in a frame of it."""
    file = frame.f_code.co_filename
    line, columns = _position(frame.f_code, frame.f_lasti, frame.f_lineno)
    result, _, made = linecache.getline(file, line).strip().partition(" = ")
    text = _text_at(file, line, columns)
    inner = (name and f"{name} of {place.expression}" for name in (_name_in(frame, each) for each in inputs))
    names = tuple(own or name for own, name in zip(place.names, inner, strict=True))
    return replace(place, part=result if text == made else text, names=names)


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


def _text_at(file: str, line: int, columns: tuple[int, int]) -> str:
    """Return what stands in a line from one column to another, which are counted in bytes."""
    return linecache.getline(file, line).encode()[slice(*columns)].decode(errors="replace").strip()


@lru_cache(maxsize=10_000)
def _position(code: CodeType, lasti: int, line: int) -> tuple[int, tuple[int, int]]:
    """Return the line of an instruction, and from where to where in it its expression goes."""
    for k, (first, last, start, stop) in enumerate(code.co_positions()):
        if k == lasti // 2:
            if first is None or first != last or start is None or stop is None:
                return first or line, (0, 0)
            return first, (start, stop)
    return line, (0, 0)
