"""Tensors: named arrays and a header in one safetensors file.

https://huggingface.co/docs/safetensors.  The header is one JSON object under "inkgrad" in the
file's metadata; its "format" says what the file is, and its version.  It is one, because the
library writes several in an order that changes, and the same model should be the same bytes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.errors import ModelFileError
from inkgrad.files import replacing

KEY = "inkgrad"
TYPES = ("F32", "F64", "I64")  # parameters, and an optimizer's count of steps


def write_tensors(
    path: str | os.PathLike[str], tensors: Mapping[str, Array], header: Mapping[str, Any], kind: str
) -> None:
    """Write arrays and a JSON-like header to `path`, whole or not at all.

    Raises OSError when the file cannot be written.
    """
    from safetensors.numpy import save

    metadata = {KEY: json.dumps({"format": kind} | dict(header))}
    raw = save({name: np.asarray(array, order="C") for name, array in tensors.items()}, metadata)
    with replacing(path) as file:
        file.write(raw)


def read_tensors(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return the arrays and the header that write_tensors wrote as a file of the same `kind`.

    Raises ModelFileError, naming the file, when it is something else or damaged, or when an
    array holds NaN or infinity; OSError when it cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    with open(path, "rb"):  # a missing file is the system's to report
        pass
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            names = list(file.keys())
            types = {name: file.get_slice(name).get_dtype() for name in names}
            strange = {name: kind for name, kind in types.items() if kind not in TYPES}
            if strange:
                raise ModelFileError(f"{path} holds numbers of types that are not used here: {strange}")
            tensors = {name: file.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise ModelFileError(f"{path} is not a safetensors file, or is damaged ({error})") from error
    try:
        header = json.loads(metadata.get(KEY, "{}"))
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} has a header that is not JSON ({error})") from error
    if not isinstance(header, dict):
        raise ModelFileError(f"{path} should have a JSON object as its header, got {header!r}")
    found = header.pop("format", "a file of another program")
    if found != kind:
        raise ModelFileError(f"{path} should be an {kind}, got {found}")
    for name, array in tensors.items():
        if not np.isfinite(array).all():
            raise ModelFileError(f"{path} holds NaN or infinity in {name}: train again")
    return tensors, header
