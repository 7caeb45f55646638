"""Every lesson's mistake is found under its own name, and its right network passes."""

import numpy as np
import pytest

from inkgrad.check import check_network
from inkgrad.check.lessons import LAYERS, LESSONS, checked, two_gradients

every_lesson = pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)

PLACES = {  # where each mistake sits: layer, array
    "softmax-diagonal": {("1", "x")},
    "softmax-twice": {("cost", "y")},
    "bias-mean": {("0", "b")},
    "batch-twice": {("0", "W"), ("0", "b")},
    "weights-transposed": {("2", "x")},
    "gradient-forgotten": {("0", "b")},
    "sign-flipped": {("0", "W")},
    "derivative-forgotten": {("1", "x")},
    "derivative-at-output": {("1", "x")},
    "derivative-twice": {("1", "x")},
    "relu-mask-inverted": {("1", "x")},
    "dropout-unscaled": {("2", "x")},
    "last-example-only": {("0", "W")},
    "weight-decay": {("0", "W")},
    "target-shifted": {("cost", "y")},
    "cost-sum-not-mean": {("cost", "y")},
    "attention-unscaled": {("", "q"), ("", "k")},
    "rmsnorm-constant": {("", "x")},
    "rope-turned": {("", "x")},
    "lstm-carry": {("", "x"), ("", "W")},
    "swiglu-gate": {("", "x"), ("", "W")},
    "embedding-overwritten": {("", "table")},
    "ignored-labels": {("", "logits")},
    "smoothing-forgotten": {("", "logits")},
}


@every_lesson
def test_the_mistake_is_found_where_it_is_and_under_its_name(lesson):
    for exhibit in lesson.make():
        findings = checked(exhibit.wrong).findings
        assert {(finding.layer, finding.array) for finding in findings} == PLACES[lesson.name]
        assert {finding.kind for finding in findings} == {lesson.kind}


@every_lesson
def test_the_right_one_passes(lesson):
    for exhibit in lesson.make():
        assert checked(exhibit.right).ok


@every_lesson
def test_backward_agrees_with_plain_differences_only_in_the_right_one(lesson):
    for exhibit in lesson.make():
        for problem, agrees in zip(exhibit.pair, (True, False), strict=True):
            pairs = two_gradients(problem).values()
            # h = 1e-4 leaves errors of h² times a third derivative, here below 1e-7
            assert all(np.allclose(n, a, rtol=1e-5, atol=1e-7) for n, a in pairs) == agrees


def test_a_lesson_is_the_same_every_time():
    first, second = (LESSONS["bias-mean"].make()[0].wrong for _ in range(2))
    np.testing.assert_array_equal(first.theta, second.theta)
    np.testing.assert_array_equal(first.x, second.x)
    first, second = (LESSONS["rope-turned"].make()[0].wrong for _ in range(2))
    np.testing.assert_array_equal(first.arrays["x"], second.arrays["x"])


def test_what_cannot_be_put_into_a_network_is_a_function():
    for name, lesson in LESSONS.items():
        (exhibit, *_) = lesson.make()
        assert (name in LAYERS) == hasattr(exhibit.wrong, "network") == bool(lesson.needs)


def test_a_scale_that_is_forgotten_is_measured():
    findings = checked(LESSONS["attention-unscaled"].make()[0].wrong).findings
    assert [finding.evidence["factor"] for finding in findings] == pytest.approx([3**0.5, 3**0.5])


@pytest.mark.parametrize(
    ("name", "factor"), [("bias-mean", 1 / 7), ("dropout-unscaled", 0.6), ("cost-sum-not-mean", 7)]
)
def test_a_factor_is_measured(name, factor):
    (finding,) = check_network(*LESSONS[name].make()[0].wrong, raises=False).findings
    assert finding.evidence["factor"] == pytest.approx(factor, rel=1e-6)


@every_lesson
def test_what_is_said_of_a_lesson_is_short(lesson):
    assert lesson.name == next(name for name, each in LESSONS.items() if each is lesson)
    assert len(lesson.about) < 80
    assert lesson.wrong_line != lesson.right_line
