"""What pages, docstrings and comments name is there: files, dotted names, commands, options, targets of make."""

import ast
import importlib
import re

import pytest
import typer
from support import ROOT
from support.pages import FENCE, PAGES

from inkgrad.cli.commands import app
from inkgrad.errors import MissingExtra

WRITTEN = [page for page in [*PAGES, ROOT / "CONTRIBUTING.md"] if page.name != "what-moved.md"]
SOURCES = sorted(path for folder in ("src", "lab", "scripts") for path in (ROOT / folder).rglob("*.py"))
FILE = re.compile(
    r"(?<![\w/.-])(?:src|lab|scripts|benchmarks|tests|docs|examples)/[\w./-]*\w\.(?:py|md|toml|ya?ml|jpg|png|hpp|cpp)\b"
)
DOTTED = re.compile(r"(?<![\w/])(?:inkgrad|lab)(?:\.[A-Za-z_]\w*)+")


@pytest.fixture(scope="module")
def texts():
    """The text of each page, and the docstrings and comments of each file, by their names."""
    pages = {str(page.relative_to(ROOT)): page.read_text() for page in WRITTEN}
    return pages | {str(path.relative_to(ROOT)): said_in(path.read_text()) for path in SOURCES}


def said_in(source):
    """Return the docstrings of a module, and what stands after a #."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, documented)]
    return "\n".join([*(ast.get_docstring(node) or "" for node in nodes), *re.findall(r"#(.*)", source)])


def test_files_that_are_named_exist(texts):
    named = {(name, path) for name, text in texts.items() for path in FILE.findall(text)}
    assert len(named) > 50
    assert [(name, path) for name, path in named if not (ROOT / path).exists()] == []


def test_dotted_names_lead_somewhere(texts):
    named = {(name, each) for name, text in texts.items() for each in DOTTED.findall(text)}
    assert len(named) > 100
    assert [(name, each) for name, each in named if not leads_somewhere(each)] == []


def leads_somewhere(dotted):
    """Whether a dotted name is a module, or something in one; of what needs an extra the module is enough."""
    parts = dotted.split(".")
    for n in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:n]))
        except MissingExtra:
            return True
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith(parts[0]):
                return True  # an extra's
            continue
        for part in parts[n:]:
            if not hasattr(value, part):
                return False
            value = getattr(value, part)
        return True
    return False


def test_what_moved_is_where_the_page_says():
    moved = re.findall(r"^\| `[^`]+` \| (.*) \|$", (ROOT / "docs" / "what-moved.md").read_text(), re.MULTILINE)
    places = {place for now in moved for place in DOTTED.findall(now)}
    assert len(places) > 50
    assert [place for place in places if not leads_somewhere(place)] == []


def test_commands_and_their_options_that_are_named_exist(texts):
    commands, n_seen = typer.main.get_command(app).commands, 0
    for name, text in texts.items():
        for call in calls_in(text):
            command, *words = call.split()
            options = {word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)}
            assert command in commands, f"{name}: inkgrad {call}"
            assert options <= options_of(commands[command]), f"{name}: inkgrad {call}"
            n_seen += 1
    assert n_seen > 100


def calls_in(text):
    """Yield what is said to come after inkgrad on a command line: in `inkgrad ...`, and in blocks for a shell."""
    shell = [block["code"] for block in FENCE.finditer(text) if block["language"] in ("sh", "console")]
    yield from re.findall(r"`inkgrad ([a-z][^`#|]*)`", text)
    yield from re.findall(r"^(?:\$ )?inkgrad ([a-z][^#|\n]*)", "\n".join(shell).replace("\\\n", " "), re.MULTILINE)


def options_of(command):
    """Return the options of a command and of those below it."""
    found = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    below = getattr(command, "commands", {}).values()
    return found.union({"--help"}, *(options_of(each) for each in below))


def test_targets_of_make_that_are_named_exist(texts):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {(name, target) for name, text in texts.items() for target in re.findall(r"`make ([\w-]+)", text)}
    assert [(name, target) for name, target in named if target not in targets] == []


def test_what_is_not_there_is_seen():
    assert not leads_somewhere("inkgrad.layers.Nothing")
    assert not leads_somewhere("inkgrad.nothing")
    assert leads_somewhere("inkgrad.layers.Softmax.jacobian")
    assert [*calls_in("as `inkgrad fly --far`\n```sh\n$ inkgrad run --away\n```\n")] == ["fly --far", "run --away"]
