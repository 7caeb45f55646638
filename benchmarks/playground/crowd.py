"""Twenty visitors who train for a quarter of an hour, without and with a hostile one: benchmarks/playground/crowd.py

Each visitor trains a network, asks what another thinks of a drawing once a second, and something heavy now and then.
The hostile one is one visitor too, in a process of its own, who sends all at once, again and again: 60 pictures of up
to 20 MB, 20 experiments, 30 models, 120 corrections, and 220 connections that are opened and not used.
"""

import argparse
import asyncio
import http.client
import io
import itertools
import json
import multiprocessing
import random
import socket
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median

import httpx
import numpy as np
from PIL import Image
from run import listen, megabytes, speak, start_server

from inkgrad.data import mnist

sys.path.append(str(Path(__file__).parents[1]))
from tables import markdown, time_text

SECONDS_BETWEEN_LIGHT = 1.0
SECONDS_BETWEEN_HEAVY = 30.0  # after an answer
DRAWING = bytes(280 * 100) + bytes([255]) * 280 * 20 + bytes(280 * 160)
SIZE = "width=280&height=280"
EXPERIMENT = b'{"lesson": "bias-mean"}'


def page() -> bytes:
    """Return a picture of 60 digits in six lines, as PNG."""
    digits = mnist().test.x[:60, :, :, 0]
    lines = 255 - digits.reshape(6, 10, 28, 28).transpose(0, 2, 1, 3).reshape(6 * 28, 280)
    return png(np.pad(lines, 20, constant_values=255))


