"""ONNX files are read back: ours exactly, and those of others as far as they are made of our layers."""

from dataclasses import replace

import numpy as np
import pytest
from onnx import TensorProto, helper
from support.catalogue import COSTS, LAYERS
from support.onnx_files import CLOSE, CNN, assert_same_model, bare, by_hand, changed, inputs, model_of, run

from inkgrad import load
from inkgrad.costs import CrossEntropy, SoftmaxCrossEntropy, SquaredError
from inkgrad.errors import ModelFileError
from inkgrad.interop.onnx import from_onnx, to_onnx
from inkgrad.layers import (
    ELU,
    GELU,
    AveragePool2D,
    Chain,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GroupNorm,
    LayerNorm,
    LeakyReLU,
    MaxPool2D,
    Noise,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
)
from inkgrad.models import MODELS, Model, shipped
from inkgrad.training import Objective, Plain


def floats(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 0.5, shape).astype(np.float32)


def channels_last(x):
    return np.moveaxis(x, 1, -1)


# Our own files.


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
@pytest.mark.parametrize("cost", COSTS, ids=str)
def test_every_layer_comes_back_equal_with_every_cost(layer, shape, cost):
    model = model_of(layer, shape, cost)
    for preprocessing in (False, True) if len(shape) == 3 else (False,):
        assert_same_model(from_onnx(to_onnx(model, preprocessing)), model)


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
def test_every_layer_is_found_in_the_graph_alone(layer, shape):
    """Without metadata the function comes back: Dropout, names of starts and chains in chains are not in a graph."""
    model = model_of(layer, shape, SoftmaxCrossEntropy())
    found = from_onnx(bare(to_onnx(model)))
    x = inputs(shape)
    np.testing.assert_array_equal(replace(found, engine=Plain()).probabilities(x), model.probabilities(x))
    np.testing.assert_array_equal(found.theta, model.theta)
    assert found.labels == tuple(str(k) for k in range(len(model.labels)))


def test_settings_come_back_with_the_digits_they_were_written_with():
    layers = LeakyReLU(0.3), ELU(0.7), LayerNorm(4, eps=0.001), GELU(), SiLU(), Softplus()
    assert from_onnx(bare(to_onnx(model_of(Chain(layers), (4,))))).network == Chain(layers)


@pytest.mark.parametrize("name", MODELS)
def test_every_recipe_comes_back_equal(name):
    recipe = MODELS[name]
    network = recipe.network(10)
    theta = Objective(network, recipe.cost).init(np.random.default_rng(0))
    model = Model(network, recipe.cost, theta, tuple("0123456789"), recipe.input_shape)
    assert_same_model(from_onnx(to_onnx(model)), model)


@pytest.mark.parametrize("name", shipped())
def test_the_models_that_come_along_come_back_equal_with_their_card(name, tmp_path):
    model = load(name)
    (tmp_path / "m.onnx").write_bytes(to_onnx(model))
    assert_same_model(load(tmp_path / "m.onnx"), model)
    assert load(tmp_path / "m.onnx").card == model.card


def test_chains_in_chains_dropout_and_noise_come_back():
    network = Chain((Noise(0.2), Chain((Dense(4, 3, start="lecun"), Chain((Dropout(0.25), ReLU())))), Dense(3, 2)))
    assert_same_model(from_onnx(to_onnx(model_of(network, (4,)))), model_of(network, (4,)))


def test_a_cost_of_ones_own_is_built_when_it_is_named():
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Odd(SquaredError):
        power: int = 3

    raw = to_onnx(model_of(Dense(4, 3), (4,), Odd(5)))
    assert from_onnx(raw, costs=[Odd]).cost == Odd(5)
    with pytest.raises(ModelFileError, match="made of 'Odd', which is unknown here"):
        from_onnx(raw)


# Files that other programs write: the same operations, with channels first and in other words.

