"""Docstrings as Markdown: prose as prose, mathematics as it stands, character by character.

A docstring of ours is plain text in paragraphs:

    Backward  a capital letter, and two spaces after the word: the label of a section
    value     two spaces or more inside a line: a table, kept as it stands
        dx = dy   an indented line: a formula, kept as it stands
    >>> 1 + 1     an example
    everything else is prose, in which `x` is code
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

import griffe

LABEL = re.compile(r"([A-Z][A-Za-z]*(?: [a-z]+){0,2}) {2,}(?=\S)")
TABLE = re.compile(r"[^\s.:;?!] {2,}\S")
ADDRESS = re.compile(r"https?://[^\s<>]*[^\s<>.,;:)]")
PLAIN = re.compile(rf"(`[^`]+`|{ADDRESS.pattern})")
MARKUP = re.compile(r"([\\*_\[\]<>#~])")


def as_markdown(docstring: str) -> str:
    """Return Markdown that shows a docstring, which has been freed of its indentation."""
    blocks: list[str] = []
    paragraphs = [lines.split("\n") for lines in re.split(r"\n\s*\n", docstring.strip("\n"))]
    while paragraphs:
        lines = paragraphs.pop(0)
        label = LABEL.match(lines[0])
        if _is_example(lines[0]):
            lines = _with_next(lines, paragraphs, _is_example)
            blocks.append("\n".join(["```pycon", *_dedented(lines), "```"]))
        elif label:
            first, *rest = _with_next(lines, paragraphs, _is_indented)
            blocks += [f'<p class="label">{label[1]}</p>', _kept([first[label.end() :], *_dedented(rest)])]
        elif _is_indented(lines[0]):
            blocks.append(_kept(_dedented(_with_next(lines, paragraphs, _is_indented))))
        elif any(_is_indented(line) or TABLE.search(line) for line in lines):
            blocks.append(_kept(_with_next(lines, paragraphs, _is_indented)))
        else:
            blocks.append(_prose(" ".join(lines)))
    return "\n\n".join(blocks)


def _is_example(line: str) -> bool:
    return line.lstrip().startswith(">>>")


def _is_indented(line: str) -> bool:
    return line.startswith(" ")


def _with_next(lines: list[str], paragraphs: list[list[str]], belongs: Callable[[str], bool]) -> list[str]:
    """Return a paragraph together with those after it that belong to it, which are taken out."""
    while paragraphs and belongs(paragraphs[0][0]):
        lines = [*lines, "", *paragraphs.pop(0)]
    return lines


def _dedented(lines: list[str]) -> list[str]:
    """Return lines without the indentation that all of them share."""
    margin = min((len(line) - len(line.lstrip()) for line in lines if line), default=0)
    return [line[margin:] for line in lines]


def _kept(lines: list[str]) -> str:
    """Return lines as they stand, with links where addresses are."""
    text = escape("\n".join(lines), quote=False)
    text = ADDRESS.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', text)
    return f'<pre class="formula"><code>{text}</code></pre>'


def _prose(text: str) -> str:
    """Return prose with its code in backticks and its addresses as links; nothing else is markup."""
    parts = PLAIN.split(text.replace("``", "`"))
    for i, part in enumerate(parts):
        if i % 2 == 0:
            parts[i] = MARKUP.sub(r"\\\1", part)
        elif not part.startswith("`"):
            parts[i] = f"<{part}>"
    return "".join(parts)


class AsMarkdown(griffe.Extension):
    """Hands every docstring to mkdocstrings as Markdown."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)
