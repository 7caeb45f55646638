"""Mistake: what is told of one kind, with an example that runs."""

from __future__ import annotations

import ast
import linecache
import re
from dataclasses import dataclass
from difflib import ndiff
from functools import cached_property
from importlib.resources import files
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.extras import extra
from inkgrad.html import Html, as_html

if TYPE_CHECKING:
    from inkgrad.check.report import Report  # which explains its findings

PAGE = re.compile(
    r"(?P<meaning>.*?)\n\n```python\n(?P<code>.*?)```\n\n"
    r"\*\*How it looks\.\*\* (?P<looks>.*?)\n\n\*\*What to do\.\*\* (?P<advice>.*)\n",
    re.DOTALL,
)


@dataclass(frozen=True)
class Mistake:
    """One kind of mistake, explained.

    meaning  what the word says, and how it comes about
    code     an example that runs: `wrong` and `right` are two versions of one function or class, and `report` is what
             a check says of the wrong one
    looks    how it looks in the numbers
    advice   what to do
    """

    kind: Kind
    meaning: str
    code: str
    looks: str
    advice: str

    @cached_property
    def forward_lines(self) -> tuple[str, ...]:
        """The lines of the function whose gradient it is; none where the example is a class."""
        return tuple(self._body("f"))

    @cached_property
    def wrong_lines(self) -> tuple[str, ...]:
        """The lines of code that make the mistake."""
        return self._alone("- ")

    @cached_property
    def right_lines(self) -> tuple[str, ...]:
        """The same lines as they should be."""
        return self._alone("+ ")

    def report(self) -> Report:
        """Return what the checker says of the wrong version, having seen that the right one passes.

        Raises MissingExtra where the example needs a library that is not installed.
        """
        names: dict[str, Any] = {"__name__": f"{__name__}.example"}
        file = f"<{self.kind}>"
        linecache.cache[file] = len(self.code), None, self.code.splitlines(keepends=True), file  # findings show lines
        with extra("torch", f"the example of {self.kind} needs"):
            exec(compile(self.code, file, "exec"), names)
        found: Report = names["report"]
        return found

    def _repr_html_(self) -> str:
        """Return it folded up, for notebooks."""
        lines = [*(f"wrong   {line}" for line in self.wrong_lines), *(f"right   {line}" for line in self.right_lines)]
        code = f'<pre style="margin:.4em 0">{as_html(chr(10).join(lines))}</pre>'
        before = "".join(f"<div>{as_html(paragraph)}</div>" for paragraph in self.meaning.split("\n\n"))
        after = f"<div>{as_html(self.looks)}</div><div>{as_html(self.advice)}</div>"
        return Html(f"<details><summary>what {self.kind} means</summary>{before}{code}{after}</details>")

    def _alone(self, sign: str) -> tuple[str, ...]:
        differences = ndiff(self._body("wrong"), self._body("right"))
        lines = [line.removeprefix(sign) for line in differences if line.startswith(sign)]
        return tuple(dedent("\n".join(lines)).splitlines())

    def _body(self, name: str) -> list[str]:
        """Return the lines of the function or class of that name, but for its first."""
        for node in ast.parse(self.code).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name.lower() == name:
                lines = self.code.splitlines()[node.lineno : node.end_lineno]
                return dedent("\n".join(lines)).splitlines()
        return []


def explained(kind: Kind) -> Mistake:
    """Return what is told of a kind."""
    text = (files(__package__) / f"{kind}.md").read_text(encoding="utf-8")
    page = PAGE.fullmatch(text)
    assert page, f"{kind}.md has not the form of the others"
    meaning, looks, advice = (_unwrapped(page[part]) for part in ("meaning", "looks", "advice"))
    return Mistake(kind, meaning, page["code"], looks, advice)


def _unwrapped(text: str) -> str:
    """Return paragraphs, each in one line."""
    return "\n\n".join(" ".join(paragraph.splitlines()) for paragraph in text.split("\n\n"))


def wrong_gradients(report: Report) -> dict[str, tuple[NDArray, NDArray]]:
    """Return each gradient that is wrong by the path of its array, first by differences, then by backward."""
    return {
        each.path: (each.numerical.value, each.analytical.astype(np.float64))
        for each in report.comparisons
        if not each.ok
    }
