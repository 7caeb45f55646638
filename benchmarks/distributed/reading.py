"""Reading 20,000 generated pictures on workers of Ray, of which some are killed on the way.

    python benchmarks/distributed/reading.py --kill 2

reads them undisturbed and then with so many workers killed by SIGKILL, and compares the two files of answers byte for
byte.  --against also reads them with Reader.read_many, for comparison.
"""

import argparse
import os
import resource
import signal
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from inkgrad.data import mnist
from inkgrad.distributed import Tally, read_dataset
from inkgrad.reader import Reader


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=20_000, help="pictures")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill", type=int, default=2, help="workers that are killed, at even distances")
    parser.add_argument("--against", action="store_true", help="also with Reader.read_many")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.perf_counter()
        write_pictures(folder / "scans", asked.n)
        print(f"{asked.n:,} pictures of 1 to 5 digits made in {time.perf_counter() - start:.1f} s", flush=True)
        plain, killed = folder / "plain.parquet", folder / "killed.parquet"
        measured("undisturbed", asked.n, lambda: read_dataset(folder / "scans", plain, n_workers=asked.workers))
        killer = Killer([round(asked.n * (k + 1) / (asked.kill + 2)) for k in range(asked.kill)])
        measured(
            f"{asked.kill} workers killed",
            asked.n,
            lambda: read_dataset(folder / "scans", killed, n_workers=asked.workers, show=killer),
        )
        compare(plain, killed, asked.n)
        print(f"killed {len(killer.killed)} workers; the driver's largest memory: {most_memory():.0f} MB")
        if asked.against:
            paths = sorted(map(str, (folder / "scans").iterdir()))
            measured("read_many", asked.n, lambda: list(Reader().read_many(paths, workers=asked.workers)))


def write_pictures(folder: Path, n: int) -> None:
    digits, rng = mnist().test, np.random.default_rng(0)
    folder.mkdir()
    for number in range(n):
        images = digits.x[rng.integers(0, len(digits), rng.integers(1, 6)), :, :, 0]
        path = folder / f"{number:06}.png"
        Image.fromarray(255 - np.concatenate(list(images), axis=1)).save(path, compress_level=1)


def measured(name: str, n: int, work) -> None:
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    print(f"{name}: {seconds:.1f} s with all starts, {n / seconds:.0f} pictures a second", flush=True)


class Killer:
    """Kills a worker when so many pictures are done."""

    def __init__(self, moments: list[int]) -> None:
        self.moments, self.killed = moments, []

    def __call__(self, tally: Tally) -> None:
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


def compare(plain: Path, killed: Path, n: int) -> None:
    from pyarrow import parquet

    rows = parquet.read_table(killed).to_pylist()
    beside = killed.with_name("killed.errors.parquet")
    rest = parquet.read_table(beside).to_pylist() if beside.exists() else []
    assert sorted(row["index"] for row in rows + rest) == list(range(n)), "a picture is missing, or twice"
    same = plain.read_bytes() == killed.read_bytes()
    print(f"{len(rows):,} answers and {len(rest):,} without: each picture once; the files are the same: {same}")
    assert same


def most_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
