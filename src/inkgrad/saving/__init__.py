"""Saving: arrays with a header, and layers as words, with no code in either."""

from inkgrad.saving.descriptions import build, concrete, describe
from inkgrad.saving.tensors import read_tensors, write_tensors

__all__ = ["build", "concrete", "describe", "read_tensors", "write_tensors"]
