"""Each chapter of the tutorial is a program that runs, and prints and draws what its page shows."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from support import ROOT

PAGES = sorted((ROOT / "docs" / "tutorial").glob("[01]*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"!\[.+\]\(\.\./pictures/(.+\.png)\)")
NUMBER = re.compile(r"\d+\.\d+")
SLACK = {"09-convolutions": 0.03, "10-reading-a-photo": 0.03}  # float32, and sums in the order that suits the machine
SHADES = 8.0  # of 255, on average: another matplotlib draws letters a little differently
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def script_of(page):
    return ROOT / "examples" / "tutorial" / f"{page.stem.replace('-', '_')}.py"


def lines_of(text):
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def shown(page, language):
    """The lines of all blocks of a language on a page, in their order."""
    return [line for found, text in BLOCK.findall(page.read_text()) if found == language for line in lines_of(text)]


def run(program, folder):
    """Run a program in an empty folder, on one thread; return what it prints."""
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    found = subprocess.run(
        [sys.executable, "-W", "error", program],
        cwd=folder,
        env=os.environ | one_thread | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


def compare(printed, wanted, slack):
    """Both say the same; numbers with a decimal point may differ by `slack`."""
    for mine, theirs in zip(lines_of(printed), wanted, strict=True):
        assert NUMBER.sub("#", mine) == NUMBER.sub("#", theirs)
        for a, b in zip(NUMBER.findall(mine), NUMBER.findall(theirs), strict=True):
            assert a == b or abs(float(a) - float(b)) <= slack, f"printed {mine!r}, the page shows {theirs!r}"


def test_there_are_ten_chapters_each_with_its_program():
    assert [page.stem[:3] for page in PAGES] == [f"{k:02}-" for k in range(1, 11)]
    assert [script_of(page) for page in PAGES] == sorted((ROOT / "examples" / "tutorial").glob("*.py"))


def test_the_index_leads_to_every_chapter():
    index = (ROOT / "docs" / "tutorial" / "index.md").read_text()
    assert re.findall(r"^\| \[.+\]\((.+\.md)\)", index, re.MULTILINE) == [page.name for page in PAGES]


@every_page
def test_the_code_on_a_page_is_the_whole_program(page):
    _, _, program = script_of(page).read_text().partition('"""\n')
    assert shown(page, "py") == lines_of(program)


@every_page
def test_a_chapter_prints_and_draws_what_its_page_shows(page, tmp_path):
    compare(run(script_of(page), tmp_path), shown(page, "text"), SLACK.get(page.stem, 0.0))
    pictures = PICTURE.findall(page.read_text())
    assert pictures
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(pictures)
    for name in pictures:
        drawn, kept = (pixels(folder / name) for folder in (tmp_path, ROOT / "docs" / "pictures"))
        assert drawn.shape == kept.shape
        assert np.abs(drawn - kept).mean() < SHADES, f"{name} looks different: run the chapter, and keep its picture"


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("L"), float)


@every_page
def test_a_page_has_three_exercises_and_leads_on(page):
    text = page.read_text()
    exercises = text.partition("## Try it\n")[2].partition("**The real thing:**")[0]
    assert re.findall(r"^(\d)\. ", exercises, re.MULTILINE) == ["1", "2", "3"]
    assert f"../../examples/tutorial/{script_of(page).name}" in text
    assert "../../src/inkgrad/" in text
    following = PAGES[PAGES.index(page) + 1 :]
    assert not following or f"]({following[0].name})" in text.splitlines()[-1]


def changed(name, old, new, folder):
    """Write a chapter's program with a piece of it exchanged; return its path."""
    (script,) = (ROOT / "examples" / "tutorial").glob(f"{name}_*.py")
    text = script.read_text()
    assert old in text
    path = folder / script.name
    path.write_text(text.replace(old, new))
    return path


def fails(name, old, new, folder):
    """Return what the changed program says when it stops."""
    with pytest.raises(AssertionError) as failure:
        run(changed(name, old, new, folder), folder)
    return str(failure.value)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("01", "return x @ W + b", "return x @ W - b"),
        ("02", "return 0.5 * np.sum", "return np.sum"),
        ("03", "return x.T @ dy, dy.sum(axis=0)", "return x.T @ dy, dy.mean(axis=0)"),
        ("06", "np.diag(y) - np.outer(y, y)", "np.diag(y * (1 - y))"),
        ("07", "v = momentum * v + gradient", "v = momentum * v - gradient"),
        ("08", "own[t, predicted] += 1", "own[predicted, t] += 1"),
        ("09", "+ 3] * kernel)", "+ 3] * kernel[::-1, ::-1])"),
    ],
)
def test_a_mistake_in_what_is_built_by_hand_stops_the_chapter(name, old, new, tmp_path):
    assert "AssertionError" in fails(name, old, new, tmp_path)


def test_chapter_4_names_a_gradient_that_it_was_not_shown(tmp_path):
    program = changed("04", "return -gradient(theta)", "return gradient(theta) / 3", tmp_path)
    assert "factor: dtheta is 0.333333 times what it should be, that is 1 / the size of theta" in run(program, tmp_path)


def test_chapter_5_stops_at_a_backward_without_the_slope_of_tanh(tmp_path):
    message = fails("05", " * (1 - h * h)", "", tmp_path)
    assert "GradientMismatch" in message
    assert [name for name in ("W1", "b1", "W2", "b2") if f"; {name}: " in message] == ["W1", "b1"]


def test_chapter_6_finds_nothing_wrong_with_the_whole_jacobian(tmp_path):
    whole = "return y * (dy - (dy * y).sum(axis=-1, keepdims=True))"
    printed = run(changed("06", "return dy * y * (1 - y)", whole, tmp_path), tmp_path)
    assert "diagonal-jacobian" not in printed
    assert "fish, goat, third: wrong / right = [1. 1. 1.]" in printed


def test_the_comparison_sees_another_number_and_another_word():
    compare("accuracy 0.95", ["accuracy 0.96"], slack=0.03)
    for printed, wanted in ("accuracy 0.95", "accuracy 0.99"), ("a 3 as 5", "a 3 as 8"), ("one", "two"):
        with pytest.raises(AssertionError):
            compare(printed, [wanted], slack=0.03)
