"""A swarm: forked processes that strike until the time is up, and one that watches them."""

from __future__ import annotations

import faulthandler
import json
import mmap
import os
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from support.peak_memory import peak_bytes

from inkgrad.errors import InkgradError
from inkgrad.saving import one_line

MEMORY_BYTES = 1_500_000_000  # no process may take more
RUNAWAY_BYTES = 3_000_000_000  # one that takes so much is killed, before the machine suffers
SLICE_SECONDS = 0.5  # of an attack with a share of 1, before it is the next one's turn
BEAT = struct.Struct("qqd")  # which attack, which number, since when
PREPARING, DONE = -1, -2  # in place of an attack
LONGEST_MESSAGE = 700  # some 600 letters, and the path of a file


class Finding(Exception):
    """Something that must not happen."""


@dataclass(frozen=True)
class Attack:
    """A kind of strike.

    prepare   makes in a folder what the strikes share, once in each process
    strike    strikes once; returns what is to be counted; raises what must not be
    seconds   that a strike may take
    share     of the time
    every     so many rounds, where a strike takes long
    """

    name: str
    prepare: Callable[[Path], Any]
    strike: Callable[[Random, Any], Counter[str]]
    seconds: float = 10.0
    share: float = 1.0
    every: int = 1

    def once(self, seed: int, number: int, state: Any) -> Counter[str]:
        """Make the strike of this number."""
        return self.strike(Random(f"{seed} {self.name} {number}"), state)


def outcome(work: Callable[[], object], *documented: type[Exception]) -> Counter[str]:
    """Count the input of `work` under what came of it: a sound result, or an error with a message of one line."""
    try:
        work()
    except (InkgradError, *documented) as error:
        refuse_bad_message(str(error))
        return Counter({"inputs": 1, type(error).__name__: 1})
    return Counter(inputs=1, sound=1)


def refuse_bad_message(message: str) -> None:
    """Raise Finding unless a message is one line, and not a long one."""
    if not message or len(message) > LONGEST_MESSAGE or "\n" in message:
        raise Finding(f"a message of {len(message)} characters, {message.count(chr(10)) + 1} lines: {message[:700]!r}")


@dataclass
class Tally:
    """What came of an attack so far; slowest and largest are (seconds or bytes, number of the strike)."""

    counts: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, -1)
    largest: tuple[int, int] = (0, -1)

    def count(self, counts: Mapping[str, int]) -> None:
        """Add counts; of those whose name begins with "most" the largest is kept."""
        for name, n in counts.items():
            self.counts[name] = max(self.counts[name], n) if name.startswith("most ") else self.counts[name] + n

    def add(self, line: dict[str, Any]) -> None:
        """Add what a worker wrote of a slice."""
        self.count(line["counts"])
        self.slowest = max(self.slowest, tuple(line["slowest"]))
        self.largest = max(self.largest, tuple(line["largest"]))


@dataclass
class Worker:
    """One process that strikes, as its watcher sees it."""

    index: int
    pid: int
    diary: Path


