"""Reading 20,000 generated pictures on workers of Ray, of which some are killed on the way.

    python benchmarks/distributed/reading.py [--before PYTHON] [--rounds 1] [--kill 2] [--ray] > reading.md

reads them with one process, with processes of this machine, and with workers of Ray, undisturbed and then with so many
of them killed by SIGKILL, and compares the two files of answers byte for byte.  Rounds are interleaved, and each way is
a program of its own; with --ray those without Ray are left out.  PYTHON is the interpreter of another checkout, whose
inkgrad, say an older one, is then measured in the same rounds.
"""

import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

from inkgrad.data import mnist


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=20_000, help="pictures")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill", type=int, default=2, help="workers that are killed, at even distances")
    parser.add_argument("--before", metavar="PYTHON")
    parser.add_argument("--ray", action="store_true", help="only what Ray's workers read")
    parser.add_argument("--one", nargs=2, metavar=("WAY", "OUT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(*given.one, given)))
        return
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from machine import report
    from tables import markdown

    n = given.workers
    ways = (
        {} if given.ray else {"one process": ("one", sys.executable), f"{n} processes": ("processes", sys.executable)}
    )
    ways |= {f"{n} workers of Ray": ("ray", sys.executable)}
    ways |= {f"{n} workers before": ("ray", given.before)} if given.before else {}
    ways |= {f"{n} workers of Ray, {given.kill} killed": ("killed", sys.executable)}
    found: dict[str, list[dict]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pictures(folder / "scans", given.n)
        for number in range(given.rounds):
            for way, (how, python) in ways.items():
                out = folder / f"{number}-{len(found)}-{how}.parquet"
                words = ["--one", how, out, "--n", given.n, "--workers", n, "--kill", given.kill]
                found[way].append(asked(python, *words))
                found[way][-1]["out"] = out
            whole, killed = (found[f"{n} workers of Ray{how}"][-1]["out"] for how in ("", f", {given.kill} killed"))
            about = compare(whole, killed, given.n)
    print(f"## Reading\n\n{report()} Load at the end: {os.getloadavg()[0]:.1f}\n")
    rows = []
    for way, tries in found.items():
        seconds, first, memory = (statistics.median(each[key] for each in tries) for key in ("all", "first", "memory"))
        spread = f"{min(each['all'] for each in tries):.1f} to {max(each['all'] for each in tries):.1f}"
        rows.append(
            [way, f"{seconds:.1f} s ({spread})", f"{given.n / seconds:.0f}", f"{first:.1f} s", f"{memory:.0f} MB"]
        )
    head = [
        f"{given.n:,} pictures",
        "all: median (range)",
        "pictures a second",
        "first answers after",
        "the program's memory",
    ]
    print(f"{markdown(head, rows)}\n\n{about}")


def asked(python: str, *words: object) -> dict:
    """Return what this file says, called by an interpreter with these words."""
    done = subprocess.run([python, __file__, *map(str, words)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(how: str, out: str, given: argparse.Namespace) -> dict:
    """Return the seconds until the first answers and until all are in the file, and the most megabytes."""
    begin, scans = time.perf_counter(), Path(out).with_name("scans")
    killer = Killer([round(given.n * (k + 1) / (given.kill + 2)) for k in range(given.kill * (how == "killed"))])
    firsts: list[float] = []

    def show(tally) -> None:
        if tally.n_done and not firsts:
            firsts.append(time.perf_counter() - begin)
        killer(tally)

    if how in ("ray", "killed"):
        from inkgrad.distributed import read_dataset

        read_dataset(scans, out, n_workers=given.workers, show=show)
    else:
        from inkgrad.bulk import read_to_file

        read_to_file(scans, out, n_workers=1 if how == "one" else given.workers, show=show)
    assert not killer.moments, "the workers were too quick to be killed"
    return {"all": time.perf_counter() - begin, "first": firsts[0], "memory": most_memory()}


def write_pictures(folder: Path, n: int) -> None:
    digits, rng = mnist().test, np.random.default_rng(0)
    folder.mkdir()
    for number in range(n):
        images = digits.x[rng.integers(0, len(digits), rng.integers(1, 6)), :, :, 0]
        path = folder / f"{number:06}.png"
        Image.fromarray(255 - np.concatenate(list(images), axis=1)).save(path, compress_level=1)


class Killer:
    """Kills a worker when so many pictures are done."""

    def __init__(self, moments: list[int]) -> None:
        self.moments, self.killed = moments, []

    def __call__(self, tally) -> None:
        if self.moments and tally.n_done >= self.moments[0]:
            alive = [pid for pid in workers() if pid not in self.killed]
            if alive:
                os.kill(alive[0], signal.SIGKILL)
                self.killed.append(alive[0])
                del self.moments[0]


def workers() -> list[int]:
    """Return the processes that read for this one."""
    parents, reading = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if b"(ReadParts)" in (folder / "cmdline").read_bytes():
                reading.append(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return [pid for pid in sorted(reading) if parents.get(parents.get(pid, 0)) == os.getpid()]


def compare(plain: Path, killed: Path, n: int) -> str:
    from pyarrow import parquet

    rows = parquet.read_table(killed).to_pylist()
    beside = killed.with_suffix(".errors.parquet")
    rest = parquet.read_table(beside).to_pylist() if beside.exists() else []
    assert sorted(row["index"] for row in rows + rest) == list(range(n)), "a picture is missing, or twice"
    assert plain.read_bytes() == killed.read_bytes(), "the files differ"
    return f"{len(rows):,} answers and {len(rest):,} without, each picture once; with workers killed the same file."


def most_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
