"""The command `inkgrad`: its parts, and what becomes of errors."""

from __future__ import annotations

import re
import sys
import warnings
from contextlib import AbstractContextManager, nullcontext
from io import TextIOWrapper
from typing import Annotated, Any

import typer

import inkgrad
from inkgrad.cli.check import check
from inkgrad.cli.conversion import export
from inkgrad.cli.demo import demo
from inkgrad.cli.evaluate import evaluate
from inkgrad.cli.form_fields import form
from inkgrad.cli.plot import plot
from inkgrad.cli.read import read
from inkgrad.cli.reviewing import review
from inkgrad.cli.serve import serve
from inkgrad.cli.show import show
from inkgrad.cli.sweep import sweep
from inkgrad.cli.terminal import print_error, say
from inkgrad.cli.train import train
from inkgrad.errors import GradientMismatch, InkgradError
from inkgrad.fast import available_threads, instruction_set

app = typer.Typer(
    name="inkgrad",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: inkgrad train, then inkgrad evaluate digits.safetensors",
)
for command in (train, evaluate, read, form, review, sweep, check, export, show, serve):
    app.command()(command)
app.add_typer(plot, name="plot")
app.add_typer(demo, name="demo")


def _show_version(wanted: bool) -> None:
    if wanted:
        kernels = instruction_set()
        print(f"inkgrad {inkgrad.__version__}")
        if kernels:
            print(f"fast layers: compiled, using {kernels}, {available_threads()} threads by default")
        else:
            print("fast layers: none; install again with a C++ compiler at hand, and training is several times faster")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version, and how fast layers were built."
        ),
    ] = False,
) -> None:
    """A neural network from scratch that reads handwritten digits."""


def main(interruptible: AbstractContextManager[None] | None = None) -> None:
    """Run the command line; end with 0 (done), 1 (the gradient is wrong) or 2 (bad input, in one line).

    The command runs inside `interruptible`, where Ctrl-C raises KeyboardInterrupt.
    """
    for stream in sys.stdout, sys.stderr:
        if isinstance(stream, TextIOWrapper):  # it is None after >&-
            stream.reconfigure(errors="replace")  # a terminal without Unicode gets "?"
    warnings.filterwarnings("ignore", "Image size .* could be decompression bomb")  # we refuse those ourselves
    sys.exit(_status(interruptible or nullcontext()))


def _status(interruptible: AbstractContextManager[None]) -> int:
    try:
        with interruptible:
            status = app(standalone_mode=False) or 0
        if status == 130:  # what Typer gives back after Ctrl-C
            raise KeyboardInterrupt
        if sys.stdout is not None:
            sys.stdout.flush()
    except GradientMismatch as error:
        if error.report is not None:
            print_error(error.report)
        say(error)
        return 1
    except typer.TyperException as error:
        if error.format_message():  # empty when a command came without arguments: its help was shown
            say(f"{error.format_message()} (inkgrad --help shows how)")
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            sys.stdout = None  # `head` has had enough: end quietly, or Python complains when it flushes at the end
            return 0
        say(f"{error.filename}: {error.strerror}" if error.filename else error)
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted")
    except MemoryError:
        say("the memory is full: try a smaller --batch-size, or fewer or smaller pictures")
    except InkgradError as error:
        say(_with_options(error))
    else:
        return int(status)
    return 2


def _with_options(error: InkgradError) -> str:
    """Return an error's message with options for parameters: --workers 0 for n_workers=0, --resume for `resume`.

    The parameters of a command have the names of the library's.  What only looks like one stays, such as the
    file lr=0.1.safetensors.
    """
    if error.setting is None:
        return str(error)
    command: Any = typer.main.get_command(app)
    for word in sys.argv[1:3]:  # the command that runs, such as plot check
        command = getattr(command, "commands", {}).get(word, command)
    options = {each.name: each.opts[0] for each in command.params if each.opts[0].startswith("--")}

    def option(found: re.Match[str]) -> str:
        name = options.get(found["quoted"] or found["name"])
        if name is None or found["quoted"] or found["value"] == "True":
            return name or found[0]
        return f"{name} {found['value']}" if found["name"] == error.setting else found[0]

    value = r"[\w+-]+(\.\d[\w+-]*)?"  # a number or a word, but no file name
    word = rf"(?<![^\s(])(`(?P<quoted>\w+)`|(?P<name>\w+)=(?P<value>{value}))(?=[\s,;:)]|$)"
    return re.sub(word, option, str(error))
