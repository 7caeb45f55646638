"""Tensors: named arrays and a header in one safetensors file, read with suspicion.

The format (https://huggingface.co/docs/safetensors) is 8 bytes with the length of a JSON object,
little end first; the object; and the numbers.  It names each array with its type, its shape, and the
first and last byte among the numbers.  Nothing is made as large as a file says, before it is known that
the file is.

Our header is one JSON object under "inkgrad" in the file's metadata; its "format" says what the file
is, and its version.  It is one, because the library writes several in an order that changes, and the
same model should be the same bytes.  docs/model-files.md describes the format.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any, BinaryIO

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import ModelFileError
from inkgrad.files import replacing
from inkgrad.saving.kinds import METADATA_KEY, FileKind
from inkgrad.saving.untrusted import FILE_LIMITS, are_whole, one_line, ordinary_file, quoted, strict_json

PREFIX_BYTES = 8  # for the header's length
DTYPES: dict[str, np.dtype[Any]] = {  # of parameters, and of counts of steps, by their names in the format
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
}


def write_tensors(
    path: str | os.PathLike[str], tensors: Mapping[str, NDArray], header: Mapping[str, Any], kind: FileKind
) -> None:
    """Write arrays and a JSON-like header to `path`, whole or not at all.

    Raises ModelFileError for what could not be read again, OSError when the file cannot be written.
    """
    from safetensors.numpy import save

    metadata = {METADATA_KEY: json.dumps(kind.marked(header))}
    raw = save({name: np.asarray(array, order="C") for name, array in tensors.items()}, metadata)
    start = PREFIX_BYTES + int.from_bytes(raw[:PREFIX_BYTES], "little")
    try:
        _understand(raw[PREFIX_BYTES:start], len(raw) - start, kind)
    except ModelFileError as error:
        raise ModelFileError(f"{path} could not be read again: it {error}") from None
    with replacing(path) as file:
        file.write(raw)


@dataclass(frozen=True)
class TensorPlace:
    """The type and the shape of an array, and the bytes `start` to `stop` of the numbers that it takes."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class TensorFile:
    """An open file whose header has been understood, and whose arrays are read when they are asked for."""

    path: str
    header: dict[str, Any]
    places: Mapping[str, TensorPlace]
    start: int
    file: BinaryIO

    def read_into(self, name: str, array: NDArray) -> None:
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
def open_tensors(path: str | os.PathLike[str], kind: FileKind) -> Iterator[TensorFile]:
    """Yield the file that write_tensors wrote, of the same `kind`; of an older version, as if it were of today's.

    Whoever wrote it, no more memory is taken than some 30 times the size of its header, which is `kind.longest`
    at most: 25 times was measured, for a list of empty lists.

    Raises ModelFileError, naming the file, when it is something else or damaged, or when the memory is too small
    for the numbers that are read from it; OSError when it cannot be read.
    """
    with ordinary_file(path) as (file, size):
        length = int.from_bytes(file.read(PREFIX_BYTES), "little")
        n_bytes = size - PREFIX_BYTES - length
        if n_bytes < 0:
            what = f"its header should take {length} bytes" if size >= PREFIX_BYTES else "it is too short"
            raise ModelFileError(f"{path} is not a safetensors file, or is damaged ({what}, it has {size})")
        if length > kind.longest:
            raise ModelFileError(f"{path} has a header of {length} bytes; at most {kind.longest} are read")
        try:
            header, places = _understand(file.read(length), n_bytes, kind)
        except ModelFileError as error:
            raise ModelFileError(f"{path} {error}") from error
        try:
            yield TensorFile(str(path), header, places, PREFIX_BYTES + length, file)
        except MemoryError as error:
            raise ModelFileError(f"{path} has {n_bytes} bytes of numbers, more than the memory holds") from error


def read_tensors(path: str | os.PathLike[str], kind: FileKind) -> tuple[dict[str, NDArray], dict[str, Any]]:
    """Return all arrays and the header of a file, as open_tensors does."""
    with open_tensors(path, kind) as file:
        tensors = {name: np.empty(place.shape, place.dtype) for name, place in file.places.items()}
        for name, array in tensors.items():
            file.read_into(name, array)
    return tensors, file.header


def _understand(raw: bytes, n_bytes: int, kind: FileKind) -> tuple[dict[str, Any], dict[str, TensorPlace]]:
    """Return our header and the places of the arrays that a safetensors header tells of."""
    if len(raw) > kind.longest:
        raise ModelFileError(f"has a header of {len(raw)} bytes; at most {kind.longest} are read")
    try:
        places, metadata = _read_places(raw, n_bytes)
    except ModelFileError:
        raise
    except ValueError as error:
        raise ModelFileError(f"is not a safetensors file, or is damaged ({one_line(error)})") from error
    try:
        header = strict_json(metadata.get(METADATA_KEY, "{}"))
    except ValueError as error:
        raise ModelFileError(f"has a header that is not JSON ({one_line(error)})") from error
    if not isinstance(header, dict):
        raise ModelFileError(f"should have a JSON object as its header, got {quoted(header)}")
    return kind.today(header), places


def _read_places(raw: bytes, n_bytes: int) -> tuple[dict[str, TensorPlace], dict[str, str]]:
    """Return the places by name and the metadata that the header `raw` tells of `n_bytes` bytes of numbers.

    Raises ValueError, saying why, unless each of these bytes belongs to exactly one array whose shape
    they fill; ModelFileError for types of numbers that are not used here.
    """
    if not raw.startswith(b"{"):
        raise ValueError("its header does not begin with a brace")
    header = strict_json(raw)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("its metadata must be strings")
    types = {name: said.get("dtype") for name, said in header.items() if isinstance(said, dict)}
    strange = {name: word for name, word in types.items() if not (isinstance(word, str) and word in DTYPES)}
    if strange:
        raise ModelFileError(f"holds numbers of types that are not used here: {quoted(strange)}")
    places = {name: _place(name, said) for name, said in header.items()}
    end = 0
    for name, place in sorted(places.items(), key=lambda each: (each[1].start, each[1].stop)):
        if place.start != end:
            raise ValueError(f"the array {quoted(name)} begins at byte {place.start}, not where another ends, at {end}")
        end = place.stop
    if end != n_bytes:
        raise ValueError(f"its arrays take {end} bytes, but it has {n_bytes}")
    return places, metadata


def _place(name: str, said: Any) -> TensorPlace:
    if not name or len(name) > FILE_LIMITS.longest_name or not name.isprintable() or "/" in name or "\\" in name:
        raise ValueError(f"{quoted(name)} is not the name of an array")
    if not isinstance(said, dict) or said.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"the array {quoted(name)} is told of as {quoted(said)}")
    shape, offsets, dtype = said["shape"], said["data_offsets"], DTYPES[said["dtype"]]
    fits = are_whole(shape) and len(shape) <= FILE_LIMITS.most_axes
    if not fits or prod(max(n, 1) for n in shape) > FILE_LIMITS.most_numbers:
        raise ValueError(f"the array {quoted(name)} has the shape {quoted(shape)}")
    if not are_whole(offsets) or len(offsets) != 2 or offsets[1] - offsets[0] != prod(shape) * dtype.itemsize:
        raise ValueError(f"the array {quoted(name)} of shape {quoted(shape)} takes the bytes {quoted(offsets)}")
    return TensorPlace(dtype, tuple(shape), *offsets)
