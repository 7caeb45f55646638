"""The pages of the documentation as programs: their blocks of code, and what they show of what these print."""

import contextlib
import io
import re
import shlex
from dataclasses import dataclass
from itertools import zip_longest

from support import ROOT
from support.commands import inkgrad

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(
    r"(?:^<!-- (?P<marker>[^\n]*?) -->\n)?^```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """One fenced block; `shown` is what the page says it prints, if it says so in a block right after it."""

    language: str
    code: str
    marker: str
    shown: str | None

    @property
    def is_run(self):
        """Whether a reader is meant to run it here; what is not says why."""
        return not self.marker.startswith("not run: ")

    @property
    def file(self):
        """The file that a reader is told to save it as; "" if none."""
        return self.marker.removeprefix("file: ") if self.marker.startswith("file: ") else ""


def blocks_of(text):
    """Return the blocks of a page that are programs, in their order."""
    found = list(FENCE.finditer(text))
    blocks = []
    for block, after in zip_longest(found, found[1:]):
        adjoins = after is not None and not text[block.end() : after.start()].strip()
        shown = after["code"] if adjoins and after["language"] in ("", "text") else None
        if block["language"] in ("python", "sh", "console"):
            blocks.append(Block(block["language"], block["code"], block["marker"] or "", shown))
    return blocks


def run_python(code, names):
    """Run a block in the page's own names; return what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "<page>", "exec"), names)
    return printed.getvalue()


def commands_of(block):
    """Return the calls of inkgrad in a block for a shell, each with what the page shows of it, if anything."""
    if block.language == "sh":
        lines = block.code.replace("\\\n", " ").splitlines()
        calls = [line for line in lines if line.startswith("inkgrad ")]
        return [(call, block.shown if call == lines[-1] else None) for call in calls]
    parts = re.split(r"^\$ ", block.code, flags=re.MULTILINE)[1:]
    return [tuple(part.split("\n", 1)) for part in parts if part.startswith("inkgrad ")]


def run_command(command):
    """Return what a call of inkgrad prints; its exit status must be 0, or 1, which is an answer."""
    words = shlex.split(command, comments=True)[1:]
    found = inkgrad(*words, cwd=None)
    assert found.returncode in (0, 1), f"{command}: {found.stderr}"
    return found.stdout


def lines_of(text):
    """Return the lines of a text that say something, with tiny errors, which are rounding, made alike."""
    return [re.sub(r"\d(\.\d)?e-(0[5-9]|1\d)", "rounding", line.rstrip()) for line in text.splitlines() if line.strip()]
