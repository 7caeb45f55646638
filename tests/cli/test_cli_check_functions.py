"""`inkgrad check` of what is not a layer: pairs of NumPy, and what PyTorch and JAX differentiate."""

import json
import re
import sys
from inspect import signature

import numpy as np
import pytest
from PIL import Image
from support.commands import assert_refused, inkgrad, inkgrad_without, last_line, output_of

from inkgrad.cli.check import check
from inkgrad.cli.plot_check import plot_check

NUMPY = """
import numpy as np

def linear(x, w, b):
    return x @ w + b

def linear_vjp(dy, x, w, b):
    return dy @ w.T, x.T @ dy, dy.sum(axis=0)

def mean_vjp(dy, x, w, b):
    return dy @ w.T, x.T @ dy, dy.mean(axis=0)

def affine(x, w):
    return x @ w, (x, w)

def affine_vjp(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout

def halved(x):
    return x / 2, ()

def halved_vjp(dout, kept):
    return dout / 2

def energy(x):
    return 0.5 * (x ** 2).sum()

def energy_gradient(x):
    return x

def power(x, n=2):
    return x ** n

def power_vjp(dy, x, n=2):
    return dy * n * x ** (n - 1)

def lookup(table, tokens):
    return table[tokens]

def lookup_vjp(dy, table, tokens):
    g = np.zeros_like(table)
    np.add.at(g, tokens, dy)
    return g, None

def rounded(x):
    return np.round(4 * x)

def passed_on(dy, x):
    return dy

def nearly(dy, x, w, b):
    return tuple(each * (1 + 1e-6 * np.sin(range(each.size))).reshape(each.shape) for each in linear_vjp(dy, x, w, b))

def blind(x):
    return np.float32(1e6) + x * np.float32(1e-3)

def blind_vjp(dy, x):
    return np.float32(1e-3) * dy

def fails(x):
    raise ValueError("not\\ntoday")

def no_backward(a, b, c, d, e, f):
    return a

def root(x):
    return np.sqrt(x)

def root_vjp(dy, x):
    return dy / (2 * np.sqrt(x))

def ratio(x, eps, w):
    return x * w / (x ** 2 + eps)

def ratio_vjp(dy, eps, x, w):
    below = x ** 2 + eps
    return dy * w * (eps - x ** 2) / below ** 2, (dy * x / below).sum(axis=0)

def ratio_with_none(dy, x, eps, w):
    dx, dw = ratio_vjp(dy, eps, x, w)
    return dx, None, dw

def power_with_none(dy, x, n=2):
    return power_vjp(dy, x, n), None

def ratio_kept(x, eps, w):
    return ratio(x, eps, w), (eps, x, w)

def ratio_from_kept(dy, kept):
    return ratio_vjp(dy, *kept)

def weighed(x, k, w):
    return (k * x * w).sum()

def weighed_gradient(x, k, w):
    return k * w * np.ones_like(x), k * x.sum(axis=0)

def scaled(x, *, w):
    return x * w

def scaled_vjp(dy, x, *, w):
    return dy * w, (dy * x).sum(axis=0)

def scaled_kept(x, *, w):
    return x * w, (x, w)

def scaled_from_kept(dy, kept):
    x, w = kept
    return scaled_vjp(dy, x, w=w)

def scaled_twice(dy, x, *, w):
    return dy * w, 2 * (dy * x).sum(axis=0)

sinus = np.sin

def cosinus(dy, x):
    return dy * np.cos(x)

def make():
    print("a word on standard output")
    return np.ones((4, 3)), np.ones((3, 2)), np.ones(2)

def clipped(x):
    return np.maximum(x, 0) + x ** 2

def clipped_vjp(dy, x):
    return dy * (2 * x + np.where(x == 0, 5, x > 0))

def lower(s):
    return np.tril(s) ** 2

def lower_vjp(dy, s):
    g = 2 * np.tril(s) * dy
    return (g + g.T) / 2

def make_symmetric():
    a = np.random.default_rng(0).normal(size=(4, 4))
    return a + a.T

two = np.ones((4, 3)), np.arange(3.0)
two_named = dict(zip("xw", two))
made = {"x": np.ones((4, 3)), "w": np.ones((3, 2)), "b": np.ones(2)}
number = 3

class Stranger:
    pass
"""
TORCH = """
import functools
import torch

class Triple(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return x * w

    @staticmethod
    def backward(ctx, dy):
        x, w = ctx.saved_tensors
        return 3 * dy * w, (dy * x).sum(0)

class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(x, by):
        return x * by

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.by = inputs[1]

    @staticmethod
    def backward(ctx, dy):
        return dy * ctx.by, None

class Net(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = torch.nn.Linear(3, width)

    def forward(self, x, scale=None):
        return self.first(x).tanh() if scale is None else self.first(x) * scale

class Masked(torch.nn.Module):
    def forward(self, x, low=0.0, *, mask):
        return x * mask + low

sine = functools.partial(lambda a, x: a * x.sin(), 2.0)

class Embed(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(10, 3)

    def forward(self, tokens):
        return self.table(tokens)

net = Net(5)

def soft(x):
    return torch.log1p(torch.exp(x))

def through(x):
    return net(x).sum()

def plain(x):
    return x.sin()

def make():
    return {"x": torch.ones(4, 3), "scale": torch.ones(5)}
"""
JAX = """
import jax
import jax.numpy as jnp

@jax.custom_vjp
def cube(x, w):
    return x ** 3 * w

def backward(kept, dy):
    x, w = kept
    return dy * x ** 2 * w, (dy * x ** 3).sum(0)

cube.defvjp(lambda x, w: (x ** 3 * w, (x, w)), backward)

def soft(x):
    return helper(x)

def helper(x):
    return jnp.log1p(jnp.exp(x))

def loss(p, x):
    return ((x @ p["w"]) ** 2).sum()

def make():
    return {"w": jnp.ones((3, 2))}, jnp.ones((4, 3))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in ("pair.py", NUMPY), ("net.py", TORCH), ("rule.py", JAX):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # what lies beside a file can be imported
    return tmp_path


PRODUCT = ["--shape", "4x3", "--shape", "3"]
LINEAR = ["--shape", "4x3", "--shape", "3x2", "--shape", "2"]


def rows_of(found):
    """Return name, size and verdict of each array in a JSON object."""
    return [(each["name"], each["size"], each["verdict"]) for each in json.loads(found.stdout)["arrays"]]


# Pairs of NumPy.


@pytest.mark.parametrize(
    ("target", "options", "taken_as"),
    [
        ("linear,linear_vjp", LINEAR, "linear_vjp is taken as the vjp, linear_vjp(dy, x, w, b)"),
        ("linear,linear_vjp", [*LINEAR, "--dtype", "float32"], "linear_vjp(dy, x, w, b)"),
        ("linear,linear_vjp", ["--inputs", "pair.py:make"], "linear_vjp(dy, x, w, b)"),
        ("linear,linear_vjp", ["--inputs", "made"], "linear_vjp is taken as the vjp"),
        ("affine,affine_vjp", LINEAR[:4], "the vjp, affine_vjp(dy, cache), with the cache that forward gives beside y"),
        ("halved,halved_vjp", ["--shape", "4x3"], "the vjp, halved_vjp(dy, cache)"),
        ("sinus,cosinus", ["--shape", "4x3"], "cosinus is taken as the vjp"),
        ("energy,energy_gradient", ["--shape", "4x3"], "energy_gradient is taken as the gradient of a number"),
        ("power,power_vjp", ["--shape", "4", "--set", "n=3"], "power_vjp(dy, x)"),
        ("ratio,ratio_vjp", [*PRODUCT, "--set", "eps=0.5"], "as the vjp, ratio_vjp(dy, x, w)"),
        ("ratio,ratio_with_none", [*PRODUCT, "--set", "eps=0.5"], "as the vjp, ratio_with_none(dy, x, w)"),
        ("power,power_with_none", ["--shape", "4", "--set", "n=3"], "power_with_none(dy, x)"),
        ("ratio,ratio_vjp", ["--inputs", "two", "--set", "eps=0.5"], "as the vjp, ratio_vjp(dy, x, w)"),
        ("ratio_kept,ratio_from_kept", [*PRODUCT, "--set", "eps=0.5"], "the vjp, ratio_from_kept(dy, cache)"),
        ("weighed,weighed_gradient", [*PRODUCT, "--set", "k=3"], "of a number, weighed_gradient(x, w)"),
        ("scaled,scaled_vjp", PRODUCT, "as the vjp, scaled_vjp(dy, x, w)"),
        ("scaled,scaled_vjp", ["--inputs", "two_named"], "as the vjp, scaled_vjp(dy, x, w)"),
        ("scaled_kept,scaled_from_kept", PRODUCT, "the vjp, scaled_from_kept(dy, cache)"),
        ("lookup,lookup_vjp", ["--shape", "5x3", "--shape", "2x4:int5"], "lookup_vjp(dy, table, tokens)"),
        ("root,root_vjp", ["--shape", "5:positive"], "root_vjp(dy, x)"),
        ("rounded,passed_on", ["--shape", "5", "--surrogate", "x=straight-through"], "passed_on(dy, x)"),
        ("linear,nearly", LINEAR, "nearly(dy, x, w, b)"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_right_pair_passes_and_is_told_as_what_it_was_taken(folder, inkgrad_here, target, options, taken_as):
    found = inkgrad_here("check", f"pair.py:{target}", *options)
    assert found.returncode == 0, found.stdout + found.stderr
    assert taken_as in found.stderr
    assert "a word" not in found.stdout


def test_second_derivatives_are_called_so_in_words_and_in_json(folder, inkgrad_here):
    pytest.importorskip("torch")
    asked = "check", "net.py:soft", "--shape", "4", "--order", "2"
    words = inkgrad_here(*asked).stdout
    assert words.splitlines()[0].startswith("gradient of the gradient by")
    assert words.splitlines()[-1] == "the gradient of the gradient is right"
    told = json.loads(inkgrad_here(*asked, "--json").stdout)
    assert told["order"] == 2
    assert told["summary"] == "the gradient of the gradient is right"


@pytest.mark.parametrize(
    ("target", "options", "words"),
    [
        ("linear,mean_vjp", LINEAR, "db: factor: db is 0.25 times what it should be, that is 1 / the batch size"),
        ("scaled,scaled_twice", PRODUCT, "dw: factor: dw is 2 times what it should be"),
        ("linear,nearly", [*LINEAR, "--exact"], "the gradient is wrong in 3 places"),
        ("rounded,passed_on", ["--shape", "5"], "dx: "),
        ("rounded,passed_on", ["--shape", "5", "--surrogate", "x=0.5"], "dx: "),
    ],
)
def test_a_wrong_pair_ends_with_1(folder, inkgrad_here, target, options, words):
    found = inkgrad_here("check", f"pair.py:{target}", *options)
    assert found.returncode == 1, found.stdout + found.stderr
    assert words in found.stdout


def test_what_cannot_be_told_ends_with_2_and_says_what_to_do(folder, inkgrad_here):
    found = inkgrad_here(
        "check", "pair.py:blind,blind_vjp", "--shape", "5", "--dtype", "float16", "--sensitivity", 1e-9
    )
    assert found.returncode == 2, found.stdout + found.stderr
    assert "it cannot be told whether the gradient is right: of dx no error under" in last_line(found.stdout)


def test_a_report_in_json_holds_what_the_table_does(folder, inkgrad_here):
    found = inkgrad_here("check", "pair.py:linear,mean_vjp", *LINEAR, "--json")
    assert found.returncode == 1
    report = json.loads(found.stdout, parse_constant=pytest.fail)
    assert (report["verdict"], report["ok"]) == ("wrong", False)
    assert rows_of(found) == [("x", 12, "right"), ("w", 6, "right"), ("b", 2, "wrong")]
    assert report["arrays"][2]["error"] == pytest.approx(0.75)
    assert {each["compared_with"] for each in report["arrays"]} == {"differences"}
    assert all(0 < each["least_seen"] < 1e-6 for each in report["arrays"])
    [finding] = report["findings"]
    assert (finding["array"], finding["kind"], finding["page"]) == ("b", "factor", "mistakes/factor.html")


def test_the_same_seed_gives_the_same_report(folder, inkgrad_here):
    arguments = ["check", "pair.py:linear,mean_vjp", *LINEAR, "--json", "--seed", 3]
    assert inkgrad_here(*arguments).stdout == inkgrad_here(*arguments).stdout


def test_of_many_arrays_those_that_are_wrong_are_shown(folder, inkgrad_here):
    """A tree of 60 arrays, of which one is wrong."""
    (folder / "many.py").write_text(
        "import numpy as np\n"
        "make = [{f'p{k}': np.ones(1) for k in range(60)}]\n"
        "def f(p): return sum(each.sum() for each in p.values())\n"
        "def df(p): return {name: each if name != 'p50' else 2 * each for name, each in p.items()}\n"
    )
    found = inkgrad_here("check", "many.py:f,df", "--inputs", "make")
    rows = [line for line in found.stdout.splitlines() if line.startswith("p['p")]
    assert len(rows) == 30
    assert rows[-1].split()[:3] == ["p['p50']", "1", "wrong"]
    assert "and 30 more that are right" in found.stdout
    assert len(json.loads(inkgrad_here("check", "many.py:f,df", "--inputs", "make", "--json").stdout)["arrays"]) == 60


@pytest.mark.parametrize("options", [[], ["--every-entry"]])
def test_every_entry_of_a_large_array_is_looked_at_where_that_is_asked_for(folder, inkgrad_here, options):
    shapes = "--shape", "3000x1", "--shape", "1x1", "--shape", "1"
    found = inkgrad_here("check", "pair.py:linear,linear_vjp", *shapes, *options, "--json")
    assert found.returncode == 0, found.stdout
    assert json.loads(found.stdout)["arrays"][0]["compared_with"] == ("differences" if options else "directions")


def test_a_picture_of_a_pair_is_drawn(folder, inkgrad_here):
    inkgrad_here("check", "pair.py:linear,mean_vjp", *LINEAR, "--plot", "errors.png")
    inkgrad_here("plot", "check", "pair.py:linear,mean_vjp", *LINEAR, "--out", "again.png")
    for name in "errors.png", "again.png":
        with Image.open(folder / name) as drawn:
            assert drawn.width > 300


@pytest.mark.parametrize(
    ("target", "options", "status"),
    [
        ("linear,nearly", [*LINEAR, "--exact"], 1),
        ("linear,nearly", [*LINEAR, "--tolerance", "1e-8"], 1),
        ("linear,linear_vjp", [*LINEAR, "--sensitivity", "1e-30"], 2),
        ("linear,linear_vjp", [*LINEAR, "--budget", "1e-9"], 2),
        ("clipped,clipped_vjp", ["--shape", "5x4", "--points", "awkward"], 1),
        ("linear,linear_vjp", [*LINEAR, "--reference", "god"], 2),
        ("rounded,passed_on", ["--shape", "5", "--surrogate", "x=straight-through"], 0),
        ("lower,lower_vjp", ["--inputs", "make_symmetric", "--tangent", "s=symmetric"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_picture_takes_the_options_of_a_check(folder, inkgrad_here, target, options, status):
    found = inkgrad_here("plot", "check", f"pair.py:{target}", *options, "--out", "errors.png")
    assert found.returncode == status, found.stderr
    assert "No such option" not in found.stderr
    assert (folder / "errors.png").exists() == ("god" not in options)


def test_a_check_and_its_picture_have_the_same_options():
    """What is about the answer in words is for the words alone."""
    words, picture = (set(signature(each).parameters) for each in (check, plot_check))
    assert words - picture == {"plot", "is_json", "lesson", "explain"}
    assert picture - words == {"out"}


# PyTorch.


@pytest.mark.parametrize(
    ("target", "options", "rows"),
    [
        ("Triple", ["--shape", "4x3", "--shape", "3"], [("x", 12, "wrong"), ("w", 3, "right")]),
        ("Triple.apply", ["--shape", "4x3", "--shape", "3"], [("x", 12, "wrong"), ("w", 3, "right")]),
        ("Scaled", ["--shape", "4x3", "--set", "by=2.5"], [("x", 12, "right")]),
        ("net", ["--shape", "4x3"], [("x", 12, "right"), ("first.weight", 15, "right"), ("first.bias", 5, "right")]),
        ("net.forward", ["--shape", "4x3"], None),
        ("through", ["--shape", "4x3"], [("x", 12, "right")]),
        ("net.first", ["--shape", "4x3"], [("input", 12, "right"), ("weight", 15, "right"), ("bias", 5, "right")]),
        ("Net", ["--set", "width=1", "--shape", "4x3", "--dtype", "bfloat16", "--sensitivity", "0.05"], None),
        ("net", ["--inputs", "make"], None),
        ("Embed", ["--shape", "2x4:int10"], [("table.weight", 30, "right")]),
        ("Masked", ["--shape", "4x3", "--shape", "1x3", "--shape", "3"], None),
        ("sine", ["--shape", "4"], [("x", 4, "right")]),
        ("soft", ["--shape", "4"], [("x", 4, "right")]),
        ("soft", ["--shape", "scalar", "--order", "2"], [("x", 1, "right"), ("dy", 1, "right")]),
        ("plain", ["--inputs", "make_one"], [("x", 4, "right")]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) and isinstance(value[0], str) else None,
)
def test_what_torch_differentiates_is_checked(folder, inkgrad_here, target, options, rows):
    pytest.importorskip("torch")
    with open("net.py", "a") as file:
        file.write("\ndef make_one():\n    return torch.ones(4)\n")
    found = inkgrad_here("check", f"net.py:{target}", *options, "--json")
    is_right = rows is None or all(row[2] == "right" for row in rows)
    assert found.returncode == (0 if is_right else 1), found.stdout + found.stderr
    assert rows is None or rows_of(found) == rows


@pytest.mark.parametrize(
    ("target", "options", "words"),
    [
        ("Triple", [], "Triple takes x and w: say the shape of each, such as --shape 4x7, or --shape 4x8:int10 for "),
        ("Triple", ["--shape", "4x3"], "Triple takes x and w: say also the shape of w, such as"),
        ("Triple", ["--shape", "4"] * 3, "Triple takes x and w: leave out 1 --shape"),
        ("Triple", ["--shape", "4x3", "--shape", "5"], "Triple, forward: RuntimeError: The size of tensor"),
        ("soft", [], "soft takes x: say its shape, such as --shape 4x7"),
        ("soft", ["--shape", "4", "--set", "k=1"], "soft takes x, no k: leave that --set out"),
        (
            "soft",
            ["--shape", "4", "--dtype", "int8"],
            "--dtype is one of float64, float32, float16, bfloat16, got 'int8'",
        ),
        ("soft", ["--shape", "4", "--order", "3"], "--order is 1, the gradient, or 2"),
        ("soft", ["--shape", "4", "--input-shape", "4"], "--input-shape is for a layer; a function takes --shape"),
        ("soft", ["--shape", "4", "--sensitivity", "2"], "the sensitivity is a part of the gradient, between 0 and 1"),
        ("soft", ["--shape", "4x3", "--tolerance", "2"], "the tolerance is a part of the gradient, from 0 to 1"),
        ("soft", ["--shape", "4x3", "--tangent", "x=symmetric"], "x of shape (4, 3) holds no square matrices"),
        ("soft", ["--shape", "4x3", "--tangent", "y=symmetric"], "declared of y, but the arrays are x"),
        ("soft", ["--shape", "4", "--surrogate", "x"], "--surrogate takes NAME=straight-through, or NAME=0.5"),
        ("soft", ["--shape", "4", "--surrogate", "y=straight-through"], "declared of y, but the arrays are x"),
        ("soft", ["--shape", "4", "--surrogate", "x=strait"], "the surrogate of x is 'straight-through', a factor"),
        ("soft", ["--shape", "4:int5"], "there is no tensor of floating-point numbers to check"),
        ("Net", ["--shape", "4x3"], "missing 1 required positional argument: 'width'; give it with --set NAME=VALUE"),
        ("net", ["--shape", "4x3", "--set", "width=3"], "net in net.py is made already: leave --set out"),
        ("net", ["--shape", "4x3", "--inputs", "make"], "--shape is for random inputs, and those of --inputs are made"),
        (
            "net.second",
            ["--shape", "4x3"],
            "net.second in net.py: AttributeError: 'Net' object has no attribute 'second'",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_silly_questions_about_torch_get_one_clear_line(folder, inkgrad_here, target, options, words):
    pytest.importorskip("torch")
    assert_refused(inkgrad_here("check", f"net.py:{target}", *options), words, alone=False)


def test_what_is_not_installed_is_named_with_what_installs_it(folder):
    assert_refused(
        inkgrad_without("torch", "check", "net.py:soft", "--shape", 4, cwd=folder),
        "pip install 'inkgrad[torch]'",
        alone=False,
    )
    assert_refused(
        inkgrad_without("jax", "check", "rule.py:soft", "--shape", 4, cwd=folder), "pip install jax", alone=False
    )


# JAX.


@pytest.mark.parametrize(
    ("target", "options", "rows"),
    [
        ("cube", ["--shape", "4x3", "--shape", "3"], [("x", 12, "wrong"), ("w", 3, "right")]),
        ("cube", ["--shape", "4x3", "--shape", "3", "--dtype", "float64"], [("x", 12, "wrong"), ("w", 3, "right")]),
        ("soft", ["--shape", "4x3"], [("x", 12, "right")]),
        ("soft", ["--shape", "4x3", "--dtype", "bfloat16"], [("x", 12, "right")]),
        ("loss", ["--inputs", "rule.py:make"], [("p['w']", 6, "right"), ("x", 12, "right")]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) and isinstance(value[0], str) else None,
)
def test_what_jax_differentiates_is_checked(folder, inkgrad_here, target, options, rows):
    pytest.importorskip("jax")
    found = inkgrad_here("check", f"rule.py:{target}", *options, "--json")
    assert found.returncode == (0 if all(row[2] == "right" for row in rows) else 1), found.stdout + found.stderr
    assert rows_of(found) == rows


# Silly input.


@pytest.mark.parametrize(
    ("target", "options", "words"),
    [
        ("linear", LINEAR, "differentiate: name the backward that you wrote, pair.py:linear,BACKWARD"),
        ("linear,", LINEAR, "a function and its backward are two names, pair.py:forward,backward, got 'linear,'"),
        ("linear,no", LINEAR, "pair.py has no no; it has linear, linear_vjp, "),
        ("linear,number", LINEAR, "number in pair.py is not a function"),
        ("number", ["--shape", "4"], "number in pair.py is an int, which has no gradient"),
        ("Stranger", ["--shape", "4"], "Stranger in pair.py is neither a Layer nor a Cost of inkgrad, nor a torch"),
        ("linear,no_backward", LINEAR, "no_backward(a, b, c, d, e, f) should take dy and then x, w, b; "),
        ("linear,linear_vjp", LINEAR[:4], "linear takes x, w and b: say also the shape of b"),
        ("ratio,ratio_vjp", ["--shape", "4", "--set", "eps=1"], "ratio takes x and w: say also the shape of w"),
        ("scaled,scaled_vjp", ["--shape", "4"], "scaled takes x and w: say also the shape of w"),
        ("linear,linear_vjp", ["--shape", "0x3"], "4x8:int10 for whole numbers from 0 to 9"),
        ("linear,linear_vjp", ["--shape", "4x3:int"], "got '4x3:int'"),
        ("linear,linear_vjp", ["--shape", "99999999x99999999"], "at most 100,000,000 numbers: choose smaller shapes"),
        ("linear,linear_vjp", [*LINEAR, "--dtype", "bfloat16"], "NumPy has no bfloat16"),
        ("linear,linear_vjp", [*LINEAR, "--order", "2"], "--order is for functions of PyTorch and JAX"),
        ("linear,linear_vjp", [*LINEAR, "--budget", "0"], "--budget takes a number of seconds above 0, got 0"),
        ("linear,linear_vjp", [*LINEAR, "--budget", "nan"], "--budget takes a number of seconds above 0, got nan"),
        ("linear,linear_vjp", [*LINEAR, "--budget", "long"], "Input should be a valid number"),
        ("linear,linear_vjp", [*LINEAR, "--points", "odd"], "--points is given or awkward, got 'odd'"),
        ("linear,linear_vjp", [*LINEAR, "--reference", "god"], "--reference is differences or forward, got 'god'"),
        ("linear,linear_vjp", [*LINEAR, "--tangent", "x"], "--tangent takes NAME=symmetric, of an array of symmetric"),
        ("linear,linear_vjp", [*LINEAR, "--constant", "beta"], "--constant takes NAME=NUMBER, such as beta=0.5"),
        ("linear,linear_vjp", [*LINEAR, "--constant", "beta=half"], "such as beta=0.5, got 'beta=half'"),
        ("linear,linear_vjp", [*LINEAR, "--constant", "beta=inf"], "such as beta=0.5, got 'beta=inf'"),
        ("linear,linear_vjp", [*LINEAR, "--examples", "2"], "--examples is for a layer; a function takes --shape"),
        ("linear,linear_vjp", [*LINEAR, "--set", "k=3"], "linear takes x, w, b, no k: leave that --set out"),
        ("linear,linear_vjp", [*LINEAR, "--data", "."], "--data is for whole networks"),
        ("linear,linear_vjp", ["--inputs", "pair.py"], "--inputs takes FILE.py:NAME, a function that makes the inputs"),
        ("linear,linear_vjp", ["--inputs", "none.py:make"], "none.py: No such file"),
        ("linear,linear_vjp", ["--inputs", "net.py:make", "--plot", "net.py"], "net.py: this file is read here"),
        ("linear,linear_vjp", ["--inputs", "nothing"], "pair.py has no nothing; it has "),
        ("linear,linear_vjp", ["--inputs", "fails"], "fails(): TypeError: fails() missing 1 required"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_silly_questions_get_one_clear_line(folder, inkgrad_here, target, options, words):
    assert_refused(inkgrad_here("check", f"pair.py:{target}", *options), words, alone=False)


def test_what_a_function_raises_is_said_in_one_line(folder, inkgrad_here):
    found = inkgrad_here("check", "pair.py:fails,root_vjp", "--shape", 4)
    assert (found.returncode, found.stdout) == (2, "")
    assert last_line(found.stderr) == "inkgrad: fails, forward: ValueError: not"


def test_awkward_points_show_what_ordinary_ones_do_not(folder, inkgrad_here):
    asked = "check", "pair.py:clipped,clipped_vjp", "--shape", "5x4"
    assert inkgrad_here(*asked).returncode == 0
    found = inkgrad_here(*asked, "--points", "awkward")
    assert found.returncode == 1
    assert "where some numbers are 0: " in found.stdout


def test_a_budget_that_is_spent_leaves_what_cannot_be_told(folder, inkgrad_here):
    found = inkgrad_here("check", "pair.py:linear,linear_vjp", *LINEAR, "--budget", "1e-9")
    assert found.returncode == 2
    assert "nothing was known when the budget was spent; give it more seconds" in found.stdout
    assert inkgrad_here("check", "pair.py:linear,linear_vjp", *LINEAR, "--budget", "60").returncode == 0


def test_a_tolerance_moves_the_border_of_approximate(folder, inkgrad_here):
    asked = "check", "pair.py:linear,nearly", *LINEAR
    assert inkgrad_here(*asked).returncode == 0
    assert inkgrad_here(*asked, "--tolerance", "1e-8").returncode == 1


def test_a_constant_of_ones_own_explains_a_factor(folder, inkgrad_here):
    asked = "check", "pair.py:linear,mean_vjp", "--shape", "7x3", "--shape", "3x2", "--shape", "2"
    found = inkgrad_here(*asked, "--constant", "workers=7")
    assert found.returncode == 1
    assert "that is 1 / the batch size or 1 / workers" in re.sub(r"\s+", " ", found.stdout)


def test_symmetric_matrices_move_symmetrically(folder, inkgrad_here):
    asked = "check", "pair.py:lower,lower_vjp", "--inputs", "make_symmetric"
    assert inkgrad_here(*asked).returncode == 1
    assert inkgrad_here(*asked, "--tangent", "s=symmetric").returncode == 0


def test_the_own_forward_of_a_function_is_asked_if_that_is_wanted(folder, inkgrad_here):
    pytest.importorskip("torch")
    asked = "check", "net.py:Scaled", "--shape", "4x3", "--set", "by=2.5"
    assert "compared with its own forward" in inkgrad_here(*asked, "--reference", "forward").stdout
    assert "compared with differences" in inkgrad_here(*asked).stdout


def test_a_check_of_a_pair_imports_neither_torch_nor_jax(folder):
    program = (
        "import sys; sys.argv = ['inkgrad', 'check', 'pair.py:energy,energy_gradient', '--shape', '3'];"
        "from inkgrad.cli import main\ntry: main()\nexcept SystemExit as end: assert end.code == 0\n"
        "print({'torch', 'jax'} & set(sys.modules))"
    )
    assert last_line(output_of(program, cwd=folder)) == "set()"


def test_a_table_fits_into_80_columns(folder):
    found = inkgrad("check", "pair.py:linear,mean_vjp", *LINEAR, cwd=folder)
    table = found.stdout.partition("compared with")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert re.search(r"^b +2 +wrong +7.5e-01", table, re.MULTILINE)
    assert np.count_nonzero([line.startswith(("x ", "w ", "b ")) for line in table.splitlines()]) == 3
