"""Files made by a malicious hand: refused in one line, with no code run and no memory taken."""

import json
import os
import struct
import sys
from math import prod
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support import TESTS
from support.commands import output_of, python

from inkgrad.cli import main
from inkgrad.costs import SquaredError
from inkgrad.errors import ModelFileError
from inkgrad.interop.json import from_json
from inkgrad.layers import Chain, Dense
from inkgrad.models import load
from inkgrad.models.header import MODEL
from inkgrad.optimizers import Adam
from inkgrad.training import Objective, Run, read_checkpoint, save_checkpoint

NETWORK = {
    "class": "Chain",
    "layers": [{"class": "Dense", "n_in": 2, "n_out": 3, "start": "he"}, {"class": "Dropout", "rate": 0.25}],
}
ABOUT = {
    "format": str(MODEL),
    "network": NETWORK,
    "cost": {"class": "SquaredError"},
    "preprocessing": 1,
    "labels": ["a", "b", "c"],
    "input_shape": [2],
    "card": {"data": "MNIST", "n_test": 10, "n_right": 9},
}
PLACES = {
    "0.W": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
    "0.b": {"dtype": "F32", "shape": [3], "data_offsets": [24, 36]},
}
NUMBERS = np.arange(9, dtype="<f4").tobytes()
HUGE = 10**400


def file_of(places=PLACES, about=ABOUT, numbers=NUMBERS, length=None):
    """The bytes of a model file, written without any library; `about` and `places` may be JSON already."""
    ours = about if isinstance(about, str) else json.dumps(about)
    if isinstance(places, dict):
        places = json.dumps({"__metadata__": {"inkgrad": ours}} | places)
    raw = places.encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + numbers


def about(**changes):
    return ABOUT | changes


def dense(**changes):
    return about(network=NETWORK["layers"][0] | changes)


def layers(*described):
    return about(network={"class": "Chain", "layers": list(described)})


def place(name="0.b", **changes):
    return PLACES | {name: PLACES["0.b"] | changes}


def nested(n):
    network = NETWORK
    for _ in range(n):
        network = {"class": "Chain", "layers": [network]}
    return about(network=network)


