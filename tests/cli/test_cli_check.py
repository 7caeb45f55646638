"""`inkgrad check`, used as a stranger would: in a process of its own, with good and with silly input."""

import json
import re
import sys

import numpy as np
import pytest
from PIL import Image
from support import ROOT
from support.commands import assert_refused, command, inkgrad, last_line, names_in, started

from inkgrad.check import Kind
from inkgrad.check.lessons import LESSONS
from inkgrad.costs import SquaredError
from inkgrad.layers import Chain, Dense, Tanh
from inkgrad.layout import Layout
from inkgrad.models import Model

MINE = """
from dataclasses import dataclass
import numpy as np
from helper import noise
from inkgrad.costs import Cost, CrossEntropy
from inkgrad.layers import Chain, Dense, Layer, Softmax

print("a word on standard output")

@dataclass(frozen=True)
class Scale(Layer):
    n: int

    def shapes(self):
        return {"s": (self.n,)}

    def init(self, p, rng):
        p.s = np.ones(self.n)

    def forward(self, p, x, rng=None):
        return p.s * x, x

    def backward(self, p, g, x, dy):
        g.s = (dy * x).sum(axis=0)
        return p.s * dy

class Mean(Scale):
    def backward(self, p, g, x, dy):
        g.s = (dy * x).mean(axis=0)
        return p.s * dy

class Narrow(Scale):
    def backward(self, p, g, x, dy):
        super().backward(p, g, x, dy)
        return dy.sum(axis=0)

class Breaks(Scale):
    def forward(self, p, x, rng=None):
        return 1 / 0

class Refuses(Layer):
    def __init__(self):
        raise ValueError("not\\ntoday")
    def forward(self, p, x, rng=None): ...
    def backward(self, p, g, cache, dy): ...

class Unfinished(Layer):
    def forward(self, p, x, rng=None):
        return x, None

class Rows(Cost):
    def value_and_gradient(self, y, t):
        return 0.5 * ((y - t) ** 2).sum() / len(y), y - t

class Numbers(Cost):
    def value_and_gradient(self, y, t):
        d = y.copy()
        d[np.arange(len(y)), t] -= 1
        return 0.5 * (d ** 2).sum() / len(y), d / len(y)

class Stranger:
    pass

net = Chain((Scale(3), Dense(3, 5), Softmax()))
"""


def table_of(found):
    """Return the rows of the table, without what stands beside it."""
    lines = found.stdout.splitlines()
    first, after = (
        next(k for k, line in enumerate(lines) if line.startswith(word)) for word in ("──", "compared with")
    )
    return [line.split() for line in lines[first + 1 : after]]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "helper.py").write_text("noise = 0.1\n")
    (tmp_path / "lacks.py").write_text("\nimport nothing_of_that_name\n")
    (tmp_path / "cut.py").write_text("x = (\n")
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "silent.py").write_text("raise ValueError\n")
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "text.txt").write_text("a letter to a friend")
    return tmp_path


def test_a_right_layer_passes(folder):
    found = inkgrad("check", "mine.py:Scale", "--set", "n=4", "--input-shape", 4, cwd=folder)
    assert found.returncode == 0, found.stderr
    assert last_line(found.stdout) == "the gradient is right"
    assert [row[:3] for row in table_of(found)] == [["x", "28", "right"], ["s", "4", "right"]]


def test_a_wrong_layer_is_named_and_ends_with_1(folder):
    picture = folder / "errors.png"
    found = inkgrad("check", "mine.py:Mean", "--set", "n=4", "--input-shape", 4, "--plot", picture, cwd=folder)
    assert found.returncode == 1
    assert "ds: factor: ds is 0.142857 times what it should be, that is 1 / the batch size" in found.stdout
    assert found.stdout.endswith("the gradient is wrong in 1 place\nmore: inkgrad check --explain factor\n")
    assert "Traceback" not in found.stderr
    with Image.open(picture) as drawn:
        assert drawn.width > 300


