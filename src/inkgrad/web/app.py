"""The application: what is asked under which address, and who answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from typing import IO

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from inkgrad.errors import InkgradError
from inkgrad.saving import one_line
from inkgrad.web import handlers
from inkgrad.web.connection import Rooms, lost, note_visitor
from inkgrad.web.fair_queue import FairQueue
from inkgrad.web.guard import Guard
from inkgrad.web.handlers import Handler
from inkgrad.web.limits import LIMITS, SHOWN
from inkgrad.web.pages import page_routes
from inkgrad.web.receiving import received, while_connected
from inkgrad.web.sending import Slices
from inkgrad.web.socket import training_socket
from inkgrad.web.visitor_networks import Library
from inkgrad.web.visitors import Busy, Stranger, Visitor, Visitors, as_error
from inkgrad.web.wire import decoded


def make_app(names: Iterable[str] = (), visitors: Visitors | None = None) -> Starlette:
    """Return the playground as an ASGI application; `names` are those by which it may be called, besides localhost."""
    here = Visitors(Library()) if visitors is None else visitors
    queue = FairQueue()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Rooms]]:
        running = [asyncio.create_task(each) for each in (here.clean_for_ever(), here.way.take_when_late())]
        yield {"rooms": {}}  # of connections
        for task in running:
            task.cancel()
        end()
        await run_in_threadpool(here.close)

    def end() -> None:
        """Let go all that is worked on, and do not wait for it."""
        queue.close()
        here.stop()

    async def enter(request: Request) -> Response:
        async with queue.request(request), received(request, LIMITS.greeting_bytes) as body:
            token = decoded(body.read() or b"{}").get("token")
            visitor, resumed = await queue.run_light(partial(here.enter, token if isinstance(token, str) else None))
        options = handlers.options(here.library.digits)
        return JSONResponse({"token": visitor.token, "resumed": resumed, "options": options})

    def api(
        path: str,
        answer: Handler,
        most_bytes: int = LIMITS.message_bytes,
        method: str = "POST",
        is_heavy: bool = False,
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            visitor = here.find(request.headers.get("x-visitor"))
            note_visitor(request.scope, visitor.token)
            turn = queue.turn(visitor) if is_heavy else nullcontext()
            async with (
                queue.request(visitor),
                while_connected(lost(request.scope)),
                turn,
                received(request, most_bytes) as body,
            ):
                work = partial(_response, answer, visitor, request, body)
                if not is_heavy:
                    with here.way.taken():
                        return await queue.run_light(work)
                request.state.stop = threading.Event()
                return await queue.run(work, request.state.stop)

        return Route(path, endpoint, methods=[method])

    async def on_error(request: Request, error: Exception) -> Response:
        later = {"retry-after": str(LIMITS.seconds_to_wait)} if isinstance(error, Busy) else None
        return JSONResponse(as_error(error), _status(error), later)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return JSONResponse({"code": "http", "error": error.detail}, error.status_code, headers=error.headers)

    async def on_gone(request: Request, error: Exception) -> Response:
        return Response(status_code=400)  # nobody reads it

    async def on_memory(request: Request, error: Exception) -> Response:
        return JSONResponse({"code": "memory", "error": "the memory is full: try less"}, 503)

    async def on_disk(request: Request, error: Exception) -> Response:
        assert isinstance(error, OSError)
        problem = f"the disk of the playground fails ({error.strerror or error}): send less, or try later"
        return JSONResponse({"code": "disk", "error": one_line(problem, SHOWN.n_letters_of_error)}, 507)

    app = Starlette(
        routes=[
            *page_routes(),
            Route("/api/visitors", enter, methods=["POST"]),
            WebSocketRoute("/api/training/{which}", training_socket(here)),
            api("/api/think", handlers.think),
            api("/api/correct", handlers.correct, is_heavy=True),
            api("/api/undo", handlers.undo, is_heavy=True),  # it waits for a step of the training
            api("/api/corrections", handlers.corrections, is_heavy=True),
            api("/api/digits/{index}", handlers.digit, method="GET"),
            api("/api/confusion", handlers.confusion, is_heavy=True),
            api("/api/misread", handlers.misread, is_heavy=True),
            api("/api/check", handlers.check, is_heavy=True),
            api("/api/check", handlers.check_progress, method="GET"),
            api("/api/experiment", handlers.experiment, is_heavy=True),
            api("/api/read", handlers.read, most_bytes=LIMITS.file_bytes, is_heavy=True),
            api("/api/picture", handlers.picture, most_bytes=LIMITS.file_bytes, is_heavy=True),
            api("/api/slow", handlers.slow, is_heavy=True),
            api("/api/inside", handlers.inside),
            api("/api/inside/cell", handlers.inside_cell),
            api("/api/model", handlers.download, method="GET", is_heavy=True),
            api("/api/model", handlers.upload, most_bytes=LIMITS.file_bytes, is_heavy=True),
        ],
        middleware=[Middleware(Slices), Middleware(Guard, names=tuple(names))],
        exception_handlers={
            InkgradError: on_error,
            Busy: on_error,
            Stranger: on_error,
            HTTPException: on_http,
            ClientDisconnect: on_gone,
            MemoryError: on_memory,
            OSError: on_disk,
        },
        lifespan=lifespan,
    )
    app.state.end = end
    return app


def _response(answer: Handler, visitor: Visitor, request: Request, body: IO[bytes]) -> Response:
    """Return what is answered, all of it made here, in a thread, as it may be large."""
    found = answer(visitor, request, body)
    return found if isinstance(found, Response) else JSONResponse(found)


def _status(error: Exception) -> int:
    if isinstance(error, Stranger):
        return 404
    if isinstance(error, Busy):
        return 503 if error.is_full else 429
    return 400
