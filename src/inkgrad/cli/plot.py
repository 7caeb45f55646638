"""`inkgrad plot`: pictures of a training, of a model, and of what it makes of data."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from inkgrad import plots
from inkgrad.cli.check_options import (
    Dtype,
    EveryEntry,
    Examples,
    Inputs,
    InputShape,
    Order,
    Shapes,
)
from inkgrad.cli.demo import groups_of
from inkgrad.cli.evaluate import misread_sheet, model_and_examples
from inkgrad.cli.options import ClassSettings, Data, ModelFile, Seed
from inkgrad.cli.shown_report import STATUS
from inkgrad.cli.targets import Request, examine
from inkgrad.cli.terminal import say, waiting
from inkgrad.data import Dataset, animals, circles, spirals, xor
from inkgrad.errors import SettingError
from inkgrad.fast import limit_threads
from inkgrad.files import refuse_same, refuse_unwritable
from inkgrad.interop import load
from inkgrad.interop.load import ENDINGS
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


def _picture(usual: str) -> Any:
    """Return the option --out, for pictures that have a usual place."""
    return typer.Option(metavar="FILE", help=f"Where the picture goes: .png, .svg or .pdf. Without it: {usual}.")


Out = Annotated[Path | None, _picture("beside MODEL, as MODEL.KIND.png")]


@plot.command("curves")
def plot_curves(
    logs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="LOG...", help="Logs that inkgrad train wrote; digits.log.jsonl by default."),
    ] = None,
    out: Annotated[Path | None, _picture("beside the log; curves.png for several")] = None,
) -> None:
    """Cost and misread examples in the course of a training, or of several, to compare them."""
    paths = logs or [Path("digits.log.jsonl")]
    runs = dict(zip(_names(paths), map(read_log, paths), strict=True))
    default = paths[0].parent / f"{_stem(paths[0])}.curves.png" if len(paths) == 1 else Path("curves.png")
    place = _place(out, default, paths)
    _save(plots.curves(runs if len(paths) > 1 else next(iter(runs.values()))), place, "the curves are")


@plot.command("confusion")
def plot_confusion(model: ModelFile, data: Data = None, out: Out = None) -> None:
    """The confusion matrix: which class was taken for which, on the test digits."""
    place = _beside(model, "confusion", out)
    loaded, examples = model_and_examples(model, data)
    with limit_threads(loaded.engine.n_threads):
        predicted = loaded.predict(examples.x)
    matrix = confusion_matrix(examples.t, predicted, len(loaded.labels))
    _save(plots.confusion(matrix, loaded.labels), place, "the confusion matrix is")


@plot.command("misread")
def plot_misread(model: ModelFile, data: Data = None, out: Out = None) -> None:
    """The misread test digits, those first of which the model was surest."""
    place = _beside(model, "misread", out)
    loaded, examples = model_and_examples(model, data)
    with limit_threads(loaded.engine.n_threads):
        predicted = loaded.predict(examples.x)
        if (predicted == examples.t).all():
            return say("no digit was misread, so there is no picture of them")
        sheet = misread_sheet(loaded, examples, predicted)
    return _save(sheet, place, "the misread digits are")


@plot.command("weights")
def plot_weights(model: ModelFile, out: Out = None) -> None:
    """The weights of the first layer that has any: kernels of a convolution, or a tile for each unit."""
    place = _beside(model, "weights", out)
    loaded = load(model)
    parts = loaded.objective.layout.parts(loaded.theta)
    W = next((part for path, part in parts.items() if path.split(".")[-1] == "W" and part.ndim in (2, 4)), None)
    if W is None:
        raise SettingError(f"{model} has no layer with weights W; its parameters are {', '.join(parts) or 'none'}")
    _save(plots.first_layer(W, loaded.input_shape), place, "the weights of the first layer are")


@plot.command("calibration")
def plot_calibration(
    model: ModelFile,
    data: Data = None,
    bins: Annotated[int, typer.Option(help="Into how many bins the probabilities go, 1 to 1000.")] = 10,
    out: Out = None,
) -> None:
    """How often answers are right against how sure the model was, and the expected calibration error."""
    if not 1 <= bins <= 1000:
        raise SettingError(f"probabilities go into 1 to 1000 bins, got --bins {shown_whole(bins)}")
    place = _beside(model, "calibration", out)
    loaded, examples = model_and_examples(model, data)
    with limit_threads(loaded.engine.n_threads):
        p = loaded.probabilities(examples.x)
    found = reliability(p.max(axis=1), p.argmax(axis=1) == examples.t, bins)
    print(f"expected calibration error {found.error:.4f} ({len(examples)} examples, {bins} bins)")
    _save(plots.calibration(found), place, "the calibration is")


@plot.command("check")
def plot_check(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="What inkgrad check can check, by the same name.")],
    shapes: Shapes = None,
    inputs: Inputs = None,
    dtype: Dtype = None,
    settings: ClassSettings = None,
    input_shape: InputShape = None,
    examples: Examples = None,
    data: Data = None,
    order: Order = 1,
    every_entry: EveryEntry = False,
    seed: Seed = 0,
    out: Annotated[Path | None, _picture("TARGET.check.png")] = None,
) -> None:
    """The gradient check as a heat map: each error in units of its error bar.

    Of arrays that are judged along directions it shows the error of each,
    beside the smallest error that would have been seen.

    Exit status: 0 the gradient is right, 1 it is wrong, 2 it cannot be told, or not be checked.
    """
    source = Path(target.replace(".py:", "."))
    checked = [Path(each.rpartition(":")[0] or each) for each in (target, inputs) if each]
    place = _place(out, source.parent / f"{_without_ending(source)}.check.png", checked)
    with waiting(f"checking {target}") as tell:
        report = examine(
            Request(
                target,
                input_shape=input_shape,
                shapes=shapes,
                inputs=inputs,
                dtype=dtype,
                settings=settings,
                examples=examples,
                data=data,
                seed=seed,
                order=order,
                every_entry=every_entry,
                progress=tell,
            )
        ).report
    _save(plots.gradient_check(report), place, f"{report.summary}; the picture is")
    raise typer.Exit(STATUS[report.verdict])


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
    _save(figure, place, "the boundary is")


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
    return _place(out, model.parent / f"{_without_ending(model)}.{kind}.png", [model])


def _without_ending(model: Path) -> str:
    return model.stem if model.suffix.lower() in ENDINGS else model.name


def _place(out: Path | None, default: Path, inputs: Sequence[Path]) -> Path:
    """Return where the picture goes; raise SettingError or OSError where it cannot."""
    place = default if out is None else out
    plots.kind_of(place)
    refuse_same(place, inputs)
    try:
        refuse_unwritable(place)
    except OSError as error:
        if out is not None:
            raise
        raise SettingError(f"{place}: {error.strerror}; name a place for the picture with --out") from error
    return place


def _save(figure: Any, place: Path, what: str) -> None:
    with warnings.catch_warnings(record=True) as caught:  # letters that the font lacks
        warnings.simplefilter("always")
        plots.save_figure(figure, place)
    for warning in dict.fromkeys(str(each.message) for each in caught):
        say(warning)
    say(f"{what} in {place}")
