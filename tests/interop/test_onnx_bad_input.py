"""ONNX files by a malicious hand, or a careless one, are refused with one line, in little memory."""

import json
import os
import tracemalloc

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from support.commands import output_of
from support.onnx_files import bare, by_hand, changed, model_of
from support.peak_memory import IMPORT_PEAK

from inkgrad import load
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.errors import ModelFileError
from inkgrad.interop.onnx import from_onnx, to_onnx
from inkgrad.layers import GELU, Chain, Conv2D, Dense, Flatten, GroupNorm, LayerNorm, MaxPool2D, ReLU
from inkgrad.models import Model

NETWORK = Chain(
    (Conv2D(1, 4), GroupNorm(2, 4), ReLU(), MaxPool2D(), Flatten(), Dense(16, 4), GELU(), LayerNorm(4), Dense(4, 3))
)
GOOD = to_onnx(model_of(NETWORK, (4, 5, 1), SoftmaxCrossEntropy()))
SMALL = {"W": np.ones((4, 3), np.float32), "b": np.ones(3, np.float32)}
GEMM = [("Gemm", ["x", "W", "b"], "y", {})]


def varint(n):
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def refused(raw, message):
    with pytest.raises(ModelFileError, match=message) as caught:
        from_onnx(raw)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 800
    return text


def graph(change):
    """The good file after `change` has done something to its graph."""
    return changed(GOOD, lambda proto: change(proto.graph))


def with_array(**more):
    """A file whose array W says something else of itself."""

    def change(graph):
        tensor = graph.initializer[0]
        for name, value in more.items():
            if isinstance(value, list):
                tensor.ClearField(name)
                getattr(tensor, name).extend(value)
            else:
                setattr(tensor, name, value)

    return graph(change)


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"\xff" * 100, b"\x08", b"\x08\x08", b"{}", GOOD[:-5], GOOD[5:]])
def test_what_is_no_onnx_file_is_refused(raw):
    refused(raw, "the file is not a model this library can use: it ")


def test_the_file_is_named(tmp_path):
    (tmp_path / "m.onnx").write_bytes(GOOD[:300])
    with pytest.raises(ModelFileError, match=r"m\.onnx is not a model this library can use: it is damaged"):
        load(tmp_path / "m.onnx")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.onnx")
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(ModelFileError, match=r"pipe\.onnx is not an ordinary file"):
        load(tmp_path / "pipe.onnx")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (with_array(dims=[10**6, 10**6, 10**6]), r"its array '0\.W' has the shape .* but 144 bytes"),
        (with_array(dims=[-1, 1, 3, 3]), r"has the shape \(-1, 1, 3, 3\)"),
        (with_array(dims=[1] * 100), "has the shape"),
        (with_array(dims=[0, 2**62, 2**62], raw_data=b""), r"has the shape \(0, \d+, \d+\)"),
        (with_array(raw_data=b""), "but 0 bytes of float32"),
        (with_array(raw_data=np.full(36, np.nan, np.float32).tobytes()), "holds NaN or infinity in '0.W'"),
        (with_array(raw_data=np.full(36, np.inf, np.float32).tobytes()), "holds NaN or infinity in '0.W'"),
        (with_array(data_type=TensorProto.FLOAT16), "is of ONNX's type 10; those read are float32"),
        (with_array(data_type=TensorProto.STRING), "is of ONNX's type 8"),
        (with_array(data_type=0), "is of ONNX's type 0"),
        (with_array(data_type=TensorProto.INT32), "should be floats, of this layer alone"),
        (with_array(data_location=TensorProto.EXTERNAL), "lies in another file, which is not read"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_arrays_that_are_not_what_they_say_are_refused(raw, message):
    refused(raw, message)


@pytest.mark.parametrize("place", ["/etc/passwd", "../secret", "weights.bin"])
def test_numbers_in_another_file_are_never_looked_for(place):
    def change(graph):
        tensor = graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=place)

    refused(graph(change), "it has numbers in another file, which is not read here")


