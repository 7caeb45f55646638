"""Tensors: named arrays and a header in one safetensors file.

The header is one JSON object under "inkgrad" in the file's metadata; its "format" says what the file
is, and its version.  It is one, because the library writes several in an order that changes, and the
same model should be the same bytes.  docs/model-files.md describes the format.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from inkgrad.arrays import Array
from inkgrad.errors import ModelFileError
from inkgrad.files import replacing
from inkgrad.saving.kinds import Kind
from inkgrad.saving.places import Place, read_places
from inkgrad.saving.strict_json import strict_json
from inkgrad.saving.words import one_line, quoted

KEY = "inkgrad"
PREFIX = 8  # bytes for the header's length


def write_tensors(
    path: str | os.PathLike[str], tensors: Mapping[str, Array], header: Mapping[str, Any], kind: Kind
) -> None:
    """Write arrays and a JSON-like header to `path`, whole or not at all.

    Raises ModelFileError for what could not be read again, OSError when the file cannot be written.
    """
    from safetensors.numpy import save

    metadata = {KEY: json.dumps(kind.marked(header))}
    raw = save({name: np.asarray(array, order="C") for name, array in tensors.items()}, metadata)
    start = PREFIX + int.from_bytes(raw[:PREFIX], "little")
    try:
        _understand(raw[PREFIX:start], len(raw) - start, kind)
    except ModelFileError as error:
        raise ModelFileError(f"{path} could not be read again: it {error}") from None
    with replacing(path) as file:
        file.write(raw)


@dataclass(frozen=True, eq=False)
class TensorFile:
    """An open file whose header has been understood, and whose arrays are read when they are asked for."""

    path: str
    header: dict[str, Any]
    places: Mapping[str, Place]
    start: int
    file: BinaryIO

    def read_into(self, name: str, array: Array) -> None:
        """Fill a C-ordered array, of the type and shape that the file says, with the numbers under `name`.

        Raises ModelFileError for NaN or infinity, and when the file has become shorter meanwhile.
        """
        self.file.seek(self.start + self.places[name].start)
        as_bytes = array.reshape(-1, copy=False).view(np.uint8)
        if self.file.readinto(as_bytes.data) != as_bytes.size:  # type: ignore[attr-defined]
            raise ModelFileError(f"{self.path} became shorter while it was read: read it again")
        if not np.isfinite(array).all():
            raise ModelFileError(f"{self.path} holds NaN or infinity in {name}: train again")


@contextmanager
def open_tensors(path: str | os.PathLike[str], kind: Kind) -> Iterator[TensorFile]:
    """Yield the file that write_tensors wrote, of the same `kind`; of an older version, as if it were of today's.

    Whoever wrote it, no more memory is taken than some 30 times the size of its header, which is `kind.longest`
    at most: 25 times was measured, for a list of empty lists.

    Raises ModelFileError, naming the file, when it is something else or damaged, or when the memory is too small
    for the numbers that are read from it; OSError when it cannot be read.
    """
    with open(path, "rb", opener=_without_waiting) as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise ModelFileError(f"{path} is not an ordinary file")
        length = int.from_bytes(file.read(PREFIX), "little")
        n_bytes = about.st_size - PREFIX - length
        if n_bytes < 0:
            what = f"its header should take {length} bytes" if about.st_size >= PREFIX else "it is too short"
            raise ModelFileError(f"{path} is not a safetensors file, or is damaged ({what}, it has {about.st_size})")
        if length > kind.longest:
            raise ModelFileError(f"{path} has a header of {length} bytes; at most {kind.longest} are read")
        try:
            header, places = _understand(file.read(length), n_bytes, kind)
        except ModelFileError as error:
            raise ModelFileError(f"{path} {error}") from error
        try:
            yield TensorFile(str(path), header, places, PREFIX + length, file)
        except MemoryError as error:
            raise ModelFileError(f"{path} has {n_bytes} bytes of numbers, more than the memory holds") from error


def read_tensors(path: str | os.PathLike[str], kind: Kind) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return all arrays and the header of a file, as open_tensors does."""
    with open_tensors(path, kind) as file:
        tensors = {name: np.empty(place.shape, place.dtype) for name, place in file.places.items()}
        for name, array in tensors.items():
            file.read_into(name, array)
    return tensors, file.header


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to does not keep us."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _understand(raw: bytes, n_bytes: int, kind: Kind) -> tuple[dict[str, Any], dict[str, Place]]:
    """Return our header and the places of the arrays that a safetensors header tells of."""
    if len(raw) > kind.longest:
        raise ModelFileError(f"has a header of {len(raw)} bytes; at most {kind.longest} are read")
    try:
        places, metadata = read_places(raw, n_bytes)
    except ModelFileError:
        raise
    except ValueError as error:
        raise ModelFileError(f"is not a safetensors file, or is damaged ({one_line(error)})") from error
    try:
        header = strict_json(metadata.get(KEY, "{}"))
    except ValueError as error:
        raise ModelFileError(f"has a header that is not JSON ({one_line(error)})") from error
    if not isinstance(header, dict):
        raise ModelFileError(f"should have a JSON object as its header, got {quoted(header)}")
    return kind.today(header), places
