"""The notebook of the tutorial says what its pages say, and runs, and prints and draws what they show."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest
from support import ROOT
from support.pages import FENCE, lines_of

NOTEBOOK = ROOT / "examples" / "notebooks" / "tutorial-3-to-6.ipynb"
CHAPTERS = sorted((ROOT / "docs" / "tutorial").glob("0[3-6]-*.md"))


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The notebook, made of the pages and run anew."""
    if find_spec("nbclient") is None or find_spec("ipykernel") is None:
        pytest.skip("the extra dev has nbclient and ipykernel")
    path = tmp_path_factory.mktemp("notebook") / "made.ipynb"
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "scripts.make_notebook", "--out", str(path)]
    found = subprocess.run(command, cwd=ROOT, env=os.environ | one_thread, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    return json.loads(path.read_text())


def kept():
    return json.loads(NOTEBOOK.read_text())


def sources(notebook):
    return [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]


def printed(notebook):
    outputs = [each for cell in notebook["cells"] for each in cell.get("outputs", [])]
    return lines_of("".join("".join(each.get("text", "")) for each in outputs))


def shown():
    """Return the lines that the chapters say their programs print."""
    blocks = [block for page in CHAPTERS for block in FENCE.finditer(page.read_text())]
    return lines_of("".join(block["code"] for block in blocks if block["language"] == "text"))


def n_pictures(notebook):
    outputs = [each for cell in notebook["cells"] for each in cell.get("outputs", [])]
    return sum("image/png" in each.get("data", {}) for each in outputs)


def test_the_notebook_that_is_kept_is_made_of_the_pages(made):
    assert sources(kept()) == sources(made), "run python -m scripts.make_notebook"


def test_run_anew_it_prints_and_draws_what_the_pages_show(made):
    assert printed(made) == shown()
    assert n_pictures(made) == len(CHAPTERS)


def test_what_is_kept_shows_the_same():
    assert printed(kept()) == shown()
    assert n_pictures(kept()) == len(CHAPTERS)


def test_its_links_lead_to_files():
    text = "\n".join(source for kind, source in sources(kept()) if kind == "markdown")
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", text)
    assert len(links) > 10
    assert [link for link in links if not (NOTEBOOK.parent / link).exists()] == []
