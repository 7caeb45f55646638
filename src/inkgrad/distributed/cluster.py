"""connect(): a cluster of Ray that can do the work, or one clear line why not."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray

from inkgrad.errors import SettingError
from inkgrad.whole_numbers import shown_whole


@dataclass(frozen=True)
class Cluster:
    """Where the work is done: machines, called nodes by Ray, and the cores they have in sum."""

    n_nodes: int
    n_cores: int


@contextmanager
def connect(address: str | None = None, n_workers: int = 1, cores_each: int = 1) -> Iterator[Cluster]:
    """Connect to the head of a Ray cluster at `address`, "host:port"; without one, start Ray on this machine alone.

    A program that is connected already stays so; otherwise the connection, or the local Ray, ends with the block.

    Raises SettingError when nothing answers at the address, when the workers ask for more cores than there
    are, or when a node has another version of Python, NumPy or inkgrad.
    """
    if n_workers < 1:
        raise SettingError(f"work takes at least 1 worker, got n_workers={shown_whole(n_workers)}", setting="n_workers")
    ours = not ray.is_initialized()
    if ours:
        _start(address, n_workers * cores_each)
    try:
        cluster = Cluster(len(_alive()), int(ray.cluster_resources().get("CPU", 0)))
        _refuse_too_few(n_workers * cores_each, cluster.n_cores)
        _refuse_other_versions()
        yield cluster
    finally:
        if ours:
            ray.shutdown()


def _start(address: str | None, n_cores: int) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        _refuse_too_few(n_cores, here)
        ray.init("local", num_cpus=here, include_dashboard=False, **quiet)
        return
    _refuse_unreachable(address)  # Ray itself would try for minutes, and then end the program
    try:
        ray.init(address, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        first = str(error).partition("\n")[0]
        raise SettingError(
            f"no Ray cluster could be joined at {address}: {first} (one with a token needs RAY_AUTH_MODE=token)"
        ) from None


def _refuse_unreachable(address: str) -> None:
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isdecimal() and int(port) < 2**16):
        raise SettingError(f"the address of a Ray cluster is host:port, such as 10.0.0.1:6379, got {address!r}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()  # seconds
    except OSError as error:
        raise SettingError(
            f"nothing answers at {address}: {error.strerror or error}; start the head of the cluster with `ray start`, "
            "or leave the address out to work on this machine"
        ) from None


def _alive() -> list[str]:
    return [node["NodeID"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) > 0]


def _refuse_too_few(wanted: int, there: int) -> None:
    if wanted > there:
        raise SettingError(
            f"the workers ask for {wanted} cores, and there are {there}: ask for fewer workers or threads, or add nodes"
        )


def _refuse_other_versions() -> None:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def versions() -> dict[str, str]:  # a function in a function travels whole: a node need not have this file
        from importlib.metadata import PackageNotFoundError, version
        from platform import python_version_tuple

        found = {"Python": ".".join(python_version_tuple()[:2])}
        for package in "inkgrad", "numpy":
            try:
                found[package] = version(package)
            except PackageNotFoundError:
                found[package] = "missing"
        return found

    ask, here = ray.remote(num_cpus=0)(versions), versions()
    for node in _alive():
        there = NodeAffinitySchedulingStrategy(node, soft=False)
        try:
            found = ray.get(ask.options(scheduling_strategy=there).remote(), timeout=60)  # seconds
        except ray.exceptions.RayError as error:
            first = str(error).partition("\n")[0]
            raise SettingError(f"the node {node[:8]} of the Ray cluster does not answer: {first}") from None
        for name, wanted in here.items():
            if found[name] != wanted:
                raise SettingError(
                    f"on the node {node[:8]} of the Ray cluster {name} is {found[name]}, and here it is {wanted}: "
                    "install the same on all"
                )
