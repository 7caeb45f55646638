"""Handlers: one function for each thing that a page asks."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from inkgrad.arrays import NDArray
from inkgrad.check import check_network
from inkgrad.check.lessons import LESSONS
from inkgrad.data import Dataset, as_inputs
from inkgrad.data.curve import LONGEST_LETTERS
from inkgrad.errors import ModelFileError, SettingError
from inkgrad.fast import Fast, limit_threads
from inkgrad.interop import ending_of
from inkgrad.interop.onnx import from_onnx, has_onnx, to_onnx
from inkgrad.layers import Conv2D, leaves
from inkgrad.models import Model, load
from inkgrad.pictures import Page, open_picture, page_numbers
from inkgrad.reader.corrections import write_corrections
from inkgrad.reader.learning import NOTHING
from inkgrad.reader.reader import THRESHOLD
from inkgrad.web import playground_settings as choices
from inkgrad.web.experiment import experiment as run_experiment
from inkgrad.web.inside import COSTS_INSIDE, cell, shown_inside
from inkgrad.web.limits import LIMITS, SHOWN
from inkgrad.web.pen_order import pen_order
from inkgrad.web.slow_motion import slow_motion
from inkgrad.web.snapshot import feature_pictures
from inkgrad.web.thinking import drawn
from inkgrad.web.thinking import think as think_about
from inkgrad.web.visitor_networks import NETWORKS
from inkgrad.web.visitors import Visitor
from inkgrad.web.wire import as_network, as_read, as_text, checked, choice, decoded, rounded, whole

Handler = Callable[[Visitor, Request, IO[bytes]], Any]  # what comes with a request, to what goes back as JSON


def options(digits: Dataset) -> dict[str, Any]:
    """Return what can be chosen, and how much of it; `digits` are those that are drawn and learned from."""
    told = "name", "about", "wrong_line", "right_line", "kind", "moral", "needs"
    lessons = [
        {name: getattr(lesson, name) for name in told} | {"of_a_layer": lesson.wrong is not None}
        for lesson in LESSONS.values()
    ]
    return {
        "activations": choices.ACTIVATIONS,
        "costs": choices.COSTS,
        "cost_of_numbers": choices.COST_OF_NUMBERS,
        "optimizers": choices.OPTIMIZERS,
        "datasets": choices.DATASETS,
        "features": feature_pictures(),
        "labels": list("0123456789"),
        "no_digit": NOTHING,
        "point_classes": choices.POINT_CLASSES,
        "costs_inside": list(COSTS_INSIDE),
        "reader": {"threshold": THRESHOLD, "sure": SHOWN.sure_from},
        "formats": formats(),
        "lessons": lessons,
        "defaults": {which: settings.as_message() for which, settings in choices.DEFAULTS.items()},
        "knobs": {
            which: {name: asdict(knob) for name, knob in knobs.items()}
            for which, knobs in (("digits", choices.KNOBS), ("points", choices.KNOBS_OF_POINTS))
        },
        "limits": {
            "parameters": LIMITS.n_parameters,
            "units": LIMITS.n_units,
            "channels": LIMITS.n_channels,
            "layers": LIMITS.n_layers,
            "units_inside": LIMITS.n_units_inside,
            "points": LIMITS.n_points,
            "curve_letters": LONGEST_LETTERS,
            "test_digits": len(digits.test),
            "epoch_of_points": LIMITS.epoch_of_points,
            "steps_of_link": LIMITS.steps_of_link,
            "picture_bytes": LIMITS.file_bytes,
        },
    }


def formats() -> list[str]:
    """Return the kinds of model files that can be taken home: ONNX where its package is installed."""
    return ["safetensors", *(["onnx"] if has_onnx() else [])]


def think(visitor: Visitor, request: Request, body: IO[bytes]) -> dict[str, Any]:
    """Say what a network makes of a drawing."""
    name, image = _network(request), _drawing(request, body)
    if image is None:
        return {"empty": True}
    return think_about(visitor.networks.model(name), image) | {"can_undo": visitor.networks.n_undo(name)}


def correct(visitor: Visitor, request: Request, body: IO[bytes]) -> dict[str, Any]:
    """Let a network learn from a drawing."""
    name, image = _network(request), _drawing(request, body)
    label = whole(_numbers(request, "label"), "label", 0, 9)
    if image is None:
        raise SettingError("there is nothing to learn from: draw a digit first")
    before, after, steps = visitor.networks.correct(name, image, label)
    p_before, p_after = (model.probabilities(image)[0] for model in (before, after))
    return {
        "image": as_text(image),
        "steps": steps,
        "before": rounded(p_before, 6),
        "after": rounded(p_after, 6),
        "labels": list(after.labels),
        "can_undo": visitor.networks.n_undo(name),
        "predicted": after.labels[int(p_after.argmax())],
    }


def undo(visitor: Visitor, request: Request, body: IO[bytes]) -> dict[str, Any]:
    """Forget the last correction of a network."""
    name = _network(request)
    visitor.networks.undo(name)
    return {"can_undo": visitor.networks.n_undo(name)}


def corrections(visitor: Visitor, request: Request, body: IO[bytes]) -> Response:
    """Return corrected digits as a zip file that the reader learns from; of each comes a byte, what it is, and 784."""
    raw, each = body.read(), 1 + 28 * 28
    labels = raw[::each]
    if not raw or len(raw) % each or max(labels) > 9:
        raise SettingError(f"corrections have {each} bytes each, what it is and an image, got {len(raw):,} bytes")
    images = np.frombuffer(raw, np.uint8).reshape(-1, each)[:, 1:].reshape(-1, 28, 28)
    file = io.BytesIO()
    write_corrections(file, zip(images, map(str, labels), strict=True))
    headers = {"content-disposition": 'attachment; filename="corrections.zip"'}
    return Response(file.getvalue(), media_type="application/zip", headers=headers)


def digit(visitor: Visitor, request: Request, body: IO[bytes]) -> dict[str, Any]:
    """Return a digit of MNIST's test set, with the order in which a pen may have written its pixels."""
    test, text = visitor.library.digits.test, request.path_params["index"]
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < len(test)):
        raise SettingError(f"there are {len(test)} test digits, counted from 0, got {text[:40]!r}")
    index = int(text)
    image = test.x[index, :, :, 0]
    return {"image": as_text(image), "label": str(int(test.t[index])), "order": as_text(pen_order(image))}


