"""Writing files so that a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yield a file to write; when all went well it takes the place of `path` in one move.

    The bytes go to a temporary file in the same folder, are forced to the disk, and the
    file is renamed (a rename is atomic on POSIX and on Windows).  If anything fails, the
    temporary file is removed and what stood at `path` is untouched.

    Raises OSError when the folder is missing, not writable, or the disk is full, and when
    `path` is a folder or a device.
    """
    path = Path(os.path.realpath(path))  # the file a link leads to, not the link
    refuse_unwritable(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and not error.filename:
            error.filename = str(path)  # a full disk does not say for which file
        raise


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
