"""The case it all started from, to every printed digit.

A small project's network learned, yet its estimated gradients were exactly twice the computed
ones with two labels, and unevenly wrong with three: the softmax derivative used only the
diagonal of its Jacobian.  One layer of two inputs, softmax, half the squared error, one example.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from support.plain_differences import numerical_gradient
from support.wrong_layers import DiagonalSoftmax

from inkgrad.check import check_jax, check_layer, check_network, check_torch
from inkgrad.costs import SquaredError
from inkgrad.layers import Chain, Dense, Softmax
from inkgrad.training import Objective

X = np.array([[0.924, 0.166]])
GOAT = np.array([1])  # the labels are fish, goat and, where there are three, one that is never used


@dataclass(frozen=True)
class Case:
    """What was printed; weights and their gradients have one row for each output."""

    weights: list
    outputs: list
    numerical: str
    diagonal: str
    numerical_bias: str
    diagonal_bias: str

    @property
    def theta(self):
        w = np.array(self.weights)
        return np.concatenate([w.T.ravel(), np.full(len(w), 0.1)])  # ours has one row for each input


TWO = Case(
    weights=[[0.3251169104168574, 1.0577112895890197], [0.36170159819321346, 0.014072284781826894]],
    outputs=[0.5348035822381325, 0.4651964177618675],
    numerical="0.245882 0.044174 -0.245882 -0.044174",
    diagonal="0.122941 0.022087 -0.122941 -0.022087",
    numerical_bias="0.266106 -0.266106",
    diagonal_bias="0.133053 -0.133053",
)
THREE = Case(
    weights=[*TWO.weights, [-1.271551261654049, 0.32522080597322767]],
    outputs=[0.48254030802695685, 0.4197354508741787, 0.09772424109886445],
    numerical="0.215667 0.038745 -0.224596 -0.040350 0.008929 0.001604",
    diagonal="0.111331 0.020001 -0.130587 -0.023460 0.007962 0.001430",
    numerical_bias="0.233406 -0.243070 0.009664",
    diagonal_bias="0.120488 -0.141328 0.008617",
)
both_cases = pytest.mark.parametrize("case", [TWO, THREE], ids=["two labels", "three labels"])


def gradients(case, softmax):
    """Return dC/dW and dC/db by backward, then both by centred differences with h = 1e-4."""
    n = len(case.weights)
    objective = Objective(Chain((Dense(2, n), softmax)), SquaredError())
    theta = case.theta
    _, backward = objective(theta, X, GOAT)
    numerical = numerical_gradient(lambda: objective(theta, X, GOAT)[0], theta, step=1e-4)
    parts = [objective.layout.parts(each) for each in (backward, numerical)]
    return [array for part in parts for array in (part["0.W"].T, part["0.b"])]


def printed(array):
    return " ".join(f"{z:.6f}" for z in array.ravel())


def relative_errors(a, n):
    return (np.abs(a - n) / np.maximum(np.abs(a), np.abs(n))).ravel()


@both_cases
def test_the_outputs_are_those_of_the_issue(case):
    network = Chain((Dense(2, len(case.weights)), Softmax()))
    objective = Objective(network, SquaredError())
    y, _ = network.forward(objective.layout.views(case.theta), X)
    np.testing.assert_allclose(y[0], case.outputs, rtol=1e-15)


@both_cases
def test_finite_differences_see_the_right_gradient(case):
    _, _, dW, db = gradients(case, Softmax())
    assert printed(dW) == case.numerical
    assert printed(db) == case.numerical_bias


@both_cases
def test_the_full_jacobian_agrees_to_nine_digits(case):
    dW, db, numerical_dW, numerical_db = gradients(case, Softmax())
    np.testing.assert_allclose(dW, numerical_dW, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(db, numerical_db, rtol=1e-8, atol=1e-9)
    assert np.abs(dW - numerical_dW).max() < 1e-9


@both_cases
def test_the_diagonal_alone_gives_the_wrong_numbers_of_the_issue(case):
    dW, db, _, _ = gradients(case, DiagonalSoftmax())
    assert printed(dW) == case.diagonal
    assert printed(db) == case.diagonal_bias


def test_with_two_labels_the_mistake_looks_like_a_harmless_factor():
    dW, _, numerical, _ = gradients(TWO, DiagonalSoftmax())
    errors = relative_errors(dW, numerical)  # the first input's weights, then the second's, for each output
    assert [f"{e:.10f}" for e in errors] == ["0.4999999996", "0.5000000000"] * 2
    np.testing.assert_allclose(errors, 0.4999999996, atol=5e-10)


def test_with_three_labels_it_is_uneven():
    dW, _, numerical, _ = gradients(THREE, DiagonalSoftmax())
    found = [f"{e:.5f}" for e in relative_errors(dW, numerical)]
    assert found == ["0.48378", "0.48378", "0.41857", "0.41857", "0.10833", "0.10833"]


def the_one_finding(report):
    assert not report.ok
    (finding,) = report.findings
    return finding


@both_cases
def test_check_layer_names_it(case):
    network = Chain((Dense(2, len(case.weights)), DiagonalSoftmax()))
    finding = the_one_finding(check_layer(network, X, raises=False))
    assert (finding.layer, finding.array, finding.kind) == ("1", "x", "diagonal-jacobian")


@both_cases
@pytest.mark.parametrize("seed", range(10))
def test_check_network_names_it(case, seed):
    network = Chain((Dense(2, len(case.weights)), DiagonalSoftmax()))
    report = check_network(network, SquaredError(), X, GOAT, case.theta, seed=seed, raises=False)
    finding = the_one_finding(report)
    assert (finding.layer, finding.array, finding.kind) == ("1", "x", "diagonal-jacobian")
    assert "sum over all outputs is missing" in " ".join(str(report).split())


@both_cases
def test_the_full_jacobian_raises_no_alarm(case):
    network = Chain((Dense(2, len(case.weights)), Softmax()))
    assert check_network(network, SquaredError(), X, GOAT, case.theta).ok


def logits(case):
    """Return what the softmax is given, (1, n)."""
    return X @ np.array(case.weights).T + 0.1


@both_cases
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_check_torch_names_it(case, dtype):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Diagonal(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = torch.softmax(x, 1)
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, dy):
            (y,) = ctx.saved_tensors
            return dy * y * (1 - y)

    x = torch.tensor(logits(case), dtype=getattr(torch, dtype))
    finding = the_one_finding(check_torch(Diagonal.apply, (x,), raises=False))
    assert (finding.array, finding.kind) == ("x", "diagonal-jacobian")
    assert check_torch(torch.nn.Softmax(dim=1), (x,)).ok


@both_cases
def test_check_jax_names_it(case):
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    diagonal = jax.custom_vjp(lambda x: jax.nn.softmax(x))
    diagonal.defvjp(lambda x: (jax.nn.softmax(x),) * 2, lambda y, dy: (dy * y * (1 - y),))
    finding = the_one_finding(check_jax(diagonal, (logits(case),), raises=False))
    assert (finding.array, finding.kind) == ("x", "diagonal-jacobian")
    assert check_jax(jax.nn.softmax, (logits(case),)).ok