def confusion(visitor: Visitor, request: Request, body: IO[bytes]) -> dict[str, Any]:
    """Count how often each digit is taken for each other, by the network that is being trained."""
    model, test = visitor.networks.model("trained"), visitor.library.digits.test
    found, n = model.evaluate(test), len(model.labels)
    matrix = np.bincount(test.t.astype(int) * n + found.predicted, minlength=n * n).reshape(n, n)
    return {"labels": list(model.labels), "matrix": matrix.tolist(), "n": len(test), "accuracy": found.accuracy}


def misread(visitor: Visitor, request: Request, body: IO[bytes]) -> dict[str, Any]:
    """Return test digits of one class that are taken for another."""
    message = decoded(body.read())
    right, wrong = whole(message, "truth", 0, 9), whole(message, "predicted", 0, 9)
    model, test = visitor.networks.model("trained"), visitor.library.digits.test
    mine = np.flatnonzero(test.t == right)
    p = model.probabilities(test.x[mine])
    those = np.flatnonzero(p.argmax(axis=1) == wrong)[: SHOWN.n_misread]
    return {
        "digits": [
            {
                "index": int(mine[k]),
                "image": as_text(test.x[mine[k]]),
                "truth": model.labels[right],
                "predicted": model.labels[wrong],
                "probability": round(float(p[k, wrong]), 4),
            }
            for k in those
        ]
    }


