"""Sending: answers go out in slices, and no faster than the client takes them."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkgrad.web.limits import LIMITS


class Slices:
    """Sends a large answer slice by slice.

    A server copies all of what it is given at once, also for a client that takes nothing of it; but before it takes the
    next slice it waits until most of the last one has gone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""

        async def send_sliced(message: Message) -> None:
            body, n = message.get("body", b""), LIMITS.slice_bytes
            if message["type"] != "http.response.body" or len(body) <= n:
                await send(message)
                return
            for start in range(0, len(body), n):
                more = start + n < len(body) or message.get("more_body", False)
                await send({"type": message["type"], "body": body[start : start + n], "more_body": more})

        await self.app(scope, receive, send_sliced)
