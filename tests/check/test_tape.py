"""A forward of NumPy taken apart: its gradient beside differences, and the user's code as it was."""

import numpy as np
import pytest
from support import tape_forwards
from support.tape_forwards import FORWARDS, IDS, V, W, X

from inkgrad.check import check_vjp
from inkgrad.check.array_subject import subject_of_arrays
from inkgrad.check.tape import TapeError

STEP = 1e-3


def row_of(outputs):
    """Return all numbers of some outputs, also in tuples, lists and dicts, in one row."""
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    if isinstance(outputs, (tuple, list)):
        return np.concatenate([row_of(each) for each in outputs])
    return np.ravel(np.asarray(outputs, np.float64))


def by_differences(f, arrays, dy):
    """Return the gradients of <dy, f>, one number moved after the other."""
    arrays = [np.array(each) for each in arrays]
    gradients = [np.zeros(each.shape) for each in arrays]

    def slope(array, at, h):
        here, found = array[at], []
        for sign in (1, -1):
            array[at] = here + sign * h
            found.append(dy @ row_of(f(*[each.copy() for each in arrays])))
            array[at] = here
        return (found[0] - found[1]) / (2 * h)

    for array, gradient in zip(arrays, gradients, strict=True):
        for at in np.ndindex(array.shape):
            gradient[at] = (4 * slope(array, at, STEP / 2) - slope(array, at, STEP)) / 3
    return gradients


def taken_apart(f, *arrays):
    """Return the tape of a function of arrays."""
    subject = subject_of_arrays(f, lambda dy, *arrays: arrays, arrays, owner="f")
    return subject.unfold(subject.copies())


def gradients_of(tape, dy):
    return list(tape.gradients(tape.back(dy)).values())


