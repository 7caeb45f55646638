"""`inkgrad review`: a person checks what was doubtful in forms, in the browser."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from inkgrad.cli.terminal import say
from inkgrad.forms import Review


def review(
    table: Annotated[
        Path,
        typer.Argument(metavar="FORMS", help="The table that inkgrad read --form wrote: forms.csv, .xlsx, .parquet."),
    ],
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
) -> None:
    r"""Check what was doubtful in forms: Enter accepts, or type what it says first; Escape goes back.

    Each answer is kept at once in forms.review.csv, so that you may stop and
    go on later. The table with your answers is forms.corrected.csv, or .xlsx
    or .parquet as the first; forms.corrections.csv has pictures and what they say.

    Everything stays on this machine. It needs the extra: pip install 'inkgrad\[web]'

    Try: inkgrad read scans --form form.toml --out forms.csv, then inkgrad review forms.csv
    """
    questions = Review(table)
    if not questions.n_open:
        say(f"nothing of {table} is to be checked")
        return
    from inkgrad.web import serve_review

    def ready(address: str) -> None:
        print(f"{questions.n_open} to be checked at {address} (Ctrl-C ends it)", flush=True)
        if browser and not webbrowser.open(address):
            say("no browser was found: open the address yourself")

    serve_review(table, port, ready=ready)
