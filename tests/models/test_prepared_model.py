"""Prepared models: the bits of the model itself, for one input after another."""

import pickle
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support.catalogue import LAYERS, batch

from inkgrad import load
from inkgrad.costs import CrossEntropy, SoftmaxCrossEntropy, SquaredError
from inkgrad.errors import DataError, SettingError, ShapeError
from inkgrad.fast import Fast, kernels
from inkgrad.layers import ELU, Chain, Conv2D, Dense, Flatten, LeakyReLU, MaxPool2D, ReLU, Softmax, Tanh
from inkgrad.layout import Layout
from inkgrad.models import MODELS, Model, PreparedModel
from inkgrad.training import Plain

IMAGE = 28, 28, 1
SOFTMAX = SoftmaxCrossEntropy()


def model_of(network, cost=SOFTMAX, shape=IMAGE, dtype=np.float32, **more):
    layout, rng = Layout(network.shapes()), np.random.default_rng(0)
    theta = rng.normal(0, 0.1, layout.size).astype(dtype)
    labels = tuple(f"class {k}" for k in range(network.output_shape(shape)[-1]))
    return Model(network, cost, theta, labels, shape, **more)


def recipe(name):
    return model_of(MODELS[name].network(10), MODELS[name].cost)


def dense(n_in, n_out, activation):
    return Chain((Flatten(), Dense(n_in, n_out), activation, Dense(n_out, 3)))


NETWORKS = {
    **{name: (MODELS[name].network(10), MODELS[name].cost, IMAGE) for name in ("seed", "mlp", "cnn")},
    "odd sizes": (
        Chain((Conv2D(1, 9), ReLU(), MaxPool2D(), Conv2D(9, 17), ReLU(), MaxPool2D(), Flatten(), Dense(17, 3))),
        SoftmaxCrossEntropy(),
        (7, 5, 1),
    ),
    "few channels": (
        Chain((Conv2D(3, 5), ReLU(), MaxPool2D(), Flatten(), Dense(30, 33), LeakyReLU(0.3), Dense(33, 2))),
        SoftmaxCrossEntropy(),
        (4, 6, 3),
    ),
    "no kernel": (Chain((Flatten(), Dense(12, 5), Tanh(), Dense(5, 2), Softmax())), CrossEntropy(), (3, 4, 1)),
    "softmax of channels": (
        Chain((Conv2D(1, 3), Softmax(), Flatten(), Dense(36, 4), Softmax())),
        CrossEntropy(),
        (3, 4, 1),
    ),
    "chains in a chain": (Chain((Chain((Flatten(),)), dense(12, 40, ELU(0.5)))), SquaredError(), (3, 4, 1)),
    "a dense layer": (Dense(12, 5), SquaredError(), (12,)),
}


def inputs(shape, dtype, rng):
    """Images mostly of paper, of ink, of nothing; for other shapes rows of numbers."""
    for zeros in (0.85, 0.5, 0, 1):
        x = rng.integers(0, 256, shape) * (rng.random(shape) >= zeros)
        yield (x / 255).astype(dtype)
        if len(shape) == 3:
            yield x.astype(np.uint8)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_prepared_model_gives_the_bits_of_the_model(instructions, rng, name, dtype):
    network, cost, shape = NETWORKS[name]
    model = model_of(network, cost, shape, dtype)
    prepared = model.prepared()
    for kind in (dtype, np.float32, np.float64):
        for x in inputs(shape, kind, rng):
            found, wanted = prepared.probabilities(x), model.probabilities(x)[0]
            assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
            np.testing.assert_array_equal(found, wanted)
            assert prepared.predict(x) == model.predict(x)[0]


def test_parameters_of_another_type_are_left_to_the_plain_layers(rng):
    network, cost, shape = NETWORKS["odd sizes"]
    model = model_of(network, cost, shape, np.float16)
    for x in inputs(shape, np.float32, rng):
        np.testing.assert_array_equal(model.prepared().probabilities(x), model.probabilities(x)[0])


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
def test_any_layer_may_be_in_a_prepared_model(layer, shape):
    layer = layer if len(layer.output_shape(shape)) == 1 else Chain((layer, Flatten()))
    model = model_of(layer, SquaredError(), shape)
    x = batch(shape)[0] if len(shape) == 1 else np.abs(np.tanh(batch(shape)[0]))
    np.testing.assert_array_equal(model.prepared().probabilities(x), model.probabilities(x[None])[0])


@pytest.mark.parametrize("name", ["seed", "cnn"])
@pytest.mark.parametrize("engine", [Plain(1), Fast(1), Fast(3)], ids=str)
def test_a_prepared_model_has_the_engine_of_the_model(digits, name, engine):
    model = model_of(MODELS[name].network(10), MODELS[name].cost, engine=engine)
    for x in digits.test.x[:20]:
        np.testing.assert_array_equal(model.prepared().probabilities(x), model.probabilities(x)[0])