@pytest.mark.parametrize(("target", "path"), [("mine.py:Scale", "mine.py"), ("text.txt", "text.txt")])
def test_the_heat_map_does_not_take_the_place_of_what_is_checked(folder, target, path):
    before = (folder / path).read_bytes()
    found = inkgrad("check", target, "--plot", path, cwd=folder)
    assert_refused(found, f"{path}: this file is read here, so it cannot be written")
    assert (folder / path).read_bytes() == before


@pytest.mark.parametrize("target", ["mine.py:net", "mine.py", "mine.py:Scales"])
def test_that_a_file_is_run_is_said_before(folder, target):
    lines = inkgrad("check", target, cwd=folder).stderr.splitlines()
    assert lines[:2] == ["inkgrad: running mine.py, and all that its code does", "a word on standard output"]
    assert lines.count(lines[0]) == 1


def test_what_the_file_prints_is_not_in_the_answer(folder):
    found = inkgrad("check", "mine.py:net", cwd=folder)
    assert "a word on standard output" in found.stderr
    assert "a word" not in found.stdout


def test_a_network_in_a_file_is_checked_layer_by_layer(folder):
    found = inkgrad("check", "mine.py:net", "--examples", 5, "--seed", 3, "--input-shape", 3, cwd=folder)
    assert found.returncode == 0, found.stderr
    names = [row[0] for row in table_of(found)]
    assert names[:4] == ["2.x", "1.x", "1.W", "1.b"]
    assert "wiring.x" in names


@pytest.mark.parametrize("options", [[], ["--every-entry"]])
@pytest.mark.parametrize(
    ("target", "asked"),
    [("Scale", ["--set", "n=1201", "--input-shape", 1201]), ("wide", ["--input-shape", 3])],
)
def test_every_entry_of_a_large_layer_or_network_is_looked_at_where_that_is_asked_for(
    folder, monkeypatch, inkgrad_here, target, asked, options
):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (folder / "mine.py").write_text(MINE + "wide = Chain((Scale(3), Dense(3, 501)))\n")
    found = inkgrad_here("check", f"mine.py:{target}", *asked, "--examples", 2, *options, "--json")
    assert found.returncode == 0, found.stdout + found.stderr
    compared = {each["compared_with"] for each in json.loads(found.stdout)["arrays"]}
    assert ("directions" not in compared) if options else ("directions" in compared)


def test_a_gradient_of_a_wrong_shape_is_wrong(folder):
    found = inkgrad("check", "mine.py:Narrow", "--set", "n=4", "--input-shape", 4, cwd=folder)
    assert found.returncode == 1
    lines = (
        "dx: unknown: dx has shape (4,), must be (7, 4), that of x",
        "the gradient is wrong in 1 place",
        "more: inkgrad check --explain unknown",
    )
    assert tuple(found.stdout.splitlines()[-3:]) == lines


def test_costs_take_rows_or_class_numbers(folder):
    found = inkgrad("check", "mine.py:Rows", cwd=folder)
    assert found.returncode == 1
    assert "the cost, dy: factor: dy is 7 times what it should be, that is the batch size" in found.stdout
    found = inkgrad("check", "mine.py:Numbers", "--input-shape", 3, cwd=folder)
    assert found.returncode == 0, found.stderr


def test_a_layer_of_the_library_needs_no_input_shape(folder):
    found = inkgrad("check", "mine.py:Dense", "--set", "n_in=3", "--set", "n_out=5", cwd=folder)
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize(
    ("target", "options"), [("Scale", ["--set", "n=3", "--inputs", "x"]), ("Rows", ["--inputs", "yt"])]
)
def test_layers_and_costs_take_inputs_that_are_made(folder, monkeypatch, inkgrad_here, target, options):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (folder / "mine.py").write_text(
        MINE + "x = [np.ones((5, 3))]\ndef yt(): return np.ones((5, 3)), np.eye(3)[[0, 1, 2, 0, 1]]\n"
    )
    found = inkgrad_here("check", f"mine.py:{target}", *options)
    assert found.returncode == (target == "Rows"), found.stdout + found.stderr
    assert table_of(found)[0][:2] == ["x" if target == "Scale" else "cost.y", "15"]


