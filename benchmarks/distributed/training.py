"""Training on workers beside training in one process: the start, a step, memory, and what one sum costs.

    python benchmarks/distributed/training.py [--before PYTHON] [--rounds 3] [--seconds 10] [--json FILE] > training.md

Rounds are interleaved: each goes once through all ways, and each of them is a program of its own.  PYTHON is the
interpreter of another checkout, whose inkgrad, say an older one, is then measured in the same rounds.  A time of a step
is the median between rows of the log that come half a second apart or more, by the clock of who hears them, and the
start is what comes before: Ray, the workers, the data.  Shown are the median of the rounds, and their range.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from inkgrad.data import Dataset, Examples, mnist
from inkgrad.fast import Fast, limit_threads
from inkgrad.models import MODELS
from inkgrad.sessions.log_row import is_row_due, log_row
from inkgrad.training import Objective, Run, TrainingLoop

NETWORKS = "seed", "cnn-large"
N_SUMS = 100
SIZES = 79_510, 225_418, 10_000_000  # the numbers in theta of seed, of cnn-large, and of something large
LEAST_ROWS = 3
APART_S = 0.5  # workers send rows together, as often as this
HEAD = "", "a step: median (range of rounds)", "pictures a second", "speed", "start", "most memory of a process, MB"
KINDS = {  # of processes, by the names that Ray gives them: those of older versions, too
    "workers": r"ray::(Worker\.|_?RayTrainWorker)",
    "coordinator": r"ray::(Coordinator|TrainController)",
}


def data() -> Dataset:
    """Return MNIST with few test digits, so that looking at them takes no time."""
    digits = mnist()
    return Dataset(digits.train, Examples(digits.test.x[:100], digits.test.t[:100]), digits.labels)


def new_run(name: str, n_threads: int) -> Run:
    recipe = MODELS[name]
    optimizer = recipe.optimizer_for(1e-4, recipe.momentum, 10**6)
    objective = Objective(recipe.network(10), recipe.cost)
    return Run(objective, optimizer, recipe.batch_size, augmentation=recipe.augmentation, engine=Fast(n_threads))


def rows_here(run: Run, digits: Dataset) -> Iterator[list[dict]]:
    """Yield rows of a training in this process, as they come."""
    loop = TrainingLoop(run, digits.train, partial(log_row, run=run, test=digits.test), is_row_due)
    with limit_threads(run.engine.n_threads):
        yield from ([row] for row in loop.steps(10**6) if row)


def rows_of_workers(run: Run, digits: Dataset, n_workers: int) -> Iterator[list[dict]]:
    """Yield rows of a training on workers, as they come."""
    import ray

    from inkgrad.distributed.training import TrainingPool, train_together

    ray.init("local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    with closing(train_together(run, digits, 10**6, TrainingPool(n_workers))) as all_news:
        yield from (news.rows for news in all_news if news.rows)


def measure(name: str, n_workers: int, n_threads: int, seconds: float) -> dict:
    """Return seconds a step, seconds until the first, and the most megabytes; without workers of this process alone."""
    begin, run, digits = time.perf_counter(), new_run(name, n_threads), data()
    heard: list[tuple[float, int]] = []  # when, and of which step
    with closing(rows_of_workers(run, digits, n_workers) if n_workers else rows_here(run, digits)) as come:
        for *_, row in come:
            now = time.perf_counter()
            if not heard:
                start = now - begin - row["seconds"]
            if not heard or now - heard[-1][0] > APART_S:
                heard.append((now, row["step"]))
            if len(heard) >= LEAST_ROWS and now - heard[0][0] > seconds:
                memory = peaks()
                break
    times = [(later - now) / (b - a) for (now, a), (later, b) in pairwise(heard)]
    return {"step": statistics.median(times), "start": start, "memory": memory}


def peaks() -> dict[str, float]:
    """Return the most memory that each kind of this program's processes has had, in MB; shared memory is in it."""
    found: dict[str, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, status = (folder / "cmdline").read_text(), (folder / "status").read_text()
        except OSError:
            continue
        for kind, names in KINDS.items():
            if re.match(names, name) and descends(folder.name):
                found[kind] = max(found.get(kind, 0.0), peak(status))
    return found | {"the program": peak(Path("/proc/self/status").read_text())}


def peak(status: str) -> float:
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def descends(process: str) -> bool:
    while process not in ("0", "1"):
        if int(process) == os.getpid():
            return True
        try:
            process = (Path("/proc") / process / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            return False
    return False


def sums(n: int) -> dict[int, float]:
    """Return the seconds of a sum over n workers, by the size of their vectors."""
    import ray

    from inkgrad.distributed.training.allreduce import Ring

    class Member:  # in a function, so that it travels whole
        def __init__(self) -> None:
            self.ring = Ring(ray.util.get_node_ip_address())

        def address(self):
            return self.ring.address

        def join(self, rank: int, addresses: list) -> None:
            self.ring.join(rank, addresses)

        def seconds(self, size: int, times: int) -> float:
            vector, found = np.zeros(size, np.float32), []
            for _ in range(times):
                start = time.perf_counter()
                self.ring.sum(vector)
                found.append(time.perf_counter() - start)
            return statistics.median(found)

    ray.init("local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    members = [ray.remote(num_cpus=1)(Member).remote() for _ in range(n)]
    addresses = ray.get([member.address.remote() for member in members])
    ray.get([member.join.remote(rank, addresses) for rank, member in enumerate(members)])
    return {
        size: max(ray.get([member.seconds.remote(size, N_SUMS if size < 10**6 else 10) for member in members]))
        for size in SIZES
    }


def asked(python: str, *words: object) -> dict:
    """Return what this file says, called by an interpreter with these words."""
    command = [python, __file__, "--one", *map(str, words)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])


def shown(found: list[float]) -> str:
    from tables import time_text

    return f"{time_text(statistics.median(found))} ({time_text(min(found))} to {time_text(max(found))})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--before", metavar="PYTHON")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        what, *numbers = given.one
        n = [int(number) for number in numbers]
        print(json.dumps(sums(*n) if what == "sums" else measure(what, *n, given.seconds)))
        return
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from machine import report
    from tables import markdown, time_text

    ways = [("one process", 0, 1, sys.executable), ("one process", 0, 2, sys.executable)]
    for n in 1, 2:
        ways.append((f"{n} worker{'s' * (n > 1)}", n, 1, sys.executable))
        if given.before:
            ways.append((f"{n} worker{'s' * (n > 1)} before", n, 1, given.before))
    found: dict[str, dict[str, list[dict]]] = {name: defaultdict(list) for name in NETWORKS}
    talk: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    busy = []
    for _ in range(given.rounds):
        for network in NETWORKS:
            for way, n_workers, n_threads, python in ways:
                key = f"{way}, {n_threads} thread{'s' * (n_threads > 1)}" + " each" * (n_workers > 1)
                found[network][key].append(asked(python, network, n_workers, n_threads, "--seconds", given.seconds))
        for n in 2, 4:
            for size, seconds in asked(sys.executable, "sums", n).items():
                talk[f"{n} workers"][size].append(seconds)
        busy.append(round(os.getloadavg()[0], 1))
    print(f"## Training on workers\n\n{report()}\nLoad of the machine after each round: {busy}\n")
    for network in NETWORKS:
        size, batch = new_run(network, 1).theta.size, MODELS[network].batch_size
        print(f"### {network}: {size:,} parameters, batch {batch}\n")
        one = statistics.median(each["step"] for each in found[network]["one process, 1 thread"])
        rows = []
        for way, tries in found[network].items():
            step = statistics.median(each["step"] for each in tries)
            memory = ", ".join(f"{kind} {mb:.0f}" for kind, mb in tries[-1]["memory"].items())
            start = time_text(statistics.median(each["start"] for each in tries))
            steps = shown([each["step"] for each in tries])
            rows.append([way, steps, f"{batch / step:,.0f}", f"{one / step:.2f}", start, memory])
        print(markdown(HEAD, rows) + "\n")
    rows = [[way, *(shown(each) for each in times.values())] for way, times in talk.items()]
    print(markdown(["one sum of float32", *(f"{size:,} numbers" for size in SIZES)], rows))
    if given.json:  # as lab/planning/report reads it
        steps = {
            network: {
                way.partition(" ")[0]: statistics.median(each["step"] for each in tries)
                for way, tries in ways_found.items()
                if re.match(r"\d+ workers?,", way)
            }
            for network, ways_found in found.items()
        }
        given.json.write_text(json.dumps({"steps": steps}, indent=1))


if __name__ == "__main__":
    main()