BAD = {
    "nothing": b"",
    "a header of 4 GB": file_of(length=2**32),
    "a header of 2^64 - 1 bytes": file_of(length=2**64 - 1),
    "a header longer than the file": file_of(length=10_000),
    "a header shorter than it is": file_of(length=100),
    "a header that is an array": file_of("[1, 2]"),
    "a header that is no UTF-8": struct.pack("<Q", 4) + b'{"\xff"',
    "a header that begins with a space": file_of(" " + json.dumps({"__metadata__": {"inkgrad": "{}"}}), numbers=b""),
    "a pickle": b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
    "metadata that are a list": file_of(json.dumps({"__metadata__": [1]} | PLACES)),
    "metadata that are numbers": file_of(json.dumps({"__metadata__": {"inkgrad": 3}} | PLACES)),
    "another program's": file_of(json.dumps(PLACES)),
    "bytes after the end": file_of(numbers=NUMBERS + b"\0"),
    "bytes lacking": file_of(numbers=NUMBERS[:-1]),
    "offsets beyond the end": file_of(place(data_offsets=[24, 36_000_000_000])),
    "offsets of the whole beyond the end": file_of(place(data_offsets=[36, 48])),
    "offsets that overlap": file_of(place(data_offsets=[20, 32]), numbers=NUMBERS[:32]),
    "offsets with a hole": file_of(place(data_offsets=[28, 40]), numbers=NUMBERS + bytes(4)),
    "offsets below 0": file_of(place(data_offsets=[-12, 0])),
    "offsets backwards": file_of(place(data_offsets=[36, 24])),
    "offsets that are floats": file_of(place(data_offsets=[24.0, 36.0])),
    "offsets that are bools": file_of(place(data_offsets=[True, False])),
    "three offsets": file_of(place(data_offsets=[24, 30, 36])),
    "offsets beyond 64 bits": file_of(place(data_offsets=[24, 2**64 + 36])),
    "a shape whose product is beyond 64 bits": file_of(place(shape=[2**32, 2**32])),
    "a shape whose product is 3, modulo 2^64": file_of(place(shape=[3, 2**63, 2**63])),
    "a shape beyond all": file_of(place(shape=[10**299])),
    "a shape of 0 times beyond all": file_of(place(shape=[0, 10**299], data_offsets=[36, 36])),
    "a shape of a thousand axes": file_of(place(shape=[3] + 1000 * [1])),
    "a shape below 0": file_of(place(shape=[-3])),
    "a shape of floats": file_of(place(shape=[3.0])),
    "a shape of bools": file_of(place(shape=[3, True])),
    "a shape that is a word": file_of(place(shape="3")),
    "a place with more to it": file_of(place(more=1)),
    "a place that is a number": file_of(PLACES | {"0.b": 3}),
    "half floats": file_of(place(dtype="F16", shape=[6])),
    "brain floats": file_of(place(dtype="BF16", shape=[6])),
    "bytes for numbers": file_of(place(dtype="U8", shape=[12])),
    "whole numbers": file_of(place(dtype="I64", shape=[1], data_offsets=[24, 32]), numbers=NUMBERS[:32]),
    "a type that is a list": file_of(place(dtype=["F32"])),
    "a name that goes up": file_of({"0.W": PLACES["0.W"], "../../etc/passwd": PLACES["0.b"]}),
    "a name from the root": file_of({"0.W": PLACES["0.W"], "/etc/passwd": PLACES["0.b"]}),
    "a name of Windows": file_of({"0.W": PLACES["0.W"], "C:\\windows": PLACES["0.b"]}),
    "a name of nothing": file_of({"0.W": PLACES["0.W"], "": PLACES["0.b"]}),
    "a name of two lines": file_of({"0.W": PLACES["0.W"], "a\nb": PLACES["0.b"]}),
    "a name of a million letters": file_of({"0.W": PLACES["0.W"], "a" * 1_000_000: PLACES["0.b"]}),
    "a name twice": file_of(json.dumps(PLACES)[:-1] + ', "0.b": ' + json.dumps(PLACES["0.b"]) + "}"),
    "a setting twice": file_of(about=json.dumps(ABOUT)[:-1] + ', "labels": ["x"]}'),
    "NaN": file_of(numbers=np.full(9, np.nan, "<f4").tobytes()),
    "infinity": file_of(numbers=np.full(9, -np.inf, "<f4").tobytes()),
    "NaN in the header": file_of(about=json.dumps(about(preprocessing=float("nan")))),
    "infinity in the header": file_of(about=json.dumps(ABOUT).replace("0.25", "-Infinity")),
    "1e999 in the header": file_of(about=json.dumps(ABOUT).replace("0.25", "1e999")),
    "a header that is not JSON": file_of(about="network"),
    "brackets without end": file_of(about="[" * 100_000),
    "braces without end": file_of(about='{"a":' * 100_000),
    "brackets without end outside": file_of("{" + '"a":[' * 100_000),
    "brackets as deep as Python follows": file_of(about="[" * 987 + "]" * 987),
    "brackets beside it": file_of(about=json.dumps(about(card=7)).replace(" 7", "[" * 955 + "]" * 955)),
    "network of brackets": file_of(about=json.dumps(about(network=7)).replace(" 7", "[" * 300 + "]" * 300)),
    "a version of the future": file_of(about=about(format="inkgrad model 1000000")),
    "a version of nothing": file_of(about=about(format="inkgrad model 0")),
    "a version of many digits": file_of(about=about(format="inkgrad model " + "9" * 5000)),
    "a version that is a list": file_of(about=about(format=["inkgrad model 1"])),
    "a checkpoint": file_of(about=about(format="inkgrad checkpoint 1")),
    "no labels": file_of(about={name: value for name, value in ABOUT.items() if name != "labels"}),
    "labels that are numbers": file_of(about=about(labels=[1, 2, 3])),
    "labels that are null": file_of(about=about(labels=None)),
    "labels that are a word": file_of(about=about(labels="abc")),
    "labels too few": file_of(about=about(labels=["a"])),
    "labels that steer the terminal": file_of(about=about(labels=["\x1b[2J", "b", "c"])),
    "labels of two lines": file_of(about=about(labels=["a\nb", "b", "c"])),
    "labels of half a letter": file_of(about=json.dumps(about(labels=["?", "b", "c"])).replace("?", "\\ud800")),
    "labels that turn the text round": file_of(about=about(labels=["\u202eabc", "b", "c"])),
    "labels of a million letters": file_of(about=about(labels=["a" * 1_000_000, "b", "c"])),
    "inputs of shape below 0": file_of(about=about(input_shape=[-2])),
    "inputs of a shape of bools": file_of(about=about(input_shape=[True, 2])),
    "inputs beyond all": file_of(
        about=layers({"class": "MaxPool2D", "size": 10**9}) | {"input_shape": [10**9, 10**9, 3]}
    ),
    "a preprocessing of true": file_of(about=about(preprocessing=True)),
    "a preprocessing of the future": file_of(about=about(preprocessing=99)),
    "a cost that is a layer": file_of(about=about(cost=NETWORK)),
    "a network that is a cost": file_of(about=about(network={"class": "SquaredError"})),
    "a network that is a list": file_of(about=about(network=[NETWORK])),
    "os.system": file_of(about=dense(**{"class": "os.system"})),
    "__class__": file_of(about=dense(**{"class": "__class__"})),
    "Layer itself": file_of(about=about(network={"class": "Layer"})),
    "Card for a layer": file_of(about=about(network={"class": "Card"})),
    "a class that is a list": file_of(about=dense(**{"class": ["Dense"]})),
    "a class of two lines": file_of(about=dense(**{"class": "Dense\n\x1b[2J"})),
    "a setting of two lines": file_of(about=dense(**{"a\nb": 1})),
    "a setting __class__": file_of(about=dense(__class__="Dense")),
    "a setting self": file_of(about=dense(self=1)),
    "a billion parameters": file_of(about=dense(n_in=10**9, n_out=10**9)),
    "a billion parameters, and the file says so": file_of(
        {"W": PLACES["0.W"] | {"shape": [10**9, 10**9], "data_offsets": [0, 4 * 10**18]}},
        dense(n_in=10**9, n_out=10**9),
    ),
    "sizes beyond 64 bits": file_of(about=dense(n_in=2**63)),
    "sizes beyond all": file_of(about=dense(n_in=HUGE)),
    "a kernel beyond all": file_of(
        about=layers({"class": "Conv2D", "c_in": 1, "c_out": 1, "kernel": 10**15 + 1}) | {"input_shape": [3, 3, 1]}
    ),
    "a size of true": file_of(about=dense(n_in=True)),
    "a size that is a float": file_of(about=dense(n_in=2.0)),
    "a size below 0": file_of(about=dense(n_in=-2)),
    "a size that is a list": file_of(about=dense(n_in=[2])),
    "a rate of false": file_of(about=layers(NETWORK["layers"][0], {"class": "Dropout", "rate": False})),
    "a rate that is a layer": file_of(about=layers(NETWORK["layers"][0], {"class": "Dropout", "rate": NETWORK})),
    "an unknown start": file_of(about=dense(start="\x1b[2J")),
    "chains in chains": file_of(about=nested(60)),
    "a million layers": file_of(about=layers(*100_001 * [{"class": "ReLU"}])),
    "a chain of numbers": file_of(about=layers(1, 2)),
    "a card that is a list": file_of(about=about(card=[1])),
    "a card of more": file_of(about=about(card={"colour": "red"})),
    "a card of another class": file_of(about=about(card={"class": "Dense"})),
    "a card with counts below 0": file_of(about=about(card={"n_test": -1})),
    "a card with counts of true": file_of(about=about(card={"n_test": True})),
    "a card with more right than there are": file_of(about=about(card={"n_test": 1, "n_right": 2})),
    "a card that steers the terminal": file_of(about=about(card={"data": "\x1b[2J"})),
    "a card that steers the terminal in its notes": file_of(about=about(card={"notes": "a\n\x1b[2J"})),
    "a card of a million letters": file_of(about=about(card={"notes": "a" * 1_000_000})),
    "a card of numbers": file_of(about=about(card={"data": 7})),
    "a card whose setting is a network": file_of(about=about(card={"data": NETWORK})),
}


