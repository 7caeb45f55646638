"""The README's Python runs, and prints what the README says it prints."""

import re
import shutil
import subprocess
import tomllib

import pytest
from support import ROOT
from support.commands import inkgrad, output_of

from inkgrad.check import check_layer
from inkgrad.errors import GradientMismatch

README = ROOT / "README.md"
TEXT = README.read_text()
BLOCK = r"<!-- tested{} -->\n```python\n(.*?)```\n"


def test_the_example_with_an_own_layer_runs_and_prints_what_it_says(tmp_path):
    program = "\n".join(re.findall(BLOCK.format(""), TEXT, re.DOTALL))
    found = output_of(program, cwd=tmp_path)
    assert found.strip() == re.search(r"prints `(\d+ of .*?)`", TEXT)[1]


def test_the_mistake_gets_the_message_that_is_shown():
    program = re.search(BLOCK.format(""), TEXT, re.DOTALL)[1]
    wrong = program.replace(".sum(axis=0)", ".mean(axis=0)").replace("check_layer(Scale(4), x)", "")
    names = {"__name__": "readme"}
    exec(wrong, names)
    shown = re.search(r"GradientMismatch: (.*)\n", TEXT)[1]
    with pytest.raises(GradientMismatch, match=re.escape(shown)):
        check_layer(names["Scale"](4), names["x"])


@pytest.mark.slow
def test_a_model_answers_as_the_readme_says(tmp_path):
    """One epoch is enough for the first five digits."""
    assert inkgrad("train", "--epochs", "1", cwd=tmp_path).returncode == 0
    program = re.search(BLOCK.format(": needs digits.safetensors"), TEXT, re.DOTALL)[1]
    found = output_of(program, cwd=tmp_path)
    assert f"`{found.strip()}`" in TEXT


def test_the_page_on_reading_has_python_that_runs():
    root = README.parent
    text = (root / "docs" / "reading.md").read_text()
    program = re.search(BLOCK.format(": needs page.jpg"), text, re.DOTALL)[1]
    found = output_of(program, cwd=root / "examples")
    assert found.splitlines()[0] in TEXT  # the first line of the page, which the README shows


def test_every_file_the_readme_links_to_exists():
    links = re.findall(r"\]\((?!https?:)(.*?)\)", TEXT)
    assert len(links) > 5
    for link in links:
        assert (README.parent / link).exists(), link


@pytest.mark.parametrize("page", [README, ROOT / "docs" / "index.md"], ids=lambda page: page.name)
def test_the_first_screen_has_a_picture_for_each_kind_of_user_and_the_two_commands(page):
    first = page.read_text().partition("make run\nmake test\n")[0]
    assert 0 < len(first.splitlines()) < 30
    for of_a_kind, picture in ("learn or teach", "animals.gif"), ("backward", "jacobian.png"), ("digits", "boxes.png"):
        assert of_a_kind in first
        assert f"{picture})" in first


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_two_commands_are_in_the_makefile():
    for target in "run", "test":
        assert f"make {target}\n" in TEXT
        subprocess.run(["make", "--dry-run", target], cwd=README.parent, capture_output=True, check=True)


def test_the_picture_of_the_house_is_the_order_that_is_checked():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (order,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    picture = re.search(r"## How it is built.*?```\n(.*?)```", TEXT, re.DOTALL)[1]
    drawn = [re.split(r"\s{2,}", line)[0].split() for line in picture.splitlines()]
    faces = {"estimator", "export", "images"}  # former names, kept: docs/what-moved.md
    kept = [[name for name in layer.split(" | ") if name not in faces] for layer in order]
    assert drawn == [names for names in kept if names]
