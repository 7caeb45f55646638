"""load: a model from a file of any kind that inkgrad reads."""

from __future__ import annotations

import os
from collections.abc import Iterable

from inkgrad.costs import Cost
from inkgrad.interop.json import from_json
from inkgrad.interop.onnx.read_onnx import from_onnx
from inkgrad.layers import Layer
from inkgrad.models import Model
from inkgrad.models import load as load_tensors

ENDINGS = {".onnx": from_onnx, ".json": from_json, ".safetensors": load_tensors}


def load(path: str | os.PathLike[str], layers: Iterable[type[Layer]] = (), costs: Iterable[type[Cost]] = ()) -> Model:
    """Return the model in a file, or one that comes with inkgrad by its name, "cnn".

    The file's ending says what it is: .safetensors as Model.save writes it, .onnx, or .json as to_json
    writes it; a file without one of these is looked at.  Where there is a file of that name, it is the file.
    `layers` and `costs` are your own classes that it may be made of; nothing is imported because the
    file says so.

    Raises ModelFileError, naming the file, when it is not a model or is made of unknown parts; SettingError
    when it is ONNX and the package onnx is not installed; OSError when it cannot be read.
    """
    ending = os.path.splitext(path)[1].lower()
    read = ENDINGS.get(ending) or ENDINGS[ending_of(_beginning(path))]
    return read(path, layers, costs)


def ending_of(beginning: bytes) -> str:
    """Return the ending for a file that begins so: 9 bytes tell.

    A safetensors file begins with the length of its header, 8 bytes, and a brace; JSON with a brace; ONNX with
    the field 1, its version.
    """
    if beginning[8:9] != b"{" and beginning[:1] == b"\x08":
        return ".onnx"
    if beginning[8:9] != b"{" and beginning.lstrip()[:1] == b"{":
        return ".json"
    return ".safetensors"


def _beginning(path: str | os.PathLike[str]) -> bytes:
    if not os.path.isfile(path):
        return b""  # a model that comes along, or nothing
    with open(path, "rb") as file:
        return file.read(9)