class Swarm:
    """Workers that share the attacks' numbers among them; `run` returns the tallies and the findings."""

    def __init__(
        self, attacks: list[Attack], seconds: float, n_workers: int, seed: int, n_rounds: int | None = None
    ) -> None:
        self.attacks, self.seconds, self.n_workers, self.seed = attacks, seconds, n_workers, seed
        self.n_rounds = n_rounds
        self.beats = mmap.mmap(-1, BEAT.size * n_workers)
        self.folder = Path(tempfile.mkdtemp(prefix="attack-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
        self.tallies = {attack.name: Tally() for attack in attacks}
        self.findings: list[dict[str, Any]] = []
        self._read: dict[Path, int] = {}
        self._n_started = 0

    def run(self, show: Callable[[Swarm], None]) -> None:
        """Strike until the time is up, or all rounds are made; show how far it is now and then."""
        self.end = time.monotonic() + self.seconds
        workers = [self._start(index, 0) for index in range(self.n_workers)]
        next_show = time.monotonic() + 10
        try:
            while workers:
                time.sleep(0.05)
                workers = [each for worker in workers if (each := self._watched(worker))]
                if time.monotonic() > next_show:
                    next_show += max(10.0, self.seconds / 60)
                    show(self)
        finally:
            for worker in workers:
                os.kill(worker.pid, signal.SIGKILL)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, index: int, number: int) -> Worker:
        self._n_started += 1
        diary = self.folder / f"{self._n_started}.jsonl"
        diary.touch()
        self._beat(index, PREPARING, number)
        pid = os.fork()
        if pid == 0:
            _in_child(lambda: self._strike_on(index, number, diary))
        return Worker(index, pid, diary)

    def _beat(self, index: int, attack: int, number: int) -> None:
        BEAT.pack_into(self.beats, BEAT.size * index, attack, number, time.monotonic())

    def _last_beat(self, index: int) -> tuple[int, int, float]:
        """Return what a worker is at; it may be just writing it, so two looks must agree."""
        while True:
            beat = BEAT.unpack_from(self.beats, BEAT.size * index)
            time.sleep(0.0001)
            if beat[2] and beat == BEAT.unpack_from(self.beats, BEAT.size * index):
                return beat

    def _strike_on(self, index: int, number: int, diary: Path) -> None:
        """Make strikes with the numbers that are this worker's, attack by attack."""
        sys.stderr = os.fdopen(os.dup(2), "w")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # where libraries in C complain of each broken picture
        faulthandler.enable(sys.stderr)
        faulthandler.register(signal.SIGUSR1, sys.stderr)
        states: dict[str, Any] = {}
        with diary.open("a", buffering=1) as lines:
            for round_ in count() if self.n_rounds is None else range(self.n_rounds):
                for which, attack in enumerate(self.attacks):
                    if time.monotonic() > self.end:
                        os._exit(0)  # what the attacks have opened need not be closed
                    if round_ % attack.every == 0:
                        if attack.name not in states:
                            self._beat(index, PREPARING, number)
                            states[attack.name] = attack.prepare(_made(diary.with_suffix("") / attack.name))
                        number = self._slice(index, which, number, states[attack.name], lines)
        self._beat(index, DONE, number)
        os._exit(0)

    def _slice(self, index: int, which: int, number: int, state: Any, lines: Any) -> int:
        attack, tally, end = self.attacks[which], Tally(), time.monotonic() + SLICE_SECONDS * self.attacks[which].share
        while True:
            self._beat(index, which, number)
            start, before = time.monotonic(), largest_bytes()
            try:
                tally.count(attack.once(self.seed, number, state))
            except Exception as error:
                print(json.dumps({"finding": self._found(attack, number, told(error))}), file=lines)
            took, peak = time.monotonic() - start, largest_bytes()
            tally.slowest = max(tally.slowest, (took, number))
            tally.largest = max(tally.largest, (peak, number) if peak > before else (0, -1))
            too_much = peak > MEMORY_BYTES >= before
            if too_much:
                print(json.dumps({"finding": self._found(attack, number, f"took {peak / 1e6:.0f} MB")}), file=lines)
            number += self.n_workers
            if too_much or time.monotonic() > min(end, self.end):
                break
        print(json.dumps({"attack": attack.name, **vars(tally)}), file=lines)
        if too_much:
            os._exit(0)  # what comes next shall not be blamed for it
        return number

    def _found(self, attack: Attack, number: int, what: str) -> dict[str, Any]:
        return {"attack": attack.name, "number": number, "what": what}

    def _watched(self, worker: Worker) -> Worker | None:
        """Return the worker, or another in its place where it has ended before its time; None when the time is up."""
        pid, status = os.waitpid(worker.pid, os.WNOHANG)
        which, number, since = self._last_beat(worker.index)
        attack = self.attacks[which] if which >= 0 else None
        self._read_diary(worker.diary)
        if pid:
            if os.WIFSIGNALED(status) or os.WEXITSTATUS(status):
                self._blame(attack, number, f"ended its process: {os.waitstatus_to_exitcode(status)}")
        elif time.monotonic() - since > (attack.seconds if attack else 120):
            self._blame(attack, number, f"still worked after {time.monotonic() - since:.0f} s")
            os.kill(worker.pid, signal.SIGUSR1)  # says on standard error where it is
            time.sleep(0.5)
            _end(worker.pid)
        elif _resident_bytes(worker.pid) > RUNAWAY_BYTES:
            self._blame(attack, number, f"took more than {RUNAWAY_BYTES / 1e6:.0f} MB")
            _end(worker.pid)
        else:
            return worker
        self._read_diary(worker.diary)
        shutil.rmtree(worker.diary.with_suffix(""), ignore_errors=True)
        goes_on = which != DONE and time.monotonic() < self.end and len(self.findings) < 50
        return self._start(worker.index, number + self.n_workers) if goes_on else None

    def _blame(self, attack: Attack | None, number: int, what: str) -> None:
        name = attack.name if attack else "preparing"
        self.findings.append({"attack": name, "number": number, "what": what})

    def _read_diary(self, path: Path) -> None:
        with path.open("rb") as file:
            file.seek(self._read.get(path, 0))
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read[path] = self._read.get(path, 0) + len(whole)
        for raw in whole.splitlines():
            line = json.loads(raw)
            if "finding" in line:
                self.findings.append(line["finding"])
            else:
                self.tallies[line["attack"]].add(line)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def told(error: BaseException) -> str:
    """Return an error in words: its kind, its message, and the last places that it came through."""
    places = [f"{Path(each.filename).name}:{each.lineno}" for each in traceback.extract_tb(error.__traceback__)[-5:]]
    return f"{type(error).__name__}: {one_line(error, 300)} ({' '.join(places)})"


def _in_child(work: Callable[[], None]) -> None:
    """Do the work and end this process, which is a copy of another: nothing of that one's may run here."""
    try:
        work()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def forked(work: Callable[[], None]) -> int:
    """Start a process that does the work; return its number."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _in_child(work)
    return pid


def waited(pid: int, seconds: float = 60.0) -> int:
    """Return the exit status of a forked process, minus the signal that killed it; Finding where it does not end."""
    end = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            _end(pid)
            raise Finding(f"did not end within {seconds:.0f} s")
        time.sleep(0.001)


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def largest_bytes() -> int:
    """Return the most memory that this process, or one that it waited for, has taken."""
    unit = 1 if sys.platform == "darwin" else 1024
    return max(peak_bytes(), unit * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * mmap.PAGESIZE
    except (OSError, IndexError):
        return 0
