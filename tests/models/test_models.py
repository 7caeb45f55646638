"""Models: they answer, and files give back what was saved or say why not."""

import json
import resource
from dataclasses import dataclass, replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from support.catalogue import EVERY_COST, LAYERS, LINE_COSTS, batch
from support.wrong_layers import Scale

from inkgrad import load
from inkgrad.costs import SoftmaxCrossEntropy, SquaredError
from inkgrad.data import Examples, mnist
from inkgrad.errors import DataError, ModelFileError, SettingError, ShapeError
from inkgrad.fast import Fast
from inkgrad.layers import Chain, Dense, Flatten, Frames, Layer, Sigmoid, Softmax, Tanh
from inkgrad.layout import Layout
from inkgrad.models import MODELS, Model, shipped
from inkgrad.models.header import MODEL
from inkgrad.models.model import TRAINED_FOLDER
from inkgrad.training import Objective, Plain

IMAGE = (3, 3, 1)
NETWORK = Chain((Flatten(), Dense(9, 4), Tanh(), Dense(4, 2)))
SQUARED = SquaredError()


def model_of(layer, shape, cost=SQUARED):
    if len(layer.output_shape(shape)) > 1 and cost not in LINE_COSTS:
        layer = Chain((layer, Flatten()))  # a model answers with a row of numbers
    layout = Layout(layer.shapes())
    theta = np.zeros(layout.size, np.float32)
    layer.init(layout.views(theta), np.random.default_rng(0))
    n = layer.output_shape(shape)[-1]
    return Model(layer, cost, theta, tuple(f"class {k}" for k in range(n)), shape)


@dataclass(frozen=True)
class Odd(SquaredError):
    """A user's own cost."""

    power: int = 3


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
def test_a_model_of_any_layer_is_saved_and_loaded(tmp_path, layer, shape):
    model = model_of(layer, shape)
    model.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert (again.network, again.cost, again.labels, again.input_shape) == (
        model.network,
        model.cost,
        model.labels,
        shape,
    )
    np.testing.assert_array_equal(again.theta, model.theta)
    assert again.theta.dtype == np.float32
    x = batch(shape) if len(shape) == 1 else np.abs(np.tanh(batch(shape)))
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


@pytest.mark.parametrize("cost", EVERY_COST, ids=str)
def test_a_model_of_any_cost_is_saved_and_loaded(tmp_path, cost):
    layer, shape = (Frames(), (1, 4, 3)) if cost in LINE_COSTS else (Sigmoid(), (3,))
    model_of(layer, shape, cost).save(tmp_path / "m.safetensors")
    assert load(tmp_path / "m.safetensors").cost == cost


def test_users_own_layers_and_costs_are_loaded_when_they_are_named(tmp_path):
    model_of(Chain((Scale(4), Softmax())), (4,), Odd(5)).save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors", layers=[Scale], costs=[Odd])
    assert again.network == Chain((Scale(4), Softmax()))
    assert again.cost == Odd(5)
    with pytest.raises(ModelFileError, match=r"m\.safetensors .* 'Scale', which is unknown here: .*layers=\[\.\.\.\]"):
        load(tmp_path / "m.safetensors", costs=[Odd])
    with pytest.raises(ModelFileError, match=r"'Odd', which is unknown here: .*costs=\[\.\.\.\]"):
        load(tmp_path / "m.safetensors", layers=[Scale])


def test_the_file_is_plain_safetensors_with_a_parameter_under_its_path(tmp_path):
    model = model_of(NETWORK, IMAGE)
    model.save(tmp_path / "m.safetensors")
    tensors = load_file(tmp_path / "m.safetensors")
    assert {name: array.shape for name, array in tensors.items()} == {
        "1.W": (9, 4),
        "1.b": (4,),
        "3.W": (4, 2),
        "3.b": (2,),
    }


