"""The pages of the mistakes that the gradient checker names, one for each kind, and the page that lists them."""

from __future__ import annotations

from functools import cache
from itertools import islice

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check import Kind, Report
from inkgrad.check.lessons import LESSONS
from inkgrad.check.mistakes import Mistake, explained, wrong_gradients
from inkgrad.errors import MissingExtra

N_SHOWN = 6  # numbers of an array


@cache
def mistake_pages() -> dict[str, str]:
    """Return the Markdown of each page by its path."""
    pages = {f"mistakes/{kind}.md": _page(explained(kind)) for kind in Kind}
    return {"mistakes/index.md": _contents(), **pages}


def kinds_table(folder: str = "mistakes/") -> str:
    """Return a Markdown table with a row for each kind: its word, which leads to its page, and its sentence."""
    rows = [f"| [`{kind}`]({folder}{kind}.md) | {kind.sentence} |" for kind in Kind]
    return "\n".join(["| word | says |", "|--|--|", *rows])


def _contents() -> str:
    return (
        "# The names of mistakes\n\n"
        "What the gradient checker says of a wrong gradient, in a word. The page of each has an example that runs, "
        "wrong and right, and what its numbers look like; `inkgrad check --explain factor` shows the same in a "
        f"terminal. [How a mistake gets its name](../gradient-check.md#how-it-knows).\n\n{kinds_table('')}\n"
    )


def _page(mistake: Mistake) -> str:
    lessons = [each.name for each in LESSONS.values() if each.kind == mistake.kind]
    shown = ", ".join(f"`inkgrad check --break {name}`" for name in lessons)
    return "\n\n".join(
        [
            f"# {mistake.kind}",
            f"*{mistake.kind.sentence[0].upper()}{mistake.kind.sentence[1:]}.*",
            mistake.meaning,
            f"## A wrong and a right one\n\n```python {_highlighted(mistake)}\n{mistake.code}```",
            f"## How it looks\n\n{mistake.looks}",
            *_numbers(mistake),
            f"## What to do\n\n{mistake.advice}",
            *([f"{'Lessons' if len(lessons) > 1 else 'A lesson'}: {shown}."] if lessons else []),
        ]
    )


def _highlighted(mistake: Mistake) -> str:
    """Return what makes the wrong lines stand out, and the right ones."""
    told = {line.strip() for line in (*mistake.wrong_lines, *mistake.right_lines)}
    numbers = [str(k) for k, line in enumerate(mistake.code.splitlines(), 1) if line.strip() in told]
    return f'hl_lines="{" ".join(numbers)}"'


def _numbers(mistake: Mistake) -> list[str]:
    """Return what a check of the example says, and the numbers; nothing where it needs a library that is missing."""
    try:
        report = mistake.report()
    except MissingExtra:
        return []
    words = str(report.findings[0]).replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
    return [*_table(report), f"The checker says:\n\n> {words}"]


def _table(report: Report) -> list[str]:
    found = list(islice(wrong_gradients(report).items(), 2))
    if not found:
        return []
    head = ["| gradient | by differences | by backward | ratio |", "|--|--:|--:|--:|"]
    return ["\n".join([*head, *(row for path, pair in found for row in _rows(path, *pair))])]


def _rows(path: str, by_differences: NDArray, by_backward: NDArray) -> list[str]:
    rows = []
    for place in islice(np.ndindex(by_differences.shape), N_SHOWN):
        n, a = float(by_differences[place]), float(by_backward[place])
        ratio = f"{a / n + 0.0:.3f}" if n else "·"
        rows.append(f"| `{path}[{','.join(map(str, place))}]` | {n:.6f} | {a:.6f} | {ratio} |")
    return rows
