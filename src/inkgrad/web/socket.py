"""The socket: steers a training, and says how it goes, ten times a second at most."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from inkgrad.errors import InkgradError, SettingError
from inkgrad.web.connection import note_visitor
from inkgrad.web.limits import LIMITS, SHOWN
from inkgrad.web.playground_settings import parsed
from inkgrad.web.trainer import Trainer
from inkgrad.web.visitors import Busy, Stranger, Visitor, Visitors, as_error
from inkgrad.web.wire import choice, decoded, number, shown, truth, whole

ORDERS = ("change", "reset", "start", "pause", "step", "epoch", "goto", "details")
BY_HAND = ("set", "turn", "undo")


def training_socket(visitors: Visitors) -> Callable[[WebSocket], Awaitable[None]]:
    """Return the endpoint of the socket."""

    async def endpoint(socket: WebSocket) -> None:
        await socket.accept()
        which = socket.path_params["which"]
        try:
            first = _greeting(await asyncio.wait_for(socket.receive_text(), LIMITS.first_message_seconds))
            token = first.get("token")
            visitor = visitors.find(token if isinstance(token, str) else None)
            note_visitor(socket.scope, visitor.token)
            if which not in visitor.trainers:
                raise Stranger("there is no such training")
            if visitor.n_sockets >= LIMITS.n_sockets:
                raise Busy("the page is open too often: close one of its windows")
        except (InkgradError, Stranger, Busy) as error:
            await _send_error(socket, error)
            await _close(socket, 4404 if isinstance(error, Stranger) else 1008)  # after 4404 the page is loaded again
        except (WebSocketDisconnect, TimeoutError, KeyError):  # KeyError: bytes came, not text
            await _close(socket)
        else:
            visitor.n_sockets += 1
            try:
                await _serve(socket, visitors, visitor, visitor.trainers[which], which)
            finally:
                visitor.n_sockets -= 1
                visitor.seen = time.monotonic()  # who only watched was here until now

    return endpoint


async def _serve(socket: WebSocket, visitors: Visitors, visitor: Visitor, trainer: Trainer, which: str) -> None:
    loop, news = asyncio.get_running_loop(), asyncio.Event()
    news.set()

    def listener() -> None:
        loop.call_soon_threadsafe(news.set)

    trainer.listeners.add(listener)
    telling = asyncio.create_task(_tell(socket, trainer, news))
    try:
        while socket.application_state is WebSocketState.CONNECTED:  # until a word to it was one too late
            text = await socket.receive_text()
            await asyncio.sleep(0)  # where more has come already, others have their turn first
            try:
                n_requests = 1 + len(text) // LIMITS.socket_bytes_of_request
                visitors.find(visitor.token, n_requests)  # counts the message, and shows that somebody is here
                _obey(trainer, decoded(text), which)
            except (InkgradError, Busy) as error:
                await _send_error(socket, error)
    except (WebSocketDisconnect, Stranger, KeyError):
        await _close(socket)
    finally:
        trainer.listeners.discard(listener)
        telling.cancel()


async def _tell(socket: WebSocket, trainer: Trainer, news: asyncio.Event) -> None:
    """Send each new state, with the rows that the page has not seen."""
    generation, n_rows = -1, 0
    try:
        while True:
            await news.wait()
            news.clear()
            problem = trainer.error()
            if problem:
                await socket.send_json({"kind": "error", "code": "training", "error": problem})
            state = trainer.state(generation, n_rows)
            generation = state.pop("generation")
            n_rows = len(state["rows"]) + (0 if state["first"] else n_rows)
            await socket.send_json(state)
            await asyncio.sleep(SHOWN.seconds_between_states)
    except (WebSocketDisconnect, RuntimeError):
        return  # it was closed while we spoke


def _greeting(text: str) -> dict[str, Any]:
    """Return the first message, of one who may be a stranger."""
    if len(text) > LIMITS.greeting_bytes:
        raise SettingError(f"the first message has the token alone, at most {LIMITS.greeting_bytes:,} bytes")
    return decoded(text)


def _obey(trainer: Trainer, message: dict[str, Any], which: str) -> None:
    order = choice(message, "do", (*ORDERS, *BY_HAND))
    if which == "digits" and order in BY_HAND:
        raise SettingError("weights are set by hand in the network of points")
    if order == "change":
        settings = message.get("settings")
        if not isinstance(settings, dict):
            raise SettingError(f"settings are an object with names and values, got {shown(settings)}")
        trainer.change(parsed(settings, which))
    elif order == "goto":
        trainer.goto(whole(message, "epoch", 0, 1_000_000))
    elif order == "set":
        row = None if message.get("row") is None else whole(message, "row", 0, LIMITS.n_units)
        layer, column = whole(message, "layer", 0, LIMITS.n_layers), whole(message, "column", 0, LIMITS.n_units)
        trainer.set_weight(layer, row, column, number(message, "value", -LIMITS.weight_by_hand, LIMITS.weight_by_hand))
    elif order == "turn":
        trainer.turn_unit(whole(message, "layer", 0, LIMITS.n_layers), whole(message, "unit", 0, LIMITS.n_units))
    elif order == "details":
        trainer.want_details(truth(message, "wanted"))
    else:
        getattr(trainer, order)()


async def _send_error(socket: WebSocket, error: Exception) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):  # the client has gone
        await socket.send_json({"kind": "error"} | as_error(error))


async def _close(socket: WebSocket, code: int = 1003) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):  # it is closed already
        await socket.close(code)
