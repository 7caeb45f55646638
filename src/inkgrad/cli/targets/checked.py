"""Checked: the report of what the user named, and who makes it."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inkgrad.check import Report
from inkgrad.cli.targets.named_networks import names_of, refuse_no_model, report_of_network
from inkgrad.cli.targets.numpy_pair import report_of_pair
from inkgrad.cli.targets.own_file import OwnFile
from inkgrad.cli.targets.own_functions import report_of_function
from inkgrad.cli.targets.own_layers import Own, made, report_of_own_layer
from inkgrad.cli.targets.request import OF_FUNCTIONS, Request
from inkgrad.errors import SettingError
from inkgrad.fast import limit_threads
from inkgrad.layers import Layer


@dataclass(frozen=True)
class Checked:
    """A report, and what each layer in it is called: {"1": "Dense"}."""

    report: Report
    layers: dict[str, str] = field(default_factory=dict)


def examine(request: Request) -> Checked:
    """Return the report of what the request names.

    Raises InkgradError or OSError, in one line, when that cannot be checked.
    """
    path, colon, name = request.target.rpartition(":")
    if not (name and colon and path.endswith(".py")):
        path = request.target.removesuffix(":")
        if path.endswith(".py"):
            with redirect_stdout(sys.stderr):
                there = OwnFile.run(Path(path)).candidates()
            raise SettingError(f"what in {path} is to be checked? Say {path}:NAME; it has {there}")
        refuse_no_model(request.target)
        request.refuse(
            f"input_shape settings shapes inputs dtype {OF_FUNCTIONS}",
            f"{{}} is for something in a file of yours; {request.target} has its own: leave it out",
        )
        return Checked(*report_of_network(request))
    request.refuse("data", f"{{}} is for whole networks; {name} is checked at random inputs: leave it out")
    with redirect_stdout(sys.stderr):  # what their code prints is not our answer
        return _examine_own(request, OwnFile.run(Path(path)), name)


def _examine_own(request: Request, file: OwnFile, name: str) -> Checked:
    thing: Any = None if "," in name else file.thing(name)
    if not isinstance(thing, Own) and not (isinstance(thing, type) and issubclass(thing, Own)):
        request.refuse("input_shape examples", "{} is for a layer; a function takes `shapes`, one for each argument")
        if "," in name:
            return Checked(report_of_pair(request, file, name))
        return Checked(report_of_function(request, file, name, thing))
    layer = made(thing, file, name, request.values)
    with limit_threads(1):  # many small products: threads would only wait for each other
        report = report_of_own_layer(request, file, layer)
    return Checked(report, names_of(layer) if isinstance(layer, Layer) else {})