def refusal(read, path):
    """The one line in which a file is refused."""
    with pytest.raises(ModelFileError) as caught:
        read(path)
    message = str(caught.value)
    assert message.isprintable(), message
    assert message.startswith(str(path))
    assert len(message) < 1000 + len(str(path))
    return message


def test_the_file_they_are_made_from_is_sound(tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(file_of())
    model = load(path)
    np.testing.assert_array_equal(model.probabilities(np.array([1.0, 1])), [[0 + 3 + 6, 1 + 4 + 7, 2 + 5 + 8]])
    assert (model.card.accuracy, model.labels) == (0.9, ("a", "b", "c"))


@pytest.mark.parametrize("what", BAD)
def test_it_is_refused_in_one_line(tmp_path, what):
    path = tmp_path / "m.safetensors"
    path.write_bytes(BAD[what])
    refusal(load, path)


@pytest.mark.parametrize("what", [what for what in BAD if what != "a checkpoint"])
def test_it_is_no_checkpoint_either(tmp_path, what):
    path = tmp_path / "c.safetensors"
    path.write_bytes(BAD[what])
    refusal(read_checkpoint, path)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("a header of 4 GB", "its header should take 4294967296 bytes, it has"),
        ("a version of the future", "is an inkgrad model 1000000, made by a newer inkgrad, .*: upgrade inkgrad"),
        ("a checkpoint", "should be an inkgrad model 1 or 2, got 'inkgrad checkpoint 1'"),
        ("half floats", "holds numbers of types that are not used here: {'0.b': 'F16'}"),
        ("offsets with a hole", "the array '0.b' begins at byte 28, not where another ends, at 24"),
        ("offsets that overlap", "the array '0.b' begins at byte 20, not where another ends, at 24"),
        ("bytes after the end", "its arrays take 36 bytes, but it has 37"),
        ("a name that goes up", "'../../etc/passwd' is not the name of an array"),
        ("a name twice", "the name '0.b' comes twice"),
        ("1e999 in the header", "the number 1e999 is too large"),
        ("NaN in the header", "NaN is not a number of JSON"),
        ("sizes beyond all", "a whole number has 401 digits, more than 300"),
        ("a size of true", "n_in is declared as int, got True"),
        ("a billion parameters", r"its network has parameters \{'W': \(1000000000, 1000000000\)"),
        ("chains in chains", "layers inside layers without end"),
        ("a million layers", "it describes more than 100000 parts"),
        (
            "labels of two lines",
            r"labels are the names of classes, strings of up to 1000 printable characters, got 'a\\nb'",
        ),
        ("a card with more right than there are", "cannot have 2 right of 1 test examples"),
    ],
)
def test_the_line_says_what_is_wrong(tmp_path, what, message):
    path = tmp_path / "m.safetensors"
    path.write_bytes(BAD[what])
    with pytest.raises(ModelFileError, match=message):
        load(path)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    path, whole = tmp_path / "m.safetensors", file_of()
    for n in range(len(whole)):
        path.write_bytes(whole[:n])
        assert "is not a safetensors file, or is damaged" in refusal(load, path)


