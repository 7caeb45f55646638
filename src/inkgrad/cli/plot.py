"""`inkgrad plot`: pictures of a training, of a model, and of what it makes of data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from inkgrad import plots
from inkgrad.cli.demo import groups_of
from inkgrad.cli.evaluate import misread_sheet, model_and_examples
from inkgrad.cli.options import ModelFile, takes_data
from inkgrad.cli.pictures import picture, place_of, save, without_ending
from inkgrad.cli.plot_check import plot_check
from inkgrad.cli.terminal import say
from inkgrad.data import Dataset, DataSource, animals, circles, spirals, xor
from inkgrad.errors import SettingError
from inkgrad.fast import limit_threads
from inkgrad.interop import load
from inkgrad.metrics import confusion_matrix, reliability
from inkgrad.models import Model
from inkgrad.training import read_log
from inkgrad.whole_numbers import shown_whole

POINTS: dict[str, tuple[Callable[[], Dataset], tuple[str, str]]] = {  # with what their two inputs are
    "xor": (xor, ("first bit", "second bit")),
    "animals": (animals, ("hair", "swimming")),
    "circles": (circles, ("x", "y")),
    "spirals": (spirals, ("x", "y")),
}

plot = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Draw a picture into a file: PNG, SVG or PDF, as the name given with --out ends.",
)


Out = Annotated[Path | None, picture("beside MODEL, as MODEL.KIND.png")]


@plot.command("curves")
def plot_curves(
    logs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="LOG...", help="Logs that inkgrad train wrote; digits.log.jsonl by default."),
    ] = None,
    out: Annotated[Path | None, picture("beside the log; curves.png for several")] = None,
) -> None:
    """Cost and misread examples in the course of a training, or of several, to compare them."""
    paths = logs or [Path("digits.log.jsonl")]
    runs = dict(zip(_names(paths), map(read_log, paths), strict=True))
    default = paths[0].parent / f"{_stem(paths[0])}.curves.png" if len(paths) == 1 else Path("curves.png")
    place = place_of(out, default, paths)
    save(plots.curves(runs if len(paths) > 1 else next(iter(runs.values()))), place, "the curves are")


@plot.command("confusion")
@takes_data(but="classes")
def plot_confusion(source: DataSource, model: ModelFile, out: Out = None) -> None:
    """The confusion matrix: which class was taken for which, on the test digits."""
    place = _beside(model, "confusion", out)
    loaded, examples = model_and_examples(model, source)
    with limit_threads(loaded.engine.n_threads):
        predicted = loaded.predict(examples.x)
    matrix = confusion_matrix(examples.t, predicted, len(loaded.labels))
    save(plots.confusion(matrix, loaded.labels), place, "the confusion matrix is")


@plot.command("misread")
@takes_data(but="classes")
def plot_misread(source: DataSource, model: ModelFile, out: Out = None) -> None:
    """The misread test digits, those first of which the model was surest."""
    place = _beside(model, "misread", out)
    loaded, examples = model_and_examples(model, source)
    with limit_threads(loaded.engine.n_threads):
        predicted = loaded.predict(examples.x)
        if (predicted == examples.t).all():
            return say("no digit was misread, so there is no picture of them")
        sheet = misread_sheet(loaded, examples, predicted)
    return save(sheet, place, "the misread digits are")


@plot.command("weights")
def plot_weights(model: ModelFile, out: Out = None) -> None:
    """The weights of the first layer that has any: kernels of a convolution, or a tile for each unit."""
    place = _beside(model, "weights", out)
    loaded = load(model)
    parts = loaded.objective.layout.parts(loaded.theta)
    W = next((part for path, part in parts.items() if path.split(".")[-1] == "W" and part.ndim in (2, 4)), None)
    if W is None:
        raise SettingError(f"{model} has no layer with weights W; its parameters are {', '.join(parts) or 'none'}")
    save(plots.first_layer(W, loaded.input_shape), place, "the weights of the first layer are")


@plot.command("calibration")
@takes_data(but="classes")
def plot_calibration(
    source: DataSource,
    model: ModelFile,
    bins: Annotated[int, typer.Option(help="Into how many bins the probabilities go, 1 to 1000.")] = 10,
    out: Out = None,
) -> None:
    """How often answers are right against how sure the model was, and the expected calibration error."""
    if not 1 <= bins <= 1000:
        raise SettingError(f"probabilities go into 1 to 1000 bins, got --bins {shown_whole(bins)}")
    place = _beside(model, "calibration", out)
    loaded, examples = model_and_examples(model, source)
    with limit_threads(loaded.engine.n_threads):
        p = loaded.probabilities(examples.x)
    found = reliability(p.max(axis=1), p.argmax(axis=1) == examples.t, bins)
    print(f"expected calibration error {found.error:.4f} ({len(examples)} examples, {bins} bins)")
    save(plots.calibration(found), place, "the calibration is")


plot.command("check")(plot_check)


@plot.command("boundary")
def plot_boundary(
    model: ModelFile,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Points to show: {', '.join(POINTS)}, or none. Without it: those that have the model's labels.",
        ),
    ] = None,
    out: Out = None,
) -> None:
    """The decision boundary of a model of two inputs: which class it sees at every point of the unit square."""
    if data not in (None, "none", *POINTS):
        raise SettingError(f"there are no points {data!r}, only {', '.join(POINTS)}, or none")
    place = _beside(model, "boundary", out)
    loaded = load(model)
    if loaded.input_shape != (2,):
        raise SettingError(
            f"a boundary is drawn for a model of two inputs, but {model} takes inputs of shape {loaded.input_shape}"
        )
    groups, axis_names = _points(loaded, data, model)
    figure = plots.decision_boundary(loaded.probabilities, groups, loaded.labels, axis_names, f"what {model.name} sees")
    save(figure, place, "the boundary is")


def _points(model: Model, name: str | None, path: Path) -> tuple[dict[str, Any], tuple[str, str]]:
    """Return the points to show by their part of the data, and what the two inputs are."""
    if name == "none":
        return {}, ("first input", "second input")
    for known, (make, axis_names) in POINTS.items():
        dataset = make()
        if known != (name or known) or (name is None and dataset.labels != model.labels):
            continue
        if len(dataset.labels) != len(model.labels):
            raise SettingError(f"{path} knows {len(model.labels)} classes, but {name} has {len(dataset.labels)}")
        return groups_of(dataset), axis_names
    return {}, ("first input", "second input")


def _stem(log: Path) -> str:
    return log.name.removesuffix(".jsonl").removesuffix(".log")


def _names(logs: Sequence[Path]) -> list[str]:
    """Return a short name for each log, with its folder where two have the same."""
    names = [_stem(log) for log in logs]
    if len(set(names)) < len(names):
        names = [str(log.parent / _stem(log)) for log in logs]
    for k, name in enumerate(names):
        if name in names[:k]:
            raise SettingError(f"{logs[k]} is given twice: name each log once")
    return names


def _beside(model: Path, kind: str, out: Path | None) -> Path:
    return place_of(out, model.parent / f"{without_ending(model)}.{kind}.png", [model])