def check(visitor: Visitor, request: Request, body: IO[bytes]) -> dict[str, Any]:
    """Check the gradient of a network as it stands, with its mistake if it has one.

    A large one, or one with convolutions, is judged as a whole along random directions: entry by entry takes minutes.

    The visitor's trainings stand aside for it.  Raises Interrupted when nobody waits for it any more.
    """
    which = choice(decoded(body.read()), "which", ["digits", "points"])
    snapshot = visitor.trainers[which].snapshot
    network, cost, theta = snapshot.objective.network, snapshot.objective.cost, snapshot.answer
    train = snapshot.dataset.train
    n = 31  # examples, as the command line takes
    x, t = as_inputs(train.x[:n], np.float64), train.t[:n]
    is_large = theta.size > LIMITS.n_parameters_one_by_one
    every_entry = not (is_large or any(isinstance(leaf.layer, Conv2D) for leaf in leaves(network)))
    tell, stop = visitor.tell_of_check, request.state.stop.is_set
    try:
        with visitor.way.taken(), limit_threads(1):  # many small products: threads would only wait for each other
            report = check_network(
                network, cost, x, t, theta, every_entry=every_entry, progress=tell, stop=stop, raises=False
            )
    finally:
        visitor.tell_of_check("")
    return checked(report, network) | {"broken": snapshot.settings.broken, "every_entry": every_entry}


def check_progress(visitor: Visitor, request: Request, body: IO[bytes]) -> dict[str, str]:
    """Say how far the visitor's check has come, in the sentence that it told last; "" before the first."""
    return {"progress": visitor.check_progress}


def experiment(visitor: Visitor, request: Request, body: IO[bytes]) -> dict[str, Any]:
    """Train with a mistake and without, with two labels and with three; of a function show its gradients alone."""
    lesson = choice(decoded(body.read()), "lesson", list(LESSONS))
    return run_experiment(lesson, visitor.library.digits, request.state.stop.is_set)


def read(visitor: Visitor, request: Request, body: IO[bytes]) -> dict[str, Any]:
    """Read the digits in a picture."""
    query = request.query_params
    threshold = _numbers(request, "threshold") if "threshold" in query else {"threshold": THRESHOLD}
    reader = visitor.library.reader(float(threshold["threshold"]), query.get("expect") or None)
    numbers, number, colours = _page(request, body)
    return as_read(reader.read(colours)) | {"pages": numbers, "page": number}


def picture(visitor: Visitor, request: Request, body: IO[bytes]) -> Response:
    """Return a page of a file that a browser cannot show as a picture that each can."""
    _, _, colours = _page(request, body)
    shown, file = Image.fromarray(colours[..., 0] if colours.shape[2] == 1 else colours), io.BytesIO()
    shown.thumbnail((SHOWN.page_side_px, SHOWN.page_side_px))
    shown.save(file, "JPEG", quality=85)
    return Response(file.getvalue(), media_type="image/jpeg")


def _page(request: Request, body: IO[bytes]) -> tuple[list[int], int, NDArray]:
    """Return the numbers of the pages of a file, that of the one that is asked for, or the first, and its colours."""
    if body.seek(0, os.SEEK_END) == 0:
        raise SettingError("there is no picture: choose a file first")
    body.seek(0)
    numbers = page_numbers(body)
    body.seek(0)
    number = whole(_numbers(request, "page"), "page", 1, 10**6) if request.query_params.get("page") else numbers[0]
    source = body if number == 1 else Page(body.read(), number)
    return numbers, number, open_picture(source, "the picture", most_pixels=LIMITS.picture_pixels)


def slow(visitor: Visitor, request: Request, body: IO[bytes]) -> dict[str, Any]:
    """Return what one step does to an example, in the network of points as it stands."""
    return slow_motion(visitor.trainers["points"].snapshot, whole(decoded(body.read()), "example", 0, 1_000_000, 0))


