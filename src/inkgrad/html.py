"""HTML for notebooks: tables that are read on light and on dark paper, and fetch nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

GOOD, BAD = "#1b7f4b", "#b3261e"  # with white letters on it each has a contrast above 4.5


class Html(str):
    """Text that is HTML already; all other text is escaped."""

    __slots__ = ()


def as_html(value: Any) -> str:
    """Return what is shown of a value: itself where it is Html, else its text, escaped."""
    return value if isinstance(value, Html) else escape(str(value))


def table(header: Sequence[Any], rows: Iterable[Sequence[Any]], caption: Any = "", n_texts: int = 1) -> Html:
    """Return an HTML table; the first n_texts columns are texts, at the left, the others numbers, at the right."""
    sides = ["left" if k < n_texts else "right" for k in range(len(header))]
    rule = "border-bottom:1px solid rgba(128,128,128,.4)"
    head = "".join(_cell("th", value, f"text-align:{side};{rule}") for value, side in zip(header, sides, strict=True))
    lines = (
        "".join(_cell("td", value, f"text-align:{side}") for value, side in zip(row, sides, strict=True))
        for row in rows
    )
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    above = f'<caption style="caption-side:top;text-align:left;padding:.2em .7em">{as_html(caption)}</caption>'
    return Html(
        f'<table style="border-collapse:collapse;margin:.4em 0">{above if caption else ""}'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def facts(pairs: Mapping[str, Any]) -> Html:
    """Return a list of what is known, each with its title."""
    lines = "".join(f"<div><b>{as_html(title)}</b> {as_html(value)}</div>" for title, value in pairs.items())
    return Html(f'<div style="padding:.1em .7em">{lines}</div>')


def badge(text: Any, good: bool) -> Html:
    """Return a word on green or red, white on either paper."""
    colour = GOOD if good else BAD
    return Html(
        f'<span style="background:{colour};color:#fff;border-radius:.3em;padding:.05em .4em">{as_html(text)}</span>'
    )


def _cell(kind: str, value: Any, style: str) -> str:
    scope = ' scope="col"' if kind == "th" else ""
    return f'<{kind}{scope} style="padding:.2em .7em;vertical-align:top;{style}">{as_html(value)}</{kind}>'
