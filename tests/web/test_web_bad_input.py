"""The playground meets anything: it answers, or refuses in one clear line, and goes on answering."""

import http.client
import io
import json
import struct
import sys
import zlib
from functools import partial
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzzing
from hypothesis import strategies as st
from PIL import Image
from starlette.websockets import WebSocketDisconnect
from support import commands
from support.playground import LIBRARY, Page, opened

from inkgrad.costs import CrossEntropy, SoftmaxCrossEntropy, SquaredError
from inkgrad.errors import SettingError
from inkgrad.interop.json import to_json
from inkgrad.interop.onnx import to_onnx
from inkgrad.layers import Chain, Conv2D, Dense, Flatten, MaxPool2D, Softmax
from inkgrad.layout import Layout
from inkgrad.models import Model, load
from inkgrad.web.playground_settings import ACTIVATIONS, COSTS, OPTIMIZERS, PlaygroundSettings, parsed
from inkgrad.web.visitors import Bucket, Visitors
from inkgrad.web.wire import choice, decoded, truth, whole

# Warnings of NumPy are no answer to a visitor; other tests have them as errors.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

SEVEN = LIBRARY.digits.test.x[0, :, :, 0]
SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
def client():
    with opened(raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def page(client):
    page = Page(client)
    page.visitor.bucket = Bucket(1e9, 1e9)  # these tests ask faster than a hand
    return page


@pytest.fixture(autouse=True)
def _goes_on(page):
    """After each test the server answers as if nothing had been."""
    yield
    assert page.draw("think", SEVEN)["predicted"] == 7


def assert_safe(answer):
    """Every answer forbids the same things."""
    assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} <= set(policy)


def assert_error(answer, status=400, *words):
    """One clear line, and nothing of what is behind it."""
    assert answer.status_code == status, answer.text[:500]
    assert list(answer.json()) == ["code", "error"]
    assert_line(answer.json()["error"])
    for word in words:
        assert word in answer.json()["error"]
    assert_safe(answer)


def assert_line(text):
    assert len(text.splitlines()) == 1
    assert len(text) < 500
    assert "Traceback" not in text
    assert "/tmp/" not in text
    assert ".py" not in text


# Messages.

NO_MESSAGES = {
    "nothing": b"",
    "cut off": b'{"which": ',
    "a list": b"[]",
    "null": b"null",
    "a word": b'"points"',
    "a number": b"1",
    "no UTF-8": b"\xff\xfe\x00",
    "NaN": b'{"which": NaN}',
    "infinity": b'{"which": -Infinity}',
    "deep": b'{"which": ' + b"[" * 100_000,
    "deep and whole": b'{"which": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    **{f"{n} deep": b'{"which": ' + b"[" * n + b"]" * n + b"}" for n in (955, 987)},  # as far as Python follows
    **{f"{n} objects deep": b'{"which": ' * n + b"1" + b"}" * n for n in (955, 987)},
    "deep beside it": b'{"which": "points", "truth": 1, "predicted": 2, "x": ' + b"[" * 950 + b"]" * 950 + b"}",
    "a long number": b'{"which": ' + b"9" * 10_000 + b"}",
    "half a letter": b'{"which": "\\ud800"}',
    "a name twice": b'{"which": "points", "which": 1}',
    "a zero byte": b'{"which": "points\\u0000"}',
}


@pytest.mark.parametrize("body", NO_MESSAGES.values(), ids=NO_MESSAGES)
@pytest.mark.parametrize("path", ["check", "experiment", "misread"])
def test_what_is_no_message_is_refused(page, path, body):
    assert_error(page.post(f"/api/{path}", body))


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{", b"\xff", b"[" * 10_000, b'{"token": NaN}', b"[" * 955 + b"]" * 955, b"[" * 987 + b"]" * 987],
    ids=range(7),
)
def test_nobody_enters_with_what_is_no_message(client, body):
    assert_error(client.post("/api/visitors", content=body))


def test_a_stranger_says_no_more_than_a_token(client):
    body = json.dumps({"token": "x" * 10_000}).encode()
    assert_error(client.post("/api/visitors", content=body), 413, "more than 10,000 bytes: send less")
    with client.websocket_connect("/api/training/points", headers={"host": "localhost"}) as socket:
        socket.send_text(body.decode())
        assert socket.receive_json()["error"] == "the first message has the token alone, at most 10,000 bytes"
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()


@pytest.mark.parametrize("depth", [201, *range(900, 1000)])
@pytest.mark.parametrize("brackets", ["[]", '{"x":|}', '[{"x":|}]'])
def test_no_depth_is_more_than_a_refusal(brackets, depth):
    before, after = brackets.split("|") if "|" in brackets else brackets
    with pytest.raises(SettingError, match="the message is not JSON: brackets lie in brackets, more than 200 deep"):
        decoded('{"token": ' + before * depth + ("1" if "|" in brackets else "") + after * depth + "}")


def test_what_came_is_never_shown_whole():
    """Neither what is long, nor what is deep, nor what is both."""
    deep = json.loads("[" * 199 + "]" * 199)
    for strange in deep, [deep] * 1000, "x" * 10**6, {"x" * 10**6: deep}, 10**299, ["y" * 10**6] * 1000:
        for ask in partial(whole, low=0, high=9), partial(choice, known=["a", "b"]), truth:
            with pytest.raises(SettingError) as refusal:
                ask({"name": strange}, "name")
            assert_line(str(refusal.value))
            assert "name is " in str(refusal.value)


@pytest.mark.parametrize("token", [1, None, [], {}, True, "", "\ud800", "x" * 1000, 1e300])
def test_a_token_that_is_none_makes_a_new_visitor(client, token):
    answer = client.post("/api/visitors", content=json.dumps({"token": token}))
    assert answer.status_code == 200
    assert answer.json()["resumed"] is False


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"truth": 10, "predicted": 1}, "truth is a number from 0 to 9, got 10"),
        ({"truth": 1.5, "predicted": 1}, "truth is a whole number from 0 to 9, got 1.5"),
        ({"truth": True, "predicted": 1}, "truth is a number from 0 to 9, got True"),
        ({"truth": 1}, "predicted is a number from 0 to 9, got None"),
    ],
)
def test_a_wrong_number_is_named(page, message, words):
    assert_error(page.post("/api/misread", message), 400, words)


