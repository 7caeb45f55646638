"""Files: their bytes, from ordinary files of bounded size alone."""

from __future__ import annotations

import os
import stat

from inkgrad.errors import ModelFileError

MOST_BYTES = 2**31 - 1  # what Protocol Buffers hold


def read_file(path: str | os.PathLike[str], most: int = MOST_BYTES) -> bytes:
    """Return the bytes of a file.

    Raises ModelFileError, naming it, for what is no ordinary file, or one of more than `most` bytes; OSError
    when it cannot be read.
    """
    with open(path, "rb", opener=_without_waiting) as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise ModelFileError(f"{path} is not an ordinary file")
        if about.st_size > most:
            raise ModelFileError(f"{path} has {about.st_size} bytes; at most {most} are read")
        return file.read(about.st_size)  # `most` would be taken from the memory at once


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to does not keep us."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
