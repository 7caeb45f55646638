"""`inkgrad serve`: the playground in the browser."""

from __future__ import annotations

import ipaddress
import webbrowser
from typing import Annotated
from urllib.parse import urlsplit

import typer

from inkgrad.cli.terminal import say


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen at. 0.0.0.0 lets others on your network in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8000,
    names: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="NAME", help="A name by which others call this machine; may be repeated."),
    ] = None,
    visitors: Annotated[int, typer.Option(help="How many may be here at a time; more wait at the door.")] = 40,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
) -> None:
    """Open the playground: draw a digit and watch the network think, train it, break it, check it.

    Everything stays on this machine. It needs the extra: pip install 'inkgrad\\[web]'
    """
    from inkgrad import web

    def ready(address: str) -> None:
        own = urlsplit(address).hostname or ""
        if not ipaddress.ip_address(own).is_loopback:
            say(f"whoever reaches {_meant(own)} may come in now, {visitors} at a time: there is no password")
        print(f"the playground is at {address} (Ctrl-C ends it)", flush=True)
        if browser and not webbrowser.open(address):
            say("no browser was found: open the address yourself")

    web.serve(host, port, names or (), visitors=visitors, ready=ready)


def _meant(own: str) -> str:
    """Return what others reach at an address: all that this machine has, or one."""
    return "this machine over the network" if own in ("0.0.0.0", "::") else own