def inside(visitor: Visitor, request: Request, body: IO[bytes]) -> dict[str, Any]:
    """Return every number of a forward and a backward pass."""
    return shown_inside(decoded(body.read()))


def inside_cell(visitor: Visitor, request: Request, body: IO[bytes]) -> dict[str, Any]:
    """Say how one of those numbers came about."""
    return cell(decoded(body.read()))


def download(visitor: Visitor, request: Request, body: IO[bytes]) -> Response:
    """Return a network as a model file, which waits on the disk until the client has taken it."""
    name, kind = _network(request), choice(request.query_params, "format", formats(), "safetensors")
    model = visitor.networks.model(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        if kind == "onnx":
            path.write_bytes(to_onnx(model))
        else:
            model.save(path)
        file, n_bytes = path.open("rb"), path.stat().st_size  # it has no name any more, and is gone with its end
    headers = {"content-disposition": f'attachment; filename="{name}.{kind}"', "content-length": str(n_bytes)}
    return StreamingResponse(_slices(file), media_type="application/octet-stream", headers=headers)


def _slices(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a file in slices, and close it."""
    with file:
        while part := file.read(LIMITS.slice_bytes):
            yield part


def upload(visitor: Visitor, request: Request, body: IO[bytes]) -> dict[str, Any]:
    """Take a model file; it is the network "loaded" from now on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        with path.open("wb") as file:
            shutil.copyfileobj(body, file)
        body.seek(0)
        try:
            model = from_onnx(path) if ending_of(body.read(9)) == ".onnx" else load(path)
        except ModelFileError as error:
            raise ModelFileError(str(error).replace(str(path), "the file")[: SHOWN.n_letters_of_problem]) from None
    model = replace(model, engine=Fast(1))
    _refuse_strange(model)
    visitor.networks.load(model)
    return {"network": as_network(model.network), "labels": list(model.labels), "n_parameters": model.theta.size}


def _refuse_strange(model: Model) -> None:
    """Raise ModelFileError for a model that cannot look at drawings, or is too much for a shared machine."""
    network = model.network
    if model.input_shape != (28, 28, 1) or tuple(model.labels[:10]) != tuple("0123456789"):
        raise ModelFileError("the file must be a model of digits of 28 × 28 pixels, 0 to 9: others cannot be drawn")
    if not all(leaf.path.isdecimal() for leaf in leaves(network)):  # alone it has no path, in a chain inside "1.0"
        raise ModelFileError("the model should be a plain chain of layers, as others cannot be looked into")
    n_parameters, numbers = model.theta.size, choices.numbers_between(network, model.input_shape)
    if n_parameters > LIMITS.n_parameters or numbers > LIMITS.n_numbers_in_drawing:
        raise ModelFileError(
            f"the model has {n_parameters:,} parameters and {numbers:,} numbers between its layers, "
            f"more than {LIMITS.n_parameters:,} and {LIMITS.n_numbers_in_drawing:,}: load a smaller one"
        )
    with np.errstate(all="ignore"):  # NaN and infinity are found here
        p = model.probabilities(np.stack([np.full((28, 28), ink, np.uint8) for ink in (0, 255)]))
    if not np.isfinite(p).all():
        raise ModelFileError("the model's outputs are not finite")


def _network(request: Request) -> str:
    return choice(request.query_params, "network", NETWORKS, NETWORKS[0])


def _drawing(request: Request, body: IO[bytes]) -> NDArray | None:
    numbers = _numbers(request, "width", "height")
    return drawn(body.read(), whole(numbers, "width", 1, 1000), whole(numbers, "height", 1, 1000))


def _numbers(request: Request, *names: str) -> dict[str, float]:
    """Return numbers of an address; SettingError where one is missing, or another text."""
    found = {}
    for name in names:
        text = request.query_params.get(name, "")
        try:
            found[name] = float(text)
        except ValueError:
            raise SettingError(f"{name} is a number, got {text[:40]!r}") from None
    return found
