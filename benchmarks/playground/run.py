"""How fast the playground is, in a real browser: python benchmarks/playground/run.py

It needs playwright and a Chromium (--chromium PATH).  Everything runs on this machine, browser and server side by side.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import httpx
import websockets
from playwright.sync_api import Page, Request, sync_playwright

N_VISITORS = 20
N_EPOCHS = 10
N_STROKES = 15
N_CHECKS = 5


def start_server() -> tuple[subprocess.Popen[str], str]:
    """Start `inkgrad serve` on a free port; return the process and the page's address."""
    command = [sys.executable, "-m", "inkgrad", "serve", "--port", "0", "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, process.stdout.readline().split()[4]


def megabytes(process: subprocess.Popen[str]) -> float:
    """Return the memory of a process that is its own or shared, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def first_paint(page: Page, address: str) -> tuple[float, float, float]:
    """Return milliseconds to the first paint with an empty cache, and from there to the first digit read; and how much
    the page's files are as sent, in kB.

    Answers to what the page asks are not counted: a digit that is written again asks for one after the other.
    """
    sent: list[Request] = []
    page.on("requestfinished", lambda request: sent.append(request))
    page.goto(address)
    read = "() => /[0-9]/.test(document.getElementById('draw-best').textContent) && performance.now()"
    first_digit = page.wait_for_function(read).json_value()
    page.wait_for_load_state("networkidle")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    files = [request for request in sent if not request.url.startswith(f"{address}/api/")]
    return paint, first_digit - paint, sum(request.sizes()["responseBodySize"] for request in files) / 1000


# From the event that ends a stroke to the frame after which the bars stand still.
WATCH = """() => {
  window.strokes = [];
  const bars = document.getElementById("draw-bars");
  let ended = null, last = null;
  addEventListener("pointerdown", () => { if (last !== null) window.strokes.push(last); ended = last = null; }, true);
  addEventListener("pointerup", () => { ended = performance.now(); last = 0; }, true);
  new MutationObserver(() => {
    const from = ended;
    if (from !== null) requestAnimationFrame(() => { if (ended === from) last = performance.now() - from; });
  }).observe(bars, { subtree: true, childList: true, attributes: true, characterData: true });
}"""


def stroke_to_bars(page: Page) -> list[float]:
    """Return milliseconds from the end of each stroke to its bars."""
    page.evaluate(WATCH)
    box = page.locator("#tab-draw canvas").first.bounding_box()
    assert box
    for k in range(N_STROKES):
        x, y = box["x"] + box["width"] * (0.2 + 0.04 * k), box["y"] + box["height"] * 0.2
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(8):
            page.mouse.move(x + 2 * step, y + box["height"] * 0.08 * step)
            page.wait_for_timeout(16)  # a hand moves once a frame
        page.mouse.move(x + 18, y + box["height"] * 0.6)
        page.mouse.up()
        page.wait_for_timeout(200)
    page.mouse.down()  # the last one counts too
    page.mouse.up()
    return page.evaluate("window.strokes")


async def speak(address: str, token: str, which: str) -> websockets.ClientConnection:
    """Return an open socket of a training."""
    socket = await websockets.connect(address.replace("http", "ws") + f"/api/training/{which}", origin=address)
    await socket.send(json.dumps({"token": token}))
    return socket


async def epochs_through_the_page(address: str) -> float:
    """Return the seconds that training takes, from the order to the state that shows it done."""
    async with httpx.AsyncClient(base_url=address) as client:
        token = (await client.post("/api/visitors", json={})).json()["token"]
    async with await speak(address, token, "digits") as socket:
        await socket.recv()
        start = time.perf_counter()
        await socket.send(json.dumps({"do": "goto", "epoch": N_EPOCHS}))
        while True:
            state = json.loads(await socket.recv())
            if state["kind"] == "state" and state["epoch"] >= N_EPOCHS:
                return time.perf_counter() - start


async def checks_while_training(address: str) -> dict[str, list[float]]:
    """Return how long the checks of both networks that a visitor begins with take while both train, in seconds."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        token = (await client.post("/api/visitors", json={})).json()["token"]
        async with await speak(address, token, "points") as points, await speak(address, token, "digits") as digits:
            listening = [asyncio.create_task(listen(socket)) for socket in (points, digits)]
            for socket in points, digits:
                await socket.send(json.dumps({"do": "start"}))
            await asyncio.sleep(1)
            waits: dict[str, list[float]] = {"points": [], "digits": []}
            for which in N_CHECKS * list(waits):
                start = time.perf_counter()
                answer = await client.post("/api/check", json={"which": which}, headers={"X-Visitor": token})
                waits[which].append(time.perf_counter() - start)
                assert answer.json()["ok"], "a right gradient was called wrong"
            for task in listening:
                task.cancel()
            return waits


def epochs_of_the_command_line() -> float:
    """Return the seconds of `inkgrad train` on the same network, by its own log, without its start."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "seed.safetensors"
        command = [sys.executable, "-m", "inkgrad", "train", "--model", "seed", "--epochs", str(N_EPOCHS), "--out", out]
        subprocess.run(command, check=True, capture_output=True)
        last = (Path(folder) / "seed.log.jsonl").read_text().splitlines()[-1]
        return json.loads(last)["seconds"]


async def many_visitors(address: str) -> list[float]:
    """Let visitors train at once; return how long each waits for an answer about a drawing, in ms."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        tokens = [(await client.post("/api/visitors", json={})).json()["token"] for _ in range(N_VISITORS)]
        sockets = [await speak(address, token, "digits") for token in tokens]
        for socket in sockets:
            await socket.send(json.dumps({"do": "start"}))
        listening = [asyncio.create_task(listen(socket)) for socket in sockets]
        waits, ink = [], bytes(280 * 100) + bytes([255]) * 280 * 20 + bytes(280 * 160)
        until = time.perf_counter() + 15
        while time.perf_counter() < until:
            for token in tokens:
                start = time.perf_counter()
                url = "/api/think?network=cnn&width=280&height=280"
                (await client.post(url, content=ink, headers={"X-Visitor": token})).raise_for_status()
                waits.append(1e3 * (time.perf_counter() - start))
        epochs = [task.result() if task.done() else None for task in listening]
        assert epochs == [None] * N_VISITORS, "a socket was closed"
        for task in listening:
            task.cancel()
        for socket in sockets:
            await socket.close()
        return waits


async def listen(socket: websockets.ClientConnection) -> None:
    """Take all that comes."""
    async for _ in socket:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser")
    chromium = parser.parse_args().chromium
    server, address = start_server()
    try:
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            paints, digits, sizes = zip(*(first_paint(browser.new_page(), address) for _ in range(5)), strict=True)
            print(f"first paint, empty cache: {median(paints):.0f} ms; the page without charts: {max(sizes):.0f} kB")
            print(f"from there to the first digit read: median {median(digits):.0f} ms, slowest {max(digits):.0f} ms")
            page = browser.new_page()
            page.goto(address)
            page.wait_for_selector("#tab-draw canvas")
            page.wait_for_timeout(1000)
            waits = stroke_to_bars(page)
            print(f"end of a stroke to the bars: median {median(waits):.0f} ms, worst {max(waits):.0f} of {len(waits)}")
            browser.close()
        ours, command = [], []
        for _ in range(5):
            ours.append(asyncio.run(epochs_through_the_page(address)))
            command.append(epochs_of_the_command_line())
        ratio = median(c / o for c, o in zip(command, ours, strict=True))
        print(f"{N_EPOCHS} epochs of the seed network: page {median(ours):.2f} s, command line {median(command):.2f} s")
        print(f"speed through the page: {ratio:.0%} of the command line's")
        for which, waits in asyncio.run(checks_while_training(address)).items():
            print(f"a check of {which} while both train: median {median(waits):.2f} s, worst {max(waits):.2f}")
        print(f"memory before the crowd: {megabytes(server):.0f} MB")
        waits = asyncio.run(many_visitors(address))
        print(
            f"{N_VISITORS} visitors training: an answer takes {median(waits):.0f} ms, the slowest {max(waits):.0f} ms"
        )
        print(f"memory with them: {megabytes(server):.0f} MB")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