def test_a_layer_that_is_no_dataclass_cannot_be_saved_and_nothing_is_written(tmp_path):
    class Loose(Layer):
        def forward(self, p, x, rng=None):
            return x, None

        def backward(self, p, g, cache, dy):
            return dy

    with pytest.raises(ModelFileError, match="Loose cannot be saved: a layer or cost must be a frozen dataclass"):
        model_of(Loose(), (2,)).save(tmp_path / "m.safetensors")
    assert not list(tmp_path.iterdir())


def test_images_come_in_every_usual_form():
    model = model_of(NETWORK, IMAGE)
    pixels = np.random.default_rng(0).integers(0, 256, (5, 3, 3), np.uint8)
    expected = model.probabilities(pixels)
    assert expected.shape == (5, 2)
    np.testing.assert_array_equal(model.probabilities(pixels[..., np.newaxis]), expected)
    np.testing.assert_allclose(model.probabilities(pixels / 255), expected, rtol=1e-5)
    np.testing.assert_allclose(model.probabilities(pixels[0]), expected[:1], rtol=1e-5)
    np.testing.assert_array_equal(model.predict(pixels), expected.argmax(axis=1))


def test_probabilities_of_logits_sum_to_1():
    model = model_of(NETWORK, IMAGE, SoftmaxCrossEntropy())
    found = model.probabilities(np.zeros((2, 3, 3), np.uint8))
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.zeros((5, 4, 4)), ShapeError, r"takes inputs of shape \(3, 3, 1\), got \(4, 4\)"),
        (np.zeros(()), ShapeError, r"takes inputs of shape \(3, 3, 1\), got \(\)"),
        (np.zeros((5, 3, 3, 3)), ShapeError, r"got \(3, 3, 3\)"),
        (np.zeros((0, 3, 3)), DataError, "there are no examples"),
        (np.full((1, 3, 3), 255.0), DataError, r"uint8 in 0..255 or floats in \[0, 1\]"),
        (np.full((1, 3, 3), np.nan), DataError, "finite numbers, got nan"),
        (np.full((1, 3, 3), "ink"), DataError, "numbers, got <U3"),
    ],
    ids=lambda value: None,
)
def test_inputs_that_do_not_fit_are_refused(x, error, message):
    with pytest.raises(error, match=message):
        model_of(NETWORK, IMAGE).predict(x)


def test_parts_that_do_not_fit_together_are_refused():
    with pytest.raises(ShapeError, match=r"outputs of shape \(2,\), but there are 3 labels"):
        Model(NETWORK, SquaredError(), np.zeros(50), ("a", "b", "c"), IMAGE)
    with pytest.raises(ShapeError, match=r"50 parameters, got an array of shape \(49,\)"):
        Model(NETWORK, SquaredError(), np.zeros(49), ("a", "b"), IMAGE)


def write(path, change_header=lambda header: None, **tensors):
    """Write a model file by hand, with the safetensors library alone."""
    header = {
        "network": {"class": "Dense", "n_in": 2, "n_out": 1, "start": "he"},
        "cost": {"class": "SquaredError"},
        "preprocessing": 1,
        "labels": ["a"],
        "input_shape": [2],
    }
    change_header(header)
    save_file(
        {"W": np.ones((2, 1), np.float32), "b": np.ones(1, np.float32)} | tensors,
        path,
        {"inkgrad": json.dumps({"format": str(MODEL)} | header)},
    )


def test_a_file_written_by_hand_is_loaded(tmp_path):
    write(tmp_path / "m.safetensors")
    assert load(tmp_path / "m.safetensors").probabilities(np.array([2.0, 3])).tolist() == [[6]]


