"""`inkgrad sweep`: many trainings, and the best settings among them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from inkgrad import sweeps
from inkgrad.cli.options import NotWith, Threads, engine_of, refused, takes_data, words_of
from inkgrad.cli.terminal import progress_of, say, say_about, say_taken_over, stop_requests, waiting
from inkgrad.data import DataSource
from inkgrad.errors import Interrupted, MissingExtra, SettingError
from inkgrad.fast import limit_threads
from inkgrad.files import refuse_same
from inkgrad.sweeps import Show, Sweep, SweepPaths, TrialResult, TrialStatus, ranked
from inkgrad.training import Engine
from inkgrad.whole_numbers import shown_whole


def _show_example(wanted: bool) -> None:
    if wanted:
        print(sweeps.EXAMPLE, end="")
        raise typer.Exit


@refused(NotWith(("resume",), "anew", "{} goes on and --anew begins anew: choose one of them"))
@takes_data()
def sweep(
    source: DataSource,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to try, in TOML; --example shows one.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the best model goes.")] = Path("best.safetensors"),
    trials: Annotated[int | None, typer.Option(metavar="N", help="How many trials, in place of FILE's number.")] = None,
    n_workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            help="Run so many trials at a time, each on one core, on Ray; it needs the extra: "
            "pip install 'inkgrad\\[ray]'. Without it: one after another.",
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option("--ray", metavar="ADDRESS", help="Run them on the Ray cluster whose head is at this host:port."),
    ] = None,
    n_threads: Threads = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from where OUT's sweep stopped; what ended is not run again.")
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
    meets the test set. Beside best.safetensors it writes best.sweep.jsonl, a line
    a trial, best.sweep.csv for a spreadsheet, and best.sweep.png to look at.
    """
    engine = engine_of(n_threads)
    plan, paths = sweeps.read_plan(file, trials), SweepPaths(out)
    refuse_same(out, [file])
    run = _way(n_workers, address, engine)
    console = Console(stderr=True, highlight=False)
    with paths.take() as lock:
        with waiting(f"reading {source.name}") as progress:
            if resume:
                found = sweeps.resume_sweep(paths, plan, source, lock, progress)
            else:
                found = sweeps.start_sweep(paths, plan, source, anew, lock, progress)
        say_taken_over(lock)
        say_about(found.dataset)
        try:
            with stop_requests() as stop:
                _search(found, run, console, stop)
                _train_best(found, engine, console, stop)
        except Interrupted as error:
            raise Interrupted(f"{error}; to go on: {_again(file, out, source, trials, n_workers, address)}") from None


RunTrials = Callable[[Sweep, Show, Callable[[], bool]], None]


def _way(n_workers: int | None, address: str | None, engine: Engine) -> RunTrials:
    """Return what runs the trials: Ray where workers are asked for, otherwise this process."""
    if n_workers is not None and n_workers < 1:
        raise SettingError(f"work takes at least 1 worker, got --workers {shown_whole(n_workers)}")
    if n_workers is not None or address is not None:
        try:
            from inkgrad.distributed.tune import on_ray
        except MissingExtra as error:
            if address is not None:
                raise SettingError(str(error)) from None
            say(f"{error}; the trials run one after another")
        else:
            return lambda sweep, show, stop: on_ray(sweep, show, stop, n_workers, address)
    return lambda sweep, show, stop: sweeps.one_after_another(sweep, show, stop, engine)


def _search(sweep: Sweep, run: RunTrials, console: Console, stop: Callable[[], bool]) -> None:
    n, split, before = len(sweep.trials), sweep.split, sweep.store.aside()
    left = n - len(sweep.results)
    console.print(
        f"{left} of {n} trials to run, each on {len(split.train)} training digits, "
        f"compared on {len(split.validation)} held out of them",
        soft_wrap=True,
    )
    try:
        with _trials_of(sweep, console) as show:
            run(sweep, show, stop)
    finally:
        for path in sorted(sweep.store.aside() - before):
            say(f"a trial began anew, as its checkpoint could not be used, which is kept as {path}")
        if sweep.results:
            sweep.write_results()
    names = list(sweep.plan.space)
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(
        _table(ranked(sweep.results.values()), names)
    )
    sweep.best()  # or all diverged


def _train_best(sweep: Sweep, engine: Engine, console: Console, stop: Callable[[], bool]) -> None:
    session, best = sweep.session(engine), sweep.best()
    settings = vars(best.trial.settings)
    options = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in settings.items() if name != "classes")
    say(f"trial {best.trial.number} is the best; now on all training digits: inkgrad train {options}")
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
    sweep.finish(found.n_right, len(session.dataset.test))
    paths = sweep.paths
    say(f"wrote the model {paths.model}, the trials {paths.journal} and {paths.table}, and the picture {paths.picture}")
    print(f"test accuracy {found.accuracy:.4f} ({found.n_right} of {len(session.dataset.test)})")


def _again(
    file: Path, out: Path, source: DataSource, trials: int | None, n_workers: int | None, address: str | None
) -> str:
    options = {"--out": out, "--trials": trials, "--workers": n_workers, "--ray": address}
    given = [word for name, value in options.items() if value is not None for word in (name, str(value))]
    given += words_of(source)
    return shlex.join(["inkgrad", "sweep", str(file), *given, "--resume"])


@contextmanager
def _trials_of(sweep: Sweep, console: Console) -> Iterator[Show]:
    """Yield a function that shows a result that has grown, or ended.

    Where the console is not a terminal there is neither table nor bar, only a line for each trial that ended.
    """
    names = list(sweep.plan.space)
    seen = dict(sweep.results)
    progress = Progress(TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
    bar = progress.add_task("", total=len(sweep.trials), completed=len(sweep.results))
    live = Live(console=console, transient=True, refresh_per_second=4) if console.is_terminal else None

    def show(result: TrialResult) -> None:
        seen[result.trial.number] = result
        if live:
            progress.update(bar, completed=len(sweep.results))
            live.update(Group(_table(_some(seen.values()), names), progress))
        elif result.status != TrialStatus.RUNNING:
            console.print(_line(result, names, len(sweep.results), len(sweep.trials)), soft_wrap=True)

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
        settings = [_short(getattr(each.trial.settings, name)) for name in names]
        row = [str(each.trial.number), *settings, str(each.epochs), accuracy, f"{each.seconds:.1f}", each.status]
        found.add_row(*row, style="dim" if each.status == TrialStatus.STOPPED else None)
    return found


def _some(results: Iterable[TrialResult], n_rows: int = 12) -> list[TrialResult]:
    """Return as many as fit: those under way, and the best of the others."""
    found = ranked(results)
    running = [each for each in found if each.status == TrialStatus.RUNNING][:n_rows]
    ended = [each for each in found if each.status != TrialStatus.RUNNING]
    return ended[: max(n_rows - len(running), 3)] + running


def _line(result: TrialResult, names: Sequence[str], n_ended: int, n: int) -> str:
    settings = ", ".join(f"{name} {_short(getattr(result.trial.settings, name))}" for name in names)
    accuracy = "" if result.accuracy is None else f", validation accuracy {result.accuracy:.4f}"
    number = result.trial.number
    epochs = f"{result.epochs} of {result.trial.settings.epochs} epochs"
    return f"{n_ended} of {n}: trial {number} {result.status} after {epochs}{accuracy}, {settings}"


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
