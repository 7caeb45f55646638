"""Data: examples with their labels, from files or made on the spot."""

from inkgrad.data.animals import animals
from inkgrad.data.batches import batches
from inkgrad.data.digits import mnist, read_digits
from inkgrad.data.examples import Dataset, Examples, as_inputs
from inkgrad.data.idx import read_idx, write_idx
from inkgrad.data.xor import xor

__all__ = [
    "Dataset",
    "Examples",
    "animals",
    "as_inputs",
    "batches",
    "mnist",
    "read_digits",
    "read_idx",
    "write_idx",
    "xor",
]