@pytest.mark.parametrize(
    "more",
    [
        {"n_hidden": 10**9},
        {"n_hidden": 0},
        {"activation": "__class__"},
        {"activation": "Dense"},
        {"cost": "SoftmaxCrossEntropy"},
        {"example": 80},
        {"example": -1},
        {"seed": -1},
        {"seed": 10**400},
        {"layer": 5},
        {"layer": -1},
        {"array": "dV"},
        {"array": "dW", "layer": 1},
        {"row": 1},
        {"column": 99},
        {"column": "0"},
    ],
    ids=str,
)
def test_a_cell_that_is_not_there_is_refused(page, more):
    right = {"n_hidden": 3, "layer": 0, "array": "y", "row": 0, "column": 0}
    assert page.post("/api/inside/cell", right).status_code == 200
    assert_error(page.post("/api/inside/cell", right | more))


# Drawings.


@pytest.mark.parametrize(
    "query",
    [
        "",
        "width=28",
        "width=1001&height=1",
        "width=1000000000&height=1000000000",
        "width=0&height=0",
        "width=-28&height=-28",
        "width=28.5&height=28",
        "width=nan&height=28",
        "width=inf&height=28",
        "width=1e400&height=28",
        "width=&height=",
        "width=ten&height=28",
        "width=%00&height=%ff",
        "width=28&height=27",
        "width=28&height=28&network=",
        "width=28&height=28&network=loaded",
        "width=28&height=28&network=../../../etc/passwd",
        "width=28&height=28&network=%F0%9F%A6%86%0A",
    ],
)
@pytest.mark.parametrize("what", ["think", "correct"])
def test_a_drawing_of_another_size_or_for_no_network_is_refused(page, what, query):
    assert_error(page.post(f"/api/{what}?{query}&label=1", SEVEN.tobytes()))


@pytest.mark.parametrize("raw", [b"", bytes(784), bytes(786), bytes([10]) + bytes(784)])
def test_corrections_of_another_form_are_refused(page, raw):
    assert_error(page.post("/api/corrections", raw), 400, "corrections have 785 bytes each, what it is and an image")


@pytest.mark.parametrize("label", ["10", "-1", "1.5", "nan", "inf", "seven", ""])
def test_a_label_that_is_no_digit_is_refused(page, label):
    assert_error(page.post(f"/api/correct?width=28&height=28&label={label}", SEVEN.tobytes()), 400, "label is a")


def test_nothing_is_learned_from_an_empty_drawing(page):
    answer = page.post("/api/correct?width=28&height=28&label=1", bytes(784))
    assert_error(answer, 400, "there is nothing to learn from: draw a digit first")


def test_there_is_nothing_to_undo_at_first(page):
    assert_error(page.post("/api/undo?network=cnn", b""), 400, "there is no correction to undo")


@pytest.mark.parametrize("index", ["10000", "9" * 30, "9" * 5000])
def test_a_digit_that_is_not_there_is_refused(page, index):
    assert_error(page.get(f"/api/digits/{index}"))


@pytest.mark.parametrize("shape", [(1, 1), (1, 1000), (1000, 1), (27, 28), (999, 1000)])
@pytest.mark.parametrize("ink", [1, 255])
def test_strange_drawings_are_looked_at(page, shape, ink):
    full, corners = np.full(shape, ink, np.uint8), np.zeros(shape, np.uint8)
    corners[0, 0] = corners[-1, -1] = ink
    for drawing in full, corners:
        assert sum(page.draw("think", drawing)["probabilities"]) == pytest.approx(1, abs=1e-4)


# Pictures.


