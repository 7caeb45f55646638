"""Every public name says what it is, and what it raises."""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from itertools import pairwise
from pathlib import Path

import pytest

import inkgrad
import lab
from inkgrad import errors

OURS = {name for name, value in vars(errors).items() if inspect.isclass(value)}
PARTS = [
    "inkgrad",
    *(
        f"{package.__name__}.{each.name}"
        for package in (inkgrad, lab)
        for each in pkgutil.iter_modules(package.__path__)
        if each.name[0] != "_"
    ),
]


def public():
    """Yield each public class and function of the library by its name, once; a part without its extra is skipped."""
    seen = set()
    for part in PARTS:
        try:
            module = importlib.import_module(part)
        except errors.MissingExtra as error:
            yield pytest.param(None, id=part, marks=pytest.mark.skip(reason=str(error)))
            continue
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if (inspect.isclass(value) or inspect.isfunction(value)) and value not in seen:
                seen.add(value)
                yield pytest.param(value, id=f"{part}.{name}")


def functions_of(owner):
    """Return the functions written in the body of a class by name, properties too."""
    found = {}
    for name, value in vars(owner).items():
        value = getattr(value, "func", None) or getattr(value, "fget", None) or getattr(value, "__func__", value)
        if inspect.isfunction(value) and inspect.unwrap(value).__code__.co_filename == inspect.getsourcefile(owner):
            found[name] = value
    return found


def raised(function):
    """Return the names of our errors that a function raises in its own body."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    calls = (node.exc.func for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call))
    return {call.id for call in calls if isinstance(call, ast.Name)} & OURS


every_name = pytest.mark.parametrize("value", list(public()))


@every_name
def test_it_says_what_it_is(value):
    assert value.__doc__
    assert not value.__doc__.startswith(f"{value.__name__}("), "that is what a dataclass says by itself"


@every_name
def test_its_methods_say_what_they_do(value):
    if inspect.isclass(value):
        public_ones = [name for name in functions_of(value) if not name.startswith("_")]
        assert [name for name in public_ones if not inspect.getdoc(getattr(value, name))] == []


@every_name
def test_it_says_what_it_raises(value):
    functions = functions_of(value) if inspect.isclass(value) else {value.__name__: value}
    public_ones = {name: each for name, each in functions.items() if name[0] != "_" or name.endswith("__")}
    for name, function in public_ones.items():
        told = f"{value.__doc__} {inspect.getdoc(function) or ''} {inspect.getdoc(getattr(value, name, None)) or ''}"
        for error in raised(function):
            assert error in told, f"{name} raises {error}"


@pytest.mark.parametrize("part", PARTS)
def test_a_public_constant_is_followed_by_a_line_about_it(part):
    module = pytest.importorskip(part, exc_type=errors.MissingExtra)
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if not (inspect.isclass(value) or inspect.isroutine(value) or name.startswith("__")):
            assert any(describes(source, name) for source in sources_of(part)), f"{part}.{name}"


def sources_of(part):
    """Return the Python of the modules of a package."""
    now = {"inkgrad.images": "inkgrad.pictures"}.get(part, part)  # a former name, kept
    folders = getattr(importlib.import_module(now), "__path__", [])
    return [path.read_text() for folder in folders for path in Path(folder).glob("*.py")]


def describes(source, constant):
    """Whether a source sets a constant at its top, with a string right after it."""
    body = ast.parse(source).body
    for statement, after in pairwise(body):
        targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == constant for target in targets):
            return isinstance(getattr(getattr(after, "value", None), "value", None), str)
    return False


def test_the_walk_finds_much():
    names = [each.id for each in public()]
    assert len(names) > 80
    assert "inkgrad.layers.Softmax" in names
    assert raised(errors_example) == {"ShapeError"}


def errors_example():
    if errors:
        raise ValueError("not ours")
    raise ShapeError("ours")


ShapeError = errors.ShapeError
