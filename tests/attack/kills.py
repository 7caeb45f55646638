"""Kills: SIGKILL at random moments of trainings, sweeps and readings, and at chosen ones of their writing."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from attack.swarm import Attack, Finding, forked, waited
from attack.tiny import TinySweep, TinyTraining
from inkgrad.sessions.saved_session import find_session

WRITING = {
    "open",
    "os.rename",
    "os.remove",
    "os.truncate",
    "os.mkdir",
    "os.rmdir",
    "fcntl.flock",
}  # events of sys.audit


TRIAL_ENDS, RUNNING = 6, 0  # as Optuna's journal has it


@dataclass
class WrittenEvents:
    """Counts what a process does to files of a folder, and does something itself at the n-th time."""

    folder: Path
    at: int
    act: Callable[[], object]
    n: int = 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in WRITING or not _is_inside(self.folder, event, arguments):
            return
        self.n += 1
        if self.n == self.at:
            self.act()


def _is_inside(folder: Path, event: str, arguments: tuple[Any, ...]) -> bool:
    if event == "open" and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
        return False
    return event == "fcntl.flock" or (isinstance(arguments[0], str | os.PathLike) and str(folder) in str(arguments[0]))


def die() -> None:
    """End this process as SIGKILL does."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Undisturbed:
    """What comes of work that nobody disturbs: its result, its files, how long it takes, how often it writes."""

    result: Any
    names: list[str]
    seconds: float
    n_events: int = field(default=0)


Work = TinyTraining | TinySweep


def undisturbed(work: Work, folder: Path) -> Undisturbed:
    """Do the work in processes of their own, once for its result and once to count what it writes."""
    start = time.monotonic()
    _must_end_well(forked(work.train))
    seconds = time.monotonic() - start
    found = Undisturbed(result_of(work), sorted(path.name for path in folder.iterdir()), seconds)
    clear(folder)
    counting = WrittenEvents(folder, -1, die)

    def count() -> None:
        sys.addaudithook(counting)
        work.train()
        (folder / "count").write_text(str(counting.n))

    _must_end_well(forked(count))
    found.n_events = int((folder / "count").read_text())
    clear(folder)
    return found


def _must_end_well(pid: int) -> None:
    if (status := waited(pid)) != 0:
        raise Finding(f"undisturbed work ended with {status}")


def clear(folder: Path) -> None:
    """Remove all but the data."""
    for path in folder.iterdir():
        if path.name != "data":
            path.unlink() if not path.is_dir() else [each.unlink() for each in path.iterdir()] and path.rmdir()


def result_of(work: Work) -> Any:
    """Return theta, bit for bit, and the rows of the log and the table, but for the seconds."""
    rows = whole_rows(work.paths.log)
    if isinstance(work, TinySweep):
        rows += csv.DictReader(work.paths.table.read_text().splitlines())
    return work.theta(), [without_seconds(row) for row in rows]


def without_seconds(row: Any) -> Any:
    """Return a row without what differs from one machine to another."""
    if isinstance(row, list):
        return [without_seconds(each) for each in row]
    return {k: without_seconds(v) for k, v in row.items() if k != "seconds"} if isinstance(row, dict) else row