@pytest.mark.parametrize("large", [2.0**12 + 1, 1e14, 1e16])
@pytest.mark.parametrize("where", [0, 200, -1])
def test_parameters_that_a_kernel_leaves_alone_have_the_plain_answer(instructions, digits, large, where):
    for name in "cnn", "seed":
        network, cost = MODELS[name].network(10), MODELS[name].cost
        theta = np.array(recipe(name).theta)
        theta[where] = large
        model = Model(network, cost, theta, digits.labels, IMAGE)
        np.testing.assert_array_equal(
            model.prepared().probabilities(digits.test.x[0]), model.probabilities(digits.test.x[0])[0]
        )


@pytest.mark.parametrize("large", [2.0**12 + 1, 1e16, 1e30])
def test_numbers_that_a_kernel_leaves_alone_have_the_plain_answer_and_the_next_its_own(instructions, rng, large):
    model = model_of(Chain((Dense(12, 40), ReLU(), Dense(40, 3))), shape=(12,))
    prepared, x = model.prepared(), rng.normal(size=(3, 12)).astype(np.float32)
    x[1, 4] = large
    for row, wanted in zip(x, model.probabilities(x), strict=True):
        np.testing.assert_array_equal(prepared.probabilities(row), model.probabilities(row)[0])
        np.testing.assert_allclose(prepared.probabilities(row), wanted, rtol=1e-4)


def test_one_input_may_have_every_form_that_the_model_takes(digits):
    model = load("cnn")
    prepared, x = model.prepared(), digits.test.x[0]
    wanted = model.probabilities(x)[0]
    lying = np.asfortranarray(x)
    for form in (
        x,
        x[..., 0],
        x[None],
        x[..., 0][None],
        x.tolist(),
        lying,
        np.repeat(x, 2, axis=1)[:, ::2],
        x[::-1][::-1],
    ):
        given = np.array(form, np.uint8) if isinstance(form, list) else form
        np.testing.assert_array_equal(prepared.probabilities(given), wanted)
    assert prepared.predict(x) == 7
    assert model.labels[prepared.predict(x)] == "7"


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.zeros((2, 28, 28), np.uint8), ShapeError, "takes one input at a time, got 2: ask the model itself"),
        (np.zeros((0, 28, 28), np.uint8), DataError, "there are no examples"),
        (np.zeros((28, 27), np.uint8), ShapeError, r"takes inputs of shape \(28, 28, 1\), got"),
        (np.full((28, 28), np.nan), DataError, "finite"),
        (np.full((28, 28), 2.0), DataError, r"pixels must be uint8 in 0..255 or floats in \[0, 1\]"),
        ("seven", ShapeError, "takes inputs of shape"),
        (None, ShapeError, "takes inputs of shape"),
    ],
)
def test_what_is_not_one_input_is_refused(x, error, message):
    prepared = load("cnn").prepared()
    for ask in prepared.probabilities, prepared.predict:
        with pytest.raises(error, match=message):
            ask(x)


def test_a_model_that_reads_lines_is_refused():
    with pytest.raises(SettingError, match="this model reads lines, which are of different widths: ask the model"):
        load("lines").prepared()


def test_an_answer_stays_when_the_next_is_given(digits):
    prepared = load("cnn").prepared()
    first = prepared.probabilities(digits.test.x[0])
    kept = first.copy()
    prepared.probabilities(digits.test.x[1])
    np.testing.assert_array_equal(first, kept)


def test_threads_may_share_a_prepared_model(digits):
    model = load("cnn")
    prepared, x = model.prepared(), digits.test.x[:200]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(prepared.probabilities, x))
    np.testing.assert_array_equal(found, [model.probabilities(each)[0] for each in x])


def test_a_prepared_model_goes_to_another_process(digits):
    prepared = load("cnn").prepared()
    again = pickle.loads(pickle.dumps(prepared))
    assert isinstance(again, PreparedModel)
    np.testing.assert_array_equal(again.probabilities(digits.test.x[0]), prepared.probabilities(digits.test.x[0]))


@pytest.mark.skipif(kernels.compiled is None, reason="installed without a C++ compiler, so there are no kernels")
@pytest.mark.parametrize("name", ["seed", "cnn"])
def test_answers_take_no_memory_but_their_own(digits, name):
    """The outputs of the layers, some 25,000 bytes of the CNN, have their places."""
    prepared, x = recipe(name).prepared(), digits.test.x[0]
    prepared.predict(x)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        prepared.predict(x)
        most = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert most < 2000
