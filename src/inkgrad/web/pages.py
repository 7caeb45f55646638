"""Pages: the files of the page, read once, so that no request reaches the disk."""

from __future__ import annotations

import gzip
import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inkgrad.extras import extra

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
PAGE = files("inkgrad.web") / "page"
PLAYGROUND_FOLDERS = ("frame", "parts", "learning", "draw", "train", "two", "check", "read", "inside", "models")


def page_routes() -> list[Route]:
    """Return a route for each file of the playground's page, and for plotly's JavaScript from its own package."""
    with extra("web", "the playground needs"):
        plotly = files("plotly") / "package_data" / "plotly.min.js"
    return [
        file_route("/", PAGE / "index.html"),
        file_route("/icon.svg", PAGE / "icon.svg"),
        *(route for folder in PLAYGROUND_FOLDERS for route in folder_routes(folder)),
        file_route("/plotly.min.js", plotly),
    ]


def folder_routes(folder: str) -> list[Route]:
    """Return a route for each file in a folder of the page."""
    found = sorted((PAGE / folder).iterdir(), key=lambda file: file.name)
    return [file_route(f"/{folder}/{file.name}", file) for file in found if file.name.rpartition(".")[2] in TYPES]


def file_route(path: str, file: Traversable) -> Route:
    """Return the route of a file, which is read now."""
    data = file.read_bytes()
    tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
    packed = gzip.compress(data, mtime=0)
    # A browser asks each time, and is sent only what is new.
    headers = {"cache-control": "no-cache", "etag": tag, "vary": "accept-encoding"}
    media_type = TYPES[file.name.rpartition(".")[2]]

    async def endpoint(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(packed, media_type=media_type, headers=headers | {"content-encoding": "gzip"})
        return Response(data, media_type=media_type, headers=headers)

    return Route(path, endpoint, methods=["GET"])
