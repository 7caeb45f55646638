#!/usr/bin/env python3
"""A small Ray cluster on one machine: a head and two workers, each a node with an address and processes of its own.

    scripts/cluster.py start     start it, or what is missing of it
    scripts/cluster.py lose 2    kill the second worker at once, as a power cut would
    scripts/cluster.py stop

It is for trying what happens between machines without having them; `make cluster` calls it.
"""

from __future__ import annotations

import argparse
import errno
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

HOSTS = ("127.0.0.2", "127.0.0.3", "127.0.0.4")  # the head, worker 1, worker 2
NAMES = ("the head", "worker 1", "worker 2")
PATIENCE = 60  # seconds for a node to start
GRACE = 10  # seconds for a node to end by itself
STORE = 200_000_000  # bytes of each node's object store
SETTINGS = {
    "RAY_AUTH_MODE": "token",  # Ray listens on every address of the machine, not on loopback alone
    "RAY_health_check_period_ms": "1000",  # a lost node is noticed after some 3 seconds, not 15
    "RAY_health_check_failure_threshold": "3",
    "RAY_USAGE_STATS_ENABLED": "0",
}


class Refusal(Exception):
    """What cannot be done, in one line."""


class Node:
    """One node: the `ray start` that holds it, and the session of all its processes."""

    def __init__(self, folder: Path, number: int) -> None:
        self.name, self.host = NAMES[number], HOSTS[number]
        self.log, self.place = folder / f"node-{number}.log", folder / f"{number}"
        self.note = folder / f"node-{number}.pid"

    @property
    def session(self) -> int | None:
        """The number of the session, None where nothing of it runs."""
        if not self.note.exists():
            return None
        number = int(self.note.read_text())
        return number if any(str(self.place) in command for command in processes(number).values()) else None

    def start(self, arguments: list[str], settings: dict[str, str]) -> None:
        self.place.mkdir(exist_ok=True)
        command = [str(Path(sys.executable).parent / "ray"), "start", "--block", "--num-cpus=1"]
        command += [f"--node-ip-address={self.host}", f"--temp-dir={self.place}", f"--object-store-memory={STORE}"]
        command += ["--include-log-monitor=false", *arguments]
        with self.log.open("w") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=settings, start_new_session=True
            )
        self.note.write_text(str(process.pid))
        deadline = time.monotonic() + PATIENCE
        while "Ray runtime started" not in self.log.read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                last = self.log.read_text().strip().rpartition("\n")[2]
                self.stop()
                raise Refusal(f"{self.name} did not start: {last or 'it said nothing'}")
            time.sleep(0.1)

    def stop(self, at_once: bool = False) -> None:
        session = self.session
        if session is None:
            return
        if not at_once:
            os.kill(session, signal.SIGTERM)  # the leader, which then ends the others in order
            deadline = time.monotonic() + GRACE
            while processes(session) and time.monotonic() < deadline:
                time.sleep(0.1)
        while left := processes(session):
            for number in left:
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
            time.sleep(0.1)


def processes(session: int) -> dict[int, str]:
    """Return the processes of a session that still run, number -> command; Ray gives workers groups of their own."""
    listed = subprocess.run(["ps", "-A", "-ww", "-o", "pid=,stat=,args="], capture_output=True, text=True, check=True)
    rows = (line.split(None, 2) for line in listed.stdout.splitlines())
    alive = {int(row[0]): row[2] for row in rows if len(row) == 3 and not row[1].startswith("Z")}
    return {number: command for number, command in alive.items() if session_of(number) == session}


def session_of(process: int) -> int | None:
    """Return the session of a process, None where it has ended meanwhile."""
    with suppress(ProcessLookupError):
        return os.getsid(process)
    return None


def folder_of(port: int) -> Path:
    """Return where a cluster keeps its notes: short, as the paths of sockets may have 107 characters at most."""
    return Path("/tmp") / f"inkgrad-cluster-{os.getuid()}-{port}"


