"""Probabilities of test digits in onnxruntime, from a float array in memory."""

import numpy as np
import onnxruntime
from compete import N_THREADS, again, compete
from onnx import TensorProto, helper, numpy_helper
from workloads import answering, inference_options, start, tensors_nchw, test_floats

from inkgrad.layers import ELU, Conv2D, Dense, Layer, MaxPool2D, ReLU, Softmax
from inkgrad.training import Objective

OPSET = 17


def graph_of(objective: Objective) -> bytes:
    """Return the network as an ONNX file, with a Softmax at its end."""
    tensors, nodes, values = iter(tensors_nchw(objective, start(objective))), [], []
    layers = [layer for layer in objective.network.layers if not isinstance(layer, Softmax)]
    for layer in [*layers, Softmax()]:
        kind, settings = node_of(layer)
        inputs = [nodes[-1].output[0] if nodes else "x"]
        if kind in ("Conv", "Gemm"):
            pair = [numpy_helper.from_array(next(tensors), f"{name}_{len(values)}") for name in "Wb"]
            values += pair
            inputs += [tensor.name for tensor in pair]
        nodes.append(helper.make_node(kind, inputs, [f"y_{len(nodes)}"], **settings))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, 28, 28])
    y = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, ["N", 10])
    graph = helper.make_graph(nodes, "digits", [x], [y], values)
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()


def node_of(layer: Layer) -> tuple[str, dict[str, object]]:
    match layer:
        case Conv2D():
            return "Conv", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
        case MaxPool2D():
            return "MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]}
        case Dense():
            return "Gemm", {"transB": 1}
        case ReLU():
            return "Relu", {}
        case ELU(alpha):
            return "Elu", {"alpha": alpha}
    return type(layer).__name__, {}  # Flatten and Softmax


options = inference_options(__doc__)
options.add_argument("--chunk", type=int, default=50, help="images at a time")
settings = options.parse_args()
session_options = onnxruntime.SessionOptions()
session_options.intra_op_num_threads = N_THREADS
session = onnxruntime.InferenceSession(graph_of(answering(settings.widths)), session_options, ["CPUExecutionProvider"])
x = np.ascontiguousarray(test_floats(settings.images).transpose(0, 3, 1, 2))
chunks = [x[first : first + settings.chunk] for first in range(0, len(x), settings.chunk)]


def probabilities() -> np.ndarray:
    found = [session.run(None, {"x": chunk})[0] for chunk in chunks]
    return found[0] if len(found) == 1 else np.concatenate(found)


compete(again(probabilities))
