"""`inkgrad sweep`: many trainings, and the best settings among them."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from inkgrad.cli.options import NotWith, Threads, engine_of, refused, takes_data, words_of
from inkgrad.cli.terminal import progress_of, say, say_about, say_taken_over, stop_requests, waiting
from inkgrad.data import DataSource
from inkgrad.errors import Interrupted, SettingError
from inkgrad.fast import limit_threads
from inkgrad.files import refuse_same
from inkgrad.sessions import SweepPaths
from inkgrad.training import Engine
from inkgrad.whole_numbers import shown_whole

if TYPE_CHECKING:  # Optuna, an extra, is asked for where a sweep is
    from inkgrad.sweeps import Sweep, TrialResult

EXAMPLE = """\
# What `inkgrad sweep` tries. Before the first [part]: settings of `inkgrad train` that all trials share.
model = "seed"
epochs = 3

[search]
how = "random"  # or "tpe": learns from the trials before; or "grid": every combination of lists
trials = 20
seed = 0        # where the drawn settings come from
pruner = "none" # or "halving" or "hyperband": the worse trials stop early

[space]         # other settings of `inkgrad train`: lists of values, or ranges
lr = {low = 0.005, high = 0.5, log = true}
batch_size = [32, 64, 128]
momentum = {low = 0.5, high = 0.99}
"""
"""A file of a plan, to begin with."""


def _show_example(wanted: bool) -> None:
    if wanted:
        print(EXAMPLE, end="")
        raise typer.Exit


@refused(
    NotWith(("resume",), "anew", "{} goes on and --anew begins anew: choose one of them"),
    NotWith(("join",), "anew", "{} helps another sweep and --anew begins one: choose one of them"),
    NotWith(("join",), "resume", "{} helps another sweep and --resume goes on with one: choose one of them"),
)
@takes_data()
def sweep(
    source: DataSource,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to try, in TOML; --example shows one.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the best model goes.")] = Path("best.safetensors"),
    trials: Annotated[int | None, typer.Option(metavar="N", help="How many trials, in place of FILE's number.")] = None,
    n_workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", help="Run so many trials at a time, each in a process on one core."),
    ] = None,
    n_threads: Threads = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from where OUT's sweep stopped; what ended is not run again.")
    ] = False,
    join: Annotated[
        bool,
        typer.Option(
            "--join",
            help="Run trials of OUT's sweep, which goes on elsewhere, too: on a machine that shares its folder.",
        ),
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Begin anew even where an unfinished sweep would be lost.")
    ] = False,
    example: Annotated[
        bool, typer.Option("--example", callback=_show_example, is_eager=True, help="Print a FILE to start from.")
    ] = False,
) -> None:
    """Try many settings of inkgrad train, and save the model of the best.

    [bold]inkgrad sweep --example > sweep.toml[/]
    a small file to change: settings that are fixed, and lists or ranges of others

    [bold]inkgrad sweep sweep.toml --workers 4[/]
    four trials at a time; random and grid find the same as without --workers

    Trials are compared on examples held out of the training set. Then the best
    settings are trained on all of it, as inkgrad train would, and that model alone
    meets the test set. Beside best.safetensors it writes best.sweep.jsonl, Optuna's
    journal, best.sweep.csv for a spreadsheet, and best.sweep.png to look at. It
    needs Optuna: pip install 'inkgrad\\[sweep]'.
    """
    from inkgrad import sweeps

    logging.getLogger("optuna").setLevel(logging.WARNING)  # it would tell of a new study
    engine = engine_of(n_threads)
    if n_workers is not None and n_workers < 1:
        raise SettingError(f"work takes at least 1 worker, got --workers {shown_whole(n_workers)}")
    plan, paths = sweeps.read_plan(file, trials), SweepPaths(out)
    refuse_same(out, [file])
    console = Console(stderr=True, highlight=False)
    with nullcontext() if join else paths.take() as lock:
        with waiting(f"reading {source.name}") as progress:
            found = sweeps.Sweep(paths, plan, source, lock, resume=resume, anew=anew, progress=progress)
        if lock:
            say_taken_over(lock)
        say_about(found.dataset)
        try:
            with stop_requests() as stop:
                _search(found, n_workers, engine, console, stop)
                if lock:
                    _train_best(found, engine, console, stop)
        except Interrupted as error:
            way = "--join" if join else "--resume"
            raise Interrupted(f"{error}; to go on: {_again(file, out, source, trials, n_workers)} {way}") from None


def _search(sweep: Sweep, n_workers: int | None, engine: Engine, console: Console, stop: Callable[[], bool]) -> None:
    ended = [each for each in sweep.results() if each.status != "running"]
    n = sweep.n_trials
    console.print(
        f"{max(n - len(ended), 0)} of {n} trials to run, each on {len(sweep.train)} training digits, "
        f"compared on {len(sweep.validation)} held out of them",
        soft_wrap=True,
    )
    try:
        with _trials_of(sweep, ended, console) as show:
            sweep.run(show, stop, engine, n_workers or 0, say)
    finally:
        if sweep.lock:
            sweep.write_results()
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(
        _table(sweep.results(), list(sweep.plan.space))
    )


def _train_best(sweep: Sweep, engine: Engine, console: Console, stop: Callable[[], bool]) -> None:
    session, best = sweep.session(engine), sweep.results()[0]
    settings = vars(best.settings)
    options = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in settings.items() if name != "classes")
    say(f"trial {best.number} is the best; now on all training digits: inkgrad train {options}")
    with (
        limit_threads(engine.n_threads),
        progress_of(session, console) as show,
        closing(session.steps()) as steps,
    ):
        for row in steps:
            if stop():  # before anything is shown, as the terminal may be gone
                session.save_checkpoint()
                raise Interrupted("the training of the best settings was interrupted")
            show(row)
    session.save_model()
    found = session.evaluate()
    sweep.finish()
    paths = sweep.paths
    say(f"wrote the model {paths.model}, the trials {paths.journal} and {paths.table}, and the picture {paths.picture}")
    print(f"test accuracy {found.accuracy:.4f} ({found.n_right} of {len(session.dataset.test)})")


def _again(file: Path, out: Path, source: DataSource, trials: int | None, n_workers: int | None) -> str:
    options = {"--out": out, "--trials": trials, "--workers": n_workers}
    given = [word for name, value in options.items() if value is not None for word in (name, str(value))]
    return shlex.join(["inkgrad", "sweep", str(file), *given, *words_of(source)])


@contextmanager
def _trials_of(sweep: Sweep, ended: Sequence[TrialResult], console: Console) -> Iterator[Callable[..., None]]:
    """Yield a function that shows the results so far.

    Where the console is not a terminal there is neither table nor bar, only a line for each trial that ended.
    """
    names = list(sweep.plan.space)
    told = {each.number for each in ended}
    progress = Progress(TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
    bar = progress.add_task("", total=sweep.n_trials, completed=len(ended))
    live = Live(console=console, transient=True, refresh_per_second=4) if console.is_terminal else None

    def show(results: Sequence[TrialResult]) -> None:
        new = [each for each in results if each.status != "running" and each.number not in told]
        if live:
            progress.update(bar, completed=len(told) + len(new))
            live.update(Group(_table(_some(results), names), progress))
            return
        for each in sorted(new, key=lambda each: each.number):
            told.add(each.number)
            console.print(_line(each, names, len(told), sweep.n_trials), soft_wrap=True)

    if live is None:
        yield show
        return
    with live:
        yield show


def _table(results: Iterable[TrialResult], names: Sequence[str]) -> Table:
    """Return a table of results, in the order given, with the settings of these names."""
    found = Table(box=None, pad_edge=False)
    for name in ("trial", *names, "epochs", "accuracy", "seconds"):
        found.add_column(name, justify="right", no_wrap=True)
    found.add_column("", no_wrap=True)
    for each in results:
        accuracy = "" if each.accuracy is None else f"{each.accuracy:.4f}"
        settings = [_short(getattr(each.settings, name)) for name in names]
        row = [str(each.number), *settings, str(len(each.accuracies)), accuracy, f"{each.seconds:.1f}", each.status]
        found.add_row(*row, style="dim" if each.status == "stopped" else None)
    return found


def _some(results: Sequence[TrialResult], n_rows: int = 12) -> list[TrialResult]:
    """Return as many as fit: those under way, and the best of the others."""
    running = [each for each in results if each.status == "running"][:n_rows]
    ended = [each for each in results if each.status != "running"]
    return ended[: max(n_rows - len(running), 3)] + running


def _line(result: TrialResult, names: Sequence[str], n_ended: int, n: int) -> str:
    settings = ", ".join(f"{name} {_short(getattr(result.settings, name))}" for name in names)
    accuracy = "" if result.accuracy is None else f", validation accuracy {result.accuracy:.4f}"
    epochs = f"{len(result.accuracies)} of {result.settings.epochs} epochs"
    return f"{n_ended} of {n}: trial {result.number} {result.status} after {epochs}{accuracy}, {settings}"


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
