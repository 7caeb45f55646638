"""The documentation's code runs, and prints what the pages say it prints."""

import re
import shutil
import socket
import sys
from types import ModuleType

import pytest
from support.pages import PAGES, ROOT, blocks_of, commands_of, lines_of, run_command, run_python

from inkgrad.errors import SettingError
from inkgrad.reader import number_of

EXTRAS = {"jax", "onnx", "onnxruntime", "sklearn", "tensorboardX", "torch", "huggingface_hub", "starlette", "plotly"}
ELSEWHERE = {"gradient-check.md"}  # test_cli_check.py runs its commands
SLOW = {"check-a-pytorch-model.md", "check-a-jax-function.md"}
PROGRAMS = [page for page in PAGES if blocks_of(page.read_text())]


def name_of(page):
    return str(page.relative_to(ROOT))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files that pages speak of as there, and no network."""
    for name in "page.jpg", "photo.jpg":
        shutil.copy(ROOT / "examples" / "page.jpg", tmp_path / name)
    for name in "form.jpg", "field.jpg":
        shutil.copy(ROOT / "docs" / "pictures" / name, tmp_path / name)
    trained = ROOT / "src" / "inkgrad" / "models" / "trained" / "cnn.safetensors"
    shutil.copy(trained, tmp_path / "digits.safetensors")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(socket, "getaddrinfo", None)
    monkeypatch.setitem(sys.modules, "page", ModuleType("page"))
    return tmp_path


def slow_where_it_is(page):
    return pytest.param(page, marks=pytest.mark.slow if page.name in SLOW else ())


@pytest.mark.parametrize("page", [*map(slow_where_it_is, PROGRAMS)], ids=name_of)
def test_a_page_does_what_it_says(page, folder):
    names = vars(sys.modules["page"])
    for block in filter(lambda block: block.is_run, blocks_of(page.read_text())):
        if block.file:
            (folder / block.file).write_text(block.code)
        if block.language == "python":
            compare(run_or_skip(block.code, names), block.shown)
        elif page.name not in ELSEWHERE:
            for command, shown in commands_of(block):
                compare(run_command(command), shown)


def compare(printed, shown):
    """What a block prints stands in the block after it, all of it or, where that has a line "...", those lines."""
    if shown is None:
        return
    found, wanted = lines_of(printed), lines_of(shown)
    if "..." in wanted:
        assert [line for line in wanted if line != "..." and line not in found] == []
    else:
        assert found == wanted


def run_or_skip(code, names):
    """Run a block; skip the rest of a page whose library is an extra that is not installed."""
    try:
        return run_python(code, names)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in EXTRAS:
            raise
        pytest.skip(f"{error.name} is not installed")
    except SettingError as error:
        if "which is not installed" not in str(error):
            raise
        pytest.skip(str(error))


@pytest.mark.parametrize("page", PROGRAMS, ids=name_of)
def test_what_is_not_run_says_why(page):
    for block in blocks_of(page.read_text()):
        if not block.is_run:
            assert len(block.marker.removeprefix("not run: ")) > 5


def test_no_program_hides_under_another_name():
    """The tutorial's chapters are the scripts of examples/tutorial, which have tests of their own."""
    for page in PAGES:
        languages = set(re.findall(r"^ *```(\w+)", page.read_text(), re.MULTILINE))
        known = {
            "python",
            "sh",
            "console",
            "text",
            "js",
            "json",
            "toml",
            "dockerfile",
            "py" if page.parent.name == "tutorial" else "text",
        }
        assert languages <= known, page


def test_a_page_that_prints_something_else_fails(folder):
    (block,) = blocks_of("```python\nprint(2)\n```\n\n```text\n3\n```\n")
    with pytest.raises(AssertionError):
        compare(run_python(block.code, {}), block.shown)


def test_a_block_that_fails_fails(folder):
    with pytest.raises(NameError):
        run_or_skip("nothing_of_that_name", {})


def test_every_link_in_the_pages_leads_to_a_file():
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        for link in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text):
            target = (page.parent / link).resolve()
            made = any(target.is_relative_to(ROOT / "docs" / folder) for folder in ("mistakes", "reference"))
            assert made or (page.parent / link).exists(), f"{name_of(page)}: {link}"


def test_the_comparison_has_no_number_that_is_not_in_the_results():
    pages = (ROOT / "benchmarks" / name / "RESULTS.md" for name in ("avx512", "check"))
    results = "".join(page.read_text() for page in pages)
    numbers = re.findall(r"\b\d+\.\d{2,3}\b", (ROOT / "docs" / "compare.md").read_text())
    assert len(numbers) > 5
    assert [number for number in numbers if number not in results] == []


def test_texts_are_the_numbers_that_the_table_says():
    rows = re.findall(r"^\| (`.*`) \| ([^|`]*) \|.*\|$", (ROOT / "docs" / "reading.md").read_text(), re.MULTILINE)
    told = {}
    for texts, numbers in rows:
        each = re.findall("`([^`]+)`", texts)
        told |= zip(each, numbers.split(", ") if numbers != "None" else ["None"] * len(each), strict=True)
    assert len(told) > 20
    assert {text: str(number_of(text)) for text in told} == told


def test_a_block_is_saved_where_the_page_says_so():
    first, second = blocks_of(
        "<!-- table: kinds -->\n\n```python\n1\n```\n\n<!-- file: two.py -->\n```python\n2\n```\n"
    )
    assert (first.file, first.code, second.file, second.code) == ("", "1\n", "two.py", "2\n")