def is_right(f, *arrays):
    """Return whether the gradient of a tape is that of differences."""
    dy = np.random.default_rng(1).normal(size=row_of(f(*arrays)).size)
    try:
        found = gradients_of(taken_apart(f, *arrays), dy)
    except TapeError:
        return False
    wanted = by_differences(f, arrays, dy)
    return all(np.allclose(a, b, rtol=1e-6, atol=1e-6 * abs(b).max()) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("name", FORWARDS)
def test_the_gradient_of_a_tape_is_that_of_differences(name):
    f, *arrays = FORWARDS[name]
    dy = np.random.default_rng(1).normal(size=row_of(f(*arrays)).size)
    found = gradients_of(taken_apart(f, *arrays), dy)
    for mine, wanted in zip(found, by_differences(f, arrays, dy), strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-6, atol=1e-6 * abs(wanted).max())


@pytest.mark.parametrize("name", FORWARDS)
def test_values_of_a_tape_are_those_of_the_function_and_slopes_forth_are_those_back(name):
    f, *arrays = FORWARDS[name]
    tape, y = taken_apart(f, *arrays), row_of(f(*arrays))
    np.testing.assert_allclose(row_of([tape.values[k] for k in tape.outputs]), y, rtol=1e-12)
    rng = np.random.default_rng(2)
    dy, along = (
        rng.normal(size=y.size),
        {name: rng.normal(size=tape.values[k].shape) for name, k in tape.arrays.items()},
    )
    forth = tape.forth(along)
    parts = [forth.get(k, np.zeros(tape.values[k].shape)) for k in tape.outputs]
    back = tape.gradients(tape.back(dy))
    np.testing.assert_allclose(dy @ row_of(parts), sum(np.vdot(along[name], back[name]) for name in along), rtol=1e-9)


def test_the_users_module_and_functions_are_as_they_were():
    names = dict(vars(tape_forwards))
    kept = dict(vars(FORWARDS["object"][0]))
    arrays = [each.copy() for each in (X, W, V, IDS)]
    for f, *args in FORWARDS.values():
        taken_apart(f, *args)
    assert vars(tape_forwards).keys() == names.keys()
    assert all(vars(tape_forwards)[name] is thing for name, thing in names.items())
    assert (tape_forwards.np, tape_forwards.zeros) == (np, np.zeros)
    assert vars(FORWARDS["object"][0]) == kept
    assert all(np.array_equal(a, b) for a, b in zip(arrays, (X, W, V, IDS), strict=True))


@pytest.mark.parametrize("name", ["recurrent", "changed", "closure", "method", "dict"])
def test_twice_taken_apart_it_is_the_same(name):
    f, *arrays = FORWARDS[name]
    one, other = taken_apart(f, *arrays), taken_apart(f, *arrays)
    assert [step.operation for step in one.steps] == [step.operation for step in other.steps]
    assert [step.place.key for step in one.steps] == [step.place.key for step in other.steps]
    assert all(np.array_equal(a, b) for a, b in zip(one.values, other.values, strict=True))


class Remembering:
    """A layer that keeps what its backward needs."""

    def __init__(self):
        self.seen = []

    def forward(self, x):
        self.x, self.y = x, np.tanh(x)
        self.seen.append(self.y)
        return self.y * x

    def backward(self, dy, x):
        return 2 * dy * (self.y + self.x * (1 - self.y**2))


def test_what_a_layer_keeps_is_no_part_of_a_tape_afterwards():
    layer = Remembering()
    taken_apart(layer.forward, X)
    assert type(layer.x) is type(layer.y) is np.ndarray


def test_a_layer_that_keeps_what_it_needs_is_checked_to_the_end():
    layer = Remembering()
    (found,) = check_vjp(layer.forward, layer.backward, X, raises=False).findings
    assert found.kind == "factor"
    assert type(layer.backward(X, X)) is np.ndarray

    def odd(dy, x):
        return layer.backward(dy, x) * (1 + np.cos(9 * x) ** 2)

    (found,) = check_vjp(layer.forward, odd, X, raises=False).findings
    assert found.kind == "unknown"
    assert type(layer.backward(X, X)) is np.ndarray


# What cannot be followed


def by_float(x):
    return x * float(x[0, 0]) ** 2


def by_list(x):
    return np.asarray([[float(a) ** 2 for a in row] for row in x])


def by_view(x):
    y = np.zeros((4, 5))
    inner = y[1:, 1:]
    inner += x
    return y**2


def by_constant_array(x):
    y = np.eye(3, 4)
    y[0] = x[0] ** 2
    return y * x


def by_vectorize(x):
    return np.vectorize(lambda a: a * a)(x)


def in_many_turns(x):
    for _ in range(4000):
        x = x * 0.999
    return x


def with_huge_values(x):
    return (x[..., None] * np.ones(9000)).sum(axis=-1) / 9000


AWKWARD = by_float, by_list, by_view, by_constant_array, by_vectorize, in_many_turns, with_huge_values


@pytest.mark.parametrize("f", AWKWARD)
def test_what_is_not_followed_is_not_believed(f):
    assert not is_right(f, X)


def right_vjp(f):
    """Return a right backward of a function of one array, by differences."""

    def backward(dy, x):
        return by_differences(f, [x], dy.ravel())[0]

    return backward


@pytest.mark.parametrize("f", [by_float, by_list, by_view, by_constant_array, by_vectorize])
def test_a_function_that_is_not_followed_has_its_verdict(f):
    backward = right_vjp(f)
    check_vjp(f, backward, X)
    (found,) = check_vjp(f, lambda dy, x: 2 * backward(dy, x), X, raises=False).findings
    assert found.kind == "factor"

    def odd(dy, x):
        return backward(dy, x) * (1 + np.cos(9 * x) ** 2)

    (found,) = check_vjp(f, odd, X, raises=False).findings
    assert found.kind == "unknown"
    assert "line" not in found.message


@pytest.mark.parametrize("f", [in_many_turns, with_huge_values])
def test_a_forward_that_is_too_long_or_too_large_is_not_taken_apart(f):
    with pytest.raises(TapeError):
        taken_apart(f, X)
    (found,) = check_vjp(f, lambda dy, x: dy * np.cos(9 * x), X, raises=False).findings
    assert found.kind == "unknown"


# A few numbers alone


@pytest.mark.parametrize("few", [(slice(1, 3), slice(0, 2)), (slice(2, 3), slice(None))])
def test_of_a_few_numbers_the_gradient_is_a_part_of_the_whole(few):
    dy = np.random.default_rng(1).normal(size=(3, 4, 2))
    tape = taken_apart(tape_forwards.recurrent, X, W)
    whole = tape.gradients(tape.back(dy))
    (part,) = gradients_of(tape.of_few("x", few), dy)
    np.testing.assert_allclose(part, whole["x"][few], rtol=1e-9)


def test_of_a_few_outputs_the_gradient_is_that_of_a_dy_elsewhere_0():
    few, dy = (slice(0, 2), slice(1, 3), slice(1, 2)), np.random.default_rng(1).normal(size=(2, 2, 1))
    tape = taken_apart(tape_forwards.recurrent, X, W)
    every = np.zeros((3, 4, 2))
    every[few] = dy
    for mine, wanted in zip(gradients_of(tape.with_few_outputs(few), dy), gradients_of(tape, every), strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-9)


def test_of_several_outputs_in_a_row_a_few_are_taken_too():
    f, *arrays = FORWARDS["dict"]
    tape, every = taken_apart(f, *arrays), np.zeros(row_of(f(*arrays)).size)
    dy = np.random.default_rng(1).normal(size=4)
    every[4:8] = dy
    for mine, wanted in zip(
        gradients_of(tape.with_few_outputs((slice(4, 8),)), dy), gradients_of(tape, every), strict=True
    ):
        np.testing.assert_allclose(mine, wanted, rtol=1e-9)


def test_a_value_that_is_another_changes_what_is_made_of_it_and_nothing_before():
    tape = taken_apart(lambda x: np.sin(x * x) * x, X)
    square, sine, _ = (step.output for step in tape.steps)
    other = tape.with_values({square: np.full_like(X, 0.3)})
    assert np.allclose(other.values[sine], np.sin(0.3))
    assert np.allclose(tape.values[sine], np.sin(X * X))
    (found,) = gradients_of(other, np.ones(X.size))
    assert np.allclose(found, np.cos(0.3) * X * 2 * X + np.sin(0.3), rtol=1e-6)


def test_a_tape_refuses_a_gradient_of_other_numbers_than_its_outputs():
    """Of a forward that was written down wrongly there is no name, and no error that the user would see."""
    with pytest.raises(TapeError, match="outputs of other numbers than forward gives"):
        taken_apart(np.tanh, X).back(np.ones(X.size + 1))