SMALL = {"W": floats(4, 3), "b": floats(3)}
IMAGES = {"K": floats(5, 2, 3, 3), "k": floats(5), "W": floats(6, 5 * 2 * 3), "b": floats(6)}
CONV = {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}
POOL = {"kernel_shape": [2, 2], "strides": [2, 2]}
TORCH = [  # as torch.onnx.export writes Conv2d, ReLU, MaxPool2d, Flatten, Linear
    ("Conv", ["x", "K", "k"], "c", CONV),
    ("Relu", ["c"], "r", {}),
    ("MaxPool", ["r"], "m", POOL),
    ("Flatten", ["m"], "f", {}),
    ("Gemm", ["f", "W", "b"], "y", {"transB": 1}),
]
FOREIGN = {
    "Linear": ([("Gemm", ["x", "W", "b"], "y", {})], (4,), 3, SMALL),
    "MatMul and Add": ([("MatMul", ["x", "W"], "h", {}), ("Add", ["b", "h"], "y", {})], (4,), 3, SMALL),
    "MatMul alone": ([("MatMul", ["x", "W"], "y", {})], (4,), 3, SMALL),
    "Gemm without a bias": ([("Gemm", ["x", "W"], "y", {"transB": 1})], (3,), 4, SMALL),
    "a convolution": (TORCH, (2, 4, 6), 6, IMAGES),
    "one without a bias": ([
        ("Conv", ["x", "K"], "c", CONV),
        ("AveragePool", ["c"], "p", {"kernel_shape": [4, 4], "strides": [4, 4]}),
        ("Reshape", ["p", "row"], "y", {}),
    ], (2, 4, 6), 5, {"K": IMAGES["K"], "row": np.array([-1, 5])}),
    "a stride": ([
        ("Conv", ["x", "K", "k"], "c", {"strides": [2, 2]}),
        ("Reshape", ["c", "row"], "f", {}),
        ("Gemm", ["f", "W", "b"], "y", {"transB": 1}),
    ], (2, 5, 7), 6, IMAGES | {"row": np.array([0, -1])}),
    "a normalisation of rows of images": ([
        ("Conv", ["x", "K", "k"], "c", CONV),
        ("Flatten", ["c"], "f", {}),
        ("LayerNormalization", ["f", "gain", "bias"], "n", {"axis": 1, "epsilon": 0.1}),
        ("LeakyRelu", ["n"], "l", {"alpha": 0.2}),
        ("Gemm", ["l", "W", "b"], "y", {"transB": 1}),
    ], (2, 2, 3), 6, IMAGES | {"gain": floats(30), "bias": floats(30, seed=1)}),
    "InstanceNormalization": ([
        ("InstanceNormalization", ["x", "gain", "bias"], "n", {"epsilon": 0.01}),
        ("Identity", ["n"], "i", {}),
        ("Conv", ["i", "K", "k"], "c", CONV),
        ("MaxPool", ["c"], "p", {"kernel_shape": [3, 3], "strides": [3, 3]}),
        ("Flatten", ["p"], "y", {}),
    ], (2, 3, 3), 5, IMAGES | {"gain": floats(2), "bias": floats(2, seed=1)}),
    "SiLU, written the other way round": ([
        ("Sigmoid", ["x"], "s", {}), ("Mul", ["s", "x"], "h", {}), ("Gemm", ["h", "W", "b"], "y", {}),
    ], (4,), 3, SMALL),
    "constants in nodes": ([
        ("Constant", [], "W", {"value": helper.make_tensor("", TensorProto.FLOAT, (4, 3), SMALL["W"].ravel())}),
        ("Gemm", ["x", "W", "b"], "y", {}),
    ], (4,), 3, {"b": SMALL["b"]}),
    "a probability at the end": ([("Gemm", ["x", "W", "b"], "h", {}), ("Softmax", ["h"], "y", {})], (4,), 3, SMALL),
    "its logarithm": ([("Gemm", ["x", "W", "b"], "h", {}), ("LogSoftmax", ["h"], "y", {"axis": 1})], (4,), 3, SMALL),
}  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_program_answers_as_in_onnxruntime(name):
    nodes, shape, n_out, arrays = FOREIGN[name]
    raw = by_hand(nodes, shape, n_out, arrays)
    model, x = from_onnx(raw), inputs(shape)
    logits = run(raw, x)
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    wanted = logits if nodes[-1][0] == "Softmax" else e / e.sum(axis=1, keepdims=True)
    found = replace(model, engine=Plain()).probabilities(channels_last(x) if len(shape) == 3 else x)
    np.testing.assert_allclose(found, wanted, atol=CLOSE)
    assert model.cost == SoftmaxCrossEntropy()
    assert model.labels == tuple(str(k) for k in range(n_out))


def test_the_layers_of_a_file_of_torch_are_named():
    nodes, *rest = FOREIGN["a convolution"]
    assert from_onnx(by_hand(nodes, *rest)).network == Chain(
        (Conv2D(2, 5), ReLU(), MaxPool2D(), Flatten(), Dense(30, 6))
    )
    nodes, *rest = FOREIGN["InstanceNormalization"]
    assert from_onnx(by_hand(nodes, *rest)).network == Chain(
        (GroupNorm(2, 2, eps=0.01), Conv2D(2, 5), MaxPool2D(3), Flatten())
    )
    nodes, *rest = FOREIGN["one without a bias"]
    assert from_onnx(by_hand(nodes, *rest)).network == Chain((Conv2D(2, 5), AveragePool2D(4), Flatten()))


