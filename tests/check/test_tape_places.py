"""Where the operations of a tape stand in the user's code, and what their inputs are called there."""

import inspect

import numpy as np
from support.tape_forwards import W, X

from inkgrad.check.array_subject import subject_of_arrays

RNG = np.random.default_rng(0)


def gate(a):
    return 1 / (1 + np.exp(-a))


def cell(x, w):
    h = np.zeros((3, 2))
    for t in range(4):
        candidate = np.tanh(x[:, t : t + 1] * w[t] + h)
        h = h + gate(candidate) * candidate
    return h * 2


def twice(x):
    return gate(x) - gate(2 * x)


def in_lines(x):
    return np.maximum(
        x,
        0.1,
    )


def steps_of(f, *arrays):
    subject = subject_of_arrays(f, lambda dy, *arrays: arrays, arrays, owner="f")
    return subject.unfold(subject.copies()).steps


def named(steps, operation):
    return [step for step in steps if step.operation == operation]


def test_an_operation_stands_in_its_line_and_its_expression():
    (tanh, *_) = named(steps_of(cell, X, W), "tanh")
    assert tanh.place.file == __file__
    assert tanh.place.line == inspect.getsourcelines(cell)[1] + 3
    assert tanh.place.statement == "candidate = np.tanh(x[:, t : t + 1] * w[t] + h)"
    assert tanh.place.expression == "np.tanh(x[:, t : t + 1] * w[t] + h)"


def test_inputs_are_called_as_the_user_calls_them():
    steps = steps_of(cell, X, W)
    assert [step.place.names for step in named(steps, "exp")] == [("",)] * 4
    assert [step.place.names for step in named(steps, "negative")] == [("a",)] * 4
    (_, product, *_) = [step for step in named(steps, "multiply") if "candidate" in step.place.names]
    assert product.place.names == ("", "candidate")
    assert product.place.expression == "gate(candidate) * candidate"


def test_a_place_is_the_same_in_each_turn_of_a_loop_and_another_in_another_call():
    assert len({step.place.key for step in named(steps_of(cell, X, W), "exp")}) == 1
    assert len({step.place.key for step in named(steps_of(twice, X), "exp")}) == 2


def test_places_are_in_order_along_the_code_also_where_a_helper_stands_above():
    steps = steps_of(cell, X, W)
    turn = len(steps) // 4
    orders = [step.place.order for step in steps[:turn]]
    assert orders == sorted(orders)
    last_of_turn = max(order for order in orders)
    assert steps[turn].place.order < last_of_turn < steps[-1].place.order


def test_of_an_expression_of_several_lines_the_first_is_known():
    (step,) = steps_of(in_lines, X)
    assert step.place.line == inspect.getsourcelines(in_lines)[1] + 1
    assert step.place.expression == "return np.maximum("