def start(port: int) -> None:
    """Start all nodes, or those that are missing, and say how to use them."""
    folder = folder_of(port)
    nodes = [Node(folder, number) for number in range(len(HOSTS))]
    running = [node.session is not None for node in nodes]
    if all(running):
        print(f"the cluster runs already at {HOSTS[0]}:{port}")
    else:
        if not running[0]:
            stop(port)
            refuse_what_cannot_be(port)
            make_private(folder)
            running = [False] * len(nodes)
        token = folder / "token"
        settings = os.environ | SETTINGS | {"RAY_AUTH_TOKEN_PATH": str(token)}
        head = ["--head", f"--port={port}", "--include-dashboard=false"]
        try:
            for number, node in enumerate(nodes):
                if not running[number]:
                    node.start([f"--address={HOSTS[0]}:{port}"] if number else head, settings)
                    print(f"{node.name} runs at {node.host}, session {node.session}")
        except BaseException:
            if not running[0]:  # half a cluster is of no use
                stop(port)
            raise
    tell(port)


def refuse_what_cannot_be(port: int) -> None:
    """Raise Refusal where Ray is missing, the port is taken, or loopback has one address only."""
    if not (Path(sys.executable).parent / "ray").exists():
        raise Refusal("there is no ray beside this Python: pip install 'inkgrad[ray]', or call `make cluster`")
    for host in HOSTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Ray: what only lingers is free
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise Refusal(
                        f"port {port} of {host} is taken by another program: name another, `make cluster PORT=6380`"
                    ) from None
                raise Refusal(
                    f"this system has no address {host} ({error.strerror}); on macOS: sudo ifconfig lo0 alias {host} up"
                ) from None


def make_private(folder: Path) -> None:
    """Make the folder, with the password of the cluster in it, for this user alone."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        raise Refusal(f"{folder} exists and is not ours: remove it, or name another port") from None
    (folder / "token").write_text(secrets.token_hex(32))


def stop(port: int) -> bool:
    """End all nodes, the head last, and forget them; return whether there was anything to end."""
    folder = folder_of(port)
    if not folder.is_dir() or folder.is_symlink() or folder.stat().st_uid != os.getuid():
        return False
    for number in reversed(range(len(HOSTS))):  # or the workers would look for their head
        Node(folder, number).stop()
    shutil.rmtree(folder)
    return True


def lose(port: int, number: int) -> None:
    """Kill a worker with all its processes."""
    node = Node(folder_of(port), number)
    if node.session is None:
        raise Refusal(f"{node.name} of the cluster at port {port} does not run")
    node.stop(at_once=True)
    print(f"{node.name} at {node.host} is gone; in some 3 seconds the others know, and `start` brings it back")


def tell(port: int) -> None:
    """Print where the cluster is, what to try on it, and how to end it."""
    address, suffix = f"{HOSTS[0]}:{port}", "" if port == 6379 else f" PORT={port}"
    option = "" if port == 6379 else f" --port {port}"
    print(f"""
Its address is {address}.  Every shell that is to use it says first who it is:

  export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH={folder_of(port)}/token

Then try

  .venv/bin/inkgrad train --workers 2 --ray {address}
  .venv/bin/inkgrad read --workers 2 --ray {address} --out results.parquet 'pictures/*.png'

Lose a node in the middle, and watch the work go on:  .venv/bin/python scripts/cluster.py lose 2{option}
Bring it back:                                        make cluster{suffix}
Stop all:                                             make cluster-stop{suffix}""")


def main() -> int:
    """Do what the command line says; return its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=6379, help="the port of the head (6379)")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in "start", "stop":
        commands.add_parser(name).add_argument("--port", type=int, default=argparse.SUPPRESS)
    losing = commands.add_parser("lose")
    losing.add_argument("worker", type=int, choices=range(1, len(HOSTS)))
    losing.add_argument("--port", type=int, default=argparse.SUPPRESS)
    given = parser.parse_args()
    try:
        if not 1024 <= given.port < 2**16:
            raise Refusal(f"a port is a number of 1024 to 65535, got {given.port}")
        if given.command == "start":
            start(given.port)
        elif given.command == "lose":
            lose(given.port, given.worker)
        else:
            print("the cluster is stopped" if stop(given.port) else f"no cluster of yours runs at port {given.port}")
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
