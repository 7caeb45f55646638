"""What ends a command from outside: Ctrl-C at any moment, a polite kill, and the end of the terminal."""

import os
import pty
import signal
import time

import pytest
from support.commands import TIMEOUT, command, names_in, started

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
    log, deadline = tmp_path / "digits.log.jsonl", time.monotonic() + TIMEOUT
    while not log.exists() or b"\n" not in log.read_bytes():
        os.read(terminal, 10_000)
        assert time.monotonic() < deadline
    before = (tmp_path / "digits.checkpoint.safetensors").read_bytes()
    os.close(terminal)
    process.wait(TIMEOUT)
    assert (tmp_path / "digits.checkpoint.safetensors").read_bytes() != before
    assert names_in(tmp_path) == ["digits.checkpoint.safetensors", "digits.log.jsonl"]
