"""`inkgrad export` writes what other programs read, says how to use it, and load() reads all of it."""

import json
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file
from support.commands import assert_refused, names_in
from support.commands import inkgrad as inkgrad_apart
from support.onnx_files import model_of, run
from support.wrong_layers import Scale

import inkgrad
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import mnist
from inkgrad.errors import ModelFileError
from inkgrad.interop.json import to_json
from inkgrad.interop.onnx import to_onnx
from inkgrad.layers import Chain, Dense, Flatten

MODEL = model_of(Chain((Flatten(), Dense(20, 3))), (4, 5, 1), SoftmaxCrossEntropy())


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    MODEL.save("digits.safetensors")
    return tmp_path


@pytest.fixture
def ask(inkgrad_here):
    return lambda *words: inkgrad_here("export", *words)


def test_onnx_is_written_beside_the_model_compared_and_explained(here, ask):
    found = ask("digits.safetensors")
    assert found.returncode == 0
    assert found.stdout.startswith("largest difference from onnxruntime ")
    assert float(found.stdout.split()[4].rstrip(",")) < 1e-5
    assert "wrote digits.onnx, opset 17: in goes 'images', float32 (N, 4, 5, 1), in [0, 1]" in found.stderr
    assert "out come 'probabilities', (N, 3)" in found.stderr
    assert (here / "digits.onnx").read_bytes() == to_onnx(MODEL)


def test_the_way_of_use_that_is_told_works(here, ask):
    import onnxruntime

    said = ask("digits.safetensors", "--with-preprocessing").stderr
    told = said[said.index("onnxruntime.") :].strip()
    x = np.full((2, 4, 5), 200, np.uint8)
    (found,) = eval(told, {"onnxruntime": onnxruntime, "x": x})
    np.testing.assert_allclose(found, MODEL.probabilities(x), atol=1e-5)


def test_a_model_that_comes_along_is_written_here(here, ask):
    assert ask("cnn").returncode == 0
    x = mnist().test.x[:100]
    assert (run((here / "cnn.onnx").read_bytes(), x.astype(np.float32) / 255).argmax(axis=1)
            == inkgrad.load("cnn").predict(x)).all()  # fmt: skip


def test_every_format_leads_to_every_other(here, ask):
    for source, target in ("digits.safetensors", "a.json"), ("a.json", "b.onnx"), ("b.onnx", "c.safetensors"):
        assert ask(source, target).returncode == 0
        np.testing.assert_array_equal(inkgrad.load(target).theta, MODEL.theta)
    assert load_file("c.safetensors")["1.W"].shape == (20, 3)
    assert (here / "c.safetensors").read_bytes() == (here / "digits.safetensors").read_bytes()
    assert json.loads((here / "a.json").read_text())["labels"] == list(MODEL.labels)


def test_json_goes_to_standard_output_alone(here, ask):
    found = ask("digits.safetensors", "-", "--to", "json")
    assert (found.returncode, found.stdout, found.stderr) == (0, to_json(MODEL), "")
    assert names_in(here) == ["digits.safetensors"]
    assert_refused(ask("digits.safetensors", "-", "--to", "onnx"), "standard output takes JSON alone")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["digits.safetensors", "m.txt"], "m.txt does not tell its format: end it in .onnx, .json, .safetensors"),
        (["digits.safetensors", "m.onnx", "--to", "json"], "m.onnx ends as onnx does, but --to says json"),
        (["digits.safetensors", "m.json", "--with-preprocessing"], "--with-preprocessing is for ONNX"),
        (["digits.safetensors", "digits.safetensors"], "this file is read here, so it cannot be written"),
        (["digits.safetensors", "--to", "safetensors"], "this file is read here, so it cannot be written"),
        (["digits.safetensors", "nowhere/m.onnx"], "there is no such folder"),
        (["digits.safetensors", ".", "--to", "onnx"], "not an ordinary file"),
        (["none.safetensors"], "none.safetensors: No such file"),
        (["digits.safetensors", "--to", "pickle"], "'pickle'"),
        ([], "Missing argument"),
    ],
    ids=str,
)
def test_what_cannot_be_written_is_refused_with_one_line_and_nothing_is_written(here, ask, words, message):
    before = (here / "digits.safetensors").read_bytes()
    assert_refused(ask(*words), message)
    assert names_in(here) == ["digits.safetensors"]
    assert (here / "digits.safetensors").read_bytes() == before


