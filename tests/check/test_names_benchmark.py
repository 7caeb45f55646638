"""The mistakes of benchmarks/check stand in their functions, and what is said of them is counted as it should be."""

import sys
from pathlib import Path

import pytest

from inkgrad.check.kind import Kind

pytest.importorskip("torch")
pytest.importorskip("jax")
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks" / "check"


@pytest.fixture
def names(monkeypatch):
    """Return benchmarks/check/names.py."""
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    return __import__("names")


def test_each_mistake_is_one_line_of_its_function_and_has_a_name_of_its_own(names):
    mistakes = [(function, mistake) for _, function in names.functions("all") for mistake in function.mistakes]
    assert len({mistake.name for _, mistake in mistakes}) == len(mistakes)
    assert all(function.wrong(mistake).n_lines > 0 for function, mistake in mistakes)


def test_what_is_true_of_a_mistake_is_said_in_kinds(names):
    mistakes = [mistake for _, function in names.functions("all") for mistake in function.mistakes]
    words = {word for mistake in mistakes for each in mistake.arrays.values() for word in each.split()}
    assert words <= set(Kind)


def test_no_function_stands_in_two_sets(names):
    sets = [which for which in names.SETS if which != "all"]
    built = [function.build.__name__ for which in sets for _, function in names.functions(which)]
    assert len(set(built)) == len(built) == sum(1 for _ in names.functions("all"))


def test_a_mended_line_makes_the_gradient_right(names):
    (moving_average,) = (each for _, each in names.functions("all") if each.build.__name__ == "moving_average")
    assert names.alarm_of(moving_average.right()) == ""
    assert "wrong" in names.alarm_of(moving_average.wrong(moving_average.mistakes[0]))


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"x": "sign", "w": "zero"}, "named"),
        ({"x": "sign", "w": "unknown"}, "partly"),
        ({"x": "unknown", "w": "unknown"}, "unknown"),
        ({"x": "unknown", "w": "sign"}, "misnamed"),
        ({"x": "sign zero", "w": "zero"}, "misnamed"),
        ({"x": "sign"}, "not found"),
        ({"x": "sign", "w": "zero", "b": "unknown"}, "not found"),
    ],
)
def test_a_mistake_is_named_where_each_kind_is_true_of_it(names, said, word):
    mistake = names.Mistake("m", "says", "right", "wrong", {"x": "sign factor", "w": "zero"})
    assert names.outcome_word(mistake, said) == word


def test_unknown_is_no_fault_where_no_word_is_true(names):
    mistake = names.Mistake("m", "says", "right", "wrong", {"x": ""})
    assert names.outcome_word(mistake, {"x": "unknown"}) == "honest"
    assert names.outcome_word(mistake, {"x": "sign"}) == "misnamed"
