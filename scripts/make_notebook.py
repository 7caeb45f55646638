"""Make the notebook of the tutorial's chapters 3 to 6 from their pages, and run it: python -m scripts.make_notebook."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "examples" / "notebooks" / "tutorial-3-to-6.ipynb"
CHAPTERS = range(3, 7)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"^!\[.*?\]\(.*?\)$", re.MULTILINE)
TO_TUTORIAL = re.compile(r"\]\((\d\d-[\w-]+\.md)")
TO_DOCS = re.compile(r"\]\(\.\./(?!\.\./)")
BEGINNING = """\
# From a slope to a softmax

Chapters 3 to 6 of [the tutorial](../../docs/tutorial/index.md), to run and to change: what is said here is what stands
there. Each chapter begins with its imports, so you may start with any.
"""


def cells_of(page: Path) -> list[nbformat.NotebookNode]:
    """Return a chapter's cells: its prose, and its programs, of which the notebook itself shows output and picture."""
    cells = []
    parts = BLOCK.split(page.read_text())
    for prose, language, code in zip(parts[::3], [*parts[1::3], ""], [*parts[2::3], ""], strict=True):
        linked = TO_TUTORIAL.sub(r"](../../docs/tutorial/\1", PICTURE.sub("", prose))
        text = TO_DOCS.sub("](../../docs/", linked).strip()
        if text:
            cells.append(new_markdown_cell(text))
        if language == "py":
            program = code.replace("from inkgrad.plots import save_png\n", "")
            cells.append(new_code_cell(re.sub(r"^save_png\((\w+), .*\)$", r"\1", program, flags=re.MULTILINE).strip()))
    return cells


def notebook() -> nbformat.NotebookNode:
    """Return the notebook, which has not been run yet."""
    cells = [new_markdown_cell(BEGINNING.strip()), new_code_cell("%matplotlib inline")]
    for number in CHAPTERS:
        (page,) = (ROOT / "docs" / "tutorial").glob(f"{number:02}-*.md")
        cells += cells_of(page)
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def main() -> None:
    """Run the notebook, and write it with what its cells gave."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=NOTEBOOK)
    path = parser.parse_args().out
    made = notebook()
    NotebookClient(made, timeout=300, record_timing=False, coalesce_streams=True).execute()
    made.metadata.language_info = {"name": "python"}  # not this machine's version
    nbformat.write(made, path)


if __name__ == "__main__":
    main()
