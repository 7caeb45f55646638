"""The command line: `inkgrad --help`."""

from inkgrad.cli.commands import main

__all__ = ["main"]
