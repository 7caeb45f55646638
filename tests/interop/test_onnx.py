"""ONNX files answer as the plain layers do, in the runtime that most use."""

import json
from dataclasses import dataclass, replace

import numpy as np
import onnx
import pytest
from support.catalogue import EVERY_COST, LAYERS, LINE_COSTS
from support.onnx_files import CLOSE, CNN, WARNINGS, inputs, model_of, run, session
from support.wrong_layers import Scale

import inkgrad
from inkgrad.costs import CrossEntropy, SoftmaxCrossEntropy, SquaredError
from inkgrad.data import mnist
from inkgrad.errors import ModelFileError, SettingError
from inkgrad.interop.onnx import from_onnx, largest_difference, to_onnx, translate
from inkgrad.layers import Chain, Conv2D, Dense, Flatten, Frames, GroupNorm, ReLU, Sigmoid
from inkgrad.models import MODELS, Model, load, shipped
from inkgrad.training import Objective, Plain


def ops(raw):
    return [node.op_type for node in onnx.ModelProto.FromString(raw).graph.node]


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
def test_every_layer_answers_in_onnxruntime_as_in_numpy(layer, shape):
    model = model_of(layer, shape)
    raw = to_onnx(model)
    onnx.checker.check_model(onnx.ModelProto.FromString(raw), full_check=True)
    for n in 1, 7:
        x = inputs(shape, n)
        np.testing.assert_allclose(run(raw, x), model.probabilities(x), rtol=CLOSE, atol=CLOSE)
    assert run(raw, inputs(shape, 0)).shape == (0, len(model.labels))


@pytest.mark.parametrize("cost", EVERY_COST, ids=str)
def test_the_output_is_probabilities_whatever_the_cost(cost):
    layer, shape = (Frames(), (1, 4, 3)) if cost in LINE_COSTS else (Chain((Dense(4, 3), Sigmoid())), (4,))
    model, x = model_of(layer, shape, cost), inputs(shape)
    np.testing.assert_allclose(run(to_onnx(model), x), model.probabilities(x), atol=CLOSE)


@pytest.mark.parametrize("name", MODELS)
def test_every_recipe_answers_in_onnxruntime_as_in_numpy(name):
    recipe = MODELS[name]
    network = recipe.network(10)
    theta = Objective(network, recipe.cost).init(np.random.default_rng(0))
    model = Model(network, recipe.cost, theta, tuple("0123456789"), recipe.input_shape, engine=Plain())
    x, raw = inputs(recipe.input_shape, 8), to_onnx(model)
    found = run(raw, x)
    np.testing.assert_allclose(found, model.probabilities(x), atol=CLOSE)
    _, *shape = onnx.ModelProto.FromString(raw).graph.output[0].type.tensor_type.shape.dim
    assert tuple(each.dim_value for each in shape) == found.shape[1:]


@pytest.mark.parametrize("name", shipped())
@pytest.mark.parametrize("preprocessing", [False, True])
def test_the_models_that_come_along_answer_the_same(name, preprocessing):
    model = replace(load(name), engine=Plain())
    x = mnist().test.x[:50] if not model.reads_lines else np.uint8(255 * inputs(model.input_shape, 5))
    raw = to_onnx(model, preprocessing)
    given = x[..., 0] if preprocessing else x.astype(np.float32) / 255
    np.testing.assert_allclose(run(raw, given), model.probabilities(x), atol=CLOSE)
    assert largest_difference(model, raw, preprocessing) < 3 * CLOSE  # of 70,000 probabilities, for lines


def test_large_logits_and_far_inputs_do_not_overflow():
    from inkgrad.layers import ELU, GELU, SiLU, Softmax, Softplus, Tanh

    x = np.array([[-300, -90, -20, 0, 20, 90, 300]], np.float32)
    for layer in ELU(), GELU(), SiLU(), Softplus(), Sigmoid(), Tanh(), Softmax():
        model = model_of(layer, (7,))
        found = run(to_onnx(model), x)
        assert np.isfinite(found).all(), layer
        np.testing.assert_allclose(found, model.probabilities(x), rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("preprocessing", [False, True])
def test_onnxruntime_loads_every_file_without_a_warning(capfd, preprocessing):
    shapes = [(layer, shape) for layer, shape in LAYERS if len(shape) == 3 or not preprocessing]
    for layer, shape in shapes:
        session(to_onnx(model_of(layer, shape, SoftmaxCrossEntropy()), preprocessing), WARNINGS)
    for name in shipped():
        session(to_onnx(load(name), preprocessing), WARNINGS)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


def test_onnxruntime_does_warn_of_other_files_where_this_is_looked_for(capfd):
    proto = onnx.ModelProto.FromString(to_onnx(model_of(Dense(4, 3), (4,))))
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(3, np.float32), "never used"))
    session(proto.SerializeToString(), WARNINGS)
    assert "never used" in "".join(capfd.readouterr())


def test_the_order_of_the_channels_changes_only_where_it_must():
    assert ops(to_onnx(model_of(CNN, (4, 5, 1), SoftmaxCrossEntropy()))) == [
        "Transpose", "Conv", "Relu", "MaxPool", "Conv", "Transpose", "Flatten", "Gemm", "Softmax",
    ]  # fmt: skip
    assert ops(to_onnx(model_of(Chain((Flatten(), Dense(20, 3))), (4, 5, 1)))) == ["Flatten", "Gemm"]


def test_the_file_says_what_goes_in_and_comes_out():
    asked = session(to_onnx(model_of(CNN, (4, 5, 1))))
    (taken,), (given,) = asked.get_inputs(), asked.get_outputs()
    assert (taken.name, taken.type, taken.shape) == ("images", "tensor(float)", ["N", 4, 5, 1])
    assert (given.name, given.type, given.shape) == ("probabilities", "tensor(float)", ["N", 4])


