"""Every cost of the library, held to the same promises."""

import pickle

import array_api_strict as strict
import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from support.catalogue import COSTS, EVERY_COST, given_to, outputs_and_targets

import inkgrad.costs
from inkgrad.check import check_cost
from inkgrad.costs import Cost, CrossEntropy, SoftmaxCrossEntropy, SquaredError
from inkgrad.errors import DataError, ShapeError
from inkgrad.saving import build, concrete, describe

every_cost = pytest.mark.parametrize("cost", EVERY_COST, ids=str)
every_cost_of_rows = pytest.mark.parametrize("cost", COSTS, ids=str)  # with a row, or a class number, an example


@every_cost
def test_the_gradient_agrees_with_the_value(cost):
    check_cost(cost, *given_to(cost))


@every_cost_of_rows
def test_a_class_number_is_a_row_with_a_single_one(cost):
    y, _ = outputs_and_targets(n=3)
    by_number = cost.value_and_gradient(y, np.array([2, 0, 1], np.uint8))
    by_row = cost.value_and_gradient(y, np.eye(3)[[2, 0, 1]])
    assert by_number[0] == by_row[0]
    np.testing.assert_array_equal(by_number[1], by_row[1])


@every_cost
def test_the_cost_is_a_mean_over_the_batch(cost):
    y, t = given_to(cost)
    whole, dy = cost.value_and_gradient(y, t)
    alone = [cost.value_and_gradient(y[i : i + 1], t[i : i + 1]) for i in range(7)]
    assert whole == pytest.approx(sum(value for value, _ in alone) / 7, rel=1e-12)
    np.testing.assert_allclose(dy, np.concatenate([each for _, each in alone]) / 7, rtol=1e-10, atol=1e-15)


@every_cost
def test_costs_use_only_the_array_api_standard(cost):
    y, t = given_to(cost)
    value, dy = cost.value_and_gradient(y, t)
    strict_value, strict_dy = cost.value_and_gradient(strict.asarray(y), strict.asarray(t))
    assert strict_value == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(np.asarray(strict_dy), dy, rtol=1e-10)


@every_cost_of_rows
def test_class_numbers_use_only_the_array_api_standard(cost):
    y, _ = outputs_and_targets()
    numbers = strict.asarray(np.arange(7) % 3)
    assert np.isfinite(cost.value_and_gradient(strict.asarray(y), numbers)[0])


@every_cost
def test_the_loss_of_each_example_is_the_cost_of_it_alone(cost):
    y, t = given_to(cost)
    np.testing.assert_allclose(cost.losses(y, t), Cost.losses(cost, y, t), rtol=1e-12)


@every_cost
def test_a_cost_is_only_its_settings(cost):
    assert pickle.loads(pickle.dumps(cost)) == cost
    assert build(describe(cost), concrete(inkgrad.costs), "") == cost


@every_cost
def test_float32_stays_float32(cost):
    y, t = given_to(cost)
    value, dy = cost.value_and_gradient(y.astype(np.float32), t)
    assert isinstance(value, float)
    assert dy.dtype == np.float32


@every_cost
def test_nan_is_never_hidden(cost):
    y, t = given_to(cost)
    y[0, 0, ...] = np.nan
    value, dy = cost.value_and_gradient(y, t)
    assert np.isnan(value)
    assert np.isnan(dy[0, 0, ...]).all()


@every_cost_of_rows
@pytest.mark.parametrize("t", [np.zeros((7, 4)), np.zeros(6, int), np.zeros(7), np.zeros((3, 7))], ids=str)
def test_targets_that_do_not_fit_are_refused(cost, t):
    with pytest.raises(ShapeError, match=r"outputs of shape \(7, 3\) take targets of the same shape, or class"):
        cost.value_and_gradient(outputs_and_targets()[0], t)


