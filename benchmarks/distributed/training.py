"""Training on workers beside the plain loop: a step, the start, memory, and what the workers' talk costs.

    python benchmarks/distributed/training.py [--rounds 3] [--seconds 5] [--json FILE] >> RESULTS.md

Rounds are interleaved: each goes once through all ways.  A time of a step is the median over a round's looks
at how far the training is, several a second; what is shown is the median of the rounds, and their range.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import ray

sys.path.insert(0, str(Path(__file__).parents[1]))
from machine import report
from tables import markdown, time_text

from inkgrad.data import Dataset, Examples, mnist
from inkgrad.distributed.training import TrainingPool, train_together
from inkgrad.distributed.training.allreduce import Address, Ring
from inkgrad.fast import Fast, limit_threads
from inkgrad.models import MODELS
from inkgrad.training import Objective, Run

NETWORKS = "seed", "cnn-large"
POOLS = TrainingPool(1), TrainingPool(2), TrainingPool(4)
N_SUMS = 100
SIZES = 79_510, 225_418, 10_000_000  # the numbers in theta of seed, of cnn-large, and of something large


def data() -> Dataset:
    """Return MNIST with few test digits, so that looking at them takes no time."""
    digits = mnist()
    return Dataset(digits.train, Examples(digits.test.x[:100], digits.test.t[:100]), digits.labels)


def new_run(name: str, n_threads: int) -> Run:
    recipe = MODELS[name]
    optimizer = recipe.optimizer_for(1e-4, recipe.momentum, 10**6)
    objective = Objective(recipe.network(10), recipe.cost)
    return Run(objective, optimizer, recipe.batch_size, augmentation=recipe.augmentation, engine=Fast(n_threads))


def plain_step(name: str, n_threads: int, digits: Dataset, seconds: float) -> float:
    """Return the median time of a step of the plain loop, by looks as often as at the workers."""
    run, looks = new_run(name, n_threads), []
    with limit_threads(n_threads):
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for _ in run.steps(digits.train):
                now = time.perf_counter()
                if not looks or now - looks[-1][0] > 0.1:
                    looks.append((now, run.epoch * run.steps_in_epoch(digits.train) + run.step))
                if now > end:
                    break
    return slope(looks)


def slope(looks: list[tuple[float, int]]) -> float:
    """Return the median time a step between looks (time, steps)."""
    return statistics.median((b - a) / (n - m) for (a, m), (b, n) in pairwise(looks))


def pool_step(name: str, pool: TrainingPool, digits: Dataset, seconds: float) -> tuple[float, float, dict[str, float]]:
    """Return the median time of a step on workers, the seconds until the first, and megabytes by process."""
    run, begin = new_run(name, 1), time.perf_counter()
    looks: list[tuple[float, int]] = []
    memory: dict[str, float] = {}

    def stop() -> bool:
        return bool(looks) and looks[-1][0] - looks[0][0] > seconds

    with closing(train_together(run, digits, 10**6, pool, stop)) as all_news:
        for news in all_news:
            if news.steps and (not looks or news.steps > looks[-1][1]):
                looks.append((time.perf_counter(), news.steps))
                memory = memory or peaks()
    return slope(looks), looks[0][0] - begin, memory


def peaks() -> dict[str, float]:
    """Return the most memory that each kind of this program's processes has had, in MB; shared memory is in it."""
    found: dict[str, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, status = (folder / "cmdline").read_text(), (folder / "status").read_text()
        except OSError:
            continue
        for kind in "RayTrainWorker", "TrainController", "Coordinator":
            if name.startswith("ray::") and kind in name and descends(folder.name):
                peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
                found[kind] = max(found.get(kind, 0.0), peak)
    status = Path("/proc/self/status").read_text()
    return found | {"driver": int(status.partition("VmHWM:")[2].split()[0]) / 1024}


def descends(process: str) -> bool:
    while process not in ("0", "1"):
        if int(process) == os.getpid():
            return True
        try:
            process = (Path("/proc") / process / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            return False
    return False


@contextmanager
def summing(n: int) -> Iterator[list]:
    """Yield n actors that are a ring."""
    members = [ray.remote(num_cpus=1)(Member).remote() for _ in range(n)]
    addresses = ray.get([member.address.remote() for member in members])
    ray.get([member.join.remote(rank, addresses) for rank, member in enumerate(members)])
    yield members
    for member in members:
        ray.kill(member)


class Member:
    def __init__(self) -> None:
        self.ring = Ring(ray.util.get_node_ip_address())

    def address(self) -> Address:
        return self.ring.address

    def join(self, rank: int, addresses: list[Address]) -> None:
        self.ring.join(rank, addresses)

    def seconds(self, size: int, times: int) -> float:
        vector, found = np.zeros(size, np.float32), []
        for _ in range(times):
            start = time.perf_counter()
            self.ring.sum(vector)
            found.append(time.perf_counter() - start)
        return statistics.median(found)


def sums(n: int) -> dict[int, float]:
    with summing(n) as members:
        return {
            size: max(ray.get([member.seconds.remote(size, N_SUMS if size < 10**6 else 10) for member in members]))
            for size in SIZES
        }


def name_of(pool: TrainingPool) -> str:
    return f"{pool.n_workers} worker{'s' * (pool.n_workers > 1)} of 1 thread"


def shown(found: list[float]) -> str:
    return f"{time_text(statistics.median(found))} ({time_text(min(found))} to {time_text(max(found))})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    begin = time.perf_counter()
    ray.init("local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    joining = time.perf_counter() - begin
    digits = data()
    steps: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in NETWORKS}
    starts: list[float] = []
    memory: dict[str, float] = {}
    talk: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    busy = []
    for _ in range(given.rounds):
        for network in NETWORKS:
            for n_threads in 1, 2:
                key = f"plain loop, {n_threads} thread{'s' * (n_threads > 1)}"
                steps[network][key].append(plain_step(network, n_threads, digits, given.seconds))
            for pool in POOLS:
                step, start, found = pool_step(network, pool, digits, given.seconds)
                steps[network][name_of(pool)].append(step)
                starts.append(start)
                memory = {kind: max(found.get(kind, 0), memory.get(kind, 0)) for kind in found | memory}
        for n in 2, 4:
            for size, seconds in sums(n).items():
                talk[f"{n} workers"][size].append(seconds)
        busy.append(os.getloadavg()[0])
    ray.shutdown()
    print(f"## Training on workers\n\n{report()}\nLoad of the machine after each round: {busy}\n")
    for network in NETWORKS:
        plain = statistics.median(steps[network]["plain loop, 1 thread"])
        rows = [[way, shown(found), f"{plain / statistics.median(found):.2f}"] for way, found in steps[network].items()]
        size = new_run(network, 1).theta.size
        print(f"### {network}: {size:,} parameters, batch {MODELS[network].batch_size}\n")
        print(markdown(["", "a step: median (range of rounds)", "speed beside the plain loop"], rows) + "\n")
    two, one = steps["cnn-large"]["2 workers of 1 thread"], steps["cnn-large"]["plain loop, 2 threads"]
    ratios = [b / a for a, b in zip(two, one, strict=True)]
    print(
        f"Efficiency on 2 cores, cnn-large: 2 workers of 1 thread have {statistics.median(ratios):.2f} of the speed of "
        f"one process with 2 threads ({min(ratios):.2f} to {max(ratios):.2f})\n"
    )
    rows = [[way, *(shown(each) for each in found.values())] for way, found in talk.items()]
    print(markdown(["one sum of float32", *(f"{size:,} numbers" for size in SIZES)], rows) + "\n")
    print(f"Start: Ray here {joining:.1f} s; from then to the first steps {shown(starts)}\n")
    print("Most memory of one process: " + ", ".join(f"{kind} {mb:.0f} MB" for kind, mb in memory.items()))
    if given.json:
        found = {"steps": steps, "sums": talk, "starts": starts, "memory": memory, "joining": joining, "load": busy}
        sizes = {network: int(new_run(network, 1).theta.size) for network in NETWORKS}
        bytes_ = {network: 4 * (size + 2) for network, size in sizes.items()}
        given.json.write_text(json.dumps(found | {"parameters": sizes, "bytes_a_step_and_worker": bytes_}, indent=1))


if __name__ == "__main__":
    main()
