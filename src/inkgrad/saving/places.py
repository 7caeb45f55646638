"""Places: where the arrays of a safetensors file lie, read with suspicion.

The format (https://huggingface.co/docs/safetensors) is 8 bytes with the length of a JSON object,
little end first; the object; and the numbers.  It names each array with its type, its shape, and the
first and last byte among the numbers.  All here is arithmetic on a few words: nothing is as large as
a file says, before it is known that the file is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from inkgrad.errors import ModelFileError
from inkgrad.saving.strict_json import strict_json
from inkgrad.saving.words import quoted

TYPES: dict[str, np.dtype[Any]] = {  # parameters, and counts of steps
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
}
MOST_AXES = 16
MOST_NUMBERS = 2**48
LONGEST_NAME = 200


@dataclass(frozen=True)
class Place:
    """The type and the shape of an array, and the bytes `start` to `stop` of the numbers that it takes."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    stop: int


def read_places(raw: bytes, n_bytes: int) -> tuple[dict[str, Place], dict[str, str]]:
    """Return the places by name and the metadata that the header `raw` tells of `n_bytes` bytes of numbers.

    Raises ValueError, saying why, unless each of these bytes belongs to exactly one array whose shape
    they fill; ModelFileError for types of numbers that are not used here.
    """
    if not raw.startswith(b"{"):
        raise ValueError("its header does not begin with a brace")
    header = strict_json(raw)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("its metadata are no words")
    _refuse_other_types(header)
    places = {name: _place(name, said) for name, said in header.items()}
    end = 0
    for name, place in sorted(places.items(), key=lambda each: (each[1].start, each[1].stop)):
        if place.start != end:
            raise ValueError(f"the array {quoted(name)} begins at byte {place.start}, not where another ends, at {end}")
        end = place.stop
    if end != n_bytes:
        raise ValueError(f"its arrays take {end} bytes, but it has {n_bytes}")
    return places, metadata


def _refuse_other_types(header: Mapping[str, Any]) -> None:
    types = {name: said.get("dtype") for name, said in header.items() if isinstance(said, dict)}
    strange = {name: word for name, word in types.items() if not (isinstance(word, str) and word in TYPES)}
    if strange:
        raise ModelFileError(f"holds numbers of types that are not used here: {quoted(strange)}")


def _place(name: str, said: Any) -> Place:
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or "/" in name or "\\" in name:
        raise ValueError(f"{quoted(name)} is no name of an array")
    if not isinstance(said, dict) or said.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"the array {quoted(name)} is told of as {quoted(said)}")
    shape, offsets, dtype = said["shape"], said["data_offsets"], TYPES[said["dtype"]]
    if not are_whole(shape) or len(shape) > MOST_AXES or prod(max(n, 1) for n in shape) > MOST_NUMBERS:
        raise ValueError(f"the array {quoted(name)} has the shape {quoted(shape)}")
    if not are_whole(offsets) or len(offsets) != 2 or offsets[1] - offsets[0] != prod(shape) * dtype.itemsize:
        raise ValueError(f"the array {quoted(name)} of shape {quoted(shape)} takes the bytes {quoted(offsets)}")
    return Place(dtype, tuple(shape), *offsets)


def are_whole(value: Any, least: int = 0) -> bool:
    """Whether it is a list of whole numbers, each at least `least`; a bool is none."""
    return isinstance(value, list) and all(type(n) is int and n >= least for n in value)
