"""The page on which a person checks what was doubtful in forms, one field after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from inkgrad.errors import InkgradError
from inkgrad.forms import Review
from inkgrad.web.guard import Guard
from inkgrad.web.limits import LIMITS
from inkgrad.web.pages import PAGE, file_route, folder_routes
from inkgrad.web.playground_server import listen
from inkgrad.web.receiving import received
from inkgrad.web.wire import decoded


def make_review_app(review: Review) -> Starlette:
    """Return the page of a review as an ASGI application."""
    writing = asyncio.Lock()  # one answer at a time

    async def questions(request: Request) -> Response:
        return JSONResponse(_as_message(review))

    async def answer(request: Request) -> Response:
        async with received(request, LIMITS.message_bytes) as body, writing:
            told = decoded(body.read())
            number, text = _number(request, review), told.get("text")
            if not isinstance(text, str):
                raise HTTPException(400, "an answer is a text")
            await run_in_threadpool(review.answer, number, text, as_it_is=told.get("as_it_is") is True)
        return JSONResponse({"open": review.n_open})

    async def undo(request: Request) -> Response:
        async with writing:
            await run_in_threadpool(review.undo, _number(request, review))
        return JSONResponse({"open": review.n_open})

    async def picture(request: Request) -> Response:
        place = review.questions[_number(request, review)].picture
        if place is None or not place.is_file():
            raise HTTPException(404, "the picture is gone: read the forms again")
        return FileResponse(place, media_type="image/png", headers={"cache-control": "no-store"})

    async def on_error(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, 400)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return JSONResponse({"error": error.detail}, error.status_code)

    async def on_disk(request: Request, error: Exception) -> Response:
        assert isinstance(error, OSError)
        return JSONResponse({"error": f"the answer is not saved ({error.strerror or error})"}, 507)

    return Starlette(
        routes=[
            file_route("/", PAGE / "review" / "review.html"),
            file_route("/icon.svg", PAGE / "icon.svg"),
            file_route("/frame/style.css", PAGE / "frame" / "style.css"),
            *folder_routes("review"),
            Route("/api/questions", questions, methods=["GET"]),
            Route("/api/questions/{number:int}/answer", answer, methods=["POST"]),
            Route("/api/questions/{number:int}/undo", undo, methods=["POST"]),
            Route("/api/questions/{number:int}/picture", picture, methods=["GET"]),
        ],
        middleware=[Middleware(Guard)],
        exception_handlers={InkgradError: on_error, HTTPException: on_http, OSError: on_disk},
    )


def _number(request: Request, review: Review) -> int:
    number: int = request.path_params["number"]
    if number >= len(review.questions):
        raise HTTPException(404, f"there are {len(review.questions)} questions, counted from 0, got {number}")
    return number


def _as_message(review: Review) -> dict[str, Any]:
    return {
        "corrected": str(review.files.corrected),
        "questions": [
            {
                "page": each.page,
                "field": each.field and each.field.name,
                "kind": each.field and each.field.kind,
                "expect": each.field and each.field.expect,
                "read": each.read,
                "doubt": each.doubt,
                "has_picture": each.picture is not None,
                "answer": each.answer,
            }
            for each in review.questions
        ],
    }


def serve_review(table: str | Path, port: int = 0, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve the page of a review on this machine alone, until interrupted; `port` 0 takes a free one.

    `ready`, if given, is called with the page's address once it listens.

    Raises SettingError when the port is taken, and what Review does.
    """
    review = Review(table)
    listener = listen("127.0.0.1", port)
    config = uvicorn.Config(
        make_review_app(review), log_level="warning", server_header=False, timeout_graceful_shutdown=1
    )
    if ready:
        ready(f"http://127.0.0.1:{listener.getsockname()[1]}")
    uvicorn.Server(config).run(sockets=[listener])
