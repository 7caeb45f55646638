"""Saving: arrays with a header, and layers as words, with no code in either."""

from inkgrad.saving.descriptions import build, concrete, describe
from inkgrad.saving.kinds import METADATA_KEY, FileKind, Header
from inkgrad.saving.tensors import TensorFile, open_tensors, read_tensors, write_tensors
from inkgrad.saving.toml_text import read_toml, refuse_unknown, value_of, values_of
from inkgrad.saving.untrusted import are_whole, one_line, quoted, read_file, strict_json

__all__ = [
    "METADATA_KEY",
    "FileKind",
    "Header",
    "TensorFile",
    "are_whole",
    "build",
    "concrete",
    "describe",
    "one_line",
    "open_tensors",
    "quoted",
    "read_file",
    "read_tensors",
    "read_toml",
    "refuse_unknown",
    "strict_json",
    "value_of",
    "values_of",
    "write_tensors",
]
