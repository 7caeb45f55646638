"""Compare: an ONNX file against the plain layers, by the runtime most use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inkgrad.interop.onnx.sketch import INPUT, OUTPUT
from inkgrad.interop.onnx.write_onnx import input_of
from inkgrad.models import Model
from inkgrad.training import Plain

N_COMPARED = 64


def largest_difference(model: Model, raw: bytes, preprocessing: bool = False, n: int = N_COMPARED) -> float | None:
    """Return the largest |difference| of probabilities between an ONNX file in onnxruntime and the plain layers.

    It is that of n random inputs, and None where onnxruntime is not installed.  It is NaN where one of
    them is, so compare as `difference <= tolerance`.
    """
    try:
        import onnxruntime  # type: ignore[import-untyped]
    except ModuleNotFoundError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    taken, rng = input_of(model, preprocessing), np.random.default_rng(0)
    shape = (n, *taken.shape)
    x = rng.integers(0, 256, shape, np.uint8) if preprocessing else rng.random(shape, np.float32)
    (found,) = session.run([OUTPUT], {INPUT: x})
    return float(np.abs(found - replace(model, engine=Plain()).probabilities(x)).max())
