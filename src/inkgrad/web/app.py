"""The application: what is asked under which address, who answers, and the server that it runs on."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from inkgrad.errors import InkgradError, SettingError
from inkgrad.web import handlers
from inkgrad.web.guard import Guard
from inkgrad.web.handlers import Handler
from inkgrad.web.limits import LIMITS
from inkgrad.web.pages import page_routes
from inkgrad.web.socket import training_socket
from inkgrad.web.visitor_networks import Library
from inkgrad.web.visitors import Busy, Stranger, Visitors
from inkgrad.web.wire import decoded


def make_app(names: Iterable[str] = (), visitors: Visitors | None = None) -> Starlette:
    """Return the playground as an ASGI application; `names` are those by which it may be called, besides localhost."""
    here = Visitors(Library()) if visitors is None else visitors
    heavy = asyncio.Semaphore(LIMITS.n_heavy_requests)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        cleaning = asyncio.create_task(here.clean_for_ever())
        yield
        cleaning.cancel()
        here.close()

    async def enter(request: Request) -> Response:
        token = decoded(await _body(request, LIMITS.message_bytes) or b"{}").get("token")
        visitor, resumed = await run_in_threadpool(here.enter, token if isinstance(token, str) else None)
        return JSONResponse({"token": visitor.token, "resumed": resumed, "options": handlers.options()})

    def api(
        path: str,
        answer: Handler,
        most_bytes: int = LIMITS.message_bytes,
        method: str = "POST",
        is_heavy: bool = False,
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            visitor = here.find(request.headers.get("x-visitor"))
            body = await _body(request, most_bytes)
            if is_heavy:
                async with heavy:
                    found = await run_in_threadpool(answer, visitor, request, body)
            else:
                found = await run_in_threadpool(answer, visitor, request, body)
            return found if isinstance(found, Response) else JSONResponse(found)

        return Route(path, endpoint, methods=[method])

    async def on_error(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, _status(error))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)

    async def on_memory(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": "the memory is full: try less"}, 503)

    return Starlette(
        routes=[
            *page_routes(),
            Route("/api/visitors", enter, methods=["POST"]),
            WebSocketRoute("/api/training/{which}", training_socket(here)),
            api("/api/think", handlers.think),
            api("/api/correct", handlers.correct),
            api("/api/undo", handlers.undo),
            api("/api/digits/{index}", handlers.digit, method="GET"),
            api("/api/confusion", handlers.confusion, is_heavy=True),
            api("/api/misread", handlers.misread, is_heavy=True),
            api("/api/check", handlers.check, is_heavy=True),
            api("/api/experiment", handlers.experiment, is_heavy=True),
            api("/api/read", handlers.read, most_bytes=LIMITS.file_bytes, is_heavy=True),
            api("/api/inside", handlers.inside),
            api("/api/inside/cell", handlers.inside_cell),
            api("/api/model", handlers.download, method="GET"),
            api("/api/model", handlers.upload, most_bytes=LIMITS.file_bytes),
        ],
        middleware=[Middleware(Guard, names=tuple(names))],
        exception_handlers={
            InkgradError: on_error,
            Busy: on_error,
            Stranger: on_error,
            HTTPException: on_http,
            MemoryError: on_memory,
        },
        lifespan=lifespan,
    )


async def _body(request: Request, most_bytes: int) -> bytes:
    """Return what came with a request, read no further than it may be long."""
    chunks, n = [], 0
    async for chunk in request.stream():
        n += len(chunk)
        if n > most_bytes:
            raise HTTPException(413, f"that is more than {most_bytes:,} bytes: send less")
        chunks.append(chunk)
    return b"".join(chunks)


def _status(error: Exception) -> int:
    if isinstance(error, Stranger):
        return 404
    if isinstance(error, Busy):
        return 503 if error.is_full else 429
    return 400


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    names: Iterable[str] = (),
    *,
    visitors: int = LIMITS.n_visitors,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the playground until interrupted.

    `host` is the address to listen at, this machine alone unless told otherwise; `names` are those
    by which the page may be called besides localhost and addresses; `visitors` may be here at a
    time, each with networks of their own, and more wait at the door.  `ready`, if given, is called
    with the page's address once it listens.

    Raises SettingError when the port is taken, the address is none of this machine's, or nobody may come in.
    """
    if visitors < 1:
        raise SettingError(f"visitors must be at least 1, got {visitors}")
    listener = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        make_app(names, Visitors(Library(), visitors)),
        log_level="warning",
        ws="websockets-sansio",
        ws_max_size=LIMITS.message_bytes,
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    if ready:
        ready(address)
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, so that a taken port is found before anything else."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OverflowError:
        raise SettingError(f"a port is from 0 to 65535, got {port}") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingError(f"port {port} of {host} is taken: give another `port`", setting="port") from None
        raise SettingError(f"port {port} of {host} cannot be used ({error.strerror})") from None
