"""The derivations, from the docstrings of the classes, with the lines of code that compute them."""

from __future__ import annotations

import inspect
import textwrap
from importlib import import_module
from typing import Protocol

from docstrings import as_markdown

MATHEMATICS = (
    "forward",
    "backward",
    "parameter_gradient",
    "value",
    "slope",
    "vjp",
    "jacobian",
    "value_and_gradient",
    "__call__",
    "step",
)


def derivations(package: str) -> str:
    """Return a section for each public class of a package that computes something, in the order of their names.

    A base class says what the others must have, and derives nothing: it is left out, and so is what
    belongs to a package inside.
    """
    module = import_module(package)
    values = [getattr(module, name) for name in sorted(module.__all__, key=str.lower)]
    own = [each for each in values if getattr(each, "__module__", "").rpartition(".")[0] == package]
    return "\n\n".join(_section(each) for each in own if _has_mathematics(each))


def derivation_of_module(name: str) -> str:
    """Return what the docstring of a module derives, and its public functions."""
    module = import_module(name)
    heading, _, rest = inspect.getdoc(module).partition(":")
    functions = [each for each in vars(module).values() if inspect.isfunction(each) and each.__module__ == name]
    return "\n\n".join([f"## {heading}", as_markdown(rest.strip().capitalize()), _code(functions)])


def _has_mathematics(each: object) -> bool:
    if not inspect.isclass(each) or inspect.isabstract(each) or Protocol in each.__bases__:
        return False
    return bool(_methods(each))


def _methods(owner: type) -> list[object]:
    return [vars(owner)[name] for name in MATHEMATICS if inspect.isfunction(vars(owner).get(name))]


def _section(owner: type) -> str:
    part = ".".join(owner.__module__.split(".")[:2])
    more = f"[All that {owner.__name__} takes and does][{part}.{owner.__name__}]"
    return "\n\n".join([f"## {owner.__name__}", as_markdown(inspect.getdoc(owner)), _code(_methods(owner)), more])


def _code(functions: list[object]) -> str:
    source = "\n\n".join(textwrap.dedent(inspect.getsource(each)).rstrip() for each in functions)
    return f"```python\n{source}\n```"
