"""JSON files hold every number as it is, for people, and are read back with care."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.catalogue import COSTS, LAYERS
from support.onnx_files import assert_same_model, model_of
from support.wrong_layers import Scale

from inkgrad import load
from inkgrad.costs import SquaredError
from inkgrad.errors import ModelFileError, SettingError
from inkgrad.interop.json import from_json, to_json
from inkgrad.layers import Chain, Conv2D, Dense, Flatten
from inkgrad.models import Model, shipped

NETWORK = Chain((Conv2D(1, 2), Flatten(), Chain((Dense(40, 2),))))


def told(change=lambda said: None):
    """A JSON file after `change` has done something to it."""
    said = json.loads(to_json(model_of(NETWORK, (4, 5, 1))))
    change(said)
    return json.dumps(said).encode()


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
@pytest.mark.parametrize("cost", COSTS, ids=str)
def test_every_model_comes_back_equal(layer, shape, cost):
    model = model_of(layer, shape, cost)
    found = from_json(to_json(model).encode())
    assert_same_model(found, model)
    assert found.card == model.card


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_every_number_comes_back_to_its_last_bit(dtype, data):
    width = np.dtype(dtype).itemsize * 8
    numbers = data.draw(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=width), min_size=6, max_size=6))
    model = replace(model_of(Dense(2, 2), (2,)), theta=np.array(numbers, dtype))
    assert from_json(to_json(model).encode()).theta.tobytes() == model.theta.tobytes()


@pytest.mark.parametrize("name", shipped())
def test_the_models_that_come_along_are_read_from_json(name, tmp_path):
    (tmp_path / "m.json").write_text(to_json(load(name)))
    found = load(tmp_path / "m.json")
    np.testing.assert_array_equal(found.theta, load(name).theta)
    assert found.card == load(name).card


def test_people_find_the_layers_and_the_numbers_in_rows():
    text = to_json(model_of(NETWORK, (4, 5, 1)))
    said = json.loads(text)
    assert said["labels"] == ["class 0", "class 1"]
    assert [each["path"] for each in said["layers"]] == ["0", "1", "2.0"]
    assert said["layers"][2] == {
        "path": "2.0",
        "layer": "Dense(n_in=40, n_out=2, start='he')",
        "gives": [2],
        "parameters": {"W": [40, 2], "b": [2]},
    }
    assert list(said["parameters"]) == ["0.W", "0.b", "2.0.W", "2.0.b"]
    assert np.shape(said["parameters"]["0.W"]) == (3, 3, 1, 2)
    row = said["parameters"]["2.0.W"][39]
    assert f"[{row[0]}, {row[1]}]\n" in text
    assert max(map(len, text.splitlines())) < 500


def test_numbers_have_no_more_digits_than_they_need():
    model = replace(model_of(Dense(1, 1), (1,)), theta=np.array([0.1, 1e-30], np.float32))
    assert '"W": [\n   [0.1]\n  ],\n  "b": [1e-30]' in to_json(model)


def test_layers_of_ones_own_are_built_when_they_are_named():
    raw = to_json(model_of(Scale(3), (3,))).encode()
    assert from_json(raw, layers=[Scale]).network == Scale(3)
    with pytest.raises(ModelFileError, match="made of 'Scale', which is unknown here"):
        from_json(raw)


def test_a_model_too_large_to_be_read_by_people_is_refused():
    network = Dense(3162, 3163)
    model = Model(network, SquaredError(), np.zeros(3163 * 3163, np.float32), ("label",) * 3163, (3162,))
    with pytest.raises(SettingError, match="JSON is for up to 10,000,000 parameters, and this model has 10,004,569"):
        to_json(model)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b"[" * 10**5, "it is not JSON"),
        (b"[" * 201 + b"]" * 201, "brackets lie in brackets, more than 200 deep"),
        (b'{"a":' * 987 + b"1" + b"}" * 987, "brackets lie in brackets, more than 200 deep"),
        (b"[" * 200 + b"]" * 200, r"should be a JSON object, got \[\[\[\[...\]\]\]\]"),
        (b'{"format": "inkgrad json 1", "format": "inkgrad json 1"}', "the name 'format' comes twice"),
        (b"[1, 2]", r"should be a JSON object, got \[1, 2\]"),
        (b"{}", "should be an inkgrad json 1, got 'a file of another program'"),
        (told(lambda s: s.update(format="inkgrad json 2")), "made by a newer inkgrad"),
        (told(lambda s: s.update(format="inkgrad model 1")), "should be an inkgrad json 1"),
        (told(lambda s: s.pop("labels")), "lacks 'labels' in its header"),
        (told(lambda s: s.update(labels=["a"])), "there are 1 labels"),
        (told(lambda s: s["network"].update({"class": "os.system"})), "made of 'os.system'"),
        (told(lambda s: s.pop("dtype")), "a dtype of float32 or float64, got None"),
        (told(lambda s: s.update(dtype="object")), "a dtype of float32 or float64, got 'object'"),
        (told(lambda s: s.update(dtype=["float32"])), "a dtype of float32 or float64"),
        (told(lambda s: s.update(parameters=[])), "should have parameters by path"),
        (told(lambda s: s["parameters"].pop("0.b")), "its network has parameters .* but it holds"),
        (told(lambda s: s["parameters"].update(more=[1])), "but it holds"),
        (told(lambda s: s["parameters"].update({"0.b": [1]})), r"its 0\.b should be numbers of the shape \(2,\), got"),
        (told(lambda s: s["parameters"].update({"0.b": [1, [2]]})), r"0\.b should be nested lists of the shape \(2,\)"),
        (told(lambda s: s["parameters"].update({"0.b": ["1", "2"]})), "should be numbers"),
        (told(lambda s: s["parameters"].update({"0.b": [True, False]})), "should be numbers"),
        (told(lambda s: s["parameters"].update({"0.b": [None, 1]})), "should be numbers"),
        (told(lambda s: s["parameters"].update({"0.b": [10**200, 1]})), "should be numbers"),
        (told(lambda s: s["parameters"].update({"0.b": [1e300, 1]})), "finite floating-point numbers"),
        (told().replace(b'"0.b": [', b'"0.b": [NaN, '), "NaN is not a number of JSON"),
        (told().replace(b'"0.b": [', b'"0.b": [1e999, '), "the number 1e999 is too large"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_a_file_that_is_no_sound_model_is_refused(raw, message):
    with pytest.raises(ModelFileError, match=message) as caught:
        from_json(raw)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 800


def test_the_file_is_named_and_must_be_an_ordinary_one(tmp_path):
    (tmp_path / "m.json").write_text("{}")
    with pytest.raises(ModelFileError, match=r"m\.json is not a model this library can use"):
        load(tmp_path / "m.json")
    with pytest.raises(ModelFileError, match="/dev/zero is not an ordinary file"):
        from_json("/dev/zero")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.data())
def test_mutated_text_never_crashes(data):
    raw = bytearray(told())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 5))] = data.draw(
            st.sampled_from([b"[", b"]", b"1e9", b'"', b",", b"{}"])
        )
    try:
        found = from_json(bytes(raw))
    except ModelFileError as error:
        message = str(error)
    else:
        message = ""
        assert np.isfinite(found.theta).all()
    assert "\n" not in message