def test_what_is_no_ordinary_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in tmp_path / "pipe", Path("/dev/zero"), Path("/dev/null"):
        with pytest.raises(ModelFileError, match="is not an ordinary file"):
            load(path)
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        load(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(OSError, match=r"symbolic links.*loop"):
        load(tmp_path / "loop")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load(tmp_path / "nowhere")


def read_or_refused(read, path):
    """What is read, or None where it is refused, which must be in one line."""
    try:
        return read(path)
    except ModelFileError as error:
        message = str(error)
    assert message.isprintable()
    assert len(message) < 1000 + len(str(path))
    return None


def check(path, raw):
    """Load such a file: it becomes a model that answers, or is refused in one line."""
    path.write_bytes(raw)
    if model := read_or_refused(load, path):
        with np.errstate(all="ignore"):
            assert model.probabilities(np.zeros((1, *model.input_shape))).shape == (1, len(model.labels))
        assert str(model.card).replace("\n", "").replace("\t", "").isprintable()


@pytest.fixture(scope="module")
def place_for_one(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "m.safetensors"


SOUND = [file_of(), (TESTS / "support" / "model-1.safetensors").read_bytes()]


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(SOUND),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_bytes_changed_at_random_do_no_harm(place_for_one, sound, changes):
    raw = bytearray(sound)
    for where, byte in changes:
        raw[where % len(raw)] = byte
    check(place_for_one, bytes(raw))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SOUND), st.integers(0, 10_000), st.integers(0, 200), st.binary(max_size=20))
def test_bytes_taken_out_and_put_in_do_no_harm(place_for_one, raw, where, n, put):
    where %= len(raw)
    check(place_for_one, raw[:where] + put + raw[where + n :])


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 2, 3, -1, 4, 7, 2**31, 2**63, 10**30, HUGE, 0.0, 0.5, -1.5, 1e308, 5e-324]),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["Dense", "Chain", "ReLU", "Softmax", "Conv2D", "Flatten", "LayerNorm", "Noise", "SquaredError"]),
    st.sampled_from(["he", "F32", "F64", "I64", "U8", "inkgrad model 1", "inkgrad model 3", "__metadata__", "class"]),
)
THINGS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
NAMES = st.sampled_from(
    ["class", "n_in", "layers", "rate", "labels", "dtype", "shape", "card", "0.W", "self", "__class__"]
)


