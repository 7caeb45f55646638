"""The page of the command line, from the commands' own help."""

from __future__ import annotations

from typing import Any

import typer

from inkgrad.cli.commands import app


def command_line_page() -> str:
    """Return the Markdown of the page."""
    root = typer.main.get_command(app)
    head = "# The command line\n\nWhat `inkgrad --help` says, and `--help` after each command."
    return "\n\n".join([head, *_sections(root, "inkgrad", None)])


def _sections(command: Any, name: str, parent: Any) -> list[str]:
    context = command.make_context(name, [], parent=parent, resilient_parsing=True)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [f"## {context.command_path}", command.help or "", f"```text\n{usage}\n```", _table(command, context)]
    for child in getattr(command, "commands", {}).values():
        parts += _sections(child, child.name, context)
    return [part for part in parts if part]


def _table(command: Any, context: Any) -> str:
    rows = [each.get_help_record(context) for each in command.get_params(context)]
    cells = [f"| `{name}` | {_cell(about)} |" for name, about in filter(None, rows)]
    return "\n".join(["| option | |", "|--|--|", *cells])


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("*", r"\*").replace("<", "&lt;")
