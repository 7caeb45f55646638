"""Bad input to the checker: a finding, or an error that names whose fault it is; never a traceback from inside."""

from functools import partial

import numpy as np
import pytest
from support.catalogue import batch
from support.wrong_layers import Scale

from inkgrad.check import (
    CheckError,
    GradientMismatch,
    check_cost,
    check_function,
    check_layer,
    check_network,
    check_vjp,
)
from inkgrad.costs import SoftmaxCrossEntropy, SquaredError
from inkgrad.layers import Chain, Dense, Tanh

along_directions = partial(check_network, every_entry=False)

T = np.arange(7) % 3


class ShapeDependsOnNumbers(Scale):
    """y has a row more or less as its first number moves by a millionth."""

    def forward(self, p, x, rng=None):
        return (p.s * x)[: 6 + int(abs(x[0, 0]) * 1e6) % 2], x


class ForwardGivesTheBatchTwice(Scale):
    """y has a shape that output_shape does not promise, so what follows cannot take it."""

    def forward(self, p, x, rng=None):
        return np.concatenate([p.s * x, p.s * x]), x


class ForwardRaises(Scale):
    def forward(self, p, x, rng=None):
        raise KeyError("no such thing")


class ForwardAsserts(Scale):
    def forward(self, p, x, rng=None):
        raise AssertionError("not yet written")


class ForwardGivesNaN(Scale):
    def forward(self, p, x, rng=None):
        return p.s * np.where(x > 0, np.log(np.abs(x)), np.nan), x


class ForwardGivesNothing(Scale):
    def forward(self, p, x, rng=None):
        return None


class ForwardWithoutCache(Scale):
    def forward(self, p, x, rng=None):
        return p.s * x


class ForwardGivesNoArray(Scale):
    def forward(self, p, x, rng=None):
        return "y", x


class ForwardGivesIntegers(Scale):
    def forward(self, p, x, rng=None):
        return np.rint(p.s * x).astype(int), x


class BackwardRaises(Scale):
    def backward(self, p, g, x, dy):
        raise IndexError("list index out of range")


class BackwardGivesNothing(Scale):
    def backward(self, p, g, x, dy):
        g.s = (dy * x).sum(axis=0)


class BackwardGivesAList(Scale):
    def backward(self, p, g, x, dy):
        g.s = (dy * x).sum(axis=0)
        return [p.s * dy]


class BackwardGivesNaN(Scale):
    def backward(self, p, g, x, dy):
        g.s = (dy * x).sum(axis=0)
        return np.where(dy > 0, p.s * dy, np.nan)


class GradientOfAnotherShape(Scale):
    def backward(self, p, g, x, dy):
        g.s = dy * x
        return p.s * dy


class InputGradientOfAnotherShape(Scale):
    def backward(self, p, g, x, dy):
        g.s = (dy * x).sum(axis=0)
        return (p.s * dy).sum(axis=0)


class ShapesRaise(Scale):
    def shapes(self):
        raise ValueError("which shapes?")


class ShapesAreNone(Scale):
    def shapes(self):
        return None


class ShapesAreWrong(Scale):
    def shapes(self):
        return {"s": (self.n + 1,)}


class ShapesMissOne(Scale):
    def shapes(self):
        return {}


class InitRaises(Scale):
    def init(self, p, rng):
        p.s = np.ones(self.n + 1)


WRONG = [
    (ShapeDependsOnNumbers, "shape|forward"),
    (ForwardGivesTheBatchTwice, "shape|backward|dx"),
    (ForwardRaises, "KeyError: 'no such thing'"),
    (ForwardAsserts, "AssertionError: not yet written"),
    (ForwardGivesNaN, "not-finite|nan"),
    (ForwardGivesNothing, "forward"),
    (ForwardWithoutCache, "forward"),
    (ForwardGivesNoArray, "forward"),
    (ForwardGivesIntegers, "forward"),
    (BackwardRaises, "IndexError: list index out of range"),
    (BackwardGivesNothing, "dx|backward"),
    (BackwardGivesAList, "dx|backward"),
    (BackwardGivesNaN, "x: not-finite"),
    (GradientOfAnotherShape, r"\(7, 4\)"),
    (InputGradientOfAnotherShape, r"dx has shape \(4,\), must be \(7, 4\)"),
    (ShapesRaise, "which shapes"),
    (ShapesAreNone, "shapes"),
    (ShapesAreWrong, r"\(5,\)"),
    (ShapesMissOne, "s"),
    (InitRaises, r"\(5,\)"),
]
named = pytest.mark.parametrize(("wrong", "message"), WRONG, ids=[wrong.__name__ for wrong, _ in WRONG])


