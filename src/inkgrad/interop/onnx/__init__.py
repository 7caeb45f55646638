"""ONNX: models as files that other runtimes run, and back."""

from inkgrad.interop.onnx.read_onnx import from_onnx
from inkgrad.interop.onnx.sketch import Sketch
from inkgrad.interop.onnx.translations import translate
from inkgrad.interop.onnx.write_onnx import has_onnx, largest_difference, to_onnx

__all__ = ["Sketch", "from_onnx", "has_onnx", "largest_difference", "to_onnx", "translate"]
