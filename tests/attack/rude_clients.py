"""Rude clients: greedy, half-open, slow and deaf ones against a real server that still answers another visitor."""

from __future__ import annotations

import http.client
import io
import json
import logging
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from attack.playgrounds import END_SECONDS, POLITE, RUDE, Caller, Server, polite_signals, start_server
from attack.swarm import MEMORY_BYTES, Attack, Finding, waited
from inkgrad.models import load

FLOOD_SECONDS = 8.0
SIEGE_SECONDS = 5.0
DEAF_BYTES = 200_000_000  # that a server may take more, of any number of clients that take nothing
MOST_THREADS = 80
PROMISED_SECONDS = 2.0  # to end in, whatever is under way
HEAD = "Host: localhost\r\nContent-Length: 1000000\r\n"
DRAWING = bytes(700) + b"\xff" * 84
LONG_STEP = {  # one takes some 16 seconds
    "layers": [{"kind": "conv", "size": 128, "activation": "GELU"}] * 3,
    "batch_size": 26,
    "cost": "SoftmaxCrossEntropy",
}


@dataclass(frozen=True)
class Arsenal:
    """A folder for a server's words, and what is dear to answer."""

    folder: Path

    @cached_property
    def model(self) -> bytes:
        """The file of a model that is taken."""
        load("cnn").save(self.folder / "model.safetensors")
        return (self.folder / "model.safetensors").read_bytes()

    @cached_property
    def picture(self) -> bytes:
        """A picture in which there is much to look at."""
        noise = np.random.default_rng(0).integers(0, 256, (1200, 1200, 4)).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(noise).save(file, "PNG")
        return file.getvalue()

    def requests(self) -> list[tuple[str, bytes]]:
        """Return what a greedy client asks."""
        return [
            *[("/api/read", self.picture)] * 60,
            *[("/api/experiment", b'{"lesson": "softmax-diagonal"}')] * 20,
            *[("/api/model", self.model)] * 30,
            *[("/api/correct?network=cnn&width=28&height=28&label=5", DRAWING)] * 60,
            *[("/api/check", b'{"which": "digits"}')] * 20,
        ]


def flood(
    rng: Random, requests: list[tuple[str, bytes]], caller: Caller, sockets: list[socket.socket], counts: Counter[str]
) -> list[threading.Thread]:
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

    rng.shuffle(requests)
    threads = [threading.Thread(target=ask, args=each, daemon=True) for each in requests]
    threads += [threading.Thread(target=half_open, args=(k % 4,), daemon=True) for k in range(80)]
    for thread in threads:
        thread.start()
    return threads


