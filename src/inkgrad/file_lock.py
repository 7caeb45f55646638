"""FileLock: a file that one process has at a time; the system lets it go when that ends, even by SIGKILL."""

from __future__ import annotations

import time
from pathlib import Path
from typing import BinaryIO

from inkgrad.files import try_lock


class FileLock:
    """Keeps other processes out from acquire() to release(), or while a with block lasts; the file stays.

    It is flock(2), which holds between machines too where their shared folder has it, as NFS 4 does.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def try_acquire(self) -> bool:
        """Take it unless somebody else has it; return whether it is ours."""
        file = self.path.open("ab")
        try:
            try_lock(file.fileno())
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def acquire(self) -> bool:
        """Wait until nobody else has it, and take it; once more does nothing."""
        while not self._file and not self.try_acquire():
            time.sleep(0.002)  # seconds: others have it for one writing
        return True

    def release(self) -> None:
        """Let others have it; once more does nothing."""
        if self._file:
            self._file.close()
        self._file = None

    def __enter__(self) -> FileLock:
        self.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self.release()
