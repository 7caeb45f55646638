"""What `inkgrad check` can check: a model, a named network, or a class in a file of the user's."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check import CheckError, Report, check_cost, check_layer, check_network
from inkgrad.check.measure.moves import has_moves
from inkgrad.cli.terminal import say
from inkgrad.costs import Cost
from inkgrad.data import Dataset, as_inputs, load_data
from inkgrad.errors import InkgradError, SettingError, ShapeError
from inkgrad.interop import load
from inkgrad.interop.load import ENDINGS
from inkgrad.layers import Layer, leaves
from inkgrad.layout import Layout
from inkgrad.models import MODELS
from inkgrad.whole_numbers import refuse_bad_seed, shown_whole


@dataclass(frozen=True)
class CheckSizes:
    """How much is checked where nothing is said, and from which size on a check takes long.

    The numbers of examples are primes, so that a wrong factor of N is not taken for another.
    """

    n_examples: int = 7  # for a class of the user's
    n_digits: int = 31  # examples for a network
    n_outputs: int = 5  # of a cost
    n_parameters_one_by_one: int = 2000  # at most, of a layer of which nobody says what they move
    n_parameters_in_seconds: int = 300_000  # of a network


SIZES = CheckSizes()


@dataclass(frozen=True)
class Request:
    """What the user asks for; None where nothing was said."""

    target: str
    input_shape: str | None
    settings: tuple[str, ...]
    examples: int | None
    data: Path | None
    seed: int
    quick: bool

    def __post_init__(self) -> None:
        if self.examples is not None and self.examples < 1:
            raise SettingError(f"a check takes at least 1 example, got --examples {shown_whole(self.examples)}")
        refuse_bad_seed(self.seed)


@dataclass(frozen=True)
class Checked:
    """A report, and what each layer in it is called: {"1": "Dense"}."""

    report: Report
    layers: dict[str, str]


def names_of(layer: Layer) -> dict[str, str]:
    """Return the kind of each layer by its path; a layer alone has the path ""."""
    return {leaf.path: type(leaf.layer).__name__ for leaf in leaves(layer)}


def examine(request: Request) -> Checked:
    """Return the report of what the request names.

    Raises InkgradError or OSError, in one line, when that cannot be checked.
    """
    file, colon, name = request.target.rpartition(":")
    if name and colon and file.endswith(".py"):
        return _examine_own(request, Path(file), name)
    path = request.target.removesuffix(":")
    if path.endswith(".py"):
        raise SettingError(f"which class is to be checked? Say {path}:Class; {path} has {_candidates(Path(path))}")
    for option, given in ("--input-shape", request.input_shape), ("--set", request.settings):
        if given:
            raise SettingError(
                f"{option} is for a class in a file of yours; {request.target} has its own: leave it out"
            )
    return _examine_network(request)


# Networks.


def _refuse_endless(network: Layer) -> None:
    """Raise SettingError where so many parameters would have to be moved one by one that nobody would wait."""
    for layer in (leaf.layer for leaf in leaves(network)):
        n = Layout(layer.shapes()).size
        if n > SIZES.n_parameters_one_by_one and not has_moves(layer):
            raise SettingError(
                f"{layer} has {n} parameters, which a full check would move one by one, for many minutes: use --quick"
            )


def _examine_network(request: Request) -> Checked:
    theta: NDArray | None = None
    if request.target in MODELS:
        recipe = MODELS[request.target]
        data = load_data(request.data, None)
        network, cost, shape, n_classes = recipe.network(len(data.labels)), recipe.cost, recipe.input_shape, None
    elif Path(request.target).suffix.lower() in ENDINGS or Path(request.target).exists():
        model = load(request.target)
        network, cost, theta, shape = model.network, model.cost, model.theta, model.input_shape  # type: ignore[assignment]
        n_classes = len(model.labels)
        data = load_data(request.data, n_classes if request.data else None)
    else:
        raise SettingError(
            f"there is no model file {request.target}, nor a network of that name (only {', '.join(MODELS)}); "
            "a layer of your own is FILE.py:Class"
        )
    if not request.quick:
        _refuse_endless(network)
        n = Layout(network.shapes()).size
        if n > SIZES.n_parameters_in_seconds:
            slow = f"{n:,} parameters, and a full check of so many takes many minutes; --quick takes seconds"
            say(f"the network has {slow}")
    x, t = _batch(request, data, shape, n_classes)
    report = check_network(network, cost, x, t, theta, seed=request.seed, raises=False)
    return Checked(report, names_of(network))


def _batch(request: Request, data: Dataset, shape: tuple[int, ...], n_classes: int | None) -> tuple[NDArray, NDArray]:
    """Return some training digits, or random inputs where MNIST is not what the network is for."""
    n, rng = request.examples or SIZES.n_digits, np.random.default_rng(request.seed)
    fits = data.train.input_shape == shape and n_classes in (None, len(data.labels))
    if fits:
        chosen = rng.permutation(len(data.train))[:n]
        return as_inputs(data.train.x[chosen]), data.train.t[chosen]
    if request.data:
        raise ShapeError(f"{request.target} takes inputs of shape {shape}, but those in {request.data} have shape "
                         f"{data.train.input_shape}")  # fmt: skip
    return rng.normal(size=(n, *shape)), rng.integers(n_classes or 2, size=n)


# Classes in a file of the user's.


def _examine_own(request: Request, path: Path, name: str) -> Checked:
    for option, given in ("--data", request.data), ("--quick", request.quick):
        if given:
            raise SettingError(f"{option} is for whole networks; {name} is checked at random inputs: leave it out")
    rng = np.random.default_rng(request.seed)
    with redirect_stdout(sys.stderr):  # what their code prints is not our answer
        subject = _made(path, name, request.settings)
        if isinstance(subject, Cost):
            return Checked(_report_of_cost(subject, request, rng), {})
        shape = _input_shape(subject, request)
        x = rng.normal(size=(request.examples or SIZES.n_examples, *shape))
        return Checked(check_layer(subject, x, seed=request.seed, raises=False), names_of(subject))


def _made(path: Path, name: str, settings: tuple[str, ...]) -> Layer | Cost:
    """Return the layer or cost that a name in a file stands for."""
    module = _imported(path)
    if name not in vars(module):
        raise SettingError(f"{path} has no {name}; it has {_candidates(path, module)}")
    found = vars(module)[name]
    if isinstance(found, (Layer, Cost)):
        if settings:
            raise SettingError(f"{name} in {path} is made already: leave --set out")
        return found
    if not (isinstance(found, type) and issubclass(found, (Layer, Cost))):
        raise SettingError(f"{name} in {path} is neither a Layer nor a Cost: derive it from inkgrad.layers.Layer")
    given = dict(map(_setting, settings))
    call = f"{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})"
    with _theirs(call):
        return found(**given)


def _imported(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(2, "No such file", str(path))
    spec = importlib.util.spec_from_file_location(f"checked_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SettingError(f"{path} is not a file of Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # dataclasses look there
    sys.path.append(str(path.parent.resolve()))  # what lies beside it can be imported
    say(f"running {path}, and all that its code does")
    with _theirs(str(path)):
        spec.loader.exec_module(module)
    return module


def _candidates(path: Path, module: ModuleType | None = None) -> str:
    """Return the names in a file that can be checked, in one line."""
    with redirect_stdout(sys.stderr):
        module = module or _imported(path)
    own = [
        name
        for name, each in vars(module).items()
        if isinstance(each, (Layer, Cost))
        or (isinstance(each, type) and issubclass(each, (Layer, Cost)) and each.__module__ == module.__name__)
    ]
    return ", ".join(own) or "no class derived from inkgrad.layers.Layer or inkgrad.costs.Cost"


@contextmanager
def _theirs(owner: str) -> Iterator[None]:
    """Turn whatever the user's code raises into one line that says whose it is, and where."""
    try:
        yield
    except (InkgradError, MemoryError) as error:
        raise error.with_traceback(None) from None
    except (Exception, SystemExit) as error:
        words = error.msg if isinstance(error, SyntaxError) else error
        hint = "; give it with --set NAME=VALUE" if "required positional argument" in str(words) else ""
        raise SettingError(f"{owner}{_line_of(error, owner)}: {type(error).__name__}: {words}{hint}") from None