@every_cost_of_rows
@pytest.mark.parametrize("stranger", [3, -1])
def test_a_class_number_out_of_range_is_refused(cost, stranger):
    t = np.array([0, 1, 2, 0, stranger, 1, 2])
    with pytest.raises(DataError, match=f"must be 0 to 2, as there are 3 outputs, got {stranger}"):
        cost.value_and_gradient(outputs_and_targets()[0], t)


def test_squared_error_on_numbers_worked_by_hand():
    value, dy = SquaredError().value_and_gradient(np.array([[1.0, 2], [3, 4]]), np.array([[0.0, 0], [3, 2]]))
    assert value == (0.5 * (1 + 4) + 0.5 * (0 + 4)) / 2
    assert dy.tolist() == [[0.5, 1], [0, 1]]


def test_cross_entropy_is_the_surprise_of_each_output():
    y = np.array([[0.25, 0.5]])
    value, dy = CrossEntropy().value_and_gradient(y, np.array([[1.0, 0]]))
    assert value == pytest.approx(np.log(4) + np.log(2))
    np.testing.assert_allclose(dy, [[-4, 2]])


def test_softmax_cross_entropy_is_that_of_scipy():
    y, t = outputs_and_targets()
    y = 50 * y
    value, dy = SoftmaxCrossEntropy().value_and_gradient(y, t)
    assert value == pytest.approx(-(t * log_softmax(y, axis=1)).sum() / 7, rel=1e-12)
    np.testing.assert_allclose(dy, (softmax(y, axis=1) - t) / 7, rtol=1e-10)
    np.testing.assert_allclose(SoftmaxCrossEntropy().probabilities(y), softmax(y, axis=1), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_is_right_at_exactly_0_and_1(dtype):
    y, t = np.array([[0.0, 1.0]], dtype), np.array([[0.0, 1.0]], dtype)
    value, dy = CrossEntropy().value_and_gradient(y, t)
    assert value == pytest.approx(0, abs=float(np.finfo(dtype).eps))
    np.testing.assert_array_equal(dy, [[1, -1]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_is_finite_and_points_the_right_way_when_utterly_wrong(dtype):
    y, t = np.array([[0.0, 1.0]], dtype), np.array([[1.0, 0.0]], dtype)
    value, dy = CrossEntropy().value_and_gradient(y, t)
    assert 100 < value < float("inf")
    assert np.isfinite(dy).all()
    assert dy[0, 0] < -1e6
    assert dy[0, 1] > 1e6


@pytest.mark.parametrize("costs", [(0.0, 1e-30), (1e-30, 1e-9), (1e-9, 0.3), (0.3, 1 - 1e-9), (1 - 1e-9, 1.0)])
def test_cross_entropy_grows_with_the_mistake(costs):
    better, worse = (CrossEntropy().value_and_gradient(np.array([[y]]), np.array([[0.0]]))[0] for y in costs)
    assert better <= worse


def test_cross_entropy_refuses_what_is_no_probability():
    with pytest.raises(DataError, match=r"takes outputs in \[0, 1\], got -0.1 to 1.5: end the network with Sigmoid"):
        CrossEntropy().value_and_gradient(np.array([[-0.1, 1.5]]), np.array([[0.0, 1.0]]))
    with pytest.raises(DataError, match=r"takes targets in \[0, 1\], got 0 to 2"):
        CrossEntropy().value_and_gradient(np.array([[0.1, 0.5]]), np.array([[0.0, 2.0]]))


def test_softmax_cross_entropy_of_huge_logits_is_finite():
    value, dy = SoftmaxCrossEntropy().value_and_gradient(np.array([[1e4, -1e4]], np.float32), np.array([1]))
    assert value == pytest.approx(2e4)
    np.testing.assert_array_equal(dy, [[1, -1]])


@every_cost_of_rows
def test_the_gradient_is_right_for_targets_that_do_not_sum_to_1(cost):
    y, t = outputs_and_targets()
    check_cost(cost, y, 0.7 * t)
