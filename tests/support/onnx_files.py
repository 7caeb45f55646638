"""ONNX files under test: models to write, graphs made by hand, and the runtime that is asked."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from inkgrad.costs import CTC, SquaredError
from inkgrad.layers import Chain, Conv2D, Dense, Flatten, MaxPool2D, ReLU
from inkgrad.layout import Layout
from inkgrad.models import Model
from inkgrad.training import Plain

FATAL, WARNINGS = 4, 2  # severities of onnxruntime
CLOSE = 1e-5  # probabilities and activations of size 1 in float32
CNN = Chain((Conv2D(1, 2), ReLU(), MaxPool2D(), Conv2D(2, 3), Flatten(), Dense(12, 4)))  # of 4 × 5 pixels


def model_of(layer, shape, cost=None, seed=0):
    """A model whose parameters are all at random, so that none can stand for another."""
    if len(layer.output_shape(shape)) > 1 and not isinstance(cost, CTC):
        layer = Chain((layer, Flatten()))  # a model answers with a row of numbers
    theta = np.random.default_rng(seed).normal(0, 0.5, Layout(layer.shapes()).size).astype(np.float32)
    labels = tuple(f"class {k}" for k in range(layer.output_shape(shape)[-1]))
    return Model(layer, cost or SquaredError(), theta, labels, shape, engine=Plain())


def assert_same_model(found, model):
    """A model that was written and read again is the one it was."""
    for name in "network", "cost", "labels", "input_shape":
        assert getattr(found, name) == getattr(model, name)
    np.testing.assert_array_equal(found.theta, model.theta)
    assert found.theta.dtype == np.float32


def inputs(shape, n=7):
    rng = np.random.default_rng(1)
    return (rng.normal(0.4, 1, (n, *shape)) if len(shape) < 3 else rng.random((n, *shape))).astype(np.float32)


def session(raw, severity=FATAL):
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = severity, 1
    return onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])


def run(raw, x):
    """What onnxruntime makes of x."""
    asked = session(raw)
    return asked.run(None, {asked.get_inputs()[0].name: x})[0]


def changed(raw, change):
    """The file after `change` has done something to its ModelProto."""
    proto = onnx.ModelProto.FromString(raw)
    change(proto)
    return proto.SerializeToString()


def bare(raw):
    """The file without metadata: its graph alone."""
    return changed(raw, lambda proto: proto.ClearField("metadata_props"))


def by_hand(nodes, shape, n_out, arrays, opset=17, kind=TensorProto.FLOAT, checked=True):
    """A file of nodes (op, inputs, output, settings) from "x" to "y", as another program might write it."""
    graph = helper.make_graph(
        [helper.make_node(op, taken, [made], name=made, **settings) for op, taken, made, settings in nodes],
        "by hand",
        [helper.make_tensor_value_info("x", kind, ["N", *shape])],
        [helper.make_tensor_value_info("y", kind if kind != TensorProto.UINT8 else TensorProto.FLOAT, ["N", n_out])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    if checked:
        onnx.checker.check_model(proto, full_check=True)
    return proto.SerializeToString()
