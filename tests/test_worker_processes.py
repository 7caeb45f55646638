"""WorkerProcesses: done when all are, replaced when killed, ended when nobody waits for them any more."""

import os
import signal
import time
from pathlib import Path

import pytest

from inkgrad.errors import Interrupted, SettingError
from inkgrad.worker_processes import WorkerProcesses


def note_itself(folder, stop):
    (folder / str(os.getpid())).touch()


def until_stopped(folder, stop):
    note_itself(folder, stop)
    while not stop():
        time.sleep(0.01)
    (folder / "stopped").touch()
    raise Interrupted("as it was asked to")


def refuse(folder, stop):
    raise SettingError("no such thing")


def die(folder, stop):
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(folder, stop):
    if not list(folder.iterdir()):
        note_itself(folder, stop)
        die(folder, stop)


def ends_of(n, work, folder, **how):
    """Let processes work to their end; return what was noted of them."""
    notes = []
    with WorkerProcesses(n, work, folder, note=notes.append, **how) as workers:
        while workers.are_at_work(0.1):
            pass
    return notes


def test_each_process_works_once(tmp_path):
    assert ends_of(2, note_itself, tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 2


def test_they_are_asked_to_stop_when_the_block_ends(tmp_path):
    with WorkerProcesses(1, until_stopped, tmp_path, note=print) as workers:
        while not list(tmp_path.iterdir()):
            assert workers.are_at_work(0.01)
        (worker,) = workers.workers.values()
    assert (tmp_path / "stopped").exists()
    assert not Path(f"/proc/{worker.process.pid}").exists()


def test_what_one_raises_is_raised(tmp_path):
    with pytest.raises(SettingError, match="no such thing"):
        ends_of(1, refuse, tmp_path)


def test_a_killed_one_is_replaced_with_a_word(tmp_path):
    (word,) = ends_of(1, die_once, tmp_path)
    (pid,) = (path.name for path in tmp_path.iterdir())
    assert word == f"worker {pid} was killed (exit status -9): another takes its place"


def test_one_killed_before_it_took_its_work_is_replaced(tmp_path):
    notes = []
    with WorkerProcesses(1, note_itself, tmp_path, note=notes.append) as workers:
        (worker,) = workers.workers.values()
        os.kill(worker.process.pid, signal.SIGKILL)
        while workers.are_at_work(0.1):
            pass
    assert len(notes) == len(list(tmp_path.iterdir())) == 1


def test_they_are_not_replaced_for_ever(tmp_path):
    with pytest.raises(Interrupted, match=r"workers are killed again and again: worker \d+, the last of many, ended"):
        ends_of(1, die, tmp_path, most_deaths=1)
