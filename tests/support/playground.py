"""A playground under test, and what the page of a visitor would do."""

import base64
import json
import time
import warnings
from contextlib import contextmanager

import anyio
import numpy as np

from inkgrad.web import make_app
from inkgrad.web.visitor_networks import Library
from inkgrad.web.visitors import Visitors

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it takes httpx, and would like httpx2 better
    from starlette.testclient import TestClient

LIBRARY = Library()  # what all visitors of all playgrounds share; read once
SOON = 20.0  # seconds after which what should happen does not


@contextmanager
def opened(visitors=None, **settings):
    """A client of a playground that is open to many, as each test is a visitor of its own."""
    visitors = Visitors(LIBRARY, most=10_000) if visitors is None else visitors
    with TestClient(make_app(visitors=visitors), base_url="http://localhost", **settings) as client:
        client.visitors = visitors
        yield client


class Page:
    """What the page of one visitor asks."""

    def __init__(self, client, token=None):
        self.client = client
        entered = client.post("/api/visitors", json={"token": token})
        assert entered.status_code == 200, entered.text
        self.token, self.resumed, self.options = (entered.json()[key] for key in ("token", "resumed", "options"))
        self.headers = {"x-visitor": self.token}

    @property
    def visitor(self):
        return self.client.visitors.find(self.token)

    def get(self, path):
        return self.client.get(path, headers=self.headers)

    def post(self, path, body):
        what = {"content": body} if isinstance(body, bytes) else {"json": body}
        return self.client.post(path, headers=self.headers, **what)

    def ask(self, path, body):
        answer = self.post(path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def draw(self, what, drawing, network="cnn", **more):
        """Ask something of a drawing, uint8 (height, width)."""
        height, width = drawing.shape[:2]
        query = {"network": network, "width": width, "height": height} | more
        return self.ask(f"/api/{what}?" + "&".join(f"{k}={v}" for k, v in query.items()), drawing.tobytes())

    def model_file(self, network):
        return self.get(f"/api/model?network={network}").content

    @contextmanager
    def training(self, which="points", **first):
        with self.client.websocket_connect(f"/api/training/{which}", headers={"host": "localhost"}) as session:
            session.send_json(first or {"token": self.token})
            yield Line(session)


class Line:
    """The socket of a training."""

    def __init__(self, session):
        self.session = session

    def tell(self, order, **more):
        self.session.send_json({"do": order} | more)

    def hear(self, seconds=SOON):
        """The next message; a test fails where none comes, instead of waiting for ever."""

        async def soon():
            with anyio.fail_after(seconds):
                return await self.session._send_rx.receive()

        message = self.session.portal.call(soon)
        self.session._raise_on_close(message)
        return json.loads(message["text"])

    def hear_until(self, wanted):
        """The first message of which `wanted` is true."""
        end = time.monotonic() + SOON
        while time.monotonic() < end:
            message = self.hear()
            if wanted(message):
                return message
        raise AssertionError("what was waited for did not come")

    def state(self, wanted=lambda state: True):
        return self.hear_until(lambda message: message["kind"] == "state" and wanted(message))

    def error(self):
        return self.hear_until(lambda message: message["kind"] == "error")["error"]


def wait_until(condition, seconds=SOON):
    """Wait, in small naps, until a condition holds; a test fails where it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.005)


def kinds_in(layers):
    """The kinds of the layers of a network, as the page is told them."""
    return [layer["kind"] for layer in layers]


def as_bytes(text, *shape):
    """The uint8 numbers in base64."""
    found = np.frombuffer(base64.b64decode(text), np.uint8)
    return found.reshape(shape) if shape else found