def names_layer(error, wrong):
    """Return whether an error names the layer: in its message, or in the report it carries."""
    report = getattr(error, "report", None)
    return wrong.__name__ in str(error) or (report is not None and wrong.__name__ in str(report))


@named
def test_a_layer_that_is_not_one_is_named(wrong, message):
    with pytest.raises((CheckError, GradientMismatch), match=message) as caught:
        check_layer(wrong(4), batch())
    assert names_layer(caught.value, wrong)


@named
def test_a_layer_that_is_not_one_is_named_inside_a_network(wrong, message):
    network = Chain((Tanh(), wrong(4), Tanh()))
    with pytest.raises((CheckError, GradientMismatch), match=message) as caught:
        check_network(network, SquaredError(), batch(), np.zeros((7, 4)))
    assert names_layer(caught.value, wrong)


@named
def test_directions_give_a_clear_error_too(wrong, message):
    network = Chain((Dense(4, 4), wrong(4), Tanh()))
    with pytest.raises((CheckError, GradientMismatch)):
        along_directions(network, SquaredError(), batch(), np.zeros((7, 4)))


@named
def test_a_wrong_layer_gives_a_report_where_none_is_to_be_raised(wrong, message):
    """CheckError says that nothing can be compared; whatever else is wrong is in the report."""
    try:
        report = check_layer(wrong(4), batch(), raises=False)
    except CheckError:
        return
    assert not report.ok
    assert str(report)


@pytest.mark.parametrize("check", [check_layer, lambda layer, x: check_network(layer, SquaredError(), x, x)])
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((0, 4)), r"\(0, 4\)"),
        (np.zeros((7, 0)), r"\(7, 0\)|4"),
        (np.full((7, 4), np.nan), "NaN"),
        (np.full((7, 4), np.inf), "NaN or infinity"),
        (np.zeros((7, 4), dtype=complex), "complex128"),
        (np.full((7, 4), "a"), "batch x of numbers"),
        (np.float64(3), "batch x of numbers"),
        (None, "batch x of numbers"),
        ([[1.0, 2.0, 3.0, 4.0], [1.0]], "x"),
        (np.zeros((7, 5)), "5"),
    ],
    ids=["empty", "no inputs", "NaN", "infinity", "complex", "text", "a number", "None", "ragged", "too wide"],
)
def test_a_batch_that_is_none_is_refused(check, x, message):
    with pytest.raises(CheckError, match=message) as caught:
        check(Dense(4, 3), x)
    assert "Dense(n_in=4, n_out=3" in str(caught.value)


def test_an_integer_batch_counts_as_numbers():
    """Pixels often come as whole numbers; a layer is checked in float64 all the same."""
    assert check_layer(Dense(4, 3), np.arange(28).reshape(7, 4)).ok
    assert check_layer(Dense(4, 3), [[1, 2, 3, 4], [0, 1, 0, 1]]).ok


@pytest.mark.parametrize("check", [check_network, along_directions])
@pytest.mark.parametrize(
    ("t", "message"),
    [
        (np.arange(7), "class numbers"),
        (np.zeros((7, 2)), r"\(7, 2\)"),
        (np.zeros(6, int), r"\(6,\)"),
    ],
)
def test_targets_that_do_not_fit_are_refused(check, t, message):
    with pytest.raises(CheckError, match=message) as caught:
        check(Chain((Dense(4, 3),)), SoftmaxCrossEntropy(), batch(), t)
    assert "SoftmaxCrossEntropy" in str(caught.value)


@pytest.mark.parametrize("check", [check_network, along_directions])
@pytest.mark.parametrize("theta", [np.zeros(3), np.zeros((3, 5)), np.full(15, np.nan)], ids=["short", "2-D", "NaN"])
def test_a_theta_that_does_not_fit_is_refused(check, theta):
    with pytest.raises((CheckError, GradientMismatch), match=r"theta|15|NaN|nan"):
        check(Chain((Dense(4, 3),)), SoftmaxCrossEntropy(), batch(), T, theta)