def whole_rows(path: Path) -> list[Any]:
    """Return the lines of a file, each of which must be whole; the last one may be on its way."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def kill_once(rng: Random, work: Work, folder: Path, about: Undisturbed) -> bool:
    """Start the work and kill it, at a random moment or at one of its writings; return whether it was killed."""
    if rng.random() < 0.6:
        hook = WrittenEvents(folder, rng.randint(1, about.n_events), die)

        def until_hook() -> None:
            sys.addaudithook(hook)
            work.train()

        status = waited(forked(until_hook))
    else:
        moment = rng.uniform(0, about.seconds)
        pid = forked(work.train)
        time.sleep(moment)
        os.kill(pid, signal.SIGKILL)
        status = waited(pid)
    if status not in (0, -signal.SIGKILL):
        raise Finding(f"ended with {status}")
    return status != 0


def strike(rng: Random, state: tuple[Work, Path, Undisturbed]) -> Counter[str]:
    """Kill a training, or a sweep, again and again, let it end, and compare."""
    work, folder, about = state
    clear(folder)
    kept, counts = 0, Counter[str]()
    for _ in range(rng.randint(1, 12)):
        if not kill_once(rng, work, folder, about):
            break
        counts["kills"] += 1
        kept = trials_kept(work, kept) if isinstance(work, TinySweep) else epochs_kept(work, kept)
        if rng.random() < 0.2:
            _cut_last_line(rng, work.paths.log)
    _must_end_well(forked(work.train))
    if result_of(work) != about.result:
        raise Finding("what came of it is not what comes of it undisturbed")
    names = sorted(path.name for path in folder.iterdir())
    if names != about.names:
        raise Finding(f"it left {names} and not {about.names}")
    return counts + Counter(resumed=1)


def trials_kept(work: TinySweep, before: int) -> int:
    """Return how many trials have ended, as the journal says; Finding where it was more before."""
    trials = sum(row["op_code"] == TRIAL_ENDS and row["state"] != RUNNING for row in whole_rows(work.paths.journal))
    if trials < before:
        raise Finding(f"{trials} trials are in the journal; before it were {before}")
    return trials


def epochs_kept(work: TinyTraining, before: int) -> int:
    """Return the epochs that are saved; Finding where more than what came since the last checkpoint is lost."""
    saved = find_session(work.paths)
    if work.paths.checkpoint.exists() and saved is None:
        raise Finding("the checkpoint cannot be read")
    epochs = saved.epochs_done if saved else 0
    logged = max((int(row["epoch"]) for row in whole_rows(work.paths.log)), default=0)
    if epochs < max(before, logged - 1):
        raise Finding(f"{epochs} epochs are saved; before it were {before}, and {logged} in the log")
    if work.paths.model.exists():
        work.theta()
    return epochs


def _cut_last_line(rng: Random, path: Path) -> None:
    """Cut a line that was being written, as a machine that loses its power may."""
    if path.exists() and (raw := path.read_bytes()):
        path.write_bytes(raw[: len(raw) - rng.randint(0, min(40, len(raw)))])


def _prepared(make: Callable[[Path], Work]) -> Callable[[Path], tuple[Work, Path, Undisturbed]]:
    def prepare(folder: Path) -> tuple[Work, Path, Undisturbed]:
        work = make(folder)
        return work, folder, undisturbed(work, folder)

    return prepare


# Readings


def prepare_reading(folder: Path) -> tuple[Path, bytes, float]:
    """Make a picture, and what comes of it undisturbed."""
    from attack.broken_pictures import pictures

    (folder / "page.png").write_bytes(pictures()[1][1])
    start = time.monotonic()
    _must_end_well(forked(lambda: read_boxes(folder)))
    return folder, (folder / "boxes.png").read_bytes(), time.monotonic() - start


def read_boxes(folder: Path) -> None:
    """Do as `inkgrad read` does with --boxes."""
    from inkgrad.cli import main

    with open(os.devnull, "w") as nowhere:
        sys.stdout = sys.stderr = nowhere
        sys.argv = ["inkgrad", "read", str(folder / "page.png"), "--boxes", str(folder / "boxes.png"), "--workers", "1"]
        try:
            main()
        except SystemExit as end:
            os._exit(int(end.code or 0))


def strike_reading(rng: Random, state: tuple[Path, bytes, float]) -> Counter[str]:
    """Kill a reading; what it draws must be whole, or not there."""
    folder, wanted, seconds = state
    boxes = folder / "boxes.png"
    boxes.unlink(missing_ok=True)
    for _ in range(4):
        hook = WrittenEvents(folder, rng.randint(1, 3), die)

        def until_hook(hook: WrittenEvents = hook) -> None:
            sys.addaudithook(hook)
            read_boxes(folder)

        pid = forked(until_hook if rng.random() < 0.5 else lambda: read_boxes(folder))
        time.sleep(rng.uniform(0, seconds))
        os.kill(pid, signal.SIGKILL)
        waited(pid)
        if boxes.exists() and boxes.read_bytes() != wanted:
            raise Finding("the picture with boxes is not whole")
    _must_end_well(forked(lambda: read_boxes(folder)))
    if boxes.read_bytes() != wanted or len(names := os.listdir(folder)) != 2:
        raise Finding(f"it left {names}")
    return Counter(kills=4, resumed=1)


def prepare_bulk(folder: Path) -> tuple[Path, bytes, float]:
    """Make a folder of pictures, and the answers that come undisturbed."""
    from attack.broken_pictures import pictures

    (folder / "pages").mkdir()
    for number in range(40):
        (folder / "pages" / f"{number:02}.png").write_bytes(pictures()[1][1])
    start = time.monotonic()
    _read_bulk(folder).wait(timeout=300)
    return folder, (folder / "out.csv").read_bytes(), time.monotonic() - start


BULK = """
import sys
from inkgrad.bulk import read_to_file
read_to_file("pages", "out.csv", n_workers=1, part_size=5, **dict.fromkeys(sys.argv[1:], True))
"""


def _read_bulk(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", BULK, *words]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def strike_bulk(rng: Random, state: tuple[Path, bytes, float]) -> Counter[str]:
    """Kill a reading of many pictures, which does as `inkgrad read --out` but in small parts; go on, and compare."""
    folder, wanted, seconds = state
    reading, kept, most = _read_bulk(folder, "anew"), 0, 0
    for _ in range(3):
        time.sleep(rng.uniform(0.3, 1) * seconds)
        os.killpg(reading.pid, signal.SIGKILL)
        reading.communicate()
        is_begun = (folder / "out.csv.parts" / "manifest.json").exists()  # else it had ended, or not begun
        kept = parts_kept(folder, kept) if is_begun else 0
        most = max(most, kept)
        reading = _read_bulk(folder, "resume" if is_begun else "anew")
    said = reading.communicate(timeout=300)[1].decode()
    if reading.returncode or (folder / "out.csv").read_bytes() != wanted:
        raise Finding(f"ended with {reading.returncode} and said {said[-300:]!r}")
    return Counter({"kills": 3, "resumed": 1, "most parts kept": most})


def parts_kept(folder: Path, before: int) -> int:
    """Return how many parts of a reading are done; Finding where it was more before."""
    parts = len(list((folder / "out.csv.parts").glob("part-*.jsonl")))
    if parts < before:
        raise Finding(f"{parts} parts are done; before it were {before}")
    return parts


def attacks() -> list[Attack]:
    """Return the attacks that kill."""
    found = [
        Attack("kill-train", _prepared(TinyTraining.make), strike, seconds=120, share=5),
        Attack("kill-sweep", _prepared(TinySweep.make), strike, seconds=120, share=2),
        Attack("kill-read", prepare_reading, strike_reading, seconds=120),
    ]
    return [*found, Attack("kill-bulk", prepare_bulk, strike_bulk, seconds=600, every=8)]
