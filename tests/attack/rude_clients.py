"""Rude clients: half-open, slow and greedy ones against a real server, while another visitor is still answered."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from attack.broken_files import small_model
from attack.swarm import MEMORY_BYTES, Attack, Finding, forked, waited

RUDE, POLITE = ("127.0.0.2", 0), ("127.0.0.1", 0)  # addresses that they come from
FLOOD_SECONDS = 8.0
ANSWER_SECONDS = 10.0  # that the polite visitor may wait at most
END_SECONDS = 10.0  # that a server may take to end; two are promised, on a machine of its own
HEAD = "Host: localhost\r\nContent-Length: 1000000\r\n"


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

    def words(self) -> str:
        """Return what it said on standard error."""
        self.said.seek(0)
        return self.said.read()

    def peak_bytes(self) -> int:
        """Return the most memory that it has taken."""
        about = Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(about.partition("VmHWM:")[2].split()[0])

    def end(self, how: signal.Signals) -> float:
        """Ask it to end; return the seconds that it took."""
        start = time.monotonic()
        self.process.send_signal(how)
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            raise Finding(f"the server did not end within {END_SECONDS:.0f} s of {how.name}") from None
        finally:
            self.process.kill()
            self.process.wait()
        if "Traceback" in self.words() or "terminate called" in self.words():
            raise Finding(f"the server said {self.words()[-300:]!r}")
        return time.monotonic() - start


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


@cache
def greedy_requests() -> list[tuple[str, bytes]]:
    """Return what is dear to answer."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (1200, 1200, 4)).astype(np.uint8))
    picture, drawing = io.BytesIO(), bytes(700) + b"\xff" * 84
    noise.save(picture, "PNG")
    return [
        *[("/api/read", picture.getvalue())] * 60,
        *[("/api/experiment", b'{"lesson": "diagonal-softmax"}')] * 20,
        *[("/api/model", bytes(5_000_000))] * 30,
        *[("/api/correct?network=cnn&width=28&height=28&label=5", drawing)] * 60,
        *[("/api/check", b'{"which": "digits"}')] * 20,
    ]


def flood(rng: Random, caller: Caller, sockets: list[socket.socket], counts: Counter[str]) -> list[threading.Thread]:
    """Start to ask all at once, and to open connections that never say all; return the threads."""

    def ask(path: str, body: bytes) -> None:
        with suppress(OSError, http.client.HTTPException):  # it may well be thrown out
            counts[f"status {caller.ask(path, body)[0]}"] += 1

    def half_open(kind: int) -> None:
        with suppress(OSError):
            one = socket.create_connection(("127.0.0.1", caller.port), 10, caller.address)
            sockets.append(one)
            begun = [
                "",
                "POST /api/read HT",
                f"POST /api/read HTTP/1.1\r\n{HEAD}",
                f"POST /api/read HTTP/1.1\r\n{HEAD}x-visitor: {caller.token}\r\n\r\nx",
            ]
            one.sendall(begun[kind].encode())
            counts["half-open"] += 1

    requests = list(greedy_requests())
    rng.shuffle(requests)
    threads = [threading.Thread(target=ask, args=each, daemon=True) for each in requests]
    threads += [threading.Thread(target=half_open, args=(k % 4,), daemon=True) for k in range(80)]
    for thread in threads:
        thread.start()
    return threads