def paths_in(thing):
    """All places in a JSON thing, each as the way to it."""
    yield ()
    inside = thing.items() if isinstance(thing, dict) else enumerate(thing) if isinstance(thing, list) else ()
    for name, part in inside:
        yield from ((name, *path) for path in paths_in(part))


def changed(thing, path, change):
    """Return a copy with something else at the end of the path."""
    if not path:
        return change(thing)
    copy = thing.copy()
    copy[path[0]] = changed(copy[path[0]], path[1:], change)
    return copy


@st.composite
def mutations(draw, thing):
    """The thing after a few changes of its structure: a part is replaced, dropped, doubled or added."""
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(paths_in(thing))))
        what, other = draw(st.sampled_from(["replace", "drop", "double", "add"])), draw(THINGS)

        def change(part, what=what, other=other):
            if what == "drop" and isinstance(part, (dict, list)) and part:
                return part[1:] if isinstance(part, list) else dict(list(part.items())[1:])
            if what == "double" and isinstance(part, list):
                return part * 2
            if what == "add" and isinstance(part, list):
                return [*part, other]
            if what == "add" and isinstance(part, dict):
                return part | {draw(NAMES): other}
            return other

        thing = changed(thing, path, change)
    return thing


@settings(max_examples=500, deadline=None)
@given(mutations({"about": ABOUT, "places": PLACES}))
def test_headers_of_another_structure_do_no_harm(place_for_one, mutation):
    whole = isinstance(mutation, dict)
    places = mutation.get("places", PLACES) if whole else PLACES
    ours = json.dumps(mutation.get("about", ABOUT) if whole else mutation)
    if isinstance(places, dict):
        places = {"__metadata__": {"inkgrad": ours}} | places
    check(place_for_one, file_of(json.dumps(places)))


WORST = [
    "a header of 4 GB",
    "a billion parameters",
    "a billion parameters, and the file says so",
    "a kernel beyond all",
    "inputs beyond all",
    "a million layers",
    "brackets without end",
    "a shape beyond all",
]
LIMITED = """
import resource, sys
from inkgrad.errors import ModelFileError
from {module} import {name}
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + {more}, -1))
for path in sys.argv[1:]:
    try:
        {name}(path)
    except ModelFileError as error:
        print(error)
"""


def within(megabytes, *paths, read=load):
    """The lines in which files are refused, by a process that may take so much more memory."""
    program = LIMITED.format(more=megabytes * 2**20, module=read.__module__, name=read.__name__)
    return output_of(program, *paths).splitlines()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is measured as Linux does")
def test_the_worst_take_little_memory(tmp_path):
    paths = [tmp_path / f"{i}.safetensors" for i in range(len(WORST))]
    for path, what in zip(paths, WORST, strict=True):
        path.write_bytes(BAD[what])
    assert len(within(150, *paths)) == len(WORST)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is measured as Linux does")
