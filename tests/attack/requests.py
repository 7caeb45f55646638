"""Requests: what a page may send to the playground, changed at random, over HTTP and over the socket."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import numpy as np

from attack.mutations import bytes_like, json_like, tensors_like
from attack.swarm import Attack, Finding, refuse_bad_message
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.layers import Chain, Dense, Flatten
from inkgrad.layout import Layout
from inkgrad.models import Model

STATUSES = {200, 400, 403, 404, 405, 413, 422, 429, 503}
POINTS = {
    "data": "own",
    "classes": 2,
    "points": [[0.1, 0.2, 0], [0.5, 0.75, 1]],
    "layers": [{"kind": "dense", "size": 3, "activation": "Tanh"}],
}
BODIES: list[tuple[str, Any]] = [
    ("/api/inside", {"n_hidden": 3, "activation": "Tanh", "cost": "CrossEntropy", "example": 1}),
    ("/api/inside/cell", {"n_hidden": 3, "layer": 0, "array": "dW", "row": 0, "column": 0}),
    ("/api/misread", {"truth": 3, "predicted": 5}),
    ("/api/visitors", {"token": "x"}),
    ("/api/check", {"which": "points"}),
]
SLOW_BODIES: list[tuple[str, Any]] = [("/api/experiment", {"lesson": "softmax-diagonal"})]  # 2 seconds if it is taken
ORDERS: list[Any] = [
    {"do": "change", "settings": POINTS},
    {"do": "change", "settings": {"data": "spirals", "optimizer": "Adam", "lr": 0.1, "momentum": 0.5, "seed": 1}},
    {"do": "change", "settings": {"broken": None, "noise": 0.1, "dropout": 0.2, "cost": "SquaredError"}},
    {"do": "goto", "epoch": 2},
    {"do": "details", "wanted": True},
    {"do": "step"},
    {"do": "pause"},
]  # fmt: skip
QUERIES = ["network", "width", "height", "label", "threshold", "expect", "format"]
WORDS = [
    "0",
    "1",
    "5",
    "28",
    "-1",
    "1e9",
    "nan",
    "inf",
    "x",
    "",
    "cnn",
    "loaded",
    "reader",
    "trained",
    r"\d{5}",
    "9" * 400,
    "two\nlines",
    "safetensors",
]


def prepare(folder: Path) -> dict[str, Any]:
    """Open a playground, and enter it."""
    from support.playground import Page, opened

    stack = ExitStack()
    warnings.simplefilter("ignore")
    client = stack.enter_context(opened())
    page = Page(client)
    line = stack.enter_context(page.training("points"))
    state = {"stack": stack, "page": page, "line": line, "model": digits_model(folder), "n": 0}
    _refuse_bad_bases(state)
    return state


def digits_model(folder: Path) -> bytes:
    """Return the file of the smallest model that the playground takes."""
    network = Chain((Flatten(), Dense(784, 10)))
    theta = np.random.default_rng(0).normal(0, 0.1, Layout(network.shapes()).size).astype(np.float32)
    Model(network, SoftmaxCrossEntropy(), theta, tuple("0123456789"), (28, 28, 1)).save(folder / "good.safetensors")
    return (folder / "good.safetensors").read_bytes()


def _refuse_bad_bases(state: dict[str, Any]) -> None:
    """Raise Finding where what is changed at random is refused as it stands: then no change would reach beyond that."""
    page, drawing = state["page"], "width=28&height=28&label=5"
    asked = [(path, json.dumps(body).encode()) for path, body in [*BODIES, *SLOW_BODIES]]
    asked += [("/api/model", state["model"])]
    asked += [(f"/api/{what}?{drawing}", bytes(700) + b"\xff" * 84) for what in ("think", "correct", "undo")]
    answers = [(path, page.post(path, body)) for path, body in asked]
    answers += [(path, page.get(path)) for path in ("/api/digits/0", "/api/model?network=loaded")]
    for path, answer in answers:
        if answer.status_code != 200:
            raise Finding(f"{path} refuses what is good: {answer.text[:200]}")
    for order in ORDERS:
        state["line"].session.send_json(order)
        state["line"].tell("a word that is none")
        if "a word that is none" not in (error := state["line"].error()):
            raise Finding(f"the socket refuses {order}: {error}")


def strike(rng: Random, state: dict[str, Any]) -> Counter[str]:
    """Send one request, or one message over the socket."""
    page = state["page"]
    page.visitor.bucket.left = page.visitor.bucket.at_once  # another attack tries how much is too much
    if rng.random() < 0.3:
        return _order(rng, state)
    return _request(rng, state)


def _request(rng: Random, state: dict[str, Any]) -> Counter[str]:
    page, way = state["page"], rng.randrange(6)
    query = "&".join(f"{name}={quote(rng.choice(WORDS))}" for name in rng.sample(QUERIES, rng.randrange(5)))
    if way <= 2:
        path, body = rng.choice(SLOW_BODIES if rng.random() < 0.005 else BODIES)
        answer = page.post(path, json_like(rng, body).encode(errors="replace"))
    elif way == 3:
        side = rng.choice([1, 5, 28])
        ink = rng.randbytes(side * side)
        what = rng.choice(["think", "think", "correct", "undo"])
        query = f"width={side}&height={side}&label=5&network={rng.choice(['cnn', 'mlp', 'loaded', 'x'])}&{query}"
        answer = page.post(f"/api/{what}?{query}", ink if rng.random() < 0.7 else bytes_like(rng, ink))
    elif way == 4:
        answer = page.post("/api/model", tensors_like(rng, state["model"]))
    else:
        path = rng.choice(
            ["digits/" + quote(rng.choice(WORDS), safe=""), f"model?{query}", "think", "nothing", "..%2f..%2fetc"]
        )
        answer = page.get(f"/api/{path}")
    _refuse_bad_answer(answer)
    return Counter({"inputs": 1, f"status {answer.status_code}": 1})


def _refuse_bad_answer(answer: Any) -> None:
    if answer.status_code not in STATUSES:
        raise Finding(f"status {answer.status_code}: {answer.text[:200]}")
    if answer.status_code in (400, 413, 429, 503):
        refuse_bad_message(answer.json()["error"])


def _order(rng: Random, state: dict[str, Any]) -> Counter[str]:
    """Send a message, and then one whose answer is known: the socket must still be served."""
    line = state["line"]
    state["n"] += 1
    line.session.send_text(json_like(rng, rng.choice(ORDERS)).encode(errors="replace").decode())
    line.tell("pause")
    line.tell(f"word{state['n']}")
    errors = 0
    while f"word{state['n']}'" not in (error := line.error()):
        refuse_bad_message(error)
        errors += 1
    return Counter({"inputs": 1, "messages": 1, "refused messages": errors})


def attacks() -> list[Attack]:
    """Return the attack on the playground, where its packages are installed."""
    if find_spec("starlette") is None:
        return []
    return [Attack("playground", prepare, strike, seconds=15, share=3)]