def _line_of(error: BaseException, file: str) -> str:
    """Return ", line 7" where the file of that name is to blame."""
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}" if error.lineno else ""
    line, traceback = "", error.__traceback__
    while traceback:
        if traceback.tb_frame.f_code.co_filename == str(Path(file).absolute()):
            line = f", line {traceback.tb_lineno}"
        traceback = traceback.tb_next
    return line


def _setting(text: str) -> tuple[str, Any]:
    """Return the name and the value in "n=4"; another than a Python value is a text."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise SettingError(f"--set takes NAME=VALUE, such as n=4, got {text!r}")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def _input_shape(layer: Layer, request: Request) -> tuple[int, ...]:
    """Return the shape of one input: the one that is given, or that the layer itself says."""
    with _theirs(str(layer)):
        shape = _parsed(request.input_shape) if request.input_shape else layer.input_shape()
        if shape is None:
            raise SettingError(f"{layer} takes inputs of which shape? Say it: --input-shape 4, or 28x28x1 for images")
        layer.output_shape(shape)  # refuses another
    return shape


def _parsed(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"[1-9]\d{0,8}(x[1-9]\d{0,8})*", text):
        raise SettingError(f"--input-shape takes the shape of one input, such as 4 or 28x28x1, got {text!r}")
    return tuple(map(int, text.split("x")))


def _report_of_cost(cost: Cost, request: Request, rng: np.random.Generator) -> Report:
    """Check a cost at random outputs, with a label for each example: as a row of 0 and 1, or as a number."""
    shape = _parsed(request.input_shape) if request.input_shape else (SIZES.n_outputs,)
    if len(shape) != 1:
        raise SettingError(
            f"a cost takes a row of outputs, such as --input-shape {SIZES.n_outputs}, got {request.input_shape}"
        )
    n = request.examples or SIZES.n_examples
    y, labels = rng.uniform(0.05, 0.95, size=(n, *shape)), rng.integers(shape[0], size=n)
    try:
        return check_cost(cost, y, np.eye(shape[0])[labels], raises=False)
    except CheckError as error:
        try:
            return check_cost(cost, y, labels, raises=False)
        except CheckError:
            raise error from None
