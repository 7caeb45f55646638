"""The house in order: one name for one thing, imports in no circle, and options of the command line spoken of there."""

import ast
import re
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter

from support import ROOT

PACKAGE = ROOT / "src" / "inkgrad"
TREES = {path.relative_to(PACKAGE): ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}
MODULES = {".".join(("inkgrad", *path.with_suffix("").parts)).removesuffix(".__init__"): path for path in TREES}
OPTION = re.compile(r"(^|[ '\"(`])--[a-z]{3}")


def shared(names):
    """Return the names that stand in several files, with these."""
    places = defaultdict(list)
    for name, path in names:
        places[name].append(str(path))
    return {name: found for name, found in places.items() if len(found) > 1}


def texts_of(tree):
    """Return the texts that a program may show: all but docstrings."""
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return [text for text in texts if text not in docstrings]


def imported_by(tree):
    """Return the files of modules that are imported anywhere in a file, but those that only types need."""
    only_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in only_types:
            continue
        if isinstance(node, ast.Import):
            yield from (MODULES[name.name] for name in node.names if name.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                yield MODULES.get(f"{node.module}.{name.name}") or MODULES.get(node.module)


def test_no_two_modules_share_a_name():
    names = ((path.stem, path) for path in TREES if path.stem not in ("__init__", "base"))
    assert shared(names) == {}


def test_no_two_classes_share_a_name():
    classes = (
        (node.name, path) for path, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    )
    assert shared(classes) == {}


def test_no_files_import_each_other_in_a_circle():
    """An `__init__` only shows what its parts make; what they take of each other, they take from the files."""
    graph = {
        path: {found for found in imported_by(tree) if found and found != path and found.stem != "__init__"}
        for path, tree in TREES.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" <- ".join(map(str, error.args[1]))) from None


def test_no_text_below_the_command_line_speaks_of_its_options():
    spoken = [
        f"{path}:{text.lineno}: {text.value}"
        for path, tree in TREES.items()
        if path.parts[0] not in ("cli", "__main__.py")
        for text in texts_of(tree)
        if OPTION.search(text.value)
    ]
    assert spoken == []
