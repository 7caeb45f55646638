"""The command line: `inkgrad --help`."""

from inkgrad.cli.app import main

__all__ = ["main"]
