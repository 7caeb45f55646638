"""Saving: arrays with a header, and layers as words, with no code in either."""

from inkgrad.saving.descriptions import build, concrete, describe
from inkgrad.saving.kinds import Header, Kind
from inkgrad.saving.places import are_whole
from inkgrad.saving.tensors import TensorFile, open_tensors, read_tensors, write_tensors
from inkgrad.saving.words import one_line, quoted

__all__ = [
    "Header",
    "Kind",
    "TensorFile",
    "are_whole",
    "build",
    "concrete",
    "describe",
    "one_line",
    "open_tensors",
    "quoted",
    "read_tensors",
    "write_tensors",
]
