"""A worker process: it answers, ends when it is told to, and keeps nobody waiting when it dies."""

import sys
from types import ModuleType

import pytest

from inkgrad.worker_process import WorkerProcess

MUCH = bytes(1_000_000)  # more than a pipe holds


def echo(connection, what):
    while True:
        connection.send((connection.recv(), len(what)))


def test_a_worker_answers_until_it_is_stopped():
    worker = WorkerProcess(echo, MUCH)
    for message in "one", MUCH:
        worker.send(message)
        assert worker.connection.recv() == (message, len(MUCH))
    worker.stop()
    assert worker.process.exitcode == -9
    assert worker.connection.closed


def test_who_starts_a_worker_that_dies_at_its_start_is_not_kept_waiting(monkeypatch):
    here_alone = ModuleType("here_alone")
    exec("def serve(connection, what): pass", here_alone.__dict__)
    monkeypatch.setitem(sys.modules, "here_alone", here_alone)
    worker = WorkerProcess(here_alone.serve, MUCH)
    with pytest.raises((EOFError, ConnectionError)):
        worker.connection.recv()
    worker.process.join()
    assert worker.process.exitcode == 1
    worker.stop()
