"""What a message of Ray costs: on one node, through shared memory, and between two nodes, through loopback."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from lab.planning.report.stepping import line

ROOT = Path(__file__).parents[3]
CLUSTER = ROOT / "scripts" / "cluster.py"
ROUNDS = {1: 300, 1_000: 300, 80_000: 100, 250_000: 60, 1_000_000: 30, 4_000_000: 12, 10_000_000: 8}  # of numbers
WARM_UP = 10  # rounds, until the object store's memory has been touched
STORED = 100_000  # bytes: what is larger goes through the object store, and gradients are


class Echo:
    """It sends back what it gets, as a vector of its own."""

    def ready(self) -> None:
        """Do nothing: who calls it waits for the process."""

    def back(self, vector: np.ndarray) -> np.ndarray:
        """Return what came."""
        return vector


def measure(echo: Any) -> dict[int, float]:
    """Return bytes -> seconds of a message: half of a call that sends a vector and gets one of the same size."""
    ray.get(echo.ready.remote())
    found = {}
    for size, n_rounds in ROUNDS.items():
        vector, seconds = np.ones(size, np.float32), []
        for _ in range(n_rounds + WARM_UP):
            start = time.perf_counter()
            ray.get(echo.back.remote(vector))
            seconds.append(time.perf_counter() - start)
        found[vector.nbytes] = float(np.median(seconds[WARM_UP:])) / 2
    return found


def fitted(found: dict[int, float]) -> dict[str, object]:
    """Return alpha and beta of messages through the object store, and by how much they miss the worst."""
    stored = {n_bytes: seconds for n_bytes, seconds in found.items() if n_bytes > STORED}
    alpha, beta = line(np.array(list(stored), float), np.array(list(stored.values())))
    worst = max(abs((alpha + beta * n_bytes) / seconds - 1) for n_bytes, seconds in stored.items())
    return {"alpha": alpha, "beta": beta, "seconds": found, "worst": worst}


def shared_memory() -> dict[str, object]:
    """Return what messages cost on one node."""
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        return fitted(measure(ray.remote(num_cpus=0)(Echo).remote()))
    finally:
        ray.shutdown()


def between_nodes() -> dict[str, object]:
    """Return the same between the head and a worker of the small cluster."""
    program = "import json, sys; from lab.planning.report import messages\n"
    program += "print(json.dumps(messages.from_the_head(sys.argv[1])))"
    with small_cluster() as (address, settings):
        command = [sys.executable, "-c", program, address]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | settings, cwd=ROOT, check=True)
    found = json.loads(done.stdout.strip().rpartition("\n")[2])
    return fitted({int(n_bytes): seconds for n_bytes, seconds in found.items()})


def from_the_head(address: str) -> dict[int, float]:
    """Return bytes -> seconds of a message from the head of a cluster to its node 127.0.0.3."""
    ray.init(address, log_to_driver=False, logging_level="ERROR")
    there = next(node["NodeID"] for node in ray.nodes() if node["NodeManagerAddress"] == "127.0.0.3")
    on_that_node = NodeAffinitySchedulingStrategy(there, soft=False)
    return measure(ray.remote(num_cpus=0, scheduling_strategy=on_that_node)(Echo).remote())


@contextmanager
def small_cluster() -> Iterator[tuple[str, dict[str, str]]]:
    """Start `make cluster`, yield its address and the settings of who may use it, and stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.2", 0))
        port = str(probe.getsockname()[1])
    try:
        started = subprocess.run(
            [sys.executable, CLUSTER, "start", "--port", port], capture_output=True, text=True, check=True
        )
        yield f"127.0.0.2:{port}", dict(re.findall(r"(RAY_AUTH\w+)=(\S+)", started.stdout))
    finally:
        subprocess.run([sys.executable, CLUSTER, "stop", "--port", port], capture_output=True, check=True)