def strike_flood(rng: Random, folder: Path) -> Counter[str]:
    """Flood a server; the polite visitor is answered, the memory stays small, the end is quick."""
    server, counts, sockets = Server(folder), Counter[str](), list[socket.socket]()
    try:
        polite, rude = Caller(server.port, POLITE), Caller(server.port, RUDE)
        calm = sorted(polite.think() for _ in range(20))
        threads = flood(rng, rude, sockets, counts)
        busy, end = [], time.monotonic() + FLOOD_SECONDS
        while time.monotonic() < end:
            busy.append(polite.think())
            time.sleep(0.02)  # more than 100 requests a second are too many, of anybody
        if (peak := server.peak_bytes()) > MEMORY_BYTES:
            raise Finding(f"the server took {peak / 1e6:.0f} MB")
        took = server.end(rng.choice(polite_signals()))
        for thread in threads:
            thread.join(30)
    finally:
        server.process.kill()
        server.process.wait()
        for each in sockets:
            each.close()
    worst = {"ms to end": took, "ms calm": calm[-1], "ms flooded": max(busy)}
    counts.update({f"most {name}": round(1000 * seconds) for name, seconds in worst.items()})
    return counts + Counter({"floods": 1, "answers": len(busy), "most MB": peak // 10**6})


def strike_half_open(rng: Random, folder: Path) -> Counter[str]:
    """Leave 200 connections half open; the server closes them, and nobody is locked out."""
    server, counts, sockets = Server(folder), Counter[str](), list[socket.socket]()
    try:
        polite, rude = Caller(server.port, POLITE), Caller(server.port, RUDE)
        for kind in range(200):
            with suppress(OSError):
                one = socket.create_connection(("127.0.0.1", server.port), 10, RUDE)
                one.sendall(["", "POST /api/re", f"POST /api/read HTTP/1.1\r\n{HEAD}"][kind % 3].encode())
                sockets.append(one)
        end = time.monotonic() + 30
        is_open = [True]
        while any(is_open) and time.monotonic() < end:
            polite.think()
            is_open = [not _is_closed(each) for each in sockets]
            time.sleep(0.2)
        if any(is_open):
            raise Finding(f"{sum(is_open)} of 200 half-open connections were kept for 30 s")
        took = server.end(signal.SIGTERM)
        del rude
    finally:
        server.process.kill()
        server.process.wait()
        for each in sockets:
            each.close()
    return counts + Counter({"half-open": 200, "most ms to end": round(1000 * took)})


def _is_closed(one: socket.socket) -> bool:
    one.settimeout(0.001)
    try:
        while one.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


# Kills


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


def strike_kill(rng: Random, state: Any) -> Counter[str]:
    """Kill a server that works, start it again on its port at once, and end it politely."""
    pid, port = start_server()
    _make_busy(rng, port, state)
    time.sleep(rng.uniform(0, 0.3))
    os.kill(pid, signal.SIGKILL)
    waited(pid)
    pid, port = start_server(port)
    try:
        _make_busy(rng, port, state)
        time.sleep(rng.uniform(0, 0.3))
    finally:
        start = time.monotonic()
        os.kill(pid, rng.choice(polite_signals()))
        status = waited(pid, END_SECONDS)
    if status not in (0, -signal.SIGTERM):
        raise Finding(f"the server ended with {status}")
    return Counter({"kills": 1, "resumed": 1, "most ms to end": round(1000 * (time.monotonic() - start))})


def _make_busy(rng: Random, port: int, model: bytes) -> None:
    caller = Caller(port, POLITE)
    caller.think()
    for path, body in rng.sample([*greedy_requests(), ("/api/model", model)], 3):
        threading.Thread(target=_ask_quietly, args=(caller, path, body), daemon=True).start()


def _ask_quietly(caller: Caller, path: str, body: bytes) -> None:
    with suppress(OSError, http.client.HTTPException):
        caller.ask(path, body)


def prepare_kill(folder: Path) -> bytes:
    """Return a model file, which is sent."""
    path = folder / "model.safetensors"
    small_model().save(path)
    return path.read_bytes()


def attacks() -> list[Attack]:
    """Return the attacks on a real server, where its packages are installed."""
    if find_spec("starlette") is None:
        return []
    return [
        Attack("flood", lambda folder: folder, strike_flood, seconds=120, every=4),
        Attack("half-open", lambda folder: folder, strike_half_open, seconds=120, every=4),
        Attack("kill-serve", prepare_kill, strike_kill, seconds=120, share=3),
    ]
