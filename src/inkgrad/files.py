"""Writing files so that a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yield a file to write; when all went well it takes the place of `path` in one move.

    The bytes go to a temporary file in the same folder, are forced to the disk, and the
    file is renamed, which is atomic, and forced to the disk too.
    If anything fails, the temporary file is removed and what stood at `path` is untouched; what
    a process left that was killed is removed by sweep_parts(), which comes first.

    Raises OSError when the folder is missing, not writable, or the disk is full, and when
    `path` is a folder or a device.
    """
    path = Path(os.path.realpath(path))  # the file a link leads to, not the link
    refuse_unwritable(path)
    sweep_parts(path)
    file = _new_part(path)
    temporary = Path(file.name)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(temporary, path)  # while it is locked
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and not error.filename:
            error.filename = str(path)  # a full disk does not say for which file
        raise
    _sync_folder(path.parent)


def _new_part(path: Path) -> BinaryIO:
    """Return a new temporary file for `path`, locked, so that nobody sweeps it away."""
    while True:
        file = open(path.with_name(f".{path.name}.{secrets.token_hex(4)}.part"), "xb")  # noqa: SIM115  replacing() closes it
        with suppress(BlockingIOError):  # by who sweeps it away, before it was locked: take another
            try_lock(file.fileno())
            if is_at(file.name, file.fileno()):
                return file
        file.close()


def sweep_parts(path: Path) -> None:
    """Remove temporary files for `path` that nobody writes any more: a process was killed while it did."""
    path = Path(os.path.realpath(path))
    name = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.part")
    parts = []
    with suppress(OSError), os.scandir(path.parent) as entries:  # one may write in folders that one may not list
        parts = [entry.path for entry in entries if name.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)]
    for part in parts:
        with suppress(OSError):  # somebody writes it, removes it at this moment, or owns it
            file = os.open(part, os.O_RDONLY)
            try:
                if try_lock(file):
                    os.unlink(part)
            finally:
                os.close(file)


def try_lock(file: int) -> bool:
    """Lock an open file with flock(2) until it is closed; whether that can be done there: not every file system can.

    Raises BlockingIOError where somebody else has locked it.
    """
    try:
        import fcntl
    except ImportError:  # a system other than Unix
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def is_at(path: str | os.PathLike[str], file: int) -> bool:
    """Whether an open file is the one at `path`."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except OSError:
        return False


def _sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk, where the system can."""
    with suppress(OSError):  # not every file system can; the file is whole all the same
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def refuse_same(path: Path, inputs: Iterable[Path]) -> None:
    """Raise OSError if `path`, which is to be written, is one of the files that are read."""
    for other in inputs:
        if path.exists() and other.exists() and path.samefile(other):
            raise FileExistsError(17, "this file is read here, so it cannot be written: choose another name", str(path))


def refuse_unwritable(path: Path) -> None:
    """Raise OSError if a file cannot be put at `path`: better before a long training than after."""
    if not path.parent.is_dir():
        raise FileNotFoundError(2, "there is no such folder, make it first", str(path.parent))
    if path.exists() and not path.is_file():
        raise IsADirectoryError(21, "not an ordinary file, choose another name", str(path))
    if not os.access(path.parent, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(13, "you may not write in this folder", str(path.parent))