@pytest.mark.parametrize(
    ("change", "tensors", "message"),
    [
        (lambda h: h["network"].update({"class": "os.system"}), {}, "made of 'os.system', which is unknown"),
        (lambda h: h["network"].update(n_in=-2), {}, "describes a Dense that cannot be built: .*at least 1"),
        (lambda h: h["network"].update(colour=1), {}, "describes a Dense that cannot be built: .*colour"),
        (lambda h: h["network"].update(n_in=3), {}, r"has parameters \{'W': \(3, 1\).*the file holds"),
        (lambda h: h["network"].update(n_in=10**12), {}, r"has parameters"),
        (lambda h: h.pop("labels"), {}, "lacks 'labels' in its header"),
        (lambda h: h.update(labels=["a", "b"]), {}, "there are 2 labels"),
        (lambda h: h.update(labels=7), {}, "should list labels and an input_shape, got 7"),
        (lambda h: h.update(network=3), {}, "should describe a layer and a cost, got 3"),
        (lambda h: h.update(cost={"class": "Dense"}), {}, "made of 'Dense', which is unknown here"),
        (lambda h: None, {"W": np.full((2, 1), np.nan, np.float32)}, "holds NaN or infinity in W"),
        (lambda h: None, {"c": np.ones(1, np.float32)}, "the file holds"),
    ],
)
def test_a_file_that_is_no_sound_model_is_refused_by_name(tmp_path, change, tensors, message):
    write(tmp_path / "m.safetensors", change, **tensors)
    with pytest.raises(ModelFileError, match=r"m\.safetensors.*" + message):
        load(tmp_path / "m.safetensors")


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"\x08\0\0\0\0\0\0\0{}      ", b"\xff" * 100])
def test_a_file_that_is_something_else_is_refused_by_name(tmp_path, raw):
    (tmp_path / "m.safetensors").write_bytes(raw)
    with pytest.raises(
        ModelFileError, match=r"m\.safetensors (is not a safetensors file|should be an inkgrad model 1)"
    ):
        load(tmp_path / "m.safetensors")


def test_a_cut_off_model_is_refused(tmp_path):
    model_of(NETWORK, IMAGE).save(tmp_path / "m.safetensors")
    raw = (tmp_path / "m.safetensors").read_bytes()
    (tmp_path / "m.safetensors").write_bytes(raw[:-5])
    with pytest.raises(ModelFileError, match="is not a safetensors file, or is damaged"):
        load(tmp_path / "m.safetensors")


def test_a_full_disk_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "m.safetensors"
    model = model_of(NETWORK, IMAGE)
    model.save(path)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # no file may grow beyond 100 bytes
    try:
        with pytest.raises(OSError, match=r"File too large.*m\.safetensors"):
            model.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["m.safetensors"]


def test_the_same_model_is_the_same_bytes(tmp_path):
    for name in "abcdefgh":
        model_of(NETWORK, IMAGE).save(tmp_path / name)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "has a header that is not JSON"),
        ("[" * 100_000, "has a header that is not JSON"),
        ("[]", r"should have a JSON object as its header, got \[\]"),
    ],
    ids=["cut off", "deep", "a list"],
)
def test_a_header_that_is_no_json_object_is_refused(tmp_path, text, message):
    save_file({"W": np.ones(1)}, tmp_path / "m.safetensors", {"inkgrad": text})
    with pytest.raises(ModelFileError, match=r"m\.safetensors " + message):
        load(tmp_path / "m.safetensors")


def test_a_class_by_the_name_of_a_known_one_cannot_be_saved(tmp_path):
    @dataclass(frozen=True)
    class Tanh(Sigmoid):
        pass

    with pytest.raises(ModelFileError, match="your Tanh cannot be saved, as inkgrad has a Tanh of its own: rename"):
        model_of(Tanh(), (2,)).save(tmp_path / "m.safetensors")


def test_a_model_does_not_change_with_the_theta_it_was_made_from():
    theta = np.ones(50, np.float32)
    model = Model(NETWORK, SQUARED, theta, ("a", "b"), IMAGE)
    theta[:] = 7
    assert (model.theta == 1).all()


