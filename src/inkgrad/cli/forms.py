"""`inkgrad read --form`: pages of one printed form, as a row each."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.progress import track

from inkgrad.cli.terminal import say
from inkgrad.errors import SettingError
from inkgrad.files import refuse_same, refuse_unwritable
from inkgrad.forms import FormReader, FormWriter, Review, form_files, load_form
from inkgrad.interop import load


def read_forms(
    names: list[str], form: Path, out: Path, model: Path, sure: float, n_workers: int | None, resume: bool, anew: bool
) -> None:
    """Read pages of a form into a table, and say what came of it."""
    start = perf_counter()
    told, files = load_form(form), form_files(out)
    can_review = files.table.suffix.lower() == ".csv"
    is_there = can_review and files.table.exists() and files.review.exists()
    if is_there and not anew and (n := Review(files.table).n_answered):
        raise SettingError(
            f"{files.review} has {n:,} answer{'s' * (n != 1)} of a person, which would be lost: "
            "name another --out, or add --anew"
        )
    for written in files.table, files.review:
        refuse_same(written, [*map(Path, names), form, model])
        refuse_unwritable(written)
    reader = FormReader(told, load(model), sure=sure)
    writer = FormWriter(told, out, told.key(f"{model} {sure}"), resume=resume, anew=anew)
    left = [name for name in names if name not in writer.done]
    console = Console(stderr=True)
    shown = track(
        reader.read_many(left, workers=n_workers), "reading", len(left), console=console, transient=True,
        disable=not console.is_terminal,
    )  # fmt: skip
    try:
        for name, page in zip(left, shown, strict=True):
            writer.add(name, page)
    except KeyboardInterrupt:
        n_done = f"{len(writer.done):,} of {len(names):,}"
        raise SettingError(f"interrupted with {n_done} pages read: go on with --resume") from None
    tally = writer.finish(names)
    say(f"{tally.n_pages:,} pages in {perf_counter() - start:.1f} s: a row each in {files.table}")
    if tally.n_unread:
        say(f"without an answer: {tally.n_unread:,}, with the reason of each in the column error")
    if tally.n_asked:
        n_fields = (tally.n_pages - tally.n_unread) * len(told.fields)
        where = f": inkgrad review {files.table}" if can_review else f", in {files.review}"
        say(f"to be checked: {tally.n_asked:,} of {n_fields:,} fields{where}")
