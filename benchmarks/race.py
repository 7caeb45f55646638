"""A race: each competitor in a warm process of its own, one run each in turn, medians at the end.

A competitor is a Python file that loads what it needs and then, for every line it is sent, does
its work once and prints the seconds it took.  In turn, because a busy neighbour then slows all
of them alike.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

COMPETITORS = Path(__file__).parent / "competitors"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def compete(work: Callable[[], object]) -> None:
    """Be a competitor: answer each line with the seconds that `work` takes."""
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        work()
        print(time.perf_counter() - start, flush=True)


def race(names: list[str], rounds: int, n_threads: int) -> dict[str, list[float]]:
    """Return the seconds of each run; a competitor that is not installed has none."""
    environment = os.environ | dict.fromkeys(THREADS, str(n_threads))
    running = {
        name: subprocess.Popen(
            [sys.executable, COMPETITORS / f"{name}.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment | {"PYTHONPATH": str(Path(__file__).parent)},
        )
        for name in names
    }
    seconds: dict[str, list[float]] = {name: [] for name in names}
    ready = [name for name, process in running.items() if process.stdout.readline().strip() == "ready"]
    for round_ in range(rounds + 1):  # the first is to warm up
        for name in ready:
            process = running[name]
            process.stdin.write("\n")
            process.stdin.flush()
            taken = float(process.stdout.readline())
            if round_ > 0:
                seconds[name].append(taken)
    for process in running.values():
        process.stdin.close()
        process.wait()
    return seconds


def table(seconds: dict[str, list[float]], ours: str) -> str:
    """Return a table in Markdown: median, fastest, slowest, and how many times as long as ours."""
    lines = ["| | median | fastest | slowest | times ours |", "|--|--|--|--|--|"]
    for name, runs in seconds.items():
        if not runs:
            lines.append(f"| {name} | not installed | | | |")
            continue
        ratio = median(runs) / median(seconds[ours])
        lines.append(f"| {name} | {median(runs):.3f} s | {min(runs):.3f} s | {max(runs):.3f} s | {ratio:.2f} |")
    return "\n".join(lines)
