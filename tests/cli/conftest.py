"""What several tests of the command line share."""

import subprocess
import sys

import pytest

from inkgrad.cli import main


@pytest.fixture
def inkgrad_here(capsys, monkeypatch):
    """Run inkgrad in this process, which is faster than in its own; return what a process would."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["inkgrad", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return subprocess.CompletedProcess(words, ended.value.code, *capsys.readouterr())

    return run
