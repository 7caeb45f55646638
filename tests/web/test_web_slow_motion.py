"""One step in slow motion: the numbers of the layers themselves, beside differences of the cost."""

import numpy as np
import pytest
from support.playground import LIBRARY, Page

from inkgrad.errors import SettingError
from inkgrad.layout import Layout
from inkgrad.web.playground_settings import ACTIVATIONS, COSTS, parsed
from inkgrad.web.slow_motion import slow_motion
from inkgrad.web.trainer import Trainer

DENSE = {"kind": "dense", "size": 5, "activation": "Tanh"}


def snapshot(which="points", **settings):
    return Trainer(parsed(settings, which), LIBRARY.digits).snapshot


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_of_a_right_network_differences_say_the_same(activation, cost):
    found = slow_motion(snapshot(layers=[DENSE | {"activation": activation}] * 2, cost=cost), 7)
    assert found["wrong"] == []
    for backward, differences in zip(found["dW"], found["by_differences"], strict=True):
        np.testing.assert_allclose(backward, differences, rtol=2e-4, atol=1e-8)


def test_the_numbers_are_those_of_the_objective():
    now = snapshot(layers=[DENSE], features=["x2", "sin1"], cost="SoftmaxCrossEntropy")
    found, train, objective = slow_motion(now, 3), now.dataset.train, now.objective
    x, t, theta = train.x[3:4].astype(float), train.t[3:4], now.answer.astype(float)
    cost, gradient = objective(theta, x, t)
    g, p = (Layout(objective.network.shapes()).views(each) for each in (gradient, theta))
    assert found["inputs"] == pytest.approx(x[0], rel=1e-3)
    assert found["cost"] == pytest.approx(cost, rel=1e-3)
    for name, layer in ("dW", "W"), ("db", "b"):
        for k, path in enumerate("02"):
            np.testing.assert_allclose(found[name][k], g[path][layer], rtol=1e-3)
    y, _ = objective.network.forward(p, x)
    np.testing.assert_allclose(found["z"][1], y[0], rtol=1e-3)
    np.testing.assert_allclose(found["values"][0], np.tanh(found["z"][0]), rtol=1e-3)
    np.testing.assert_allclose(found["values"][1], objective.cost.probabilities(y)[0], rtol=1e-3)
    assert found["target"] == t[0]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_of_regression_differences_say_the_same(activation):
    now = snapshot(data="gaussians", layers=[DENSE | {"activation": activation}] * 2)
    found, t = slow_motion(now, 7), now.dataset.train.t[7, 0]
    assert found["wrong"] == []
    for backward, differences in zip(found["dW"], found["by_differences"], strict=True):
        np.testing.assert_allclose(backward, differences, rtol=2e-4, atol=1e-8)
    y = found["z"][-1][0]
    assert found["values"][-1] == [y]
    assert found["target"] == pytest.approx(t, rel=1e-3)
    assert found["dz"][-1][0] == pytest.approx(y - t, abs=1e-3)
    assert found["cost"] == pytest.approx((y - t) ** 2 / 2, rel=0.01)
    assert found["cost_layer"]["kind"] == "SquaredError"


def test_a_broken_softmax_is_seen_on_every_line():
    found = slow_motion(snapshot(layers=[DENSE], broken="softmax-diagonal"), 0)
    assert len(found["wrong"]) == 2 * 5 + 5 * 2


def test_a_broken_layer_is_wrong_from_there_on_back_and_right_before():
    found = slow_motion(snapshot(layers=[DENSE, DENSE | {"activation": "ReLU"}], broken="relu-mask-inverted"), 0)
    assert {layer for layer, _, _ in found["wrong"]} == {0, 1}


def test_a_network_too_large_for_differences_goes_without():
    found = slow_motion(snapshot(layers=[DENSE | {"size": 300}]), 0)
    assert found["by_differences"] is None
    assert np.shape(found["dW"][0]) == (2, 16)


def test_an_example_that_is_not_there_is_refused(client):
    page = Page(client)
    assert page.ask("/api/slow", {})["example"] == 0
    answer = page.post("/api/slow", {"example": 80})
    assert answer.json()["error"] == "there are 80 training examples, counted from 0, got 80"


def test_images_are_refused():
    with pytest.raises(SettingError, match="slow motion is of the network of points"):
        slow_motion(snapshot("digits", layers=[DENSE]), 0)