def test_a_file_that_stood_there_stays_when_the_model_cannot_be_written(here, ask):
    rows = model_of(Dense(3, 3), (3,))
    rows.save("rows.safetensors")
    (here / "m.onnx").write_text("mine")
    assert_refused(ask("rows.safetensors", "m.onnx", "--with-preprocessing"), "preprocessing makes numbers of images")
    assert (here / "m.onnx").read_text() == "mine"


def test_no_check_does_not_ask_onnxruntime(here, ask):
    found = ask("digits.safetensors", "--no-check")
    assert (found.returncode, found.stdout) == (0, "")
    assert "wrote digits.onnx" in found.stderr


@pytest.mark.parametrize(("missing", "words"), [("onnxruntime", []), ("onnxruntime", ["--no-check"])])
def test_without_onnxruntime_the_file_is_written_all_the_same(here, ask, monkeypatch, missing, words):
    monkeypatch.setitem(sys.modules, missing, None)
    found = ask("digits.safetensors", *words)
    assert (found.returncode, found.stdout) == (0, "")
    assert ("it was not compared, as onnxruntime is not installed" in found.stderr) == (not words)
    assert (here / "digits.onnx").is_file()


def test_without_the_package_onnx_one_line_names_the_extra(here, ask, monkeypatch):
    ask("digits.safetensors")
    monkeypatch.setitem(sys.modules, "onnx", None)
    line = "ONNX files need onnx, which is not installed: pip install 'inkgrad[onnx]'"
    assert_refused(ask("digits.safetensors", "other.onnx"), line)
    assert_refused(ask("digits.onnx", "other.json"), line)
    assert ask("digits.safetensors", "other.json").returncode == 0


# load() and the commands.


def test_load_looks_into_a_file_whose_name_says_nothing(here):
    for name, raw in ("a", to_onnx(MODEL)), ("b", to_json(MODEL).encode()), ("c.model", to_onnx(MODEL)):
        (here / name).write_bytes(raw)
        np.testing.assert_array_equal(inkgrad.load(name).theta, MODEL.theta)
    MODEL.save("d")
    np.testing.assert_array_equal(inkgrad.load("d").theta, MODEL.theta)
    (here / "e").write_text("mine")
    with pytest.raises(ModelFileError, match="e is not a safetensors file"):
        inkgrad.load("e")


def test_the_ending_goes_before_the_contents(here):
    (here / "m.onnx").write_bytes((here / "digits.safetensors").read_bytes())
    with pytest.raises(ModelFileError, match=r"m\.onnx is not a model this library can use: it is damaged"):
        inkgrad.load("m.onnx")
    (here / "M.ONNX").write_bytes(to_onnx(MODEL))
    assert inkgrad.load("M.ONNX").labels == MODEL.labels


def test_layers_and_costs_of_ones_own_reach_the_reader(here):
    model_of(Scale(3), (3,)).save("own.safetensors")
    assert inkgrad.load("own.safetensors", layers=[Scale]).network == Scale(3)
    assert inkgrad.load("own.safetensors", [Scale], []).network == Scale(3)


def test_the_other_commands_take_onnx_and_json(here, ask, inkgrad_here):
    ask("cnn")
    ask("cnn", "cnn.json")
    check = inkgrad_here("check", "cnn.onnx", "--examples", "3")
    assert (check.returncode, "the gradient is right" in check.stdout) == (0, True)
    assert_refused(inkgrad_here("read", "--model", "cnn.json", "none.png"), "none.png")


def test_the_command_runs_in_a_process_of_its_own(here):
    found = inkgrad_apart("export", "digits.safetensors", cwd=here)
    assert (found.returncode, found.stdout.count("\n"), found.stderr.count("\n")) == (0, 1, 1)
    helped = inkgrad_apart("export", "--help", cwd=here)
    assert "inkgrad export digits.safetensors --to json" in helped.stdout