class CostRaises(SquaredError):
    def value_and_gradient(self, y, t):
        raise RuntimeError("no cost today")


class CostGivesNothing(SquaredError):
    def value_and_gradient(self, y, t):
        return None


class CostGivesArray(SquaredError):
    def value_and_gradient(self, y, t):
        value, dy = super().value_and_gradient(y, t)
        return np.full(3, value), dy


class CostOfAnotherShape(SquaredError):
    def value_and_gradient(self, y, t):
        value, dy = super().value_and_gradient(y, t)
        return value, dy.sum(axis=0)


class CostGivesNaN(SquaredError):
    def value_and_gradient(self, y, t):
        return float("nan"), super().value_and_gradient(y, t)[1]


@pytest.mark.parametrize(
    "cost", [CostRaises(), CostGivesNothing(), CostGivesArray(), CostOfAnotherShape(), CostGivesNaN()]
)
def test_a_cost_that_is_not_one_is_named(cost):
    for check in (
        lambda: check_cost(cost, batch((3,)), np.zeros((7, 3))),
        lambda: check_network(Chain((Dense(4, 3),)), cost, batch(), np.zeros((7, 3))),
    ):
        with pytest.raises((CheckError, GradientMismatch)) as caught:
            check()
        assert names_layer(caught.value, type(cost))


@pytest.mark.parametrize(
    ("y", "t"),
    [
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (np.full((2, 3), np.nan), np.zeros((2, 3))),
        (None, None),
        (np.zeros(()), 0),
    ],
    ids=["empty", "NaN", "None", "numbers"],
)
def test_outputs_that_are_none_are_refused(y, t):
    with pytest.raises(CheckError, match="SquaredError"):
        check_cost(SquaredError(), y, t)


def double(x):
    return 2 * x


BAD_FUNCTIONS = [
    (lambda x: None, lambda dy, x: dy, "numbers"),
    (lambda x: x.nothing, lambda dy, x: dy, "AttributeError"),
    (lambda x: np.rint(x).astype(int), lambda dy, x: dy, "floating-point"),
    (double, lambda dy, x: None, "None"),
    (double, lambda dy, x: 1 / 0, "ZeroDivisionError"),
    (double, lambda dy, x: (dy, dy), "gradient.*, got 2"),
    (double, lambda dy, x: dy.sum(), "shape"),
    (double, lambda dy, x: 2 * dy[:2], "shape"),
    (double, lambda dy, x: "dx", "numbers"),
    (double, lambda dy, x: 2 * dy / 0 * 0, "not-finite|nan"),
    (double, lambda: 0, "TypeError"),
    (lambda x: np.log(x - 10), lambda dy, x: dy, "not-finite|nan"),
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("f", "vjp", "message"), BAD_FUNCTIONS)
def test_a_function_that_is_not_one_is_named(f, vjp, message):
    with pytest.raises((CheckError, GradientMismatch), match=message) as caught:
        check_vjp(f, vjp, np.linspace(-1, 1, 5))
    report = getattr(caught.value, "report", None)
    assert ("double" if f is double else "lambda") in f"{caught.value} {report}"


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.arange(3), "no array of floating-point"),
        ("a", "no array of floating-point"),
        (np.zeros(0), r"\(0,\)"),
        (np.full(3, np.nan), "NaN"),
    ],
    ids=["integers", "text", "empty", "NaN"],
)
def test_arrays_without_slopes_are_refused(x, message):
    with pytest.raises(CheckError, match=message) as caught:
        check_vjp(double, lambda dy, x: 2 * dy, x)
    assert "double" in str(caught.value)
    with pytest.raises(CheckError, match=message):
        check_function(lambda x: x.sum(), np.ones_like, x)


def test_no_arrays_at_all_are_refused():
    with pytest.raises(CheckError, match="no array"):
        check_vjp(double, lambda dy: dy)


def test_a_function_with_several_outputs_belongs_to_check_vjp():
    with pytest.raises(CheckError, match=r"one number, got an array of shape \(3,\): give check_vjp a backward"):
        check_function(double, lambda x: x, np.ones(3))