@pytest.mark.parametrize(("shape", "taken"), [((4, 5, 1), ["N", 4, 5]), ((4, 5, 3), ["N", 4, 5, 3])])
def test_with_preprocessing_the_images_are_bytes(shape, taken):
    model = model_of(Conv2D(shape[-1], 2), shape)
    raw = to_onnx(model, preprocessing=True)
    (wanted,) = session(raw).get_inputs()
    assert (wanted.type, wanted.shape) == ("tensor(uint8)", taken)
    x = np.random.default_rng(0).integers(0, 256, (3, *taken[1:]), np.uint8)
    np.testing.assert_allclose(run(raw, x), model.probabilities(x), atol=CLOSE)


def test_preprocessing_is_for_images():
    with pytest.raises(SettingError, match=r"makes numbers of images, but this model takes inputs of shape \(4,\)"):
        to_onnx(model_of(Dense(4, 3), (4,)), preprocessing=True)


def test_the_metadata_hold_the_labels_and_what_made_the_file():
    proto = onnx.ModelProto.FromString(to_onnx(model_of(CNN, (4, 5, 1))))
    metadata = {each.key: json.loads(each.value) for each in proto.metadata_props}
    assert metadata["labels"] == ["class 0", "class 1", "class 2", "class 3"]
    assert metadata["inkgrad"]["format"] == "inkgrad onnx 1"
    assert (proto.producer_name, proto.producer_version) == ("inkgrad", inkgrad.__version__)
    assert (proto.ir_version, [(each.domain, each.version) for each in proto.opset_import]) == (8, [("", 17)])
    assert "(N, 4, 5, 1)" in proto.doc_string


def test_the_same_model_is_the_same_bytes_and_parameters_have_their_paths():
    model = model_of(CNN, (4, 5, 1))
    assert to_onnx(model) == to_onnx(model)
    arrays = {each.name: each for each in onnx.ModelProto.FromString(to_onnx(model)).graph.initializer}
    assert list(arrays) == ["0.W", "0.b", "3.W", "3.b", "5.W", "5.b"]
    parts = model.objective.layout.parts(model.theta)
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(arrays["5.W"]), parts["5.W"])


def test_a_model_of_float64_becomes_one_of_float32():
    model = model_of(CNN, (4, 5, 1))
    double = replace(model, theta=model.theta.astype(np.float64))
    assert to_onnx(double) == to_onnx(model)
    with pytest.raises(SettingError, match=r"0\.W has numbers that are too large for float32"):
        to_onnx(replace(model, theta=np.full(model.theta.size, 1e300)))


# Layers and costs of one's own.


def test_a_layer_without_a_meaning_is_refused_by_name():
    with pytest.raises(SettingError, match=r"Scale\(n=4\) has no meaning in ONNX yet.*translate\.register.*export\.md"):
        to_onnx(model_of(Scale(4), (4,)))


def test_a_subclass_does_not_pass_for_the_layer_it_comes_from():
    @dataclass(frozen=True)
    class Doubled(Dense):
        def forward(self, p, x, rng=None):
            return 2 * (x @ p.W + p.b), x

    with pytest.raises(SettingError, match=r"Doubled.* has no meaning in ONNX yet"):
        to_onnx(model_of(Doubled(4, 3), (4,)))


def test_a_layer_of_ones_own_gets_a_meaning():
    @dataclass(frozen=True)
    class Stretch(Scale):
        pass

    @translate.register
    def _(layer: Stretch, p, sketch):
        return sketch.node("Mul", sketch.x(), sketch.array("s", p.s))

    images = Chain((Conv2D(2, 3), Stretch(3), ReLU(), Stretch(3), Flatten()))
    for network, shape in (Chain((Stretch(4), Dense(4, 2))), (4,)), (images, (4, 5, 2)):
        model = model_of(network, shape)
        raw, x = to_onnx(model), inputs(shape)
        np.testing.assert_allclose(run(raw, x), model.probabilities(x), atol=CLOSE)
    with pytest.raises(ModelFileError, match=r"node '1\.Mul' \(Mul\) has no layer here"):
        from_onnx(raw)


def test_a_cost_with_its_own_probabilities_is_refused():
    @dataclass(frozen=True)
    class Halved(SquaredError):
        def probabilities(self, y):
            return y / 2

    @dataclass(frozen=True)
    class Renamed(CrossEntropy):
        pass

    with pytest.raises(SettingError, match=r"Halved.* makes probabilities in a way of its own"):
        to_onnx(model_of(Dense(4, 3), (4,), Halved()))
    to_onnx(model_of(Dense(4, 3), (4,), Renamed()))


def test_the_comparison_sees_a_wrong_file():
    model = model_of(Chain((Flatten(), Dense(20, 3))), (4, 5, 1))
    other = model_of(Chain((Flatten(), Dense(20, 3))), (4, 5, 1), seed=1)
    assert largest_difference(model, to_onnx(model)) < CLOSE
    assert largest_difference(model, to_onnx(other)) > 0.01


def test_groups_are_those_of_the_formula():
    """GroupNorm(2, 4) by hand: the first two channels of an image have their own mean and variance."""
    model = model_of(GroupNorm(2, 4, eps=0.5), (2, 3, 4))
    x = inputs((2, 3, 4), 1)
    gain, bias = model.theta[:4], model.theta[4:]
    halves = [x[..., k : k + 2] for k in (0, 2)]
    h = np.concatenate([(half - half.mean()) / np.sqrt(half.var() + 0.5) for half in halves], axis=-1)
    np.testing.assert_allclose(run(to_onnx(model), x), (gain * h + bias).reshape(1, -1), atol=CLOSE)
