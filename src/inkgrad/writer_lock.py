"""WriterLock: who writes some files; while one does, another is refused."""

from __future__ import annotations

import json
import os
import socket
import stat
import weakref
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from inkgrad.errors import SettingError
from inkgrad.files import is_at, try_lock

BEGINNING = b'{"process": '
"""How every lock file begins; what begins otherwise is somebody's own file."""
LONGEST_LOCK_BYTES = 1_000
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # another after each start of a machine; one in all its containers


@dataclass(frozen=True)
class LockOwner:
    """A process: its number, the name of its machine, and what tells this machine's last start from others."""

    process: int
    machine: str
    boot: str

    @classmethod
    def here(cls) -> LockOwner:
        """Return this process."""
        boot = ""
        with suppress(OSError):
            boot = BOOT_ID.read_text().strip()
        return cls(os.getpid(), socket.gethostname(), boot)

    def is_elsewhere(self, here: LockOwner) -> bool:
        """Whether it is on another machine, of which we cannot see what runs there."""
        return self.machine != here.machine and (not self.boot or self.boot != here.boot)

    def is_alive(self, here: LockOwner) -> bool:
        """Whether it runs on this machine, as far as its number tells."""
        if os.name != "posix" or self.boot != here.boot:
            return False
        try:
            os.kill(self.process, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except PermissionError:
            pass  # it runs, and belongs to somebody else
        return True


class WriterLock:
    """A file beside those that are written; it names the process that writes them, and goes when that has ended.

    The lock itself is flock(2), which the system lets go when the process ends, even by SIGKILL; then the file stays,
    and the next one takes it over: `taken_from` is who left it.  Where the file system has no such locks, the number of
    the process decides.  Two objects of one process, in whatever threads, exclude each other too.

    release() ends it, as do the end of a with block, the last reference and the end of the process.

    Raises SettingError, about the setting `out`, where another one holds it, where a process on another machine
    left it, which cannot be asked whether it is alive, or where something else is there, of whatever kind: that stays
    as it is; OSError where the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        here = LockOwner.here()
        file, is_locked = _open_locked(path, here)
        try:
            self.taken_from = _owner_left(path, file, is_locked, here)
        except BaseException:
            os.close(file)  # the file is not ours to remove
            raise
        self._release = weakref.finalize(self, _let_go, file, os.path.abspath(path), here.process)
        try:
            os.truncate(file, 0)
            os.pwrite(file, json.dumps(asdict(here)).encode() + b"\n", 0)
        except OSError:
            self.release()
            raise

    @property
    def is_held(self) -> bool:
        """Whether it keeps others out."""
        return self._release.alive

    def release(self) -> None:
        """Let others write; once more does nothing."""
        self._release()

    def __enter__(self) -> WriterLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _open_locked(path: Path, here: LockOwner) -> tuple[int, bool]:
    """Return the lock file, open, and whether the system has locked it: not every file system can."""
    while True:
        file = _open(path)
        try:
            is_locked = try_lock(file)
            if not is_locked or is_at(path, file):
                return file, is_locked
        except BlockingIOError:
            owner = _read_owner(file)
            os.close(file)
            raise SettingError(_who(path, owner, here), setting="out") from None
        os.close(file)  # its owner has just removed it


def _open(path: Path) -> int:
    """Return the lock file, open, made where there is nothing; refuse what is no ordinary file, without touching it."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.lstat(path).st_mode):  # opening a device may do something
            raise _refusal(path)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    file = os.open(path, flags, 0o666)
    if not stat.S_ISREG(os.fstat(file).st_mode):  # it came in between
        os.close(file)
        raise _refusal(path)
    return file


def _refusal(path: Path) -> SettingError:
    return SettingError(
        f"{path} is needed as a lock, and is something else: move it, or choose another `out`", setting="out"
    )


def _read_owner(file: int) -> LockOwner | None:
    """Return whom an open lock file names; None where it names nobody that can be understood."""
    try:
        said = json.loads(os.pread(file, LONGEST_LOCK_BYTES, 0))
        owner = LockOwner(**said)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    is_sound = type(owner.process) is int and isinstance(owner.machine, str) and isinstance(owner.boot, str)
    return owner if is_sound else None


def _owner_left(path: Path, file: int, is_locked: bool, here: LockOwner) -> LockOwner | None:
    """Return who left a lock file behind, None where it is new; SettingError where it must be left alone."""
    raw = os.pread(file, LONGEST_LOCK_BYTES, 0)
    if not raw.startswith(BEGINNING[: len(raw)]):
        raise _refusal(path)
    owner = _read_owner(file)
    if owner and (owner.is_elsewhere(here) or (not is_locked and owner.is_alive(here))):
        raise SettingError(_who(path, owner, here), setting="out")
    return owner


def _who(path: Path, owner: LockOwner | None, here: LockOwner) -> str:
    """Return in words who holds a lock."""
    if owner and owner.is_elsewhere(here):
        return (
            f"{path} says that process {owner.process} on {ascii(owner.machine)[:80]} writes these files, which cannot "
            "be seen from here: wait for its end, choose another `out`, or delete that file if the process is gone"
        )
    if owner and owner.process == here.process:
        return (
            f"{path} is held by this process, which writes these files: end that first, release its lock "
            "(session.lock.release()), or choose another `out`"
        )
    whose = f"process {owner.process}" if owner else "another process"
    return f"{path} is held by {whose}, which writes these files: wait for its end, or choose another `out`"


def _let_go(file: int, path: str, process: int) -> None:
    """Remove a lock file of ours and unlock it; in a copy of the process, made by fork, only close it."""
    with suppress(OSError):
        if os.getpid() == process and is_at(path, file):
            os.unlink(path)
    os.close(file)