def bomb(width, height):
    """A PNG of some kilobytes, all white, that would fill the memory."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


PICTURES = {
    "nothing": b"",
    "text": b"a letter to a friend",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "cut": png(SEVEN)[:-40],
    "a bomb": bomb(60_000, 60_000),
    "a long bomb": bomb(2**31 - 1, 1),
    "a little too large": bomb(5000, 4001),
    "a model": b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ",
}


@pytest.mark.parametrize("body", PICTURES.values(), ids=PICTURES)
def test_what_is_no_picture_or_too_large_a_one_is_refused(page, body):
    assert_error(page.post("/api/read", body), 400, "picture")


@pytest.mark.parametrize(
    "query", ["threshold=2", "threshold=-1", "threshold=nan", "threshold=", "threshold=1&expect=%5Cw"]
)
def test_what_nobody_can_expect_is_refused(page, query):
    assert_error(page.post(f"/api/read?{query}", png(SEVEN)))


@pytest.mark.parametrize("what", ["read", "picture"])
@pytest.mark.parametrize(
    ("query", "words"),
    [("page=2", "there is no page 2: the file has one page"), ("page=0", "page is"), ("page=x", "page")],
)
def test_a_page_that_a_file_has_not_is_refused(page, what, query, words):
    assert_error(page.post(f"/api/{what}?{query}", png(SEVEN)), 400, words)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (
            b"\0\0\0\x18ftypheic",
            "the picture is a HEIC picture, and reading it needs pillow-heif, which is not installed",
        ),
        (b"%PDF-1.4", "the picture is a PDF, and reading it needs pypdfium2, which is not installed"),
    ],
)
def test_what_needs_an_extra_says_so_in_one_line(page, monkeypatch, raw, words):
    for package in "pillow_heif", "pypdfium2":
        monkeypatch.setitem(sys.modules, package, None)
    assert_error(page.post("/api/read", raw), 400, words)


@pytest.mark.parametrize("picture", [np.zeros((1, 1), np.uint8), np.zeros((40, 40), np.uint8), SEVEN], ids=str)
def test_a_picture_with_little_in_it_is_read(page, picture):
    assert page.post("/api/read", png(picture)).status_code == 200


# Model files.


def model_of(network, cost=None, labels="0123456789", input_shape=(28, 28, 1), scale=0.1):
    """The model of a network with some parameters."""
    theta = np.random.default_rng(0).normal(0, scale, Layout(network.shapes()).size).astype(np.float32)
    return Model(network, cost or SoftmaxCrossEntropy(), theta, tuple(labels), input_shape)


def file_of(folder, model):
    model.save(folder / "it.safetensors")
    return (folder / "it.safetensors").read_bytes()


def header_of(**header):
    """A model file with a header and no parameters."""
    words = json.dumps({"__metadata__": {"inkgrad": json.dumps({"format": "inkgrad model 1"} | header)}}).encode()
    return struct.pack("<Q", len(words)) + words


ABOUT = {
    "network": {"class": "Chain", "layers": [{"class": "Flatten"}, {"class": "Dense", "n_in": 784, "n_out": 10}]},
    "cost": {"class": "SoftmaxCrossEntropy"},
    "preprocessing": 1,
    "labels": list("0123456789"),
    "input_shape": [28, 28, 1],
}
DEEP = "[" * 5000 + "]" * 5000
EMPTY_NODES = b"\x0a\0" * 1_000_000
NO_MODELS = {
    "half of an ONNX file": to_onnx(load("cnn"))[:1000],
    "an ONNX file without a graph": b"\x08\x08\x42\x02\x10\x11",
    "an ONNX file of empty nodes": b"\x08\x08\x3a\x80\x89\x7a" + EMPTY_NODES,
    "JSON": to_json(load("cnn")).encode(),
    "nothing": b"",
    "text": b"a letter to a friend, and not a short one",
    "a pickle": b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
    "a picture": png(SEVEN),
    "a long head": struct.pack("<Q", 2**63) + b"{}",
    "no head": struct.pack("<Q", 2) + b"{}",
    "another head": struct.pack("<Q", 8) + b'{"a": 1}',
    "no format": header_of(format=None),
    "no parameters": header_of(**ABOUT),
    "no cost": header_of(**{name: value for name, value in ABOUT.items() if name != "cost"}),
    "no labels": header_of(**ABOUT | {"labels": None}),
    "labels that are numbers": header_of(**ABOUT | {"labels": list(range(10))}),
    "a billion weights": header_of(**ABOUT | {"network": {"class": "Dense", "n_in": 784, "n_out": 10**9}}),
    "no end of weights": header_of(**ABOUT | {"network": {"class": "Dense", "n_in": 10**200, "n_out": 10**200}}),
    "wrong numbers": header_of(**ABOUT | {"network": {"class": "Dense", "n_in": -1, "n_out": "ten"}}),
    "foreign code": header_of(**ABOUT | {"network": {"class": "os.system", "command": "id"}}),
    "a word": header_of(**ABOUT | {"network": "Dense"}),
    "a class that is a list": header_of(**ABOUT | {"network": {"class": ["Dense"]}}),
    "a setting nobody has": header_of(**ABOUT | {"network": {"class": "Flatten", "n": 1}}),
    "sizes of the input": header_of(**ABOUT | {"input_shape": [10**9, 10**9, 10**9]}),
    "no input": header_of(**ABOUT | {"input_shape": []}),
    "layers in layers": struct.pack("<Q", len(DEEP) + 40) + json.dumps({"__metadata__": {"inkgrad": DEEP}}).encode(),
}


@pytest.mark.parametrize("body", NO_MODELS.values(), ids=NO_MODELS)
def test_what_is_no_model_is_refused(page, body):
    assert_error(page.post("/api/model", body))


@pytest.mark.parametrize(
    "model",
    [
        model_of(Dense(2, 10), input_shape=(2,)),
        model_of(Chain((Flatten(), Dense(784, 3))), labels="012"),
        model_of(Chain((Flatten(), Dense(784, 10))), labels="abcdefghij"),
        model_of(Chain((Flatten(), Dense(784, 2600), Dense(2600, 10)))),
    ],
    ids=["points", "3 classes", "letters", "too many parameters"],
)
def test_a_model_that_cannot_look_at_drawings_is_refused(page, tmp_path, model):
    assert_error(page.post("/api/model", file_of(tmp_path, model)))


def test_a_model_that_would_fill_the_memory_is_refused(page, tmp_path):
    wide = model_of(Chain((Conv2D(1, 60_000), MaxPool2D(28), Flatten(), Dense(60_000, 10))))
    assert wide.theta.size < 2_000_000  # but 47 million numbers after the first layer, for one drawing
    assert_error(page.post("/api/model", file_of(tmp_path, wide)))


STRANGE = {
    "no layers first": model_of(Chain((MaxPool2D(2), Flatten(), Dense(196, 10)))),
    "a chain in a chain": model_of(Chain((Chain((Flatten(), Dense(784, 20))), Dense(20, 10)))),
    "eleven labels": model_of(Chain((Flatten(), Dense(784, 11))), labels=(*"0123456789", "none")),
    "huge weights": model_of(Chain((Flatten(), Dense(784, 20), Dense(20, 10))), scale=1e30),
    "no probabilities": model_of(Chain((Flatten(), Dense(784, 10))), SquaredError()),
    "no probabilities, with logarithms": model_of(Chain((Flatten(), Dense(784, 10))), CrossEntropy()),
    "a softmax too many": model_of(Chain((Flatten(), Dense(784, 10), Softmax()))),
    "zeros": model_of(Chain((Flatten(), Dense(784, 10))), scale=0),
}


@pytest.mark.parametrize("model", STRANGE.values(), ids=STRANGE)
def test_a_strange_model_is_used_or_refused_but_does_no_harm(client, tmp_path, model):
    page = Page(client)
    loaded = page.post("/api/model", file_of(tmp_path, model))
    if loaded.status_code != 200:
        assert_error(loaded)
        return
    place = "network=loaded&width=28&height=28"
    for path in f"think?{place}", f"correct?{place}&label=3", "undo?network=loaded", f"think?{place}":
        answer = page.post(f"/api/{path}", SEVEN.tobytes())
        if answer.status_code != 200:
            assert_error(answer)
    assert page.get("/api/model?network=loaded").status_code == 200


def test_a_model_with_half_a_letter_for_a_label_is_refused(page, tmp_path):
    model = model_of(Chain((Flatten(), Dense(784, 11))), labels=(*"0123456789", "instead"))
    raw = file_of(tmp_path, model)
    half = raw.replace(b"instead", rb"\\ud800")  # which is as long, and as JSON in JSON has it
    assert page.post("/api/model", raw).status_code == 200
    assert_error(page.post("/api/model", half), 400, "labels are the names of classes", r"got '\ud800'")


# Settings.

DENSE = {"kind": "dense", "size": 8, "activation": "Tanh"}
CONV = {"kind": "conv", "size": 128, "activation": "ReLU"}


@pytest.mark.parametrize(
    ("which", "settings", "words"),
    [
        ("points", {"lr": float("nan")}, "lr is a number"),
        ("points", {"lr": 10**400}, "lr is a number"),
        ("points", {"lr": "0.1"}, "lr is a number from 1e-06 to 100, got '0.1'"),
        ("points", {"lr": True}, "lr is a number"),
        ("points", {"momentum": 1}, "momentum is a number from 0 to 0.999, got 1"),
        ("points", {"batch_size": 0}, "batch_size is a number from 1 to 1000, got 0"),
        ("points", {"batch_size": 1.5}, "batch_size is a whole number"),
        ("points", {"data": "mnist"}, "data is one of"),
        ("digits", {"data": "xor"}, "data is one of mnist"),
        ("points", {"data": "own"}, "own data are 1 to 1000 points, got None: paint some"),
        ("points", {"data": "own", "points": []}, "got 0: paint some"),
        ("points", {"data": "own", "points": [[0, 0, 0]] * 1001}, "got 1001"),
        ("points", {"data": "own", "points": [[0, 0]]}, "a point is [x, y, class], got [0, 0]"),
        ("points", {"data": "own", "points": [[0, 2, 0]]}, "y is a number from 0 to 1, got 2"),
        ("points", {"data": "own", "points": [[0, 0, 2]]}, "class is a number from 0 to 1, got 2"),
        ("points", {"data": "curve", "curve": "y = foo x"}, "in 'y = foo x' 'foo' is unknown: it may have x, numbers"),
        ("points", {"data": "curve", "curve": 5}, "curve is a text such as 'y = sin 3x', got 5"),
        ("points", {"share": 1}, "share is a number from 0.1 to 0.9, got 1"),
        ("points", {"data_noise": -1}, "data_noise is a number from 0 to 0.5, got -1"),
        ("digits", {"weight_decay": 2}, "weight_decay is a number from 0 to 1, got 2"),
        ("points", {"l1": -1}, "l1 is a number from 0 to 1, got -1"),
        ("points", {"features": []}, "features are one or more of x1, x2, x1x1, x2x2, x1x2, sin1, sin2, each once"),
        ("points", {"features": ["x1", "x1"]}, "each once, got ['x1', 'x1']"),
        ("points", {"features": ["x3"]}, "got ['x3']"),
        ("points", {"features": [[]]}, "got [[]]"),
        ("points", {"features": 5}, "got 5"),
        ("points", {"layers": 5}, "layers is a list"),
        ("points", {"layers": [DENSE] * 7}, "layers is a list of at most 6 hidden layers"),
        ("points", {"layers": [1]}, "a layer is an object with kind, size and activation, got 1"),
        ("points", {"layers": [CONV]}, "kind is one of dense"),
        ("points", {"layers": [DENSE | {"size": 10**9}]}, "size is a number from 1 to 1024"),
        ("points", {"layers": [DENSE | {"activation": "Softmax"}]}, "activation is one of"),
        ("digits", {"layers": [DENSE, CONV]}, "convolutions come before dense layers"),
        ("digits", {"layers": [CONV] * 5}, "there are at most 4: take one away"),
        ("digits", {"layers": [DENSE | {"size": 1024}] * 6}, "parameters, more than 2,000,000: take smaller layers"),
        ("digits", {"layers": [CONV, CONV], "batch_size": 1000}, "a batch of 1000 is too much for this network"),
        ("digits", {"classes": 3}, "classes is a number from 10 to 10"),
        ("points", {"seed": -1}, "seed is a number"),
        ("points", {"broken": "everything"}, "broken is one of"),
        ("points", {"broken": "relu-mask-inverted"}, "needs a layer with ReLU, which this network lacks"),
        ("points", {"epochs": 1}, "there is no setting 'epochs'"),
    ],
    ids=str,
)
def test_settings_that_make_no_sense_or_are_too_much_are_refused_by_name(which, settings, words):
    with pytest.raises(SettingError) as refusal:
        parsed(settings, which)
    assert_line(str(refusal.value))
    assert words in str(refusal.value)


# Who may ask, and how much.


def test_who_is_not_known_is_refused(client, page):
    for headers in {}, {"x-visitor": ""}, {"x-visitor": "x" * 32}, {"x-visitor": page.token[:-1]}:
        answer = client.get("/api/digits/0", headers=headers)
        assert_error(answer, 404, "this visit is over: reload the page")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/think", 405),
        ("DELETE", "/api/model", 405),
        ("PUT", "/api/visitors", 405),
        ("POST", "/", 405),
        ("POST", "/api/digits/1", 405),
        ("NONSENSE", "/api/think", 405),
        ("GET", "/api", 404),
        ("GET", "/api/nothing", 404),
        ("GET", "/api/digits/-1", 400),
        ("GET", "/api/digits/one", 400),
        ("GET", "/static/index.html", 404),
        ("GET", "/web/app.py", 404),
        ("GET", "/app.py", 404),
        ("GET", "/api/training/points", 404),
    ],
)
def test_wrong_methods_and_addresses_are_refused(client, page, method, path, status):
    assert_error(client.request(method, path, headers=page.headers), status)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "evil.example:8000", "", "[", "127.0.0.1.nip.io", "local host", "[::1"],
)
def test_another_name_of_this_machine_is_refused(client, page, host):
    assert_error(client.get("/", headers={"host": host}), 403, "this name is not known here")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:8000", "[::1]:8000", "192.168.1.7"])
def test_this_machine_is_known_by_its_addresses(client, host):
    answer = client.get("/", headers={"host": host, "origin": f"http://{host}"})
    assert answer.status_code == 200
    assert_safe(answer)


ORIGINS = ["http://evil.example", "null", "http://localhost:1", "file://", "", "localhost", "http://[", "http://[::1"]


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_page_of_another_site_is_refused(client, origin):
    answer = client.post("/api/visitors", json={}, headers={"origin": origin})
    assert_error(answer, 403, "a page of another site may not ask here")


@pytest.mark.parametrize(
    "headers", [{"host": "evil.example"}, *({"host": "localhost", "origin": origin} for origin in ORIGINS)], ids=str
)
def test_a_socket_from_elsewhere_is_refused(client, headers):
    socket = client.websocket_connect("/api/training/points", headers=headers)
    with pytest.raises(WebSocketDisconnect) as refusal, socket:
        pass
    assert refusal.value.code == 1008


@pytest.mark.parametrize(
    "path", ["think?width=28&height=28", "correct", "corrections", "misread", "check", "inside", "undo"]
)
def test_too_large_a_message_is_refused(page, path):
    assert_error(page.post(f"/api/{path}", bytes(1_000_001)), 413, "more than 1,000,000 bytes: send less")


@pytest.mark.parametrize("path", ["read", "model"])
def test_too_large_a_file_is_refused(page, path):
    assert_error(page.post(f"/api/{path}", bytes(20_000_001)), 413, "more than 20,000,000 bytes: send less")


def test_too_large_an_entrance_is_refused(client):
    assert_error(client.post("/api/visitors", content=bytes(1_000_001)), 413)


def test_one_visitor_too_many_is_asked_to_come_back_later():
    with opened(Visitors(LIBRARY, most=2)) as client:
        pages = [Page(client), Page(client)]
        answer = client.post("/api/visitors", json={"token": None})
        assert_error(answer, 503, "there are 2 visitors, and this machine can serve 2")
        assert Page(client, pages[0].token).resumed  # who is here stays
        assert pages[1].get("/api/digits/0").status_code == 200


def test_who_asks_too_much_waits_and_others_do_not(client):
    one, other = Page(client), Page(client)
    one.visitor.bucket = Bucket(0.0, 3)
    codes = [one.get("/api/digits/0").status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    assert_error(one.get("/api/digits/0"), 429, "too many requests: wait a moment")
    assert other.get("/api/digits/0").status_code == 200


def test_who_never_stops_asking_is_stopped(client):
    page = Page(client)
    assert any(page.get("/api/digits/10000").status_code == 429 for _ in range(2000))


def test_answers_of_every_kind_are_safe(client, page):
    tag = client.get("/").headers["etag"]
    asked = [
        client.get("/"),
        client.get("/", headers={"if-none-match": tag}),
        client.get("/plotly.min.js"),
        client.get("/nothing"),
        client.get("/", headers={"host": "evil.example"}),
        client.put("/"),
        client.post("/api/visitors", json={}),
        page.get("/api/digits/0"),
        page.get("/api/model?network=cnn"),
        page.post("/api/check", b"{"),
    ]
    assert [answer.status_code for answer in asked] == [200, 304, 200, 404, 403, 405, 200, 200, 200, 400]
    for answer in asked:
        assert_safe(answer)


# The socket.

ORDERS = {
    "no JSON": "{",
    "a list": "[]",
    "nothing": "",
    "no order": "{}",
    "another order": '{"do": "explode"}',
    "an order within": '{"do": "__init__"}',
    "closing": '{"do": "close"}',
    "a number": '{"do": 1}',
    "NaN": '{"do": "goto", "epoch": NaN}',
    "no epoch": '{"do": "goto"}',
    "a late epoch": '{"do": "goto", "epoch": 5001}',
    "a billion epochs": '{"do": "goto", "epoch": 1000000000}',
    "minus one epoch": '{"do": "goto", "epoch": -1}',
    "half an epoch": '{"do": "goto", "epoch": 0.5}',
    "wanted or not": '{"do": "details", "wanted": 1}',
    "wrong settings": '{"do": "change", "settings": {"lr": -1}}',
    "settings that are a number": '{"do": "change", "settings": 5}',
    "settings that are a list": '{"do": "change", "settings": []}',
    "deep": "[" * 100_000,
    **{f"{n} deep": '{"do": ' + "[" * n + "]" * n + "}" for n in (955, 987)},
    "deep settings": '{"do": "change", "settings": ' + "[" * 955 + "]" * 955 + "}",
    "a deep layer": '{"do": "change", "settings": {"layers": [' + "[" * 955 + "]" * 955 + "]}}",
}


@pytest.mark.parametrize("text", ORDERS.values(), ids=ORDERS)
def test_a_wrong_order_is_refused_and_changes_nothing(page, text):
    with page.training() as line:
        line.tell("change", settings={"lr": 0.25})
        line.state(lambda state: state["settings"]["lr"] == 0.25)
        line.session.send_text(text)
        assert_line(line.error())
        line.tell("step")
        state = line.state(lambda state: state["step"] > 0)
        assert state["settings"]["lr"] == 0.25
        line.tell("reset")


@pytest.mark.parametrize(
    "first", ["{", "[]", "{}", '{"token": 1}', '{"token": null}', '{"token": "x"}', '{"do": "start"}']
)
def test_a_socket_of_a_stranger_is_closed_with_a_reason(page, first):
    with page.client.websocket_connect("/api/training/points", headers={"host": "localhost"}) as socket:
        socket.send_text(first)
        message = socket.receive_json()
        assert message["kind"] == "error"
        assert_line(message["error"])
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()


def test_there_is_no_third_training(page):
    with page.training("letters") as line:
        assert_line(line.error())
        with pytest.raises(WebSocketDisconnect):
            line.hear()


@pytest.mark.parametrize("is_first", [True, False])
def test_bytes_end_a_socket_and_no_more(page, is_first):
    with page.client.websocket_connect("/api/training/points", headers={"host": "localhost"}) as socket:
        if not is_first:
            socket.send_json({"token": page.token})
            socket.receive_json()
        socket.send_bytes(b"\x00\xff")
        with pytest.raises(WebSocketDisconnect) as end:
            socket.receive_json()
        assert end.value.code == 1003


def test_a_visitor_has_so_many_sockets_and_no_more(client):
    page = Page(client)
    with page.training() as one, page.training(), page.training("digits"), page.training("digits") as last:
        last.state()
        with page.training() as fifth:
            assert fifth.error() == "the page is open too often: close one of its windows"
            with pytest.raises(WebSocketDisconnect):
                fifth.hear()
        one.tell("step")
        one.state(lambda state: state["step"] == 1)
    with page.training() as again:
        again.state()


def test_who_says_too_much_is_told_and_stays(client):
    page = Page(client)
    visitor = page.visitor
    with page.training() as line:
        line.state()
        visitor.bucket = Bucket(0.0, 2)
        for _ in range(3):
            line.tell("step")
        assert line.error() == "too many requests: wait a moment"
        visitor.bucket = Bucket(1e9, 1e9)
        line.tell("epoch")
        line.state(lambda state: state["epoch"] == 1)


def test_a_long_message_counts_as_many(client):
    page = Page(client)
    visitor = page.visitor
    with page.training() as line:
        line.state()
        visitor.bucket = Bucket(0.0, 11)
        line.tell("details", wanted=False, x="x" * 90_000)  # as much as ten
        line.tell("step", x="x" * 90_000)
        assert line.error() == "too many requests: wait a moment"
        line.tell("epoch")  # as much as one
        line.state(lambda state: state["epoch"] == 1)


# By the wire, where no client puts an address right before it is sent.


@pytest.fixture(scope="module")
def port():
    process = commands.started(commands.command("serve", "--port", 0, "--no-browser"))
    yield int(process.stdout.readline().split()[4].rpartition(":")[2])
    process.terminate()
    _, complaints = process.communicate(timeout=20)
    assert "Traceback" not in complaints


def test_a_playground_for_nobody_is_refused():
    done = commands.inkgrad("serve", "--no-browser", "--visitors", 0, cwd=None)
    commands.assert_refused(done)
    assert done.stderr == "inkgrad: visitors must be at least 1, got 0\n"


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/../../../../../../etc/passwd",
        "/%2e%2e/app.py",
        "/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/..%5c..%5capp.py",
        "/static/../app.py",
        "//etc/passwd",
        "/index.html%00.js",
        "/.",
        "/%",
        "/api/digits/..%2f..%2f1",
    ],
)
def test_no_path_leads_out_of_the_page(port, path):
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    wire.request("GET", path)
    answer = wire.getresponse()
    body = answer.read().decode()
    assert (answer.status, list(json.loads(body))) == (404, ["code", "error"])
    assert answer.getheader("x-content-type-options") == "nosniff"
    assert answer.getheader("server") is None
    wire.close()


def test_bytes_by_the_wire_end_a_socket_too(port):
    exceptions = pytest.importorskip("websockets.exceptions", reason="the extra web has websockets")
    from websockets.sync.client import connect

    for message in b"\x00\xff", "{", "x" * 2_000_000:
        with connect(f"ws://127.0.0.1:{port}/api/training/points") as socket:
            socket.send(message)
            with pytest.raises(exceptions.ConnectionClosed):
                _hear_to_the_end(socket)


def _hear_to_the_end(socket):
    while True:
        assert_line(json.loads(socket.recv(timeout=20))["error"])


# Anything, by a schema of what each address takes.

ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([-1, 0, 2**31, 2**63, 10**30, 10**400, 1e308, -1e308, float("nan"), float("inf")]),
        st.floats(),
        st.text(st.characters(exclude_categories=())),
        st.sampled_from(["", "\n", "\ud800", "__class__", "../..", "Tanh", "points", "x" * 10_000]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
WHOLE = st.integers(0, 9)
MESSAGES = {
    "visitors": {"token": st.none()},
    "misread": {"truth": WHOLE, "predicted": WHOLE},
    "check": {"which": st.nothing()},  # right ones take their time, and are asked elsewhere
    "experiment": {"lesson": st.nothing()},
    "inside": {
        "n_hidden": st.integers(1, 6),
        "activation": st.sampled_from(ACTIVATIONS),
        "cost": st.sampled_from(COSTS),
        "example": st.integers(0, 79),
        "seed": st.integers(0, 9),
    },
}
MESSAGES["inside/cell"] = MESSAGES["inside"] | {
    "layer": st.integers(0, 4),
    "array": st.sampled_from(["x", "W", "b", "y", "dy", "dx", "dW", "db", "t", "C"]),
    "row": st.integers(0, 1),
    "column": st.integers(0, 1),
}
QUERY = {
    "network": st.sampled_from(["reader", "cnn", "trained", "loaded"]),
    "width": st.sampled_from([28]),
    "height": st.sampled_from([28]),
    "label": WHOLE,
}
QUERIES = {
    "think": QUERY,
    "correct": QUERY,
    "undo": QUERY,
    "model": QUERY,
    "corrections": QUERY,
    "picture": {"page": WHOLE},
    "read": {"threshold": st.floats(0, 1), "expect": st.sampled_from([r"\d{5}", "4 lines of 9", "[0-"]) | st.text()},
}
SETTINGS = {
    "data": st.sampled_from(["animals", "xor", "own", "mnist"]),
    "points": st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 2)).map(list), max_size=4),
    "layers": st.lists(
        st.fixed_dictionaries(
            {
                "kind": st.sampled_from(["dense", "conv"]),
                "size": st.integers(1, 2000),
                "activation": st.sampled_from(ACTIVATIONS),
            }
        )
        | ANYTHING,
        max_size=7,
    ),
    "cost": st.sampled_from(COSTS),
    "classes": st.integers(2, 10),
    "optimizer": st.sampled_from(OPTIMIZERS),
    "lr": st.floats(0, 100),
    "momentum": st.floats(0, 1),
    "batch_size": st.integers(0, 1001),
    "noise": st.floats(0, 1),
    "dropout": st.floats(0, 1),
    "augmentation": st.booleans(),
    "seed": st.integers(0, 10**9),
    "broken": st.sampled_from([None, "bias-mean", "softmax-diagonal", "weights-transposed"]),
}


def fuzzed(schema):
    """Messages whose fields are right, wrong, extreme or missing."""
    right = {name: value | ANYTHING for name, value in schema.items()}
    return st.fixed_dictionaries({}, optional=right) | ANYTHING


fuzz = fuzzing(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def assert_answered(answer):
    if not 200 <= answer.status_code < 300:
        assert_error(answer, answer.status_code)
        assert 400 <= answer.status_code < 500 or answer.status_code == 503
    assert_safe(answer)
    if answer.headers["content-type"] == "application/json":
        json.loads(answer.content, parse_constant=pytest.fail)  # a page cannot read NaN


@pytest.mark.parametrize("path", MESSAGES)
@fuzz
@given(data=st.data())
def test_any_message_is_answered_or_refused(page, path, data):
    message = data.draw(fuzzed(MESSAGES[path]))
    assert_answered(page.post(f"/api/{path}", json.dumps(message).encode()))


@pytest.mark.parametrize("path", QUERIES)
@fuzz
@given(data=st.data())
def test_any_address_and_body_is_answered_or_refused(page, path, data):
    query = data.draw(st.fixed_dictionaries({}, optional=QUERIES[path]))
    for name in data.draw(st.sets(st.sampled_from(sorted(QUERIES[path])), max_size=1)):
        query[name] = data.draw(st.sampled_from(["", "nan", "-inf", "1e999", "\n", "28.0", "1_0", "٣"]) | st.text())
    body = data.draw(st.sampled_from([SEVEN.tobytes(), bytes(784), png(SEVEN), b""]) | st.binary())
    address = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    answer = page.post(f"/api/{path}?{address}", body)
    assert_answered(answer)
    if path == "correct" and answer.status_code == 200:  # what it learned is forgotten
        page.ask(f"/api/undo?network={query.get('network', 'cnn')}", b"")


@pytest.mark.parametrize("which", ["points", "digits"])
@fuzzing(fuzz, max_examples=200)
@given(message=st.fixed_dictionaries({}, optional={name: value | ANYTHING for name, value in SETTINGS.items()}))
def test_any_settings_are_taken_or_refused(which, message):
    try:
        found = parsed(message, which)
    except SettingError as refusal:
        assert_line(str(refusal))
    else:
        assert isinstance(found, PlaygroundSettings)
        assert parsed(json.loads(json.dumps(found.as_message())), which) == found


ORDER_WORDS = ["change", "reset", "start", "pause", "step", "epoch", "goto", "details"]


@pytest.mark.slow
@fuzz
@given(
    messages=st.lists(
        st.fixed_dictionaries(
            {
                "do": st.sampled_from(["change", "reset", "start", "pause", "step", "epoch", "goto", "details"])
                | ANYTHING
            },
            optional={
                "settings": st.fixed_dictionaries({}, optional=SETTINGS) | ANYTHING,
                "epoch": st.integers(0, 50) | ANYTHING,
                "wanted": st.booleans() | ANYTHING,
            },
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_orders_are_obeyed_or_refused_and_the_training_lives_on(page, messages):
    with page.training() as line:
        for message in messages:
            line.session.send_text(json.dumps(message))
        line.tell("change", settings={"lr": 0.125})
        line.tell("reset")
        while True:
            heard = line.hear()
            if heard["kind"] == "error":
                assert_line(heard["error"])
            elif heard["settings"]["lr"] == 0.125 and heard["step"] == 0 and not heard["running"]:
                break
        line.tell("step")
        line.state(lambda state: state["step"] == 1)


FILE = bytearray()


@fuzz
@given(places=st.lists(st.tuples(st.integers(0, 800), st.integers(0, 255)), max_size=5), cut=st.integers(0, 300))
def test_a_damaged_model_is_taken_or_refused(page, places, cut):
    FILE[:] = FILE or page.model_file("trained")
    damaged = bytearray(FILE[: len(FILE) - cut // 100])
    for place, value in places:
        damaged[place] = value
    assert_answered(page.post("/api/model", bytes(damaged)))
    assert_answered(page.post("/api/think?network=loaded&width=28&height=28", SEVEN.tobytes()))