@pytest.mark.parametrize(
    ("theta", "labels", "message"),
    [
        (np.full(50, np.nan), ("a", "b"), "finite floating-point numbers, not NaN"),
        (np.ones(50, int), ("a", "b"), "finite floating-point numbers"),
        (np.ones(50), (0, 1), "labels are the names of classes, strings of up to 1000 printable characters, got 0"),
        (np.ones(50), ("a", "b\nc"), r"labels are the names of classes, .*, got 'b\\nc'"),
        (np.ones(50), ("a", "\x1b[2J"), r"labels are the names of classes, .*, got '\\x1b\[2J'"),
        (np.ones(50), ("a", "\ud800"), r"labels are the names of classes, .*, got '\\ud800'"),
        (np.ones(50), ("a", "b" * 1001), r"labels are the names of classes, .*, got 'bbb"),
    ],
)
def test_what_could_not_be_loaded_is_no_model(theta, labels, message):
    with pytest.raises(SettingError, match=message):
        Model(NETWORK, SQUARED, theta, labels, IMAGE)


@pytest.mark.parametrize("dtype", [np.int32, np.bool_, np.float16])
def test_numbers_of_strange_types_are_refused(tmp_path, dtype):
    write(tmp_path / "m.safetensors", W=np.ones((2, 1), dtype))
    with pytest.raises(ModelFileError, match=r"m\.safetensors holds numbers of types that are not used here: \{'W'"):
        load(tmp_path / "m.safetensors")


def test_parameters_of_mixed_types_are_refused(tmp_path):
    write(tmp_path / "m.safetensors", W=np.ones((2, 1), np.float64))
    with pytest.raises(ModelFileError, match="its parameters are of several types"):
        load(tmp_path / "m.safetensors")


@pytest.mark.parametrize(
    ("n_chains", "problem"), [(70, "layers inside layers without end"), (300, "brackets lie in brackets")]
)
def test_layers_inside_layers_without_end_are_refused(tmp_path, n_chains, problem):
    network = {"class": "Dense", "n_in": 2, "n_out": 1, "start": "he"}
    for _ in range(n_chains):
        network = {"class": "Chain", "layers": [network]}
    write(tmp_path / "m.safetensors", lambda header: header.update(network=network))
    with pytest.raises(ModelFileError, match=problem):
        load(tmp_path / "m.safetensors")


def test_pictures_prepared_in_another_way_are_refused(tmp_path):
    write(tmp_path / "m.safetensors", lambda header: header.update(preprocessing=2))
    with pytest.raises(ModelFileError, match="wants pictures prepared in way 2, this inkgrad does 1"):
        load(tmp_path / "m.safetensors")


def test_the_model_that_comes_along_reads_digits(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where no file of its name is in the way
    assert shipped() == ("cnn", "lines", "reader")
    test = mnist().test
    assert load("cnn").evaluate(Examples(test.x[:2000], test.t[:2000])).accuracy > 0.985
    for name in shipped():
        assert (TRAINED_FOLDER / f"{name}.safetensors").stat().st_size < 2_000_000


def test_a_file_of_its_name_goes_before_the_model_that_comes_along(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cnn").write_text("mine")
    with pytest.raises(ModelFileError, match="cnn is not a safetensors file"):
        load("cnn")


@pytest.mark.parametrize("name", MODELS)
def test_every_recipe_makes_a_model_that_answers(name):
    recipe = MODELS[name]
    objective = Objective(recipe.network(10), recipe.cost)
    theta = objective.init(np.random.default_rng(0))
    model = Model(objective.network, objective.cost, theta, tuple("0123456789"), recipe.input_shape, engine=Fast(1))
    x = np.random.default_rng(1).random((5, *recipe.input_shape), np.float32)
    probabilities = model.probabilities(x)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-5)
    plain = replace(model, engine=Plain()).probabilities(x)
    np.testing.assert_allclose(probabilities, plain, rtol=1e-3, atol=1e-6)