def test_the_named_network_passes_in_seconds(tmp_path, small_folder):
    for data in [], ["--data", small_folder]:
        found = inkgrad("check", "seed", *data, cwd=tmp_path)
        assert found.returncode == 0, found.stderr
        assert [row[0] for row in table_of(found)] == ["1.W", "1.b", "3.W", "3.b"]
        assert last_line(found.stdout) == "the gradient is right"


@pytest.mark.slow
def test_the_network_that_reads_lines_passes_on_narrow_ones(tmp_path):
    found = inkgrad("check", "lines", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert last_line(found.stdout) == "the gradient is right"


@pytest.fixture
def small_model(tmp_path):
    network = Chain((Dense(2, 3), Tanh(), Dense(3, 10)))
    theta = np.random.default_rng(0).normal(size=Layout(network.shapes()).size).astype(np.float32)
    Model(network, SquaredError(), theta, tuple("0123456789"), (2,)).save(tmp_path / "small.safetensors")
    return tmp_path


@pytest.mark.parametrize("options", [[], ["--every-entry"]])
def test_a_model_of_other_inputs_than_digits_is_checked_at_random_ones(small_model, options):
    found = inkgrad("check", "small.safetensors", *options, cwd=small_model)
    assert found.returncode == 0, found.stderr
    assert last_line(found.stdout) == "the gradient is right"


def test_a_model_and_data_that_do_not_fit_are_refused(small_model, small_folder):
    found = inkgrad("check", "small.safetensors", "--data", small_folder, cwd=small_model)
    assert_refused(found, "small.safetensors takes inputs of shape (2,), but those in", "have shape (28, 28, 1)")


# Lessons.


def test_the_lessons_are_listed_one_a_line(tmp_path):
    found = inkgrad("check", "--break", "list", cwd=tmp_path)
    assert found.returncode == 0
    assert [line.split()[0] for line in found.stdout.splitlines()] == list(LESSONS)


def test_the_lesson_of_the_softmax_shows_the_numbers_it_all_started_from(tmp_path):
    found = inkgrad("check", "--break", "softmax-diagonal", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    two, three = found.stdout.split("three labels, the third never used")
    for text, differences, backward, errors in (
        (two, "0.245882 0.044174 -0.245882 -0.044174", "0.122941 0.022087 -0.122941 -0.022087", "0.500000 " * 4),
        (
            three,
            "0.215667 0.038745 -0.224596 -0.040350 0.008929 0.001604",
            "0.111331 0.020001 -0.130587 -0.023460 0.007962 0.001430",
            "0.483784 0.483784 0.418571 0.418571 0.108331 0.108331",
        ),
    ):
        rows = [[cell.strip() for cell in line.split("│")[2:6]] for line in text.splitlines() if "0.W[" in line]
        assert [row[0] for row in rows] == differences.split()
        assert [row[1] for row in rows] == backward.split()
        assert [row[3] for row in rows] == errors.split()
        assert "layer 1 (Softmax), dx: diagonal-jacobian" in text
    assert re.search(r"0\.b\[0\] +│ +0\.266106 │ +0\.133053", two)
    assert re.search(r"0\.b\[2\] +│ +0\.009664 │ +0\.008617", three)


@pytest.mark.parametrize("name", ["target-shifted", "relu-mask-inverted"])
def test_a_lesson_ends_well_when_its_mistake_is_found(tmp_path, name):
    found = inkgrad("check", "--break", name, "--plot", "errors.png", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert f": {LESSONS[name].kind}" in found.stdout
    assert "the gradient is wrong; with the right line it is right" in found.stdout
    assert names_in(tmp_path) == ["errors.png"]


# Kinds.


def test_the_kinds_are_listed_one_a_line(tmp_path):
    found = inkgrad("check", "--explain", "list", cwd=tmp_path)
    assert found.returncode == 0
    rows = [line.split(maxsplit=1) for line in found.stdout.splitlines()]
    assert rows == [[kind, kind.sentence] for kind in Kind]


def test_a_kind_is_explained_with_the_numbers_of_its_example(tmp_path):
    found = inkgrad("check", "--explain", "factor", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    for line in (
        f"factor: {Kind.factor.sentence}",
        "  forward  return x + b",
        "  wrong    return dy, dy.mean(axis=0)",
        "  right    return dy, dy.sum(axis=0)",
        "How it looks",
        "│ b[0]     │       0.083609 │    0.011944 │ 0.142857 │       0.857143 │",
        "  db: factor: db is 0.142857 times what it should be, that is 1 / the batch size",
        "What to do",
        "a lesson: inkgrad check --break bias-mean",
    ):
        assert line in found.stdout.splitlines()
    assert max(len(line) for line in found.stdout.splitlines()) <= 100


# Silly input.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "what is to be checked?"),
        (["huge"], "no model file huge, nor a network of that name (only cnn, cnn-large, reader, lines, mlp, seed)"),
        (["mine:Scale", "--shape", "4"], "there is no model file mine:Scale, nor a network of that name"),
        (["none.safetensors"], "none.safetensors: No such file or directory"),
        (["text.txt"], "text.txt is not a safetensors file"),
        (["none.py:Scale"], "none.py: No such file"),
        (["none.py"], "none.py: No such file"),
        (["mine.py"], "what in mine.py is to be checked? Say mine.py:NAME; it has Scale, Mean, "),
        (["mine.py:"], "what in mine.py is to be checked?"),
        (["empty.py"], "it has nothing that has a gradient: no layer, cost or function"),
        (["mine.py:Scales"], "mine.py has no Scales; it has Scale, Mean, "),
        (["mine.py:Stranger"], "Stranger in mine.py is neither a Layer nor a Cost"),
        (["lacks.py:A"], "lacks.py, line 2: ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        (["cut.py:A"], "cut.py, line 1: SyntaxError: '(' was never closed"),
        (["leaves.py:A"], "leaves.py, line 2: SystemExit: 3"),
        (["silent.py:A"], "silent.py, line 1: ValueError"),
        (["mine.py:Scale"], "missing 1 required positional argument: 'n'; give it with --set NAME=VALUE"),
        (["mine.py:Scale", "--set", "m=4"], "Scale(m=4): TypeError"),
        (["mine.py:Scale", "--set", "n"], "--set takes NAME=VALUE, such as n=4, got 'n'"),
        (["mine.py:Scale", "--set", "n=4"], "Scale(n=4) takes inputs of which shape? Say it: --input-shape 4"),
        (["mine.py:Scale", "--set", "n=4", "--input-shape", "4x"], "such as 4 or 28x28x1, got '4x'"),
        (["mine.py:Scale", "--set", "n=4", "--input-shape", "0"], "such as 4 or 28x28x1, got '0'"),
        (["mine.py:Scale", "--set", "n=4", "--input-shape", "3"], "Scale(n=4).forward raised ValueError"),
        (["mine.py:Dense", "--set", "n_in=3", "--set", "n_out=x"], "needs whole numbers of at least 1"),
        (["mine.py:Dense", "--set", "n_in=3", "--set", "n_out=2", "--input-shape", "5"], "takes inputs of shape (3,)"),
        (["mine.py:Breaks", "--set", "n=4", "--input-shape", "4"], "Breaks(n=4).forward raised ZeroDivisionError"),
        (["mine.py:Refuses"], "Refuses(): ValueError: not today"),
        (["mine.py:Unfinished"], "Unfinished(): TypeError: Can't instantiate abstract class"),
        (["mine.py:Rows", "--input-shape", "28x28"], "a cost takes a row of outputs, such as --input-shape 5"),
        (["mine.py:net", "--set", "n=4"], "net in mine.py is made already: leave --set out"),
        (["mine.py:net", "--quick"], "No such option: --quick"),
        (["mine.py:net", "--order", "2"], "--order is for functions of PyTorch, JAX and NumPy; Chain("),
        (["mine.py:net", "--shape", "4x3"], "--shape is for functions; Chain("),
        (["mine.py:net", "--data", "."], "--data is for whole networks"),
        (["seed", "--set", "n=4"], "--set is for something in a file of yours; seed has its own: leave it out"),
        (["seed", "--input-shape", "4"], "--input-shape is for something in a file of yours"),
        (["seed", "--exact"], "--exact is for something in a file of yours"),
        (
            ["seed", "--points", "awkward"],
            "--points is for something in a file of yours; seed has its own: leave it out",
        ),
        (["seed", "--budget", "9"], "--budget is for something in a file of yours"),
        (["seed", "--reference", "forward"], "--reference is for something in a file of yours"),
        (["seed", "--tolerance", "0"], "--tolerance is for something in a file of yours"),
        (["mine.py:net", "--points", "awkward"], "--points is for functions of PyTorch, JAX and NumPy; Chain("),
        (["mine.py:Rows", "--every-entry"], "--every-entry is for functions, layers and networks; "),
        (["mine.py:net", "--tangent", "x=symmetric"], "--tangent is for functions of PyTorch, JAX and NumPy; Chain("),
        (["mine.py:net", "--constant", "b=2"], "--constant is for functions of PyTorch, JAX and NumPy; Chain("),
        (["--break", "bias-mean", "--budget", "9"], "--break brings a network of its own: leave --budget out"),
        (["seed", "--order", "3"], "--order is 1, the gradient, or 2, the gradient of it, got 3"),
        (["seed", "--data", "nowhere"], "there is no folder nowhere"),
        (["seed", "--examples", "0"], "a check takes at least 1 example, got --examples 0"),
        (["seed", "--seed", "-1"], "a seed is a whole number of 0 or more, got -1"),
        (["seed", "--plot", "no/such/folder.png"], "there is no such folder"),
        (["--break", "everything"], "there is no lesson 'everything': inkgrad check --break list lists them"),
        (["seed", "--break", "bias-mean"], "--break brings a network of its own: leave seed out"),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else "",
)
def test_silly_input_gets_one_clear_line(folder, monkeypatch, inkgrad_here, arguments, words):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])  # what lies beside a file can be imported
    assert_refused(inkgrad_here("check", *arguments), words, alone=False)  # the file prints, too


def test_help_teaches(tmp_path):
    found = inkgrad("check", "--help", cwd=tmp_path)
    assert found.returncode == 0
    assert "inkgrad check mine.py:Scale --set n=4 --input-shape 4" in found.stdout
    assert "inkgrad check mine.py:Block --shape 4x64 --points awkward --budget 60" in found.stdout
    for option in "--reference WAY", "--points WHICH", "--budget SECONDS", "--tangent NAME=symmetric":
        assert option in re.sub(r"[\s│]+", " ", found.stdout)
    assert "Exit status: 0 the gradient is right, 1 it is wrong, 2 it cannot be told" in found.stdout


PAGE = (ROOT / "docs" / "gradient-check.md").read_text()


@pytest.mark.parametrize("block", re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL), ids=lambda block: block[2:40])
def test_the_page_shows_what_is_really_seen(tmp_path, block):
    (tmp_path / "scale.py").write_text(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1])
    line, *shown = without_rounding(block).splitlines()
    found = inkgrad(*line.removeprefix("$ inkgrad ").split(), cwd=tmp_path)
    for expected in shown:
        assert expected in without_rounding(found.stdout).splitlines() or expected == "..."


def without_rounding(text):
    """Return a text with tiny errors, which are rounding and differ between machines, made alike."""
    return re.sub(r"\d(\.\d)?e-1\d", "rounding", text)


def test_a_check_of_minutes_says_so_before_it_starts():
    with started(command("check", "mlp", "--every-entry")) as checking:
        said = checking.stderr.readline()
        checking.kill()
    assert re.fullmatch(
        r"inkgrad: the network has 1,333,770 parameters, .* many minutes one by one; without --every-entry, seconds\n",
        said,
    )
