"""Export: the names of inkgrad.interop under the path that they had first."""

from inkgrad.interop.json import from_json, to_json
from inkgrad.interop.load import ending_of, load
from inkgrad.interop.onnx import Sketch, from_onnx, has_onnx, largest_difference, to_onnx, translate
from inkgrad.interop.torch import from_torch, to_torch

__all__ = [
    "Sketch",
    "ending_of",
    "from_json",
    "from_onnx",
    "from_torch",
    "has_onnx",
    "largest_difference",
    "load",
    "to_json",
    "to_onnx",
    "to_torch",
    "translate",
]
