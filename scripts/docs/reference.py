"""The reference: a page for each part of the library, from what it makes public."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from types import ModuleType

from docstrings import as_markdown

import inkgrad

INSIDE = {"__main__", "cli", "files"}  # no part of what is imported: the command line has a page of its own


def public_modules() -> list[str]:
    """Return the names of the modules that a user imports from."""
    parts = sorted(each.name for each in pkgutil.iter_modules(inkgrad.__path__) if each.name not in INSIDE)
    return ["inkgrad", *(f"inkgrad.{part}" for part in parts)]


def public_names(module: ModuleType) -> list[str]:
    """Return what a module makes public: its `__all__`, or else the classes and functions defined in it."""
    return list(getattr(module, "__all__", None) or (name for name in vars(module) if _is_own(module, name)))


def _is_own(module: ModuleType, name: str) -> bool:
    value = vars(module)[name]
    kind = inspect.isclass(value) or inspect.isfunction(value)
    return kind and not name.startswith("_") and value.__module__ == module.__name__


def reference_pages() -> dict[str, str]:
    """Return the Markdown of each page by its path."""
    names = public_modules()
    pages = {f"reference/{name}.md": _page(import_module(name)) for name in names}
    pages["reference/index.md"] = _contents(names)
    return {path: f"---\nsearch:\n  boost: 0.5\n---\n\n{page}" for path, page in pages.items() if page}


def _page(module: ModuleType) -> str:
    names = sorted(public_names(module), key=str.lower)
    if not names:
        return ""
    about = as_markdown(inspect.getdoc(module))
    return "\n\n".join([f"# {module.__name__}", about, *(_entry(module, name) for name in names)])


def _entry(module: ModuleType, name: str) -> str:
    """Return what shows a name; where it belongs to another part, a link to its entry there."""
    home = getattr(getattr(module, name), "__module__", None) or module.__name__
    part = ".".join(home.split(".")[:2])
    if part != module.__name__ and part in public_modules() and name in public_names(import_module(part)):
        return f"## {name}\n\nSee [{part}.{name}][]."
    path = f"{module.__name__}.{name}"
    if any(each.name == name for each in pkgutil.iter_modules(getattr(module, "__path__", []))):
        return f"[](){{#{path}}}\n\n::: {home}.{name}"  # a file has the same name, and would be shown instead
    return f"::: {path}"


def _contents(names: list[str]) -> str:
    rows = []
    for name in names:
        module = import_module(name)
        if public_names(module):
            about = as_markdown(inspect.getdoc(module).split("\n")[0])
            about = about.partition(": ")[2] or about
            rows.append(f"| [{name}]({name}.md) | {about[0].upper()}{about[1:]} |")
    head = "# Reference\n\nEverything public, from the docstrings. What is not here may change without notice."
    return "\n".join([head, "", "| module | |", "|--|--|", *rows])
