"""Playgrounds: `inkgrad serve` in a process of its own, and visitors who ask it from an address."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from support.peak_memory import peak_bytes

from attack.swarm import Finding, forked, waited

RUDE, POLITE = ("127.0.0.2", 0), ("127.0.0.1", 0)  # addresses that they come from
ANSWER_SECONDS = 10.0  # that the polite visitor may wait at most
END_SECONDS = 10.0  # that a server may take to end; two are promised, on a machine of its own


def polite_signals() -> list[signal.Signals]:
    """Return the signals that ask a server to end; after nohup it rightly takes no notice of SIGHUP."""
    is_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGTERM, signal.SIGINT, *([] if is_ignored else [signal.SIGHUP])]


class Server:
    """`inkgrad serve` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        words = [sys.executable, "-m", "inkgrad", "serve", "--port", "0", "--no-browser"]
        self.said = (folder / "said.txt").open("w+")
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=self.said, text=True)
        assert self.process.stdout is not None
        found = re.search(r":(\d+) ", self.process.stdout.readline())
        if not found:
            raise Finding(f"the server did not start: {self.words()}")
        self.port = int(found[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()

    def words(self) -> str:
        """Return what it said on standard error."""
        self.said.seek(0)
        return self.said.read()

    def peak_bytes(self) -> int:
        """Return the most memory that it has taken."""
        return peak_bytes(self.process.pid)

    def n_threads(self) -> int:
        """Return how many threads it has."""
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def end(self, how: signal.Signals) -> float:
        """Ask it to end; return the seconds that it took."""
        start = time.monotonic()
        self.process.send_signal(how)
        try:
            self.process.wait(END_SECONDS)
            took = time.monotonic() - start
        except subprocess.TimeoutExpired:
            raise Finding(f"the server did not end within {END_SECONDS:.0f} s of {how.name}") from None
        finally:
            self.process.kill()
            self.process.wait()
        if any(word in self.words() for word in ("Traceback", "terminate called", "Cancel ")):
            raise Finding(f"the server said {self.words()[-300:]!r}")
        return took


class Caller:
    """A visitor who asks the server from an address."""

    def __init__(self, port: int, address: tuple[str, int]) -> None:
        self.port, self.address = port, address
        status, answer = self.ask("/api/visitors", b"{}")
        if status != 200:
            raise Finding(f"a visitor was refused: {status} {answer[:200]!r}")
        self.token = json.loads(answer)["token"]

    def ask(self, path: str, body: bytes = b"", seconds: float = 60.0) -> tuple[int, bytes]:
        """Send a request on a connection of its own; return the status and the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, seconds, source_address=self.address)
        try:
            connection.request("POST", path, body, {"x-visitor": getattr(self, "token", "")})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def think(self) -> float:
        """Ask what a drawing is; return the seconds that it took."""
        start = time.monotonic()
        try:
            status, answer = self.ask(
                "/api/think?network=cnn&width=28&height=28", bytes(700) + b"\xff" * 84, ANSWER_SECONDS
            )
        except OSError as error:
            raise Finding(f"the polite visitor had no answer: {error!r}") from None
        if status != 200:
            raise Finding(f"the polite visitor was refused: {status} {answer[:200]!r}")
        return time.monotonic() - start

    def think_for(self, seconds: float) -> list[float]:
        """Ask that again and again; return the seconds that each took."""
        found, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            found.append(self.think())
            time.sleep(0.02)  # more than 100 requests a second are too many, of anybody
        return found


def start_server(port: int = 0) -> tuple[int, int]:
    """Start a server in a copy of this process; return its process and its port."""
    read, write = os.pipe()

    def run() -> None:
        from inkgrad import web

        with suppress(KeyboardInterrupt):  # which the command line takes
            web.serve(port=port, ready=lambda address: os.write(write, address.rpartition(":")[2].encode() + b"\n"))

    pid = forked(run)
    os.close(write)
    with open(read) as said:
        line = said.readline()
    if not line:
        raise Finding(f"the server did not start on port {port}: it ended with {waited(pid)}")
    return pid, int(line)
