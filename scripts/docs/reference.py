"""The reference: a page for each part of the library, from its source; nothing is imported, so no extra is needed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import griffe
from docstrings import as_markdown

ROOT = Path(__file__).parent.parent.parent
INSIDE = {"__main__", "cli", "extras", "files"}  # no part of what is imported: the command line has a page of its own


@cache
def public_parts() -> dict[str, griffe.Module]:
    """Return the modules that a user imports from, by their names."""
    package = griffe.load("inkgrad", search_paths=[ROOT / "src"], resolve_aliases=True)
    lab = griffe.load("lab", search_paths=[ROOT], resolve_aliases=True)
    inside = [each for name, each in package.modules.items() if name not in INSIDE]
    bridges = [each for each in package.modules["interop"].modules.values() if not _is_inside(each)]
    beside = [each for _, each in sorted(lab.modules.items())]
    parts = sorted([package, *inside, *bridges], key=lambda each: each.path)
    return {each.path: each for each in [*parts, *beside]}


def _is_inside(module: griffe.Module) -> bool:
    """Return whether a module's names are those of its package, as `load` of inkgrad.interop is."""
    return isinstance(module.parent, griffe.Module) and module.name in module.parent.exports


def public_names(part: griffe.Module) -> list[str]:
    """Return what a module makes public: its `__all__`, or else the classes and functions defined in it."""
    if part.exports:
        return [str(name) for name in part.exports]
    return [name for name, each in part.members.items() if _is_own(each) and not name.startswith("_")]


def _is_own(member: griffe.Object | griffe.Alias) -> bool:
    return not member.is_alias and (member.is_class or member.is_function)


def reference_pages() -> dict[str, str]:
    """Return the Markdown of each page by its path."""
    pages = {f"reference/{name}.md": _page(part) for name, part in public_parts().items()}
    pages["reference/index.md"] = _contents()
    return {path: f"---\nsearch:\n  boost: 0.5\n---\n\n{page}" for path, page in pages.items() if page}


def _page(part: griffe.Module) -> str:
    names = sorted(public_names(part), key=str.lower)
    if not names:
        return ""
    return "\n\n".join([f"# {part.path}", as_markdown(_about(part)), *(_entry(part, name) for name in names)])


def _about(part: griffe.Module) -> str:
    return part.docstring.value if part.docstring else ""


def _entry(part: griffe.Module, name: str) -> str:
    """Return what shows a name; where it belongs to another part, a link to its entry there."""
    path, member = f"{part.path}.{name}", part.members[name]
    named_like_its_file = member.is_module and name in member.members  # the file would be shown instead
    home = (member.members[name] if named_like_its_file else member).canonical_path
    owner = max((each for each in public_parts() if f"{home}.".startswith(f"{each}.")), key=len)
    if owner != part.path and name in public_names(public_parts()[owner]):
        return f"## {name}\n\nSee [{owner}.{name}][]."
    return f"[](){{#{path}}}\n\n::: {home}" if named_like_its_file else f"::: {path}"


def _contents() -> str:
    rows = []
    for name, part in public_parts().items():
        if public_names(part):
            about = as_markdown(_about(part).split("\n")[0])
            about = about.partition(": ")[2] or about
            rows.append(f"| [{name}]({name}.md) | {about[0].upper()}{about[1:]} |")
    head = "# Reference\n\nEverything public, from the docstrings. What is not here may change without notice."
    return "\n".join([head, "", "| module | |", "|--|--|", *rows])
