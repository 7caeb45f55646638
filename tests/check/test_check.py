"""The gradient checker: right layers pass, wrong ones are found by name."""

import re
import warnings
from functools import partial

import numpy as np
import pytest
from support.catalogue import batch, outputs_and_targets
from support.commands import output_of
from support.plain_differences import numerical_gradient
from support.wrong_layers import (
    DiagonalSoftmax,
    Forgetful,
    Greedy,
    HalfOverridden,
    MeanNotSum,
    Meddler,
    Scale,
    SilentSoftmax,
    SumNotMean,
    TidyCost,
    TransposedWeights,
)

from inkgrad.check import EntryVerdict, GradientMismatch, check_cost, check_layer, check_network, check_vjp
from inkgrad.check.measure.numerical import complex_slope
from inkgrad.check.measure.streams import stream
from inkgrad.check.measure.subject import Subject
from inkgrad.costs import SoftmaxCrossEntropy, SquaredError
from inkgrad.layers import Chain, Dense, Layer, Softmax, Tanh
from inkgrad.models import MODELS
from inkgrad.training import Objective

along_directions = partial(check_network, every_entry=False)

T = np.arange(7) % 3


def found(report):
    """Return where each finding is, and its name."""
    return {(finding.layer, finding.array): finding.kind for finding in report.findings}


def values(report):
    """Return the analytical and the numerical gradient of each array by its path."""
    return {each.path: (each.analytical, each.numerical.value) for each in report.comparisons}


@pytest.mark.parametrize(
    ("layer", "array", "kind"),
    [
        (DiagonalSoftmax(), "x", "diagonal-jacobian"),
        (SilentSoftmax(), "x", "zero"),
        (MeanNotSum(4, 3), "b", "factor"),
        (TransposedWeights(4, 4), "x", "jacobian-not-transposed"),
        (HalfOverridden(4, 3), "b", "wiring"),
        (Greedy(4), "x", "mutated"),
        (Meddler(4), "x", "mutated"),
        (Forgetful(4), "s", "zero"),
    ],
    ids=str,
)
def test_a_wrong_backward_is_found(layer, array, kind):
    with pytest.raises(GradientMismatch, match=f"{array}: {kind}") as caught:
        check_layer(layer, batch())
    assert found(caught.value.report)["", array] == kind
    report = check_layer(layer, batch(), raises=False)
    assert not report.ok
    assert found(report) == found(caught.value.report)


@pytest.mark.parametrize(
    ("cost", "array", "kind"), [(SumNotMean(), "y", "factor"), (TidyCost(), "y", "mutated")], ids=str
)
def test_a_wrong_cost_is_found(cost, array, kind):
    with pytest.raises(GradientMismatch, match=f"cost.{array}: {kind}") as caught:
        check_cost(cost, *outputs_and_targets())
    assert found(caught.value.report)["cost", array] == kind


def test_a_users_layer_is_checked_for_free():
    report = check_layer(Scale(4), batch())
    assert report.ok
    assert values(report).keys() == {"x", "s"}
    for comparison in report.comparisons:
        assert (comparison.verdicts == EntryVerdict.right).all()
        assert comparison.relative_error.max() < 1e-8


def test_the_numbers_of_a_report_are_those_of_plain_differences():
    report = check_layer(Tanh(), batch(), seed=3)
    ((analytical, numerical),) = values(report).values()
    dy = stream(3, "dy").normal(size=(7, 4))
    x = batch()
    by_hand = numerical_gradient(lambda: float((dy * np.tanh(x)).sum()), x)
    np.testing.assert_allclose(numerical, by_hand, atol=1e-9)
    np.testing.assert_allclose(analytical, dy * (1 - np.tanh(x) ** 2), rtol=1e-12)


def test_ones_would_not_have_found_the_silent_softmax():
    """Why check_layer draws dy at random: softmax outputs sum to 1 whatever x is."""
    x = batch()
    for softmax in (Softmax(), SilentSoftmax()):
        y, cache = softmax.forward(None, x)
        dx = softmax.backward(None, None, cache, np.ones_like(y))
        numerical = numerical_gradient(lambda softmax=softmax: float(softmax.value(x).sum()), x)
        np.testing.assert_allclose(dx, numerical, atol=1e-9)