def png(grey: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG", compress_level=1)
    return file.getvalue()


class Crowd:
    """The visitors, what they ask, and how long they wait: seconds, of "light" and "heavy" requests."""

    def __init__(self, address: str, n_visitors: int) -> None:
        self.address, self.n_visitors = address, n_visitors
        self.waits: dict[str, list[float]] = defaultdict(list)
        self.picture, self.model = page(), b""

    async def stay(self, seconds: float) -> None:
        """Be there for so long."""
        limits = httpx.Limits(max_connections=None, keepalive_expiry=2)  # seconds; the server has 5
        async with httpx.AsyncClient(base_url=self.address, timeout=600, limits=limits) as client:
            tokens = [(await client.post("/api/visitors", json={})).json()["token"] for _ in range(self.n_visitors)]
            self.model = (await client.get("/api/model?network=cnn", headers={"x-visitor": tokens[0]})).content
            tasks = [asyncio.create_task(self.visit(client, token)) for token in tokens]
            done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
            for task in tasks:
                task.cancel()
            for task in done:
                task.result()

    async def visit(self, client: httpx.AsyncClient, token: str) -> None:
        async with await speak(self.address, token, "digits") as line:
            await line.send(json.dumps({"do": "start"}))
            async with asyncio.TaskGroup() as group:
                group.create_task(listen(line))
                group.create_task(self.repeat(client, token, "light", SECONDS_BETWEEN_LIGHT, self.light()))
                group.create_task(self.repeat(client, token, "heavy", SECONDS_BETWEEN_HEAVY, self.heavy()))

    def light(self) -> list[tuple[str, str, bytes]]:
        return [("POST", f"/api/think?network={name}&{SIZE}", DRAWING) for name in ("cnn", "trained")]

    def heavy(self) -> list[tuple[str, str, bytes]]:
        asked = [
            ("POST", "/api/read", self.picture),
            ("POST", "/api/check", b'{"which": "points"}'),
            ("POST", "/api/confusion", b""),
            ("POST", "/api/misread", b'{"truth": 4, "predicted": 9}'),
            ("POST", f"/api/correct?network=cnn&label=1&{SIZE}", DRAWING),
            ("GET", "/api/model?network=trained", b""),
            ("POST", "/api/model", self.model),
        ]
        return random.sample(asked, len(asked))

    async def repeat(
        self, client: httpx.AsyncClient, token: str, kind: str, pause: float, what: list[tuple[str, str, bytes]]
    ) -> None:
        await asyncio.sleep(pause * random.random())
        for method, path, body in itertools.cycle(what):
            start = time.perf_counter()
            answer = await client.request(method, path, content=body, headers={"x-visitor": token})
            self.waits[kind].append(time.perf_counter() - start)
            answer.raise_for_status()
            await asyncio.sleep(pause)


def attack(host: str, port: int) -> None:
    """Be the hostile visitor, until ended."""
    rng = np.random.default_rng(0)
    pictures = [png(rng.integers(0, 256, (mega * 250, 4000), np.uint8)) for mega in (1, 4, 8, 12, 19)]

    def ask(path: str, body: bytes, method: str = "POST") -> bytes:
        with closing(http.client.HTTPConnection(host, port, timeout=60)) as connection:
            try:
                connection.request(method, path, body, {"x-visitor": token})
                return connection.getresponse().read()
            except OSError:
                return b""

    token = ""
    token = json.loads(ask("/api/visitors", b"{}"))["token"]
    model = ask("/api/model?network=cnn", b"", "GET")
    asked = [("/api/read", pictures[k % len(pictures)]) for k in range(60)]
    asked += [("/api/experiment", EXPERIMENT)] * 20
    asked += [("/api/model", model)] * 30
    asked += [(f"/api/correct?network=cnn&label=1&{SIZE}", DRAWING)] * 120
    with ThreadPoolExecutor(len(asked)) as pool:
        while True:
            with ExitStack() as stack:
                for _ in range(220):
                    stack.enter_context(socket.create_connection((host, port))).send(b"POST / HTTP/1.1\r\n")
                list(pool.map(lambda each: ask(*each), asked))


def measured(minutes: float, n_visitors: int, is_hostile: bool) -> tuple[list[float], dict[str, list[float]]]:
    """Return the MB of a server after a tenth, half and all of the time and at its peak, and how long all waited."""
    server, address = start_server()
    crowd, memory, foe = Crowd(address, n_visitors), [], None

    async def look() -> None:
        for share in 0.1, 0.4, 0.48:
            await asyncio.sleep(60 * minutes * share)
            memory.append(megabytes(server))

    async def all_() -> None:
        await asyncio.gather(crowd.stay(60 * minutes), look())

    try:
        if is_hostile:
            host, port = address.removeprefix("http://").split(":")
            foe = multiprocessing.get_context("spawn").Process(target=attack, args=(host, int(port)), daemon=True)
            foe.start()
        asyncio.run(all_())
        peak = int(Path(f"/proc/{server.pid}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
        return [*memory, peak], crowd.waits
    finally:
        if foe:
            foe.kill()
        server.terminate()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=15, help="of each of the two runs")
    parser.add_argument("--visitors", type=int, default=20)
    options = parser.parse_args()
    head = ["", "memory at the beginning", "in the middle", "at the end", "at its peak"]
    head += [f"{kind}: {what}" for kind in ("light", "heavy") for what in ("answers", "median", "slowest")]
    rows, times = [], []
    for name, is_hostile in ("without", False), ("with a hostile visitor", True):
        memory, waits = measured(options.minutes, options.visitors, is_hostile)
        waits_of = [waits["light"], waits["heavy"]]
        times.append([what(each) for each in waits_of for what in (median, max)])
        numbers = [[str(len(each)), time_text(median(each)), time_text(max(each))] for each in waits_of]
        rows.append([name, *(f"{each:.0f} MB" for each in memory), *numbers[0], *numbers[1]])
    ratios = [f"{b / a:.2f} times" for a, b in zip(*times, strict=True)]
    rows.append(["", "", "", "", "", "", ratios[0], ratios[1], "", ratios[2], ratios[3]])
    print(markdown(head, rows))


if __name__ == "__main__":
    main()