def set_opset(version, domain=""):
    def change(proto):
        del proto.opset_import[:]
        proto.opset_import.add(domain=domain, version=version)

    return changed(GOOD, change)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (set_opset(6), "in opset 6 of ONNX; those from 7 to 28 are read"),
        (set_opset(1000), "in opset 1000 of ONNX"),
        (set_opset(-1), "in opset -1"),
        (set_opset(17, "com.example"), "names no opset"),
        (graph(lambda g: g.node.pop()), r"outputs \['probabilities'\] should be what the last node makes"),
        (graph(lambda g: g.node.reverse()), "takes .*, which nothing before it makes"),
        (graph(lambda g: g.initializer.pop(0)), "takes '0.W', which nothing before it makes"),
        (graph(lambda g: g.initializer.add().CopyFrom(g.initializer[0])), "two arrays of the same name"),
        (graph(lambda g: g.input.add().CopyFrom(onnx.ValueInfoProto(name="z"))), "takes 2 inputs"),
        (graph(lambda g: g.ClearField("input")), "takes 0 inputs"),
        (graph(lambda g: g.output[0].CopyFrom(onnx.ValueInfoProto(name="z"))), "should be what the last node makes"),
        (graph(lambda g: g.output.add(name="0.W")), "should be what the last node makes"),
        (graph(lambda g: setattr(g.node[-1], "domain", "com.microsoft")), "not of ONNX itself, but of 'com.microsoft'"),
        (graph(lambda g: setattr(g.node[-1], "op_type", "Loop")), r"'Softmax' \(Loop\) has no layer here"),
        (graph(lambda g: g.node[-1].ClearField("output")), "makes nothing"),
        (graph(lambda g: g.node.append(g.node[-1])), "'probabilities', which is there already"),
        (graph(lambda g: g.node.add(op_type="Relu", input=["0.W"], output=["z"])), r"'z' \(Relu\) has no layer here"),
        (graph(lambda g: g.node[0].attribute.add(name="g", type=5, g=onnx.GraphProto())), "inside a node"),
        (graph(lambda g: g.node[0].attribute.add(name="to", type=1, f=np.nan)), "NaN or infinity in a node's setting"),
        (graph(lambda g: g.node[0].attribute.add(name="s", type=8)), "'s' is of a kind that no layer here has"),
        (graph(lambda g: g.sparse_initializer.add()), "sparse numbers, which is not read here"),
        (changed(GOOD, lambda p: p.functions.add(name="f")), "functions of its own"),
        (changed(GOOD, lambda p: p.training_info.add()), "a training, which"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_graphs_that_are_no_line_of_layers_are_refused(raw, message):
    refused(raw, message)


def test_a_circle_of_nodes_is_refused():
    nodes = [("Add", ["x", "b"], "a", {}), ("Relu", ["c"], "b", {}), ("Relu", ["b"], "c", {})]
    refused(by_hand(nodes, (4,), 4, {}, checked=False), "which nothing before it makes")


@pytest.mark.parametrize("sizes", [[0, 28], [10**6, 10**6], [10**12], [1] * 50, []])
def test_inputs_of_no_size_or_of_too_much_are_refused(sizes):
    refused(bare(by_hand([("Relu", ["x"], "y", {})], sizes, 1, {}, checked=False)), "its input 'x' should have")


def kernels(*shape):
    return {"K": np.ones(shape, np.float32)}


def flat(op, then="Flatten", **settings):
    """One operation on images with its settings, and rows of what comes of it."""
    return [(op, ["x", "K"] if op == "Conv" else ["x"], "h", settings), (then, ["h"], "y", {})]


WHOLE = {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}
STRAY = SMALL | {"s": np.ones(7, np.float32), "column": np.ones((3, 1), np.float32)}
TURNED = [("Transpose", ["x"], "t", {"perm": [0, 2, 3, 1]}), ("MaxPool", ["t"], "p", {}), ("Flatten", ["p"], "y", {})]
SHAPES = {"row": np.array([2, 2]), "number": np.array(4)}


@pytest.mark.parametrize(
    ("nodes", "shape", "arrays", "message"),
    [
        ([("Gemm", ["x", "W", "b"], "y", {"alpha": 2.0})], (4,), SMALL, "its alpha and beta should be 1"),
        ([("Gemm", ["x", "W", "b"], "y", {})], (5,), SMALL, r"takes inputs of shape \(4,\), got \(5,\)"),
        ([("Gemm", ["x", "W", "s"], "y", {})], (4,), STRAY, r"its bias should have the shape \(3,\), got \(7,\)"),
        ([("Gemm", ["x", "W", "column"], "y", {})], (4,), STRAY, r"its bias .* got \(3, 1\)"),
        ([("Dropout", ["s", "x"], "y", {})], (4,), STRAY, "'x' should be its first input"),
        ([("Gemm", ["x", "b", "b"], "y", {})], (4,), SMALL, "'b' should be floats, of this layer alone"),
        ([("MatMul", ["W", "x"], "y", {})], (4,), SMALL, "'x' should be its first input"),
        ([("MatMul", ["x", "x"], "y", {})], (4,), SMALL, "its input 1 should be an array of numbers in the file"),
        ([("Div", ["x", "b"], "y", {})], (3,), SMALL, r"'y' \(Div\) has no layer here"),
        ([("Gelu", ["x"], "y", {})], (3,), {}, "GELU has its tanh form here"),
        ([("Mul", ["x", "x"], "y", {})], (3,), {}, r"'y' \(Mul\) has no layer here"),
        ([("Sigmoid", ["x"], "s", {}), ("Mul", ["s", "s"], "y", {})], (3,), {}, r"'y' \(Mul\) has no layer here"),
        ([("Sigmoid", ["x"], "s", {}), ("Tanh", ["x"], "y", {})], (3,), {}, "several nodes take the same values"),
        ([("LeakyRelu", ["x"], "y", {"alpha": 2.0})], (3,), {}, r"leak in \[0, 1\), got 2"),
        ([("LeakyRelu", ["x"], "y", {"alpha": "ink"})], (3,), {}, "this library can use: could not convert"),
        ([("Flatten", ["x"], "y", {"axis": 2})], (3, 4, 5), {}, "its axis should be 1"),
        ([("Reshape", ["x", "row"], "y", {})], (4,), SHAPES, r"rows of images, got the shape \[2, 2\]"),
        ([("Reshape", ["x", "number"], "y", {})], (4,), SHAPES, "got the shape 4"),
        (flat("Transpose", perm=[0, 3, 2, 1]), (3, 4, 5), {}, "first or last"),
        ([("Squeeze", ["x"], "y", {"axes": [2]})], (3, 1, 5), {}, "drop the height .* axis 1"),
        ([("Squeeze", ["x"], "y", {"axes": [1]})], (2, 4, 3), {}, "one pixel high"),
        (TURNED, (3, 4, 5), {}, "should take images with their channels first"),
        (flat("MaxPool", kernel_shape=[2, 2]), (1, 4, 4), {}, "side by side"),
        (flat("MaxPool", kernel_shape=[2, 3], strides=[2, 2]), (1, 4, 4), {}, "side by side"),
        (flat("MaxPool", kernel_shape=[2]), (1, 4, 4), {}, "window of two axes"),
        (flat("MaxPool"), (1, 4, 4), {}, "window of two axes"),
        (flat("MaxPool", **WHOLE), (1, 5, 5), {}, "whole ones only"),
        (flat("Conv", group=2), (2, 4, 4), kernels(2, 1, 3, 3), "one group"),
        (flat("Conv", pads=[0, 0, 1, 1]), (1, 4, 4), kernels(2, 1, 3, 3), "margins should be 0 or 1 on every side"),
        (flat("Conv", pads=[0, 1, 0, 1]), (1, 4, 4), kernels(2, 1, 1, 5), "0 above and below and 2 at the sides, got"),
        (flat("Conv"), (1, 4, 4), kernels(2, 1, 2, 2), "needs an odd kernel"),
        (flat("Conv"), (1, 4, 4), kernels(2, 1, 3, 2), "needs an odd kernel"),
        (flat("Conv"), (2, 4, 5), kernels(3, 2, 3, 3), "outputs are the pixels of images, channels first"),
    ],
    ids=str,
)
def test_operations_that_no_layer_does_are_refused_by_name(nodes, shape, arrays, message):
    opset = 20 if nodes[0][0] == "Gelu" else 17
    refused(by_hand(nodes, shape, 1, arrays, opset, checked=False), message)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([("Cast", ["x"], "f", {"to": 1}), ("Div", ["f", "n"], "d", {})], "bytes should be divided by 255"),
        ([("Cast", ["x"], "f", {"to": 1}), ("Div", ["f", "many"], "d", {})], "bytes should be divided by 255"),
        ([("Cast", ["x"], "f", {"to": 1})], r"\(Gemm\) has no layer here: bytes should be divided by 255"),
        ([], "it takes bytes, which should first be cast to floats and divided by 255"),
    ],
)
def test_bytes_that_are_prepared_in_another_way_are_refused(nodes, message):
    last = nodes[-1][2] if nodes else "x"
    nodes = [*nodes, ("Gemm", [last, "W", "b"], "y", {})]
    arrays = SMALL | {"n": np.float32(256), "many": np.full((5, 1), 255, np.float32)}
    refused(by_hand(nodes, (4,), 3, arrays, kind=TensorProto.UINT8, checked=False), message)


