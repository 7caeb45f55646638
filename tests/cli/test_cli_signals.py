"""What ends a command from outside: Ctrl-C at any moment, a polite kill, and the end of the terminal."""

import os
import pty
import select
import signal
import sys

import pytest
from support.commands import TIMEOUT, command, completed, names_in, started, wait_for

from inkgrad.cli.terminal import stop_requests

SLOW = "--model", "seed", "--batch-size", 1, "--lr", 0.001, "--epochs", 50


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_a_request_to_stop_and_a_second_one_an_order(number):
    before = signal.getsignal(number)
    with stop_requests() as stop:
        assert not stop()
        signal.raise_signal(number)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) == before


def test_under_nohup_the_end_of_the_terminal_means_nothing():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_requests() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_training_whose_terminal_is_closed_saves_where_it_stands(tmp_path, small_folder):
    terminal, theirs = pty.openpty()
    process = started(
        ["setsid", "--ctty", *command("train", *SLOW, "--data", small_folder)],
        cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)
    log = tmp_path / "digits.log.jsonl"

    def has_a_row():
        if select.select([terminal], [], [], 0)[0]:
            os.read(terminal, 10_000)  # nothing that is said may wait for a reader
        return log.exists() and b"\n" in log.read_bytes()

    wait_for(has_a_row, "its log had a row", process)
    before = (tmp_path / "digits.checkpoint.safetensors").read_bytes()
    os.close(terminal)
    process.wait(TIMEOUT)
    assert (tmp_path / "digits.checkpoint.safetensors").read_bytes() != before
    assert names_in(tmp_path) == ["digits.checkpoint.safetensors", "digits.log.jsonl"]


INTERRUPTING = """
import atexit, os, signal, sys

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)

class Interrupting:
    left = int(os.environ["MODULES_BEFORE"])

    def find_spec(self, name, path=None, target=None):
        if "inkgrad.cli" in sys.modules or name == "inkgrad.cli":
            if self.left == 0:
                interrupt()
            self.left -= 1

sys.meta_path.insert(0, Interrupting())
if os.environ.get("AT_THE_END"):
    atexit.register(interrupt)
"""


def interrupted_after(n_modules, *words, folder, **more):
    """Run inkgrad, which gets Ctrl-C once it imports the module after so many, as its folder's sitecustomize does."""
    (folder / "sitecustomize.py").write_text(INTERRUPTING)
    environment = {**os.environ, "PYTHONPATH": str(folder), "MODULES_BEFORE": str(n_modules), **more}
    found = completed(words, cwd=folder, env=environment)
    return found.returncode, found.stderr


@pytest.mark.parametrize("n_modules", [0, 1, 30, 100, 200, 400])
def test_ctrl_c_while_it_imports_is_one_line(tmp_path, n_modules):
    assert interrupted_after(n_modules, *command("show"), folder=tmp_path) == (2, "inkgrad: interrupted\n")


def test_ctrl_c_while_the_installed_command_imports_is_one_line(tmp_path):
    program = "from inkgrad.__main__ import main; main()"  # as the script that pip writes
    found = interrupted_after(100, sys.executable, "-c", program, "show", folder=tmp_path)
    assert found == (2, "inkgrad: interrupted\n")


def test_ctrl_c_while_the_interpreter_ends_is_one_line(tmp_path):
    found = interrupted_after(10**6, *command("--version"), folder=tmp_path, AT_THE_END="1")
    assert found == (2, "inkgrad: interrupted\n")


def test_whoever_starts_it_without_ctrl_c_keeps_it_so(tmp_path):
    program = (
        "import signal, os, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    found = interrupted_after(50, sys.executable, "-c", program, *command("--version"), folder=tmp_path)
    assert found == (0, "")
