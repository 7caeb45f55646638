"""Export: models to the files and the libraries of others, and back."""

from inkgrad.export.compare import largest_difference
from inkgrad.export.json_file import from_json, to_json
from inkgrad.export.load import ending_of, load
from inkgrad.export.read_onnx import from_onnx
from inkgrad.export.sketch import Sketch
from inkgrad.export.torch_bridge import from_torch, to_torch
from inkgrad.export.translations import translate
from inkgrad.export.write_onnx import has_onnx, to_onnx

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
