"""connect(): a cluster of Ray that can do the work, or one clear line why not."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import ray

from inkgrad.data.data_source import silent
from inkgrad.errors import SettingError
from inkgrad.interruption import interruptible
from inkgrad.whole_numbers import shown_whole

OWN_TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
"""For a Ray on this machine alone, where the user has none: Ray would keep a new one in the user's home.

One for the process, as Ray keeps the first that it reads.
"""

QUICK_REFUSAL = {"RAY_gcs_server_port_wait_time_s": "3"}
"""For how many seconds Ray tries again where a cluster answers, but not to us, as with a wrong token; else 20."""

Note = Callable[[str], None]
"""Is told, in words for the user, why work waits or begins again."""


class Cluster(NamedTuple):
    """Where the work is done: machines, called nodes by Ray, and the cores they have in sum."""

    n_nodes: int
    n_cores: int


@contextmanager
def connect(
    address: str | None = None, n_workers: int = 1, cores_each: int = 1, note: Note = silent
) -> Iterator[Cluster]:
    """Connect to the head of a Ray cluster at `address`, "host:port"; without one, start Ray on this machine alone.

    A program that is connected already stays so; otherwise the connection, or the local Ray with its files, ends with
    the block.  Where other work has cores of a cluster that the workers ask for, `note` is told.  While Ray starts,
    Ctrl-C and SIGTERM raise KeyboardInterrupt.

    Raises SettingError when nothing answers at the address, when Ray does not start here, when there are not cores
    for all workers, those of each on one machine, or when a node has another version of Python, NumPy or inkgrad.
    """
    if n_workers < 1:
        raise SettingError(f"work takes at least 1 worker, got n_workers={shown_whole(n_workers)}", setting="n_workers")
    ours = not ray.is_initialized()
    # What Ray names its sockets must be short, so its folder is not where $TMPDIR says.
    with TemporaryDirectory(prefix="inkgrad-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        try:
            if ours:
                with interruptible():
                    _start(address, n_workers, cores_each, folder)
            cluster = Cluster(len(_cores()), sum(_cores().values()))
            _refuse_too_many(n_workers, cores_each, n_places(cores_each))
            _refuse_other_versions()
            if address is not None or not ours:
                _note_busy(cluster, n_workers * cores_each, note)
            yield cluster
        finally:
            if ours:
                ray.shutdown()


def n_places(cores_each: int) -> int:
    """Return for how many workers there are cores in the cluster now, those of each on one node."""
    return sum(n // cores_each for n in _cores().values())


def _start(address: str | None, n_workers: int, cores_each: int, folder: str) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        _refuse_too_many(n_workers, cores_each, here // cores_each)
        try:
            has_token = "RAY_AUTH_TOKEN_PATH" in os.environ or (Path.home() / ".ray" / "auth_token").exists()
            with _environment({} if has_token else OWN_TOKEN):
                ray.init("local", num_cpus=here, include_dashboard=False, _temp_dir=folder, **quiet)
        except Exception as error:  # Ray raises nothing of its own
            first = str(error).partition("\n")[0].rstrip(".")
            raise SettingError(f"Ray does not start on this machine: {first}; where it is busy, try again") from None
        return
    _refuse_unreachable(address)  # Ray itself would try for minutes, and then end the program
    try:
        with _environment(QUICK_REFUSAL):
            ray.init(address, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        first = str(error).partition("\n")[0]
        raise SettingError(
            f"no Ray cluster could be joined at {address}: {first} (one with a token needs RAY_AUTH_MODE=token, "
            "and its own in RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH)"
        ) from None


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set variables of the environment, except those that the user has set."""
    ours = {name: value for name, value in variables.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def _note_busy(cluster: Cluster, wanted: int, note: Note) -> None:
    n_free = int(ray.available_resources().get("CPU", 0))
    if n_free < wanted:
        note(
            f"of the {cluster.n_cores} cores of the Ray cluster other work has {cluster.n_cores - n_free}, and "
            f"{wanted} are asked for: this uses what is free, and waits where nothing is"
        )


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


def _cores() -> dict[str, int]:
    """Return the cores of each node that is alive and has some."""
    nodes = {node["NodeID"]: int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]}
    return {node: n for node, n in nodes.items() if n}


def _refuse_too_many(n_workers: int, cores_each: int, places: int) -> None:
    if n_workers > places:
        raise SettingError(
            f"there are cores for {places} workers with {cores_each} each, and {n_workers} are asked for: "
            "ask for fewer workers or threads, or add nodes"
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
    for node in _cores():
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