@pytest.mark.parametrize("check", [check_network, along_directions])
def test_a_right_network_passes(check):
    network = Chain((Dense(4, 5), Tanh(), Dense(5, 3)))
    report = check(network, SoftmaxCrossEntropy(), batch(), T)
    assert report.ok
    assert not report.findings
    assert {"0.W", "0.b", "2.W", "2.b"} <= {each.path for each in report.arrays}
    for comparison in report.comparisons:
        scale = np.abs(comparison.analytical).max()
        np.testing.assert_allclose(comparison.numerical.value, comparison.analytical, rtol=1e-6, atol=1e-7 * scale)


@pytest.mark.parametrize("wrong", [MeanNotSum(3, 3), TransposedWeights(3, 3)], ids=str)
def test_a_wrong_layer_inside_a_network_is_found(wrong):
    network = Chain((Dense(4, 3), Tanh(), wrong))
    with pytest.raises(GradientMismatch) as caught:
        check_network(network, SoftmaxCrossEntropy(), batch(), T)
    assert {finding.layer for finding in caught.value.report.findings} == {"2"}


@pytest.mark.parametrize("wrong", [MeanNotSum(3, 3), TransposedWeights(3, 3)], ids=str)
def test_directions_find_a_wrong_layer_inside_a_network(wrong):
    network = Chain((Dense(4, 3), Tanh(), wrong))
    with pytest.raises(GradientMismatch) as caught:
        along_directions(network, SoftmaxCrossEntropy(), batch(), T)
    assert {finding.layer for finding in caught.value.report.findings} == {"2"}


class DoubledDx(Dense):
    """A right dW and db, and a wrong dx, which no network asks of the first of its layers."""

    def backward(self, p, g, cache, dy):
        return 2 * super().backward(p, g, cache, dy)


@pytest.mark.parametrize("n_out", [pytest.param(3, id="small"), pytest.param(800, id="large", marks=pytest.mark.slow)])
def test_a_layer_that_is_a_whole_network_is_examined_with_its_dx(n_out):
    right = check_network(Dense(4, n_out), SoftmaxCrossEntropy(), batch(), T)
    assert {"x", "W", "b"} <= {each.array for each in right.arrays}
    wrong = check_network(DoubledDx(4, n_out), SoftmaxCrossEntropy(), batch(), T, raises=False)
    assert found(wrong) == {("", "x"): "factor"}


def test_a_wrong_first_layer_is_found_as_training_would_use_it():
    """Training calls parameter_gradient of the first layer, never its backward."""
    with pytest.raises(GradientMismatch, match=r"0\.b: factor"):
        check_network(Chain((MeanNotSum(4, 3),)), SoftmaxCrossEntropy(), batch(), T)
    half = check_network(Chain((HalfOverridden(4, 3),)), SoftmaxCrossEntropy(), batch(), T, raises=False)
    assert found(half) == {("0", "b"): "wiring"}


def test_the_check_of_a_network_leaves_its_theta_alone():
    network = Chain((Dense(4, 3),))
    theta, x = np.linspace(-1, 1, 15, dtype=np.float32), batch()
    before, x_before = theta.copy(), x.copy()
    check_network(network, SquaredError(), x, T, theta)
    along_directions(network, SquaredError(), x, T, theta)
    np.testing.assert_array_equal(theta, before)
    np.testing.assert_array_equal(x, x_before)


def test_directions_find_a_single_wrong_entry_among_78400():
    class OneDoubled(Dense):
        def parameter_gradient(self, p, g, x, dy):
            super().parameter_gradient(p, g, x, dy)
            g.W[300, 50] *= 2

    recipe = MODELS["seed"]
    network = recipe.network(10)
    wrong = Chain(tuple(OneDoubled(784, 100) if layer == Dense(784, 100) else layer for layer in network.layers))
    rng = np.random.default_rng(0)
    x, t = rng.random((16, 28, 28, 1)), rng.integers(0, 10, 16)
    theta = Objective(network, recipe.cost).init(rng)
    assert along_directions(network, recipe.cost, x, t, theta).ok
    with pytest.raises(GradientMismatch, match=r"^1\.W: "):
        along_directions(wrong, recipe.cost, x, t, theta)


