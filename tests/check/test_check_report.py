"""A report, shown: one table for the terminal, the page and a notebook."""

import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest

from inkgrad.check import ArrayVerdict, Finding, Kind, Report, Verdict, check_network, check_vjp
from inkgrad.check.lessons import LESSONS


def times(factor, x, **settings):
    return check_vjp(np.tanh, lambda dy, x: factor * dy * (1 - np.tanh(x) ** 2), x, raises=False, **settings)


def array(name, verdict, error=0.0, least=1e-9, reference="directions"):
    return ArrayVerdict("", name, 1234, verdict, error, least, reference)


EVERY = Report(
    "f",
    (
        array("right", Verdict.right),
        array("near", Verdict.approximate, 3e-5),
        array("blind", Verdict.cannot_tell, least=float("inf")),
        array("off", Verdict.wrong, 0.5, reference="its surrogate"),
    ),
    (Finding("", "off", Kind.surrogate, (), "doff is not <what> was declared"),),
)


def test_a_table_has_a_row_for_each_array_and_a_column_for_all_that_is_said():
    assert EVERY.table.head == ("gradient of", "numbers", "verdict", "off by", "least seen", "compared with")
    assert EVERY.table.rows == (
        ("right", "1,234", "right", "·", "1e-09", "directions"),
        ("near", "1,234", "approximate", "3.0e-05", "1e-09", "directions"),
        ("blind", "1,234", "cannot tell", "·", "inf", "directions"),
        ("off", "1,234", "wrong", "5.0e-01", "1e-09", "its surrogate"),
    )
    assert EVERY.table.below == ""


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.right, "the gradient of the gradient is right"),
        (Verdict.approximate, "the gradient of the gradient is approximate: off by 3.0e-05 of its size"),
        (Verdict.cannot_tell, "it cannot be told whether the gradient of the gradient is right: of dx"),
        (Verdict.wrong, "the gradient of the gradient is wrong in 1 place"),
    ],
)
def test_of_second_derivatives_each_outcome_says_what_was_checked(verdict, words):
    report = Report("f", (array("x", verdict, 3e-5),), (), order=2)
    assert report.summary.startswith(words)
    assert report.table.head[0] == "gradient of the gradient by"
    assert report.table.lines()[1].startswith("x   ")


def test_where_all_is_right_little_is_said(rng):
    table = times(1, rng.normal(size=(3, 4))).table
    assert table.head == ("gradient of", "numbers", "verdict", "least seen")
    assert table.below == "compared with differences"


def test_entries_are_counted_where_some_of_them_are_not_right():
    x = np.array([-1.0, 0.0, 2.0])
    report = check_vjp(
        lambda x: np.maximum(x, 0), lambda dy, x: [1, 1, 2] * dy * (x > 0), x, raises=False, every_entry=True
    )
    assert report.table.head == (
        "gradient of", "numbers", "verdict", "off by", "least seen", "right", "kink", "wrong",
    )  # fmt: skip
    assert report.table.rows[0][-3:] == ("1", "1", "1")


@pytest.mark.parametrize("every_entry", [True, False])
def test_a_report_reads_well_in_80_columns(every_entry):
    for lesson in list(LESSONS.values())[:4]:
        text = str(check_network(*lesson.make()[0].wrong, raises=False, every_entry=every_entry))
        assert max(map(len, text.splitlines())) <= 80
        assert f": {lesson.kind}: " in " ".join(text.split())


def test_a_report_says_its_outcome_then_its_findings_then_its_arrays():
    title, finding, gap, head, *rows = str(EVERY).splitlines()
    assert title == "f: the gradient is wrong in 1 place"
    assert finding == "off: surrogate: doff is not <what> was declared"
    assert gap == ""
    assert head.split("  ")[0] == "gradient of"
    assert [row.split()[0] for row in rows] == ["right", "near", "blind", "off"]


def test_what_all_arrays_were_compared_with_is_said_once(rng):
    assert str(times(1, rng.normal(size=3))).endswith("\ncompared with differences")


def test_no_two_rows_of_a_network_are_named_alike():
    for every_entry in None, False, True:
        report = check_network(*LESSONS["softmax-diagonal"].make()[0].wrong, raises=False, every_entry=every_entry)
        paths = [each.path for each in report.arrays]
        assert len(set(paths)) == len(paths)


def test_a_notebook_shows_the_same_table():
    html = EVERY._repr_html_()
    cells = [unescape(re.sub("<.*?>", "", cell)) for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", html)]
    assert cells == [*EVERY.table.head, *(cell for row in EVERY.table.rows for cell in row)]


def test_a_notebook_shows_the_findings_and_explains_their_kinds():
    html = EVERY._repr_html_()
    assert "&lt;what&gt;" in html
    assert f'title="{Kind.surrogate.sentence}"' in html
    found = re.sub("<.*?>", "", html)
    assert "off: surrogate: doff is not &lt;what&gt; was declared" in found
    assert "what surrogate means" in found


def test_a_notebook_explains_the_verdicts_that_are_not_plain():
    for verdict in Verdict:
        assert (verdict.sentence in unescape(EVERY._repr_html_())) == (verdict != Verdict.right)


def test_a_notebook_believes_no_name():
    html = replace(EVERY, name="<b>f</b>")._repr_html_()
    assert "<b>f</b>" not in html
    assert "&lt;b&gt;f&lt;/b&gt;" in html


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_is_its_word_and_has_a_sentence(verdict):
    assert verdict == str(verdict) == verdict.name.replace("_", " ")
    assert len(verdict.sentence) > 20


def test_what_could_not_be_checked_is_said_in_a_terminal_and_a_notebook():
    report = Report("f", (array("x", Verdict.right),), (), not_checked=("forward mode: f, jvp: ValueError: <no>",))
    assert report.ok
    assert str(report).endswith("compared with directions\nnot checked: forward mode: f, jvp: ValueError: <no>")
    assert "not checked: forward mode: f, jvp: ValueError: &lt;no&gt;" in report._repr_html_()


@pytest.mark.parametrize("least", [np.inf, np.nan])
def test_where_there_is_no_slope_the_report_says_so_and_no_size(least):
    """No error under infinity would have been seen, which helps nobody."""
    untold = array("x", Verdict.cannot_tell, least=least)
    summary = Report("f", (untold, replace(untold, array="w", least=1e-2)), ()).summary
    assert "of dx and 1 more nothing is known: y has no single finite slope at this point (a kink, steps" in summary
    assert summary.endswith("; try other inputs")


def test_where_no_more_overflows_than_a_type_must_the_report_says_that_it_may():
    x = (np.arange(1, 8) / 1000).astype(np.float16)

    def steep(x):
        return x.dtype.type(500) * np.sin(x * x.dtype.type(500))

    def vjp(dy, x):
        return x.dtype.type(500) * (dy * np.cos(x * x.dtype.type(500)) * x.dtype.type(500))

    with np.errstate(over="ignore"):
        assert "an overflow" in check_vjp(steep, vjp, x, raises=False).summary
