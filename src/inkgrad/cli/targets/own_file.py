"""OwnFile: a file of the user's that was run, and what is in it."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from inkgrad.cli.targets.libraries import is_differentiable
from inkgrad.cli.targets.request import SIZES
from inkgrad.cli.terminal import say
from inkgrad.costs import Cost
from inkgrad.errors import InkgradError, SettingError
from inkgrad.layers import Layer

TO_INSTALL = {"torch": "pip install 'inkgrad[torch]'", "jax": "pip install jax"}


@dataclass(frozen=True)
class OwnFile:
    """A file of the user's: its path, and the module that came of running it."""

    path: Path
    module: ModuleType

    @classmethod
    def run(cls, path: Path) -> OwnFile:
        """Run a file; raise FileNotFoundError or SettingError, in one line, where that fails."""
        if not path.is_file():
            raise FileNotFoundError(2, "No such file", str(path))
        spec = importlib.util.spec_from_file_location(f"checked_{path.stem}", path)
        if spec is None or spec.loader is None:
            raise SettingError(f"{path} is not a file of Python")
        module = importlib.util.module_from_spec(spec)
        sys.modules[module.__name__] = module  # dataclasses look there
        sys.path.append(str(path.parent.resolve()))  # what lies beside it can be imported
        say(f"running {path}, and all that its code does")
        with theirs(str(path)):
            spec.loader.exec_module(module)
        return cls(path, module)

    def thing(self, name: str) -> Any:
        """Return what a name in the file stands for, "Thing" or "Thing.apply"."""
        first, *attributes = name.split(".")
        if first not in vars(self.module):
            raise SettingError(f"{self.path} has no {first or 'thing without a name'}; it has {self.candidates()}")
        found = vars(self.module)[first]
        for attribute in attributes:
            with theirs(f"{name} in {self.path}"):
                found = getattr(found, attribute)
        return found

    def candidates(self) -> str:
        """Return the names of what can be checked, in one line."""
        own = {name: each for name, each in vars(self.module).items() if self._is_own(name, each)}
        names = [name for name, each in own.items() if _is_layer(each) or is_differentiable(each)]
        names = names or [name for name, each in own.items() if inspect.isfunction(each)]
        more = f" and {len(names) - SIZES.n_named} more" if len(names) > SIZES.n_named else ""
        return ", ".join(names[: SIZES.n_named]) + more or "nothing that has a gradient: no layer, cost or function"

    def _is_own(self, name: str, thing: Any) -> bool:
        """Return whether a public thing was made in this file, not imported."""
        is_made_here = isinstance(thing, (Layer, Cost)) or getattr(thing, "__module__", "") == self.module.__name__
        is_instance = not isinstance(thing, type) and is_differentiable(thing) and not inspect.isroutine(thing)
        return not name.startswith("_") and (is_made_here or is_instance)


def _is_layer(thing: Any) -> bool:
    return isinstance(thing, (Layer, Cost)) or (isinstance(thing, type) and issubclass(thing, (Layer, Cost)))


@contextmanager
def theirs(owner: str) -> Iterator[None]:
    """Turn whatever the user's code raises into one line that says whose it is, and where."""
    try:
        yield
    except (InkgradError, MemoryError) as error:
        raise error.with_traceback(None) from None
    except (Exception, SystemExit) as error:
        words = error.msg if isinstance(error, SyntaxError) else error
        said = f"{type(error).__name__}: {words}".removesuffix(": ")
        told = f"{owner}{_line_of(error, owner)}: {said}{_hint(error)}"
        raise SettingError(told) from None


def _hint(error: BaseException) -> str:
    """Return what to do about an error, where that is known."""
    if isinstance(error, ModuleNotFoundError) and error.name in TO_INSTALL:
        return f"; {TO_INSTALL[error.name]}"
    return "; give it with --set NAME=VALUE" if "__init__() missing" in str(error) else ""


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