def test_a_dx_of_the_wrong_shape_is_named():
    class Flat(Tanh):
        def vjp(self, x, y, dy):
            return super().vjp(x, y, dy).ravel()

    with pytest.raises(GradientMismatch, match=r"dx has shape \(28,\), must be \(7, 4\)"):
        check_layer(Flat(), batch())


def test_a_layer_that_is_its_own_is_a_layer():
    assert isinstance(Scale(4), Layer)


def test_a_report_reads_well_in_a_terminal():
    text = str(check_layer(Chain((Dense(4, 3), DiagonalSoftmax())), batch(), raises=False))
    assert "the gradient is wrong in 1 place" in " ".join(text.split())
    assert "1.x: diagonal-jacobian: only the diagonal of the Jacobian is used" in text
    assert re.search(r"^gradient of +numbers +verdict +off by", text, re.MULTILINE)
    assert "the gradient is right" in str(check_layer(Scale(4), batch()))


def test_dy_is_not_what_a_user_drew_from_the_same_seed():
    x = np.random.default_rng(0).normal(size=7)

    def unit_vjp(dy, x):
        y = unit(x)
        return (dy - y * (y @ dy)) / np.linalg.norm(x)

    def unit(x):
        return x / np.linalg.norm(x)

    assert check_vjp(unit, unit_vjp, x).ok


def test_a_report_is_plotted(tmp_path):
    check_layer(Chain((Dense(4, 3), DiagonalSoftmax())), batch(), raises=False).plot(tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_seed_says_the_same():
    first, second = (check_layer(Dense(4, 3), batch(), seed=5) for _ in range(2))
    for one, other in zip(first.comparisons, second.comparisons, strict=True):
        np.testing.assert_array_equal(one.analytical, other.analytical)
        np.testing.assert_array_equal(one.numerical.value, other.numerical.value)


def test_importing_the_checker_leaves_torch_and_jax_alone():
    program = (
        "import inkgrad.check, sys;"
        "inkgrad.check.check_torch, inkgrad.check.check_jax;"
        "print(*sorted({'torch', 'jax', 'pytest', 'matplotlib'} & set(sys.modules)))"
    )
    assert not output_of(program).split()


def test_a_finding_carries_the_complex_step_as_a_second_opinion():
    (finding,) = check_layer(DiagonalSoftmax(), batch(), raises=False).findings
    evidence = finding.evidence
    assert evidence["complex step"] == pytest.approx(evidence["differences"], abs=evidence["error bar"])
    assert evidence["complex step"] != pytest.approx(evidence["backward"], rel=1e-3)
    (finding,) = check_layer(MeanNotSum(4, 3), batch(), raises=False).findings
    assert finding.evidence["complex step"] == pytest.approx(finding.evidence["differences"], rel=1e-9)


def test_where_no_complex_number_is_taken_there_is_no_second_opinion():
    report = check_vjp(lambda x: np.floor(x) + np.hypot(x, 1), lambda dy, x: dy, np.linspace(0.1, 0.9, 5), raises=False)
    assert report.findings[0].evidence["complex step"] is None


def test_what_a_library_says_of_complex_numbers_is_not_passed_on():
    def sine(arrays):
        if np.iscomplexobj(arrays["x"]):
            warnings.warn("complex numbers lose their imaginary part", DeprecationWarning, stacklevel=2)
        return np.sin(arrays["x"].real)

    subject = Subject("sine", {"x": np.linspace(0.1, 0.9, 5)}, sine, lambda arrays, dy, start: {"x": dy})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert complex_slope(subject, "x", np.ones(5), 0) is None
    assert said == []
