"""Right networks are left in peace, and right ones spoiled in a single number are not."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support.catalogue import ACTIVATIONS
from support.random_networks import Problem, at_a_kink, descend, in_float32, of_pictures, problem, saturated, trained

from inkgrad.check import GradientMismatch, Verdict, check_layer, check_network
from inkgrad.costs import CrossEntropy, SoftmaxCrossEntropy
from inkgrad.data import as_inputs
from inkgrad.layers import Chain, Conv2D, Dense, Dropout, Flatten, Layer, MaxPool2D, ReLU, Sigmoid, Softmax, Tanh
from inkgrad.training import Objective

along_directions = partial(check_network, every_entry=False)

N_KINDS = {  # how many of each kind: 400 in all
    "anything": (problem, 150),
    "float32": (in_float32, 50),
    "at a kink": (at_a_kink, 60),
    "pictures": (of_pictures, 30),
    "trained": (trained, 50),
    "saturated": (saturated, 30),
    "one example": (lambda seed: problem(seed, n=1), 30),
}


LONG = "anything", "float32", "at a kink", "pictures", "trained", "saturated"  # for the full check; one stays

CHECKED = [
    pytest.param(kind, check, marks=[pytest.mark.slow] if check is check_network and kind in LONG else [])
    for check in (check_network, along_directions)
    for kind in N_KINDS
]


@pytest.mark.parametrize(("kind", "check"), CHECKED)
def test_right_networks_raise_no_alarm(kind, check):
    make, count = N_KINDS[kind]
    alarms = {}
    for seed in range(count):
        report = check(*make(seed), raises=False)
        if report.verdict == Verdict.wrong or (not report.ok and kind != "saturated"):  # that may drown in rounding
            alarms[seed] = report.summary
    assert not alarms, f"{len(alarms)} of {count}: {alarms}"


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))])
def test_a_right_chain_raises_no_alarm_on_blank_paper(seed):
    """Each layer has a slope for equal maxima, but through both pools the chain rule need not give one."""
    chain = Chain((MaxPool2D(), Conv2D(1, 2), MaxPool2D()))
    assert check_layer(chain, np.zeros((1, 4, 4, 1)), seed=seed).ok


class SumsInAnotherOrder(Dense):
    """Right, though its backward rounds otherwise than the parameter_gradient that it inherits."""

    def backward(self, p, g, x, dy):
        g.W, g.b = sum(x[i, :, None] * dy[i] for i in reversed(range(len(x)))), dy[::-1].sum(axis=0)
        return dy @ p.W.T


@pytest.mark.parametrize("seed", range(5))
def test_a_sum_in_another_order_is_still_right(seed):
    assert check_layer(SumsInAnotherOrder(7, 5), np.random.default_rng(seed).normal(size=(11, 7)), seed=seed).ok


@dataclass(frozen=True)
class Spoiled(Layer):
    """A layer that adds `by` to one number of one gradient."""

    layer: Layer
    array: str
    index: int
    by: float

    def shapes(self):
        return self.layer.shapes()

    def init(self, p, rng):
        self.layer.init(p, rng)

    def input_shape(self):
        return self.layer.input_shape()

    def output_shape(self, input_shape):
        return self.layer.output_shape(input_shape)

    def forward(self, p, x, rng=None):
        return self.layer.forward(p, x, rng)

    def backward(self, p, g, cache, dy):
        dx = np.array(self.layer.backward(p, g, cache, dy))
        spoiled = dx if self.array == "x" else getattr(g, self.array)
        spoiled[np.unravel_index(self.index, spoiled.shape)] += self.by
        return dx


@st.composite
def problems(draw):
    """Return a chain of random layers at random parameters and a random batch."""
    width = n_in = draw(st.integers(1, 4), "inputs")
    layers: list[Any] = []
    for _ in range(draw(st.integers(1, 3), "depth")):
        if draw(st.booleans()):
            wider = draw(st.integers(1, 4))
            layers.append(Dense(width, wider))
            width = wider
        else:
            layers.append(draw(st.sampled_from([*ACTIVATIONS, Dropout(0.4)])))
    layers.append(Dense(width, 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1), "seed"))
    n, scale = draw(st.integers(1, 4), "batch"), draw(st.sampled_from([1e-3, 0.1, 1.0, 3.0]), "scale")
    network = Chain(tuple(layers))
    theta = Objective(network, SoftmaxCrossEntropy()).init(rng, np.float64)
    theta += rng.normal(0, 0.1, theta.shape)
    return Problem(network, SoftmaxCrossEntropy(), scale * rng.normal(size=(n, n_in)), rng.integers(0, 2, n), theta)


by_hypothesis = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.data_too_large]
)


@by_hypothesis
@given(problems())
def test_a_right_chain_never_raises_an_alarm(right):
    assert check_network(*right).ok
    assert check_layer(right.network, right.x).ok
    assert along_directions(*right).ok


@by_hypothesis
@given(problems(), st.data())
def test_one_number_changed_by_more_than_its_error_bar_always_does(right, data):
    report = check_network(*right, raises=False)
    comparisons = [each for each in report.comparisons if each.layer.isdigit()]
    comparison = data.draw(st.sampled_from(comparisons), "comparison")
    index = data.draw(st.integers(0, comparison.analytical.size - 1), "index")
    n, a = comparison.numerical, comparison.analytical.flat[index]
    room = 2 * n.bar.flat[index] + (n.high - n.low).flat[index]  # from one edge of what is right to the other
    assume(np.isfinite(room))
    by = data.draw(st.sampled_from([1, -1]), "sign") * max(1.5 * room, 1e-14 * abs(a), 1e-300)
    layers = list(right.network.layers)
    layers[int(comparison.layer)] = Spoiled(layers[int(comparison.layer)], comparison.array, index, by)
    with pytest.raises(GradientMismatch) as caught:
        check_network(Chain(tuple(layers)), right.cost, right.x, right.t, right.theta)
    assert (comparison.layer, comparison.array) in {(each.layer, each.array) for each in caught.value.report.findings}


# After training: gradients of rms 1e-6 on 784-100-10, where absolute tolerances see nothing.


class ZeroWeights(Dense):
    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = np.zeros_like(p.W), dy.sum(axis=0)


class NegativeWeights(Dense):
    def parameter_gradient(self, p, g, x, dy):
        g.W, g.b = -(x.T @ dy), dy.sum(axis=0)


class OneBiasMissing(Dense):
    def parameter_gradient(self, p, g, x, dy):
        db = dy.sum(axis=0)
        db[typical(db)] = 0
        g.W, g.b = x.T @ dy, db


class OneWeightDoubled(Dense):
    def parameter_gradient(self, p, g, x, dy):
        dW = x.T @ dy
        dW.flat[typical(dW)] *= 2
        g.W, g.b = dW, dy.sum(axis=0)


def typical(gradient):
    """Return the place of the number nearest in size to the rms of them all."""
    return int(np.argmin(np.abs(np.abs(gradient) - np.sqrt(np.mean(gradient**2)))))


def of_784(first, activation):
    return Chain((Flatten(), first(784, 100), activation, Dense(100, 10)))


@pytest.fixture(scope="module", params=[Tanh(), ReLU()], ids=str)
def after_training(request, digits):
    """A right network, 32 digits, and a theta where the gradient has an rms of about 1e-6."""
    x, t = as_inputs(digits.train.x[:32]).astype(np.float64), digits.train.t[:32]
    network = of_784(Dense, request.param)
    theta = descend(Objective(network, SoftmaxCrossEntropy()), np.random.default_rng(0), x, t, rms=1e-6)
    gradient = Objective(network, SoftmaxCrossEntropy())(theta, x, t)[1]
    assert 1e-8 < np.sqrt(np.mean(gradient**2)) <= 1e-6
    return request.param, x, t, theta


@pytest.mark.parametrize("seed", range(5))
def test_after_training_a_right_network_raises_no_alarm(after_training, seed):
    activation, x, t, theta = after_training
    assert along_directions(of_784(Dense, activation), SoftmaxCrossEntropy(), x, t, theta, seed=seed).ok


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("wrong", "path"),
    [(ZeroWeights, "1.W"), (NegativeWeights, "1.W"), (OneBiasMissing, "1.b"), (OneWeightDoubled, "1.W")],
)
def test_after_training_directions_find(after_training, wrong, path, seed):
    activation, x, t, theta = after_training
    report = along_directions(of_784(wrong, activation), SoftmaxCrossEntropy(), x, t, theta, seed=seed, raises=False)
    assert [f"{finding.layer}.{finding.array}" for finding in report.findings] == [path]


def test_after_training_the_full_check_raises_no_alarm(after_training):
    activation, x, t, theta = after_training
    assert check_network(of_784(Dense, activation), SoftmaxCrossEntropy(), x, t, theta).ok


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "array", "kind"),
    [
        (ZeroWeights, "W", "zero"),
        (NegativeWeights, "W", "sign"),
        (OneBiasMissing, "b", "nonlinear"),  # which entry is hit depends on dy
        (OneWeightDoubled, "W", "nonlinear"),
    ],
)
def test_after_training_the_full_check_finds_and_places(after_training, wrong, array, kind):
    activation, x, t, theta = after_training
    report = check_network(of_784(wrong, activation), SoftmaxCrossEntropy(), x, t, theta, raises=False)
    assert [(finding.layer, finding.array, finding.kind) for finding in report.findings] == [("1", array, kind)]


@pytest.mark.parametrize("ending", [Softmax(), pytest.param(Sigmoid(), marks=pytest.mark.slow)], ids=str)
@pytest.mark.parametrize("check", [pytest.param(check_network, marks=pytest.mark.slow), along_directions])
def test_saturated_outputs_before_the_cross_entropy_raise_no_alarm(check, ending):
    """An output of 1 - 1e-14 has two digits left below 1; the cost shows the rounding of the others."""
    network = Chain((Dense(4, 6), Tanh(), Dense(6, 3), ending))
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x, t, theta = rng.normal(size=(7, 4)), np.arange(7) % 3, rng.normal(size=51) * 10 ** rng.uniform(0, 1.2)
        assert check(network, CrossEntropy(), x, t, theta, raises=False).verdict != Verdict.wrong, seed
