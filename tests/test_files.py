"""Files are written whole or not at all."""

import errno
import os
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.commands import TIMEOUT, started

from inkgrad.files import refuse_unwritable, replacing, sweep_parts

NOBODY = 65534


@contextmanager
def as_an_ordinary_user():
    """Root may write anywhere, so the tests step down where they run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def names_in(folder):
    return [path.name for path in folder.iterdir()]


def test_the_new_file_takes_the_place_of_the_old(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert names_in(tmp_path) == ["a.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    def interrupted_in_the_middle():
        with replacing(path) as file:
            file.write(b"ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_in_the_middle()
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["a.txt"]


def test_a_missing_folder_is_said_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no such folder, make it first: .*nowhere"):
        refuse_unwritable(tmp_path / "nowhere" / "a.txt")


def test_a_folder_or_a_device_is_not_replaced(tmp_path):
    for path in tmp_path, Path(os.devnull):
        with pytest.raises(OSError, match="not an ordinary file, choose another name"), replacing(path):
            pass
    assert Path(os.devnull).is_char_device()


def test_a_folder_one_may_not_write_in_is_said_so():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        with as_an_ordinary_user(), pytest.raises(PermissionError, match="you may not write in this folder"):
            refuse_unwritable(Path(folder) / "a.txt")


SAVE = """
import sys
from inkgrad.files import replacing
with replacing(sys.argv[1]) as file:
    file.write(b"half of it")
    file.flush()
    print("writing", flush=True)
    sys.stdin.read()
"""


def saving(path):
    """Start a process that is in the middle of a save."""
    process = started([sys.executable, "-c", SAVE, str(path)], stdin=subprocess.PIPE)
    assert process.stdout.readline() == "writing\n"
    return process


def test_what_a_killed_save_left_goes_with_the_next_and_what_others_write_stays(tmp_path):
    path, living = tmp_path / "a.txt", tmp_path / "b.txt"
    for target in path, path, living:
        process = saving(target)
        process.kill()
        process.communicate(timeout=TIMEOUT)
    process = saving(path)
    (being_written,) = tmp_path.glob(".a.txt.*.part")  # those of the killed are gone
    (tmp_path / ".a.txt.notes.part").write_bytes(b"somebody's own")
    with replacing(path) as file:
        file.write(b"new")
    assert being_written.exists()
    assert len(list(tmp_path.glob(".b.txt.*.part"))) == 1  # another file's
    process.stdin.close()
    assert process.wait(TIMEOUT) == 0
    assert path.read_bytes() == b"half of it"  # it came last
    sweep_parts(living)
    assert sorted(names_in(tmp_path)) == [".a.txt.notes.part", "a.txt"]
    for stream in process.stdout, process.stderr:
        stream.close()


def test_two_saves_of_one_process_leave_each_other_alone(tmp_path):
    path = tmp_path / "a.txt"
    with replacing(path) as first:
        first.write(b"first")
        with replacing(path) as second:
            second.write(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
    assert names_in(tmp_path) == ["a.txt"]


def test_saves_at_the_same_time_all_end_well(tmp_path):
    path = tmp_path / "a.txt"

    def save(number):
        for _ in range(50):
            with replacing(path) as file:
                file.write(b"%d" % number * 1000)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(save, range(8)))
    assert len(set(path.read_bytes())) == 1
    assert names_in(tmp_path) == ["a.txt"]


def test_the_new_name_is_forced_to_the_disk_after_the_bytes(tmp_path, monkeypatch):
    done, sync, replace = [], os.fsync, os.replace

    def noted_sync(file):
        done.append("folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "bytes")
        sync(file)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(os, "replace", lambda *paths: (done.append("name"), replace(*paths)))
    with replacing(tmp_path / "a.txt") as file:
        file.write(b"new")
    assert done == ["bytes", "name", "folder"]


def test_where_a_folder_cannot_be_forced_to_the_disk_the_file_is_there_all_the_same(tmp_path, monkeypatch):
    sync = os.fsync

    def refusing(file):
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        sync(file)

    monkeypatch.setattr(os, "fsync", refusing)
    with replacing(tmp_path / "a.txt") as file:
        file.write(b"new")
    assert (tmp_path / "a.txt").read_bytes() == b"new"
