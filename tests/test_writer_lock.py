"""Files have one writer at a time; what a killed one left is taken over."""

import errno
import fcntl
import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from threading import Barrier

import pytest
from support.commands import TIMEOUT, completed, started

from inkgrad.errors import SettingError
from inkgrad.writer_lock import WriterLock

HOLD = """
import sys
from pathlib import Path
from inkgrad.errors import SettingError
from inkgrad.writer_lock import WriterLock
for _ in sys.stdin:  # a line says go
    try:
        lock = WriterLock(Path(sys.argv[1]))
        print("held", flush=True)
    except SettingError as error:
        print(error, flush=True)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "digits.lock"


@pytest.fixture
def hold(path):
    """Start a process that takes the lock for each line it gets; end all such processes at last."""
    processes = []

    def begin():
        processes.append(started([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate(timeout=TIMEOUT)


def asked(process):
    """What a process says when it is told to take the lock."""
    process.stdin.write("go\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def left(path, **changed):
    """Leave a lock file as a process of this machine would have that is no more."""
    with WriterLock(path):
        raw = path.read_bytes()
    path.write_text(json.dumps(json.loads(raw) | {"process": 2**22 + 1} | changed))  # above Linux's highest number


def test_the_file_names_its_process_and_goes_at_the_end(path):
    with WriterLock(path) as lock:
        assert json.loads(path.read_bytes())["process"] == os.getpid()
        assert lock.is_held
        assert lock.taken_from is None
    assert not lock.is_held
    assert not path.exists()
    lock.release()  # once more does nothing


def test_another_process_is_refused_and_told_by_whom(path, hold):
    first = hold()
    assert asked(first) == "held"
    with pytest.raises(SettingError, match=rf"digits\.lock is held by process {first.pid}, which writes") as caught:
        WriterLock(path)
    assert caught.value.setting == "out"
    assert path.exists()


def test_what_a_killed_process_left_is_taken_over_at_once(path, hold):
    first = hold()
    assert asked(first) == "held"
    first.kill()
    first.wait(TIMEOUT)
    assert path.exists()
    with WriterLock(path) as lock:
        assert lock.taken_from.process == first.pid
    assert not path.exists()


def test_of_many_processes_one_takes_a_lock_over(path, hold):
    left(path)
    processes = [hold() for _ in range(6)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.stdout.readline().strip() for process in processes]
    assert said.count("held") == 1, said


def test_a_second_object_of_one_process_is_refused(path):
    with (
        WriterLock(path) as lock,
        pytest.raises(SettingError, match=r"is held by this process, .*\(session\.lock\.release\(\)\), or"),
    ):
        WriterLock(path)
    assert not lock.is_held
    assert WriterLock(path).is_held  # and gone with its last reference
    assert not path.exists()


def test_of_many_threads_one_holds_it_at_a_time(path):
    n, n_rounds = 8, 20
    together = Barrier(n)

    def take(number):
        held = 0
        for _ in range(n_rounds):
            together.wait(TIMEOUT)
            lock = None
            with suppress(SettingError):
                lock = WriterLock(path)
            together.wait(TIMEOUT)
            if lock:
                held += 1
                lock.release()
        return held

    with ThreadPoolExecutor(n) as threads:
        assert sum(threads.map(take, range(n))) == n_rounds
    assert not path.exists()


def test_a_process_on_another_machine_cannot_be_seen(path):
    left(path, machine="elsewhere", boot="of another day")
    with pytest.raises(
        SettingError, match=r"process 4194305 on 'elsewhere' writes these files, .* or delete that file"
    ):
        WriterLock(path)
    path.unlink()
    left(path, boot="of another day")  # this machine, before it was started again
    assert WriterLock(path).taken_from.process == 2**22 + 1


HALVES = "", '{"proc', '{"process": 1}', '{"process": "x", "machine": 1, "boot": []}', '{"process": ' * 99


@pytest.mark.parametrize("text", HALVES)
def test_a_lock_file_that_was_half_written_is_taken_over(path, text):
    path.write_text(text)
    with WriterLock(path) as lock:
        assert lock.taken_from is None


def test_somebody_elses_file_of_that_name_is_left_alone(path):
    path.write_text("a letter to a friend")
    with pytest.raises(SettingError, match=r"digits\.lock is needed as a lock, and is something else: move it"):
        WriterLock(path)
    assert path.read_text() == "a letter to a friend"


def listening_at(path):
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        os.mkdir,
        listening_at,
        lambda path: path.symlink_to("letter.txt"),
        lambda path: path.symlink_to(os.devnull),
        lambda path: path.symlink_to(path),
    ],
    ids=["pipe", "folder", "socket", "link to nothing", "link to a device", "link to itself"],
)
def test_what_is_no_ordinary_file_is_left_alone(path, monkeypatch, make):
    monkeypatch.chdir(path.parent)  # a socket's name must be short
    make(Path(path.name))
    before = os.lstat(path)
    with pytest.raises(SettingError, match=r"digits\.lock is needed as a lock, and is something else: move it, or"):
        WriterLock(path)
    assert os.path.samestat(os.lstat(path), before)
    assert os.listdir(path.parent) == ["digits.lock"]


def test_a_device_is_not_even_opened(monkeypatch):
    monkeypatch.delattr(os, "open")
    with pytest.raises(SettingError, match=r"/dev/null is needed as a lock, and is something else"):
        WriterLock(Path(os.devnull))


def test_a_pipe_that_comes_in_between_is_left_alone(path, monkeypatch):
    open_file = os.open

    def open_late(name, *how):
        os.mkfifo(name)
        return open_file(name, *how)

    monkeypatch.setattr(os, "open", open_late)
    with pytest.raises(SettingError, match=r"digits\.lock is needed as a lock, and is something else"):
        WriterLock(path)
    assert path.is_fifo()


def test_a_lock_that_cannot_be_looked_at_stays_as_it_is(path, monkeypatch):
    left(path)
    before = path.read_bytes()

    def failing(*how):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(OSError, match="Input/output error"):
        WriterLock(path)
    assert path.read_bytes() == before
    monkeypatch.undo()
    assert WriterLock(path).taken_from.process == 2**22 + 1  # nobody holds it


def test_where_the_file_system_has_no_locks_the_number_of_the_process_decides(path, hold, monkeypatch):
    def without(file, how):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", without)
    left(path)
    with WriterLock(path) as lock:
        assert lock.taken_from.process == 2**22 + 1
        with pytest.raises(SettingError, match="is held by this process"):
            WriterLock(path)
    assert not path.exists()
    first = hold()
    assert asked(first) == "held"
    with pytest.raises(SettingError, match=f"is held by process {first.pid}"):
        WriterLock(path)


def test_a_copy_of_the_process_does_not_let_it_go(path):
    program = f"""
import os, sys
from pathlib import Path
from inkgrad.writer_lock import WriterLock
lock = WriterLock(Path({str(path)!r}))
child = os.fork()
if not child:
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
assert lock.path.exists()
"""
    found = completed([sys.executable, "-c", program])
    assert (found.returncode, found.stderr) == (0, "")
    assert not path.exists()  # the end of the process let it go
