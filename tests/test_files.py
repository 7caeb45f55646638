"""Files are written whole or not at all."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from inkgrad.files import refuse_unwritable, replacing

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
