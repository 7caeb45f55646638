"""What is said of a gradient that no mistake explains: what came nearest, and what may tell more."""

import numpy as np
import pytest

from inkgrad.check import check_vjp


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def gated(x):
    gate = 1 / (1 + np.exp(-x))
    return x * gate


def finding(f, vjp, shape=(4, 5)):
    x = np.random.default_rng(0).normal(size=shape)
    (found,) = check_vjp(f, vjp, x, raises=False).findings
    assert found.kind == "unknown"
    return found


def test_what_is_nearly_a_known_mistake_is_said_to_be_near():
    def backward(dy, x):
        y = softmax(x)
        return dy * y * (1 - y) * (1 + 0.05 * np.cos(7 * x))

    found = finding(softmax, backward)
    assert "nearest is diagonal-jacobian, which explains 9" in found.message
    assert found.evidence["nearest"] == "diagonal-jacobian"
    assert found.evidence["tried"] > 20


def test_what_is_nearly_a_term_too_few_is_said_to_be_near():
    def backward(dy, x):
        return dy / (1 + np.exp(-x)) * (1 + 0.02 * np.sin(5 * x))

    message = finding(gated, backward).message
    assert "nearest is term-missing, which explains 9" in message
    assert "% of the error (the part that goes through gate is missing" in message


def test_of_a_cost_the_inputs_are_made_smaller():
    def backward(dy, x):
        return dy * np.exp(x) * (np.sin(x) + np.cos(2 * x))

    message = finding(lambda x: (np.exp(x) * np.sin(x)).sum(), backward).message
    assert message.endswith("one example, two units, one part of forward alone")


def test_nothing_is_said_to_be_near_that_is_not():
    def backward(dy, x):
        return dy * np.exp(x) * (np.sin(x) + np.cos(2 * x))

    assert "nearest" not in finding(lambda x: np.exp(x) * np.sin(x), backward).message


def test_of_a_few_numbers_nothing_is_near_as_it_may_be_chance():
    def backward(dy, x):
        return dy * (1 - np.tanh(x) ** 2) * np.array([[0.2, 1.9, 0.4]])

    x = np.array([[0.5, 1.0, -0.3]])
    found = check_vjp(np.tanh, backward, x, raises=False).findings
    assert all("nearest" not in each.message for each in found)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((7,), "a smaller case tells more: two units, one part of forward alone"),
        ((4, 5), "a smaller case tells more: one example, two units, one part of forward alone"),
        ((3, 4, 5), "a smaller case tells more: one example, one step or place, two units, one part of forward alone"),
    ],
)
def test_it_is_said_what_is_smaller(shape, words):
    def backward(dy, x):
        return dy * np.exp(x) * (np.sin(x) + np.cos(2 * x))

    assert finding(lambda x: np.exp(x) * np.sin(x), backward, shape).message.endswith(words)