def test_a_header_of_many_small_things_takes_little_memory(tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(file_of(about='{"a": [' + "[]," * 1_300_000 + "0]}"))
    assert len(within(300, path)) == 1
    with open(path, "wb") as file:  # 100 GB, most of it not on the disk
        raw = json.dumps(
            {"__metadata__": {}, "W": {"dtype": "F32", "shape": [25 * 10**9], "data_offsets": [0, 10**11]}}
        )
        file.write(file_of(raw, numbers=b""))
        file.truncate(8 + len(raw) + 10**11)
    assert len(within(50, path)) == 1


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is measured as Linux does")
@pytest.mark.parametrize("read", [load, read_checkpoint], ids=["model", "checkpoint"])
def test_more_numbers_than_the_memory_holds_are_refused(tmp_path, read):
    """The file says the truth: it is of 96 GB, all zeros, which take no place on the disk."""
    n = 4 * 10**9
    chain = {
        "class": "Chain",
        "layers": [{"class": "Dense", "n_in": 2, "n_out": n}, {"class": "Dense", "n_in": n, "n_out": 3}],
    }
    ours = about(network=chain)
    if read is read_checkpoint:
        numbers = {"epoch": 1, "step": 0, "batch_size": 5, "seed": 0}
        ours = {"format": "inkgrad checkpoint 1", "notes": {}, "run": numbers}
    places, end = {}, 0
    for name, shape in {"0.W": [2, n], "0.b": [n], "1.W": [n, 3], "1.b": [3]}.items():
        start, end = end, end + 4 * prod(shape)
        places[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
    raw, path = file_of(places, ours, numbers=b""), tmp_path / "m.safetensors"
    with open(path, "wb") as file:
        file.write(raw)
        file.truncate(len(raw) + end)
    assert within(200, path, read=read) == [f"{path} has 96000000012 bytes of numbers, more than the memory holds"]


def test_a_network_of_very_many_layers_answers_soon(tmp_path):
    """A small file keeps nobody busy for long: no time grows with the cube of the number of layers."""
    path = tmp_path / "m.safetensors"
    path.write_bytes(file_of(about=layers(NETWORK["layers"][0], *45_000 * [{"class": "ReLU"}])))
    program = f"from inkgrad.models import load; print(load({str(path)!r}).probabilities([1, 1]))"
    found = python(program, timeout=60)
    assert (found.stdout, found.stderr) == ("[[ 9. 12. 15.]]\n", "")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is measured as Linux does")
def test_a_checkpoint_with_too_long_a_header_is_refused_unread(tmp_path):
    path = tmp_path / "c.safetensors"
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", 2**25 + 1) + b"{")
        file.truncate(2**26)
    assert len(within(20, path, read=read_checkpoint)) == 1
    assert "has a header of 33554433 bytes; at most 33554432 are read" in refusal(read_checkpoint, path)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is measured as Linux does")
def test_json_of_many_small_things_takes_little_memory(tmp_path):
    path = tmp_path / "m.json"
    path.write_bytes(b'{"a": [' + b"[]," * 11_000_000 + b"0]}")
    assert len(within(100, path, read=from_json)) == 1
    assert "it has more parts than a model of 10,000,000 parameters" in refusal(from_json, path)


COMMANDS = {
    "evaluate": ("evaluate", "m.safetensors"),
    "read": ("read", "--model", "m.safetensors", "seven.png"),
    "export": ("export", "m.safetensors", "m.json"),
    "plot": ("plot", "weights", "m.safetensors"),
    "check": ("check", "m.safetensors"),
    "train": ("train", "--out", "m.safetensors", "--resume"),
}
SHOWN = [
    "nothing",
    "a header of 4 GB",
    "offsets beyond the end",
    "offsets that overlap",
    "half floats",
    "a version of the future",
    "a name that goes up",
    "a name twice",
    "a billion parameters, and the file says so",
    "brackets without end",
    "os.system",
    "labels that steer the terminal",
    "NaN",
    "NaN in the header",
]


@pytest.mark.parametrize("what", SHOWN)
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_command_says_so_in_one_line_and_ends_with_2(tmp_path, monkeypatch, capsys, words, what):
    name = "m.checkpoint.safetensors" if "train" in words else "m.safetensors"
    (tmp_path / name).write_bytes(BAD[what])
    Image.new("L", (28, 28), 255).save(tmp_path / "seven.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["inkgrad", *words])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "")
    assert err.startswith(f"inkgrad: {name}")
    assert err.count("\n") == 1
    assert err[:-1].isprintable()
    assert {path.name for path in tmp_path.iterdir()} == {name, "seven.png"}


RUN = Run(Objective(Chain((Dense(2, 3),)), SquaredError()), Adam(), batch_size=5)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """The two headers of a sound checkpoint and its numbers."""
    path = tmp_path_factory.mktemp("sound") / "c.safetensors"
    save_checkpoint(path, RUN, {"seconds": 1.5})
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    places = json.loads(raw[8:start])
    return json.loads(places.pop("__metadata__")["inkgrad"]), places, raw[start:]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_checkpoints_of_another_structure_do_no_harm(place_for_one, checkpoint, data):
    ours, places, numbers = checkpoint
    mutation = data.draw(mutations({"about": ours, "places": places}))
    whole = mutation if isinstance(mutation, dict) else {"about": mutation}
    places, inside = whole.get("places", 0), json.dumps(whole.get("about", 0))
    if isinstance(places, dict):
        places = {"__metadata__": {"inkgrad": inside}} | places
    place_for_one.write_bytes(file_of(json.dumps(places), numbers=numbers))
    if run := read_or_refused(lambda path: read_checkpoint(path).run(RUN.objective, RUN.optimizer), place_for_one):
        assert run.theta.shape == RUN.theta.shape
        assert run.batch_size > 0