def strike_flood(rng: Random, arsenal: Arsenal) -> Counter[str]:
    """Flood a server; the polite visitor is answered, the memory stays small, the end is quick."""
    counts, sockets = Counter[str](), list[socket.socket]()
    with Server(arsenal.folder) as server:
        polite, rude = Caller(server.port, POLITE), Caller(server.port, RUDE)
        calm = [polite.think() for _ in range(20)]
        threads = flood(rng, arsenal.requests(), rude, sockets, counts)
        busy = polite.think_for(FLOOD_SECONDS)
        if (peak := server.peak_bytes()) > MEMORY_BYTES:
            raise Finding(f"the server took {peak / 1e6:.0f} MB")
        took = server.end(rng.choice(polite_signals()))
        for thread in threads:
            thread.join(30)
    for each in sockets:
        each.close()
    worst = {"ms to end": took, "ms calm": max(calm), "ms flooded": max(busy)}
    counts.update({f"most {name}": round(1000 * seconds) for name, seconds in worst.items()})
    return counts + Counter({"floods": 1, "answers": len(busy), "most MB": peak // 10**6})


def strike_half_open(rng: Random, arsenal: Arsenal) -> Counter[str]:
    """Leave 200 connections half open; the server closes them, and nobody is locked out."""
    sockets = list[socket.socket]()
    with Server(arsenal.folder) as server:
        polite = Caller(server.port, POLITE)
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
    for each in sockets:
        each.close()
    return Counter({"half-open": 200, "most ms to end": round(1000 * took)})


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


# Sieges: a rude client goes on for some seconds, in which the polite one is answered.


def siege(work: Callable[[Random, Server, Caller, ExitStack], Counter[str]]) -> Callable[..., Counter[str]]:
    """Return a strike in which a rude visitor works beside a polite one, who is answered, before and afterwards too."""

    def strike(rng: Random, arsenal: Arsenal) -> Counter[str]:
        with Server(arsenal.folder) as server, ExitStack() as stack:
            polite, rude = Caller(server.port, POLITE), Caller(server.port, RUDE)
            polite.think()
            waits: list[float] = []
            asking = threading.Thread(target=lambda: waits.extend(polite.think_for(SIEGE_SECONDS)), daemon=True)
            asking.start()
            counts = work(rng, server, rude, stack)
            asking.join(30)
            if not waits:
                raise Finding("the polite visitor was not answered")
            polite.think()
            took = server.end(rng.choice(polite_signals()))
        worst = {"ms to end": took, "ms besieged": max(waits)}
        counts.update({f"most {name}": round(1000 * seconds) for name, seconds in worst.items()})
        return counts + Counter({"sieges": 1, "answers": len(waits)})

    return strike


@siege
def strike_deaf(rng: Random, server: Server, rude: Caller, stack: ExitStack) -> Counter[str]:
    """Ask for the largest file on 600 connections, and take nothing of it: that fills no memory."""
    before, n = server.peak_bytes(), 0
    for _ in range(600):
        one = stack.enter_context(socket.socket())
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.settimeout(10)
        with suppress(OSError):
            one.bind(rude.address)
            one.connect(("127.0.0.1", rude.port))
            one.sendall(b"GET /plotly.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
            n += 1
    time.sleep(SIEGE_SECONDS)
    if (more := server.peak_bytes() - before) > DEAF_BYTES:
        raise Finding(f"the server took {more / 1e6:.0f} MB for {n} clients that took nothing")
    return Counter({"deaf": n, "most MB for the deaf": more // 10**6})


@siege
def strike_messages(rng: Random, server: Server, rude: Caller, stack: ExitStack) -> Counter[str]:
    """Send large messages over four sockets, one after another."""
    from websockets.exceptions import WebSocketException

    counts, end = Counter[str](), time.monotonic() + SIEGE_SECONDS
    messages = ['{"do":[' + "[]," * (n_bytes // 3) + "[]]}" for n_bytes in (9_000, 90_000, 990_000)]

    def send(which: str) -> None:
        while time.monotonic() < end:
            with suppress(OSError, WebSocketException), training(rude, which) as line:
                while time.monotonic() < end:
                    line.send(rng.choice(messages))
                    counts["messages"] += 1

    threads = [threading.Thread(target=send, args=(which,), daemon=True) for which in ("points", "digits") * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return counts


@siege
def strike_hang_up(rng: Random, server: Server, rude: Caller, stack: ExitStack) -> Counter[str]:
    """Ask what is quick of a network that is at a long step, and hang up, again and again."""
    head = "POST /api/think?network=trained&width=28&height=28 HTTP/1.1\r\nHost: localhost\r\n"
    head += f"X-Visitor: {rude.token}\r\nContent-Length: {len(DRAWING)}\r\n\r\n"
    line = stack.enter_context(training(rude, "digits"))
    line.send(json.dumps({"do": "change", "settings": LONG_STEP}))
    line.send(json.dumps({"do": "start"}))
    time.sleep(1)
    n, most, end = 0, 0, time.monotonic() + SIEGE_SECONDS
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", rude.port), 10, rude.address) as one:
            one.sendall(head.encode() + DRAWING)
            time.sleep(0.012)
        n, most = n + 1, max(most, server.n_threads())
    if most > MOST_THREADS:
        raise Finding(f"the server had {most} threads after {n} requests of clients that hung up")
    return Counter({"hung up": n, "most threads": most})


def strike_end(rng: Random, arsenal: Arsenal) -> Counter[str]:
    """End a server in the midst of a long step, while its visitor asks of that network."""
    with Server(arsenal.folder) as server, ExitStack() as stack:
        rude = Caller(server.port, RUDE)
        line = stack.enter_context(training(rude, "digits"))
        line.send(json.dumps({"do": "change", "settings": LONG_STEP}))
        line.send(json.dumps({"do": "step"}))
        time.sleep(rng.uniform(0.5, 2.0))
        query = "network=trained&width=28&height=28&label=5"
        for what in rng.sample(["think", "correct", "undo", "confusion"], rng.randrange(4)):
            asked = (rude, f"/api/{what}?{query}", DRAWING)
            threading.Thread(target=_ask_quietly, args=asked, daemon=True).start()
        time.sleep(0.5)
        took = server.end(rng.choice(polite_signals()))
    if took > PROMISED_SECONDS:
        raise Finding(f"the server took {took:.1f} s to end in a long step; {PROMISED_SECONDS:.0f} are promised")
    return Counter({"ends": 1, "most ms to end": round(1000 * took)})


@contextmanager
def training(caller: Caller, which: str) -> Iterator[Any]:
    """Open the socket of a training of theirs."""
    from websockets.sync.client import connect

    address = f"ws://127.0.0.1:{caller.port}/api/training/{which}"
    quiet = logging.Logger("quiet", logging.CRITICAL)  # about connections that end in the midst
    with connect(address, source_address=caller.address, max_size=None, close_timeout=1, logger=quiet) as line:
        line.send(json.dumps({"token": caller.token}))
        line.recv(timeout=60)
        yield line


# Kills


def strike_kill(rng: Random, arsenal: Arsenal) -> Counter[str]:
    """Kill a server that works, start it again on its port at once, and end it politely."""
    pid, port = start_server()
    _make_busy(rng, port, arsenal)
    time.sleep(rng.uniform(0, 0.3))
    os.kill(pid, signal.SIGKILL)
    waited(pid)
    pid, port = start_server(port)
    try:
        _make_busy(rng, port, arsenal)
        time.sleep(rng.uniform(0, 0.3))
    finally:
        start = time.monotonic()
        os.kill(pid, rng.choice(polite_signals()))
        status = waited(pid, END_SECONDS)
    if status not in (0, -signal.SIGTERM):
        raise Finding(f"the server ended with {status}")
    return Counter({"kills": 1, "resumed": 1, "most ms to end": round(1000 * (time.monotonic() - start))})


def _make_busy(rng: Random, port: int, arsenal: Arsenal) -> None:
    caller = Caller(port, POLITE)
    caller.think()
    for path, body in rng.sample(arsenal.requests(), 3):
        threading.Thread(target=_ask_quietly, args=(caller, path, body), daemon=True).start()


def _ask_quietly(caller: Caller, path: str, body: bytes) -> None:
    with suppress(OSError, http.client.HTTPException):
        caller.ask(path, body)


def attacks() -> list[Attack]:
    """Return the attacks on a real server, where its packages are installed."""
    if find_spec("starlette") is None:
        return []
    rare = {
        "flood": strike_flood,
        "half-open": strike_half_open,
        "deaf": strike_deaf,
        "messages": strike_messages,
        "hang-up": strike_hang_up,
        "end": strike_end,
    }
    found = [Attack(name, Arsenal, strike, seconds=120, every=4) for name, strike in rare.items()]
    return [*found, Attack("kill-serve", Arsenal, strike_kill, seconds=120, share=3)]