def told(**changes):
    """A file whose metadata say something else."""

    def change(proto):
        for each in proto.metadata_props:
            if each.key == "inkgrad":
                each.value = json.dumps(json.loads(each.value) | changes)

    return changed(GOOD, change)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (told(format="inkgrad onnx 2"), "made by a newer inkgrad"),
        (told(format="inkgrad model 1"), "should be an inkgrad onnx 1"),
        (told(network={"class": "os.system"}), "made of 'os.system', which is unknown here"),
        (told(network={"class": "Chain", "layers": []}), "metadata tell of 0 layers, its graph has 9"),
        (told(network=3), "should describe a layer and a cost"),
        (told(labels=["a", "b"]), "there are 2 labels"),
        (told(labels=[1, 2, 3]), "labels are the names of classes"),
        (told(input_shape=[5, 4, 1]), r"its graph takes inputs of shape \(4, 5, 1\), not \(5, 4, 1\)"),
        (told(card=7), "its card should be a JSON object"),
        (changed(GOOD, lambda p: setattr(p.metadata_props[1], "value", "{")), "metadata 'inkgrad' are not JSON"),
        (changed(GOOD, lambda p: setattr(p.metadata_props[1], "value", "[" * 10**5)), "are not JSON"),
        (changed(GOOD, lambda p: setattr(p.metadata_props[1], "value", "[]")), "should be a JSON object, got"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_metadata_that_are_not_sound_are_refused(raw, message):
    refused(raw, message)


# Memory, and everything else a mutation can come up with.


@pytest.mark.parametrize(
    "raw",
    [
        b"\x08\x08" + field(7, field(1, b"") * 2_000_000),
        b"\x08\x08" + field(14, b"") * 2_000_000,
        b"\x08\x08" + field(7, field(1, field(5, b"") * 2_000_000)),
        b"\x08\x08" + field(7, field(5, b"\x08\x01" * 2_000_000)),
    ],
    ids=["nodes", "metadata", "settings", "axes"],
)
def test_a_file_of_millions_of_empty_parts_takes_no_memory(raw):
    """They would take a hundred times the memory of the file, 400 MB."""
    program = (
        f"{IMPORT_PEAK}import onnx\n"
        "from inkgrad.errors import ModelFileError; from inkgrad.interop.onnx import from_onnx\n"
        "raw, before = sys.stdin.buffer.read(), peak_bytes()\n"
        "try: from_onnx(raw)\n"
        "except ModelFileError as error: print(error)\n"
        "print(peak_bytes() - before)"
    )
    message, grown = output_of(program, input=raw, text=False).decode().splitlines()
    assert "more than 100000 parts" in message
    assert int(grown) < 50_000_000


def test_an_array_used_by_many_layers_is_refused_not_copied():
    """A hundred layers that share an array of 4 MB would be a model of 400 MB."""
    n = 1000
    nodes = [("MatMul", [f"h{i}" if i else "x", "W"], f"h{i + 1}" if i < 99 else "y", {}) for i in range(100)]
    raw = by_hand(nodes, (n,), n, {"W": np.ones((n, n), np.float32)}, checked=False)
    tracemalloc.start()
    refused(raw, "'W' should be floats, of this layer alone")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 30_000_000


def test_layers_without_end_are_read_in_a_moment():
    nodes = [("Relu", [f"h{i}" if i else "x"], f"h{i + 1}" if i < 9999 else "y", {}) for i in range(10_000)]
    assert len(from_onnx(by_hand(nodes, (3,), 3, {}, checked=False)).network.layers) == 10_000


def answers_or_refuses(raw):
    """The file is a model whose parts fit together, or it is refused with one line."""
    try:
        model = from_onnx(raw)
    except ModelFileError as error:
        message = str(error)
    else:
        message = ""
        assert isinstance(model, Model)
        assert np.isfinite(model.theta).all()
    assert "\n" not in message


QUICKLY = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@QUICKLY
@given(st.data())
def test_mutated_bytes_never_crash(data):
    raw = bytearray(GOOD if data.draw(st.booleans()) else bare(GOOD))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw) - 1))
        if data.draw(st.booleans()):
            raw[at] = data.draw(st.integers(0, 255))
        else:
            raw[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=20))
    answers_or_refuses(bytes(raw))


