"""`inkgrad train --from-corrections`: the reader learns a person's own writing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from inkgrad.cli.terminal import say
from inkgrad.fast import limit_threads
from inkgrad.files import refuse_same, refuse_unwritable
from inkgrad.models import load
from inkgrad.reader.corrections import corrected_digits, read_corrections
from inkgrad.reader.learning import Gain, learn
from inkgrad.training import Engine


def learn_writing(corrections: Path, model: Path, out: Path, engine: Engine, seed: int) -> None:
    """Let a model for single digits learn from corrections, write what comes of it, and say what was gained."""
    refuse_unwritable(out)
    refuse_same(out, [corrections, model])
    pictures = read_corrections(corrections)
    before = load(model)
    console = Console(stderr=True, highlight=False)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with (
        limit_threads(engine.n_threads),
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown,
    ):
        bar = shown.add_task("reading corrections")

        def progress(text: str) -> None:
            shown.update(bar, description=text)

        digits = corrected_digits(pictures, before, load("lines"), progress)
        learned = learn(before, digits, engine, seed, progress)
    left_out = f"; {digits.n_left_out} left out, whose digits were not found" if digits.n_left_out else ""
    say(f"{corrections.name}: {digits.n_pictures:,} corrections with {len(digits.labels):,} digits{left_out}")
    notes = f"It learned from {learned.n:,} corrected digits of {corrections.name}."
    replace(learned.model, card=replace(before.card, notes=notes)).save(out)
    say(f"wrote the model {out}; inkgrad read --model {out} reads with it")
    gains = {
        "held-out corrections": learned.held_out,
        "MNIST's test digits": learned.known,
        "composed digits": learned.composed,
    }
    for what, gain in gains.items():
        print(_told(what, gain))


def _told(what: str, gain: Gain) -> str:
    before, after = (f"{count / gain.n:.4f} ({count} of {gain.n})" for count in (gain.before, gain.after))
    return f"{what}: accuracy {before} before, {after} after, {gain.points:+.2f} points"
