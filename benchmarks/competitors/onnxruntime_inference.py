"""Probabilities of test digits by the convolutional network in onnxruntime, from a float array in memory."""

import numpy as np
import onnxruntime
from compete import N_THREADS, again, compete
from onnx import TensorProto, helper, numpy_helper
from workloads import cnn, inference_options, start, tensors_nchw, test_floats

from inkgrad.training import Objective

OPSET = 17


def graph_of(objective: Objective) -> bytes:
    """Return the network as an ONNX file: Conv, Relu, MaxPool twice, Flatten, Gemm, Softmax."""
    names = "W_1", "b_1", "W_2", "b_2", "W_3", "b_3"
    tensors = tensors_nchw(objective, start(objective))
    values = [numpy_helper.from_array(tensor, name) for name, tensor in zip(names, tensors, strict=True)]
    same = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    windows = {"kernel_shape": [2, 2], "strides": [2, 2]}
    nodes = [
        helper.make_node("Conv", ["x", "W_1", "b_1"], ["conv_1"], **same),
        helper.make_node("Relu", ["conv_1"], ["relu_1"]),
        helper.make_node("MaxPool", ["relu_1"], ["pool_1"], **windows),
        helper.make_node("Conv", ["pool_1", "W_2", "b_2"], ["conv_2"], **same),
        helper.make_node("Relu", ["conv_2"], ["relu_2"]),
        helper.make_node("MaxPool", ["relu_2"], ["pool_2"], **windows),
        helper.make_node("Flatten", ["pool_2"], ["flat"]),
        helper.make_node("Gemm", ["flat", "W_3", "b_3"], ["logits"], transB=1),
        helper.make_node("Softmax", ["logits"], ["y"]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, 28, 28])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 10])
    graph = helper.make_graph(nodes, "digits", [x], [y], values)
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()


options = inference_options(__doc__)
options.add_argument("--chunk", type=int, default=50, help="images at a time")
settings = options.parse_args()
session_options = onnxruntime.SessionOptions()
session_options.intra_op_num_threads = N_THREADS
session = onnxruntime.InferenceSession(graph_of(cnn(*settings.channels)), session_options, ["CPUExecutionProvider"])
x = np.ascontiguousarray(test_floats(settings.images).transpose(0, 3, 1, 2))
chunks = [x[first : first + settings.chunk] for first in range(0, len(x), settings.chunk)]


def probabilities() -> np.ndarray:
    found = [session.run(None, {"x": chunk})[0] for chunk in chunks]
    return found[0] if len(found) == 1 else np.concatenate(found)


compete(again(probabilities))
