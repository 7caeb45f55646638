"""The table of the mistakes that the gradient checker knows, from its list of kinds."""

from __future__ import annotations

from inkgrad.check import Kind


def kinds_table() -> str:
    """Return a Markdown table with a row for each kind: its word and its sentence."""
    rows = [f"| `{kind}` | {kind.sentence} |" for kind in Kind]
    return "\n".join(["| word | says |", "|--|--|", *rows])
