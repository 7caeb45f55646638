"""ONNX: models as files that other runtimes run, and back."""

from inkgrad.interop.onnx.read_onnx import from_onnx
from inkgrad.interop.onnx.sketch import Sketch
from inkgrad.interop.onnx.translations import translate
from inkgrad.interop.onnx.write_onnx import has_onnx, largest_difference, output_shape_of, to_onnx, told

__all__ = ["Sketch", "from_onnx", "has_onnx", "largest_difference", "output_shape_of", "to_onnx", "told", "translate"]
