"""Blocks: the part of a large array that holds all its wrong numbers."""

import numpy as np
import pytest

from inkgrad.check import check_vjp
from inkgrad.check.blocks import block_beside, wrong_block
from inkgrad.check.joint import Joint
from inkgrad.check.measure.subject import Subject

X = np.random.default_rng(0).normal(size=(64, 48))


def joint_with(wrong):
    """Return sin(x) with a gradient that is off by a tenth at some places."""
    factor = np.ones_like(X)
    factor[wrong] = 1.1
    arrays = {"x": X, "s": np.ones(3)}
    subject = Subject(
        "sin",
        arrays,
        lambda z: np.sin(z["x"]) * z["s"].sum(),
        lambda z, dy, start: {
            "x": factor * dy * np.cos(z["x"]) * z["s"].sum(),
            "s": np.full(3, np.sum(dy * np.sin(z["x"]))),
        },
    )
    return Joint(subject, subject.forward(arrays), 0)


@pytest.mark.parametrize(
    ("wrong", "start", "stop", "where"),
    [
        (np.s_[:, 7], (0, 7), (64, 8), "in [0:64, 7]"),
        (np.s_[40:], (32, 0), (64, 48), "in [32:64, 0:48]"),
        (np.s_[13, 5], (13, 5), (14, 6), "in [13, 5]"),
        (np.s_[:], (0, 0), (64, 48), "all over it"),
        (np.s_[0], (0, 0), (1, 48), "in [0, 0:48]"),
        (np.s_[-1, -1], (63, 47), (64, 48), "in [63, 47]"),
    ],
    ids=str,
)
def test_the_block_holds_all_wrong_numbers_and_little_else(wrong, start, stop, where):
    block = wrong_block(joint_with(wrong), "x", 300)
    assert (block.start, block.stop, block.where) == (start, stop, where)
    assert 1 <= X[block.few].size <= 300
    inside = tuple(slice(*each) for each in zip(block.start, block.stop, strict=True))
    rest = np.ones(X.shape, bool)
    rest[inside] = False
    assert not rest[wrong].any()


def test_numbers_that_lie_apart_stay_in_one_block():
    block = wrong_block(joint_with(([3, 60], [2, 2])), "x", 300)
    assert block.start == (0, 2)
    assert block.stop == (64, 3)


def test_the_subject_of_a_block_has_its_few_numbers_alone():
    joint = joint_with(np.s_[13, 5])
    block = wrong_block(joint, "x", 2)
    small = block.subject(joint.subject)
    assert list(small.arrays) == ["x"]
    np.testing.assert_array_equal(small.arrays["x"], X[block.few])
    np.testing.assert_array_equal(small.forward(small.copies()), 3 * np.sin(X))
    dy = np.random.default_rng(1).normal(size=X.shape)
    moved = {"x": small.arrays["x"] + 1}
    expected = 1.1 * 3 * dy[block.few] * np.cos(X[block.few] + 1)
    np.testing.assert_allclose(small.backward(moved, dy, 0.0)["x"], expected)
    np.testing.assert_array_equal(joint.subject.arrays["x"], X)


@pytest.mark.parametrize(
    ("wrong", "start", "stop"),
    [
        (np.s_[:, 7], (0, 7), (64, 8)),
        (np.s_[13, 5], (13, 5), (14, 6)),
        (([3, 60], [2, 40]), (3, 2), (61, 41)),
        (np.s_[:], (0, 0), (64, 48)),
    ],
    ids=str,
)
def test_beside_the_right_gradient_the_block_is_seen_at_once(wrong, start, stop):
    joint = joint_with(wrong)
    block = block_beside(joint, "x", 20, 3 * joint.dys[0] * np.cos(X))
    assert (block.start, block.stop) == (start, stop)
    is_wrong = np.zeros(X.shape, bool)
    is_wrong[wrong] = True
    assert is_wrong[block.few].any()
    assert X[block.few].size <= 20


def test_there_is_no_block_where_all_is_right():
    joint = joint_with(np.s_[:0])
    assert block_beside(joint, "x", 20, 3 * joint.dys[0] * np.cos(X)) is None


def test_a_block_that_forward_spoils_is_whole_again_for_the_next_call():
    def forward(z):
        z["x"] *= 2
        return z["x"]

    subject = Subject("twice", {"x": X}, forward, lambda z, dy, start: {"x": 2 * dy})
    small = wrong_block(joint_with(np.s_[13, 5]), "x", 2).subject(subject)
    np.testing.assert_array_equal(small.forward(small.copies()), small.forward(small.copies()))


ROWS = {
    "elementwise": (np.tanh, lambda dy, x: dy * (1 - np.tanh(x)), "wrong-formula"),
    "along the last axis": (
        lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
        lambda dy, x: dy * (p := np.exp(x) / np.exp(x).sum(-1, keepdims=True)) * (1 - p),
        "diagonal-jacobian",
    ),
    "along the first axis": (lambda x: np.cumsum(x, 0), lambda dy, x: np.cumsum(dy, 0), "any"),
}


@pytest.mark.parametrize("shape", [(30, 40), (4, 30, 40), (3, 4000), (2000,)], ids=str)
@pytest.mark.parametrize("how", ROWS)
def test_of_a_large_input_a_few_numbers_with_their_outputs_name_the_mistake(how, shape):
    forward, backward, kind = ROWS[how]
    x = np.random.default_rng(0).normal(size=shape)
    report = check_vjp(forward, backward, x, every_entry=False, raises=False)
    assert report.verdict == "wrong"
    assert all(finding.array == "x" for finding in report.findings)
    moves_itself_alone = how == "elementwise" or (how == "along the last axis" and shape[-1] == 40)
    if moves_itself_alone:
        assert [finding.kind for finding in report.findings] == [kind]


def test_numbers_that_move_other_outputs_have_no_subject_of_their_own():
    joint = joint_with(np.s_[13, 5])
    block = wrong_block(joint, "x", 2)
    mixing = Subject("sum", {"x": X}, lambda z: z["x"] + z["x"].sum(), lambda z, dy, start: {"x": dy})
    assert block.alone(mixing, mixing.forward({"x": X})) is None
    parameter = Subject("sin", {"x": X}, lambda z: np.sin(z["x"]), lambda z, dy, start: {"x": dy}, main=None)
    assert block.alone(parameter, np.sin(X)) is None
    alone = Subject("sin", {"x": X}, lambda z: np.sin(z["x"]), lambda z, dy, start: {"x": dy * np.cos(z["x"])})
    small = block.alone(alone, np.sin(X))
    np.testing.assert_array_equal(small.forward(small.copies()), np.sin(small.arrays["x"]))
    dy = np.ones(small.arrays["x"].shape)
    np.testing.assert_allclose(small.backward(small.copies(), dy, 0.0)["x"], np.cos(small.arrays["x"]))
