"""`inkgrad train`: a network learns, in sight."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from inkgrad.check import check_network
from inkgrad.cli.options import DATA_OPTIONS, Needs, NotWith, Plain, Threads, engine_of, refused, takes_data
from inkgrad.cli.own_writing import learn_writing
from inkgrad.cli.show import drawing
from inkgrad.cli.terminal import progress_of, say, say_about, say_taken_over, stop_requests, waiting
from inkgrad.data import DataSource, as_inputs
from inkgrad.errors import Interrupted, SettingError
from inkgrad.fast import limit_threads
from inkgrad.models import MODELS
from inkgrad.sessions import DEFAULT_MODEL, Paths, Session, Stepper, start
from inkgrad.sessions import resume as go_on
from inkgrad.training import refuse_no_events
from inkgrad.whole_numbers import shown_whole

Pool = Callable[[Session, Callable[[], bool]], AbstractContextManager[Stepper]]


def _about_models() -> str:
    parts = [f"{name} ({recipe.about})" for name, recipe in MODELS.items()]
    return f"Which network: {'; '.join(parts)}. {DEFAULT_MODEL} by default."


def _usual(what: str, setting: str) -> str:
    usual = [f"{name}: {getattr(recipe, setting):g}" for name, recipe in MODELS.items()]
    return f"{what}; {', '.join(usual)}."


@refused(
    NotWith(("resume",), "anew", "{} goes on and --anew begins anew: choose one of them"),
    NotWith(
        ("check_every",),
        "n_workers",
        "{} needs every step in this process: leave it out, or --workers; --check is fine",
    ),
    Needs(
        ("address", "sync_every"),
        "n_workers",
        "{} is for a training on several workers: say how many with --workers",
    ),
    NotWith(
        (
            *DATA_OPTIONS,
            "epochs",
            "batch_size",
            "lr",
            "momentum",
            "resume",
            "anew",
            "tensorboard",
            "n_workers",
            "address",
            "sync_every",
            "check",
            "check_every",
        ),
        "from_corrections",
        "{} is for a training on data, and --from-corrections has its own: leave one of them out",
    ),
)
@takes_data()
def train(
    source: DataSource,
    model: Annotated[str | None, typer.Option(help=_about_models())] = None,
    epochs: Annotated[
        int | None, typer.Option(help=_usual("How often to go through all training digits", "epochs"))
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help=_usual("Examples in a step", "batch_size"))] = None,
    lr: Annotated[float | None, typer.Option(help=_usual("Learning rate, above 0", "lr"))] = None,
    momentum: Annotated[float | None, typer.Option(help=_usual("Momentum, from 0 to below 1", "momentum"))] = None,
    seed: Annotated[int | None, typer.Option(help="Where all random choices come from; 0 by default.")] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the model goes.")] = Path("digits.safetensors"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from where OUT's last training stopped.")] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Begin anew even where an unfinished training would be lost.")
    ] = False,
    tensorboard: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also write events for TensorBoard to this folder, with histograms after each epoch; "
            "needs the extra: pip install 'inkgrad\\[tensorboard]'.",
        ),
    ] = None,
    n_workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            help="Train on so many workers, each of --threads cores, 1 by default; needs the extra: "
            "pip install 'inkgrad\\[ray]'.",
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="HOST:PORT",
            help="The head of the Ray cluster with the workers; this machine by default.",
        ),
    ] = None,
    sync_every: Annotated[
        int | None,
        typer.Option(
            metavar="STEPS",
            help="Let each worker take so many steps of its own before they are averaged; 1 by default, or as before.",
        ),
    ] = None,
    n_threads: Threads = None,
    plain: Plain = False,
    check: Annotated[
        bool, typer.Option("--check", help="First check the gradient against finite differences.")
    ] = False,
    check_every: Annotated[
        int | None, typer.Option(metavar="STEPS", help="Check it before the first step, and after every so many.")
    ] = None,
    from_corrections: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Let the reader, --model reader or what came of it before, learn your own writing: from a table that "
            "inkgrad review has corrected, the playground's corrections.zip, or a CSV with the columns picture, of one "
            "line each, and text.",
        ),
    ] = None,
) -> None:
    """Train a network on handwritten digits, or on your own data, and save it.

    Beside the model digits.safetensors it writes digits.checkpoint.safetensors, which --resume goes on
    from, digits.log.jsonl, a line of numbers every 100 steps, and digits.curves.png.
    """
    if from_corrections is not None:
        if model is None or (model in MODELS and model != "reader"):
            raise SettingError(f"corrections are for --model reader, or what came of it before, got {model or 'none'}")
        return learn_writing(from_corrections, Path(model), out, engine_of(n_threads, plain), seed or 0)
    if check_every is not None and check_every < 1:
        raise SettingError(f"checks are at least 1 step apart, got --check-every {shown_whole(check_every)}")
    classes = len(source.classes) if isinstance(source.classes, tuple) else source.classes
    named = dict(
        model=model, classes=classes, batch_size=batch_size, lr=lr, momentum=momentum, seed=seed, epochs=epochs
    )
    given = {name: value for name, value in named.items() if value is not None}
    paths = Paths(out)
    engine = engine_of(1 if n_threads is None and n_workers is not None else n_threads, plain)
    pool = None if n_workers is None else _worker_pool(n_workers, sync_every, address)
    if tensorboard is not None:
        refuse_no_events(tensorboard)
    on_workers = {"--workers": n_workers, "--ray": address, "--sync-every": sync_every}
    again = [word for name, value in on_workers.items() if value is not None for word in (name, str(value))]
    with paths.take() as lock:
        with waiting(f"reading {source.name}") as progress:
            session = (
                go_on(paths, given, source, engine, lock, progress)
                if resume
                else start(paths, given, source, anew, engine, lock, progress)
            )
        say_taken_over(lock)
        say_about(session.dataset)
        session.tensorboard = tensorboard
        console = Console(stderr=True, highlight=False)
        console.print(drawing(session.dataset, 0, stream=sys.stderr), markup=False, soft_wrap=True)
        if check or check_every:
            _check_gradient(session)
        _train(session, console, check_every, pool, again)
        session.save_model()
        say(f"wrote the model {out}, the log {session.paths.log} and the curves {session.paths.curves}")
        found = session.evaluate()
        print(f"test accuracy {found.accuracy:.4f} ({found.n_right} of {len(session.dataset.test)})")
    return None


def _worker_pool(n_workers: int, sync_every: int | None, address: str | None) -> Pool:
    """Return what has several workers do the steps of a session, which may know itself when they meet."""
    from inkgrad.distributed.training import TrainingPool, on_workers

    workers = TrainingPool(n_workers, 1 if sync_every is None else sync_every)

    # Ray says on standard output that a worker died; that is for the accuracy alone.
    @contextmanager
    def pool(session: Session, stop_requested: Callable[[], bool]) -> Iterator[Stepper]:
        asked = workers if sync_every is not None else replace(workers, sync_every=session.sync_every)
        with redirect_stdout(StringIO()), on_workers(session, asked, address, stop_requested, say) as stepper:
            yield stepper

    return pool


def _train(session: Session, console: Console, check_every: int | None, pool: Pool | None, again: list[str]) -> None:
    with (
        limit_threads(session.run.engine.n_threads),
        stop_requests() as stop_requested,
        pool(session, stop_requested) if pool else nullcontext() as stepper,
        progress_of(session, console) as show,
        closing(session.steps(stepper)) as steps,
    ):
        for row in steps:
            if stop_requested():  # before anything is shown, as the terminal may be gone
                session.save_checkpoint()
                command = ["inkgrad", "train", "--resume", "--out", str(session.paths.model), *again]
                epoch, step = session.loop.last_step
                raise Interrupted(f"interrupted after step {step} of epoch {epoch}; to go on: {shlex.join(command)}")
            show(row)
            if check_every and session.steps_done % check_every == 0:
                _check_gradient(session)


def _check_gradient(session: Session) -> None:
    """Check the gradient at theta as it stands, on the first training digits; raise GradientMismatch if it is wrong."""
    run, examples = session.run, session.dataset.train
    x, t = as_inputs(examples.x[:16]), examples.t[:16]
    objective = run.objective.on(run.engine)  # what is trained
    report = check_network(objective.network, objective.cost, x, t, run.theta, every_entry=False)
    least = max(each.least for each in report.arrays)
    say(f"step {session.steps_done}: the gradient is right; an error of {least:.0e} of it would have been seen")