def test_kernels_strides_and_windows_that_are_not_square_are_read():
    nodes = [
        ("Conv", ["x", "W", "b"], "c", {"pads": [0, 2, 0, 2], "strides": [2, 1]}),
        ("MaxPool", ["c"], "m", {"kernel_shape": [2, 1], "strides": [2, 1]}),
        ("Flatten", ["m"], "f", {}),
        ("Gemm", ["f", "last", "bias"], "y", {}),
    ]
    arrays = {"W": floats(3, 2, 1, 5), "b": floats(3), "last": floats(30, 4), "bias": floats(4)}
    raw = by_hand(nodes, (2, 7, 5), 4, arrays)
    model, x = from_onnx(raw), inputs((2, 7, 5))
    assert model.network == Chain((Conv2D(2, 3, (1, 5), (2, 1)), MaxPool2D((2, 1)), Flatten(), Dense(30, 4)))
    e = np.exp(run(raw, x) - run(raw, x).max(axis=1, keepdims=True))
    found = replace(model, engine=Plain()).probabilities(channels_last(x))
    np.testing.assert_allclose(found, e / e.sum(axis=1, keepdims=True), atol=CLOSE)


def test_a_graph_that_ends_in_sigmoid_has_the_cost_that_goes_with_it():
    raw = by_hand([("Gemm", ["x", "W", "b"], "h", {}), ("Sigmoid", ["h"], "y", {})], (4,), 3, SMALL)
    assert (from_onnx(raw).cost, from_onnx(raw).network) == (CrossEntropy(), Chain((Dense(4, 3), Sigmoid())))


def test_mnist_with_channels_first_is_taken_as_images_of_one_channel():
    nodes = [("Flatten", ["x"], "f", {}), ("MatMul", ["f", "W"], "y", {})]
    model = from_onnx(by_hand(nodes, (1, 28, 28), 10, {"W": floats(784, 10)}))
    assert model.input_shape == (28, 28, 1)
    assert model.probabilities(np.zeros((2, 28, 28), np.uint8)).shape == (2, 10)


def test_parameters_of_float64_stay_so():
    arrays = {name: array.astype(np.float64) for name, array in SMALL.items()}
    raw = by_hand([("Gemm", ["x", "W", "b"], "y", {})], (4,), 3, arrays, kind=TensorProto.DOUBLE)
    assert from_onnx(raw).theta.dtype == np.float64
    np.testing.assert_array_equal(from_onnx(raw).theta, np.concatenate([arrays["W"].ravel(), arrays["b"]]))


def test_an_older_opset_is_read_by_its_own_rules():
    nodes = [("Gemm", ["x", "W", "b"], "h", {}), ("Softmax", ["h"], "y", {})]
    assert from_onnx(by_hand(nodes, (4,), 3, SMALL, opset=11)).network == Chain((Dense(4, 3),))
    image = [("Softmax", ["x"], "s", {}), ("Flatten", ["s"], "y", {})]  # over all of an image, before opset 13
    with pytest.raises(ModelFileError, match=r"'s' \(Softmax\) has no layer here: its axis is 1"):
        from_onnx(by_hand(image, (2, 3, 4), 24, {}, opset=11))


def test_a_file_changed_by_another_program_is_refused_if_its_metadata_say_something_else():
    raw = to_onnx(model_of(Chain((Dense(4, 3), ReLU(), Dense(3, 2))), (4,)))

    def other_layer(proto):
        proto.graph.node[1].op_type = "Tanh"

    with pytest.raises(ModelFileError, match=r"metadata tell of ReLU\(\) where its graph has Tanh\(\): it was changed"):
        from_onnx(changed(raw, other_layer))
    assert str(from_onnx(bare(changed(raw, other_layer))).network.layers[1]) == "Tanh()"  # the graph is what runs

    def fewer_layers(proto):
        proto.graph.node[2].input[0] = proto.graph.node[0].output[0]
        del proto.graph.node[1]

    with pytest.raises(ModelFileError, match="where its graph has Dense"):
        from_onnx(changed(raw, fewer_layers))


def test_a_softmax_that_was_taken_away_is_missed():
    raw = to_onnx(model_of(Chain((Dense(4, 3), Softmax())), (4,), SquaredError()))
    logits = to_onnx(model_of(Chain((Dense(4, 3),)), (4,), SquaredError()))
    assert from_onnx(raw).network == Chain((Dense(4, 3), Softmax()))

    def other_cost(proto):
        for each in proto.metadata_props:
            each.value = each.value.replace("SquaredError", "SoftmaxCrossEntropy")

    with pytest.raises(ModelFileError, match="but its graph does not end in Softmax"):
        from_onnx(changed(logits, other_cost))


def test_reading_and_writing_again_gives_the_same_bytes():
    raw = to_onnx(model_of(CNN, (4, 5, 1), SoftmaxCrossEntropy()))
    assert to_onnx(from_onnx(raw)) == raw
