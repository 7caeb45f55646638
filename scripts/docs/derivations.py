"""The lines of code that compute what a page derives, from the source."""

from __future__ import annotations

import inspect
import pkgutil
import textwrap
from types import ModuleType
from typing import Any

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


def code_of(name: str) -> str:
    """Return the source of a function, of the mathematics of a class, or of the functions of a module, as a block."""
    owner = pkgutil.resolve_name(name)
    source = "\n\n".join(textwrap.dedent(inspect.getsource(each)).rstrip() for each in _functions(owner))
    return f"```python\n{source}\n```"


def _functions(owner: Any) -> list[Any]:
    if inspect.isclass(owner):
        return [vars(owner)[name] for name in MATHEMATICS if inspect.isfunction(vars(owner).get(name))]
    if isinstance(owner, ModuleType):
        return [each for each in vars(owner).values() if getattr(each, "__module__", "") == owner.__name__]
    return [owner]
