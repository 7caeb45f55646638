"""FileLock: one process at a time, and free again when that is killed."""

import signal
import subprocess
import sys

from inkgrad.file_lock import FileLock

HOLD = """
import sys, time
from pathlib import Path
from inkgrad.file_lock import FileLock
with FileLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_two_locks_of_one_file_exclude_each_other(tmp_path):
    one, other = FileLock(tmp_path / "a.lock"), FileLock(tmp_path / "a.lock")
    with one:
        assert one.acquire()  # once more does nothing
        assert not other.try_acquire()
    assert other.try_acquire()
    other.release()
    other.release()


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    path = tmp_path / "a.lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        assert not FileLock(path).try_acquire()
        process.send_signal(signal.SIGKILL)
    lock = FileLock(path)
    assert lock.try_acquire()
    lock.release()
