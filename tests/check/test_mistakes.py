"""Every kind has a page, and each example makes the mistake that its page is about."""

import re

import pytest

from inkgrad.check import Kind
from inkgrad.check.mistakes import explained, wrong_gradients

every_kind = pytest.mark.parametrize("kind", Kind)
IN_TORCH = {Kind.layout, Kind.wiring, Kind.forward_mode, Kind.second_order}


@every_kind
def test_the_wrong_version_is_named_and_the_right_one_passes(kind):
    mistake = explained(kind)
    if "import torch" in mistake.code:
        pytest.importorskip("torch")
    report = mistake.report()  # asserts that the right one passes
    assert report.findings
    assert {finding.kind for finding in report.findings} == {kind}


@every_kind
def test_a_page_is_whole_and_short(kind):
    mistake = explained(kind)
    assert mistake.kind is kind
    assert 60 < len(mistake.meaning) < 500
    assert 0 < len(mistake.looks) < 300
    assert 0 < len(mistake.advice) < 320
    assert len(mistake.code.splitlines()) <= 48
    assert max(map(len, mistake.code.splitlines())) <= 110
    assert re.search(r"^assert check_\w+\(.*(right|Right).*\)\.ok$", mistake.code, re.MULTILINE)


@every_kind
def test_the_wrong_line_is_few_lines_and_has_a_right_one(kind):
    mistake = explained(kind)
    assert 1 <= len(mistake.wrong_lines) <= 3
    assert 1 <= len(mistake.right_lines) <= 5
    assert set(mistake.wrong_lines) & set(mistake.right_lines) == set()


@every_kind
def test_only_what_needs_more_than_numpy_takes_more(kind):
    assert ("import torch" in explained(kind).code) == (kind in IN_TORCH)


def test_an_example_is_what_one_would_run():
    names = {}
    exec(explained(Kind.factor).code, names)
    assert names["report"].findings[0].kind == "factor"


def test_the_numbers_are_those_of_the_wrong_version():
    ((path, (by_differences, by_backward)),) = wrong_gradients(explained(Kind.sign).report()).items()
    assert path == "mean"
    assert by_backward == pytest.approx(-by_differences)


def test_a_page_is_folded_up_in_a_notebook():
    html = explained(Kind.wrong_mask)._repr_html_()
    assert html.startswith("<details><summary>what wrong-mask means</summary>")
    assert "return dy * (x &lt; 0)" in html
