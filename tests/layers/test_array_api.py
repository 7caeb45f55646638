"""Plain layers, costs, optimizers and training run on arrays of other libraries, to the same numbers."""

import sys
from functools import partial

import numpy as np
import pytest
from support.catalogue import COSTS, EVERY_COST, LAYERS, batch, given_to, outputs_and_targets
from support.other_arrays import on_other_arrays, tensor

from inkgrad.arrays import as_numpy, namespace
from inkgrad.costs import Cost, SoftmaxCrossEntropy
from inkgrad.data import animals
from inkgrad.layers import Activation, Chain, Dense, LayerNorm, Tanh
from inkgrad.layout import Layout
from inkgrad.optimizers import SGD, Adam, Averaged, Cosine, OneCycle, StepDecay
from inkgrad.training import Objective, train

CLOSE = {"rtol": 1e-11, "atol": 1e-13}  # float64: only the order of sums differs
every_layer = pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
every_cost = pytest.mark.parametrize("cost", EVERY_COST, ids=str)


def there_and_back(layer, shape, convert):
    """Return y, dx and the gradient of theta, as arrays of whatever library `convert` makes."""
    layout, rng = Layout(layer.shapes()), np.random.default_rng(0)
    theta, gradient = convert(rng.normal(size=layout.size)), convert(np.full(layout.size, np.nan))
    y, cache = layer.forward(layout.views(theta), convert(batch(shape)), np.random.default_rng(3))
    dy = convert(rng.normal(size=tuple(y.shape)))
    return y, layer.backward(layout.views(theta), layout.views(gradient), cache, dy), gradient


@on_other_arrays
@every_layer
def test_a_layer_says_the_same_of_other_arrays(layer, shape, convert):
    ours, theirs = there_and_back(layer, shape, np.copy), there_and_back(layer, shape, convert)
    for mine, other in zip(ours, theirs, strict=True):
        alike = convert(np.zeros(1))
        assert (type(other), other.device) == (type(alike), alike.device)
        np.testing.assert_allclose(as_numpy(other), mine, **CLOSE)


@on_other_arrays
@pytest.mark.parametrize("activation", [layer for layer, _ in LAYERS if isinstance(layer, Activation)], ids=str)
def test_a_jacobian_is_the_same_on_other_arrays(activation, convert):
    x = batch()[0]
    np.testing.assert_allclose(as_numpy(activation.jacobian(convert(x))), activation.jacobian(x), **CLOSE)


@on_other_arrays
@every_cost
def test_a_cost_says_the_same_of_other_arrays(cost, convert):
    assert_same_cost(cost, *given_to(cost), convert)


@on_other_arrays
@pytest.mark.parametrize("cost", COSTS, ids=str)
def test_a_cost_says_the_same_of_class_numbers_in_other_arrays(cost, convert):
    y, _ = outputs_and_targets()
    assert_same_cost(cost, y, np.arange(len(y)) % y.shape[1], convert)


def assert_same_cost(cost, y, t, convert):
    value, dy = cost.value_and_gradient(y, t)
    found, their_dy = cost.value_and_gradient(convert(y), convert(t))
    assert found == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(as_numpy(their_dy), dy, **CLOSE)
    for losses in cost.losses, partial(Cost.losses, cost):  # its own, and what a cost without its own has
        np.testing.assert_allclose(as_numpy(losses(convert(y), convert(t))), cost.losses(y, t), **CLOSE)
    np.testing.assert_allclose(as_numpy(cost.probabilities(convert(y))), cost.probabilities(y), **CLOSE)


@on_other_arrays
@pytest.mark.parametrize(
    "optimizer",
    [
        SGD(0.1),
        SGD(StepDecay(0.1, 4, 0.5), momentum=0.9),
        SGD(0.1, momentum=0.9, l1=0.01),
        Adam(Cosine(0.05, 10)),
        Adam(0.05, l1=0.01),
        Adam(OneCycle(0.05, 10), weight_decay=0.1),
        Averaged(Adam(0.05)),
    ],
    ids=str,
)
def test_a_training_takes_the_same_steps_on_other_arrays(optimizer, convert):
    network, data = Chain((Dense(2, 8), LayerNorm(8), Tanh(), Dense(8, 2))), animals().train
    objective = Objective(network, SoftmaxCrossEntropy())
    theta, x = objective.init(np.random.default_rng(0), np.float64), data.x.astype(np.float64)
    batches = list(zip(np.array_split(x, 10), np.array_split(data.t, 10), strict=True))
    theirs = [tuple(convert(array) for array in pair) for pair in batches]
    start = convert(theta)
    for ours, other in zip(
        train(objective, theta, batches, optimizer), train(objective, start, theirs, optimizer), strict=True
    ):
        assert other.cost == pytest.approx(ours.cost, rel=1e-10)
        np.testing.assert_allclose(as_numpy(other.theta), ours.theta, rtol=1e-9, atol=1e-11)
        if "average" in ours.state:
            np.testing.assert_allclose(as_numpy(other.state["average"]), ours.state["average"], rtol=1e-9, atol=1e-11)
    np.testing.assert_array_equal(as_numpy(start), theta)  # train() walks on a copy
    cost, gradient = objective(start, *theirs[0])
    assert cost == pytest.approx(objective(theta, *batches[0])[0], rel=1e-12)
    np.testing.assert_allclose(as_numpy(gradient), objective(theta, *batches[0])[1], **CLOSE)


def test_float32_tensors_stay_float32():
    layer = Chain((Dense(4, 3), Tanh()))
    layout = Layout(layer.shapes())
    theta, gradient = tensor(np.ones(layout.size, np.float32)), tensor(np.zeros(layout.size, np.float32))
    y, cache = layer.forward(layout.views(theta), tensor(batch().astype(np.float32)))
    dx = layer.backward(layout.views(theta), layout.views(gradient), cache, y)
    assert {str(array.dtype) for array in (y, dx, gradient)} == {"torch.float32"}


def test_numpy_names_its_own_functions():
    assert namespace(np.zeros(1)) is np


def test_arrays_that_need_a_translation_say_so_where_it_is_missing(monkeypatch):
    class Matrix:
        """An array of a library that does not follow the standard by itself."""

    monkeypatch.setitem(sys.modules, "array_api_compat", None)  # as where it is not installed
    with pytest.raises(TypeError, match=r"got Matrix: for arrays of PyTorch or CuPy, pip install array-api-compat"):
        namespace(Matrix())


def test_what_is_no_array_is_refused():
    pytest.importorskip("array_api_compat", reason="pip install array-api-compat")
    with pytest.raises(TypeError, match="list"):
        namespace([1.0, 2.0])