@QUICKLY
@given(st.binary(max_size=200))
def test_random_bytes_never_crash(raw):
    answers_or_refuses(raw)
    answers_or_refuses(GOOD[:4] + raw)


SETTINGS = [
    "alpha",
    "axis",
    "perm",
    "pads",
    "strides",
    "kernel_shape",
    "ceil_mode",
    "epsilon",
    "to",
    "group",
    "auto_pad",
]
VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(width=32),
    st.lists(st.integers(-3, 5), max_size=6),
    st.text(max_size=5),
)
OPS = ["Relu", "Gemm", "Conv", "Reshape", "Transpose", "MaxPool", "Mul", "Flatten", "Unsqueeze", "Cast", "Gelu",
       "GroupNormalization", "Shape", "Constant", "Softmax", "LayerNormalization", "Dropout", "Identity"]  # fmt: skip


@QUICKLY
@given(st.data())
def test_sound_files_of_senseless_graphs_never_crash(data):
    """Operations, settings, names and shapes changed inside a file that is whole."""

    def change(proto):
        graph = proto.graph
        for _ in range(data.draw(st.integers(1, 4))):
            node = data.draw(st.sampled_from(list(graph.node)))
            names = ["", "images", *(each.name for each in graph.initializer), *(each.name for each in graph.node)]
            what = data.draw(st.integers(0, 4))
            if what == 0:
                node.op_type = data.draw(st.sampled_from(OPS))
            elif what == 1:
                name, value = data.draw(st.sampled_from(SETTINGS)), data.draw(VALUES)
                kept = [each for each in node.attribute if each.name != name]
                node.ClearField("attribute")
                node.attribute.extend([*kept, helper.make_attribute(name, value, attr_type=7 if value == [] else None)])
            elif what == 2 and node.input:
                node.input[data.draw(st.integers(0, len(node.input) - 1))] = data.draw(st.sampled_from(names))
            elif what == 3:
                tensor = data.draw(st.sampled_from(list(graph.initializer)))
                tensor.ClearField("dims")
                tensor.dims.extend(data.draw(st.lists(st.sampled_from([0, 1, 2, 3, 4, 16]), max_size=4)))
            else:
                dims = graph.input[0].type.tensor_type.shape.dim
                data.draw(st.sampled_from(list(dims))).dim_value = data.draw(st.integers(0, 10**6))

    answers_or_refuses(changed(GOOD if data.draw(st.booleans()) else bare(GOOD), change))
