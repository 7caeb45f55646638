"""Data: examples with their labels, from files or made on the spot."""

from inkgrad.data.augmentation import Augmentation
from inkgrad.data.class_names import read_class_names
from inkgrad.data.data_source import DataSource, load_data
from inkgrad.data.digits import mnist, read_digits
from inkgrad.data.examples import Dataset, Examples, as_inputs, batches, inputs_like, refuse_bad_inputs
from inkgrad.data.idx import read_idx, write_idx
from inkgrad.data.points import animals, circles, spirals, xor
from inkgrad.data.surfaces import gaussians, plane
from inkgrad.data.warps import Warps, apply_warps, refuse_bad_images, spline_basis

__all__ = [
    "Augmentation",
    "DataSource",
    "Dataset",
    "Examples",
    "Warps",
    "animals",
    "apply_warps",
    "as_inputs",
    "batches",
    "circles",
    "gaussians",
    "inputs_like",
    "load_data",
    "mnist",
    "plane",
    "read_class_names",
    "read_digits",
    "read_idx",
    "refuse_bad_images",
    "refuse_bad_inputs",
    "spirals",
    "spline_basis",
    "write_idx",
    "xor",
]
