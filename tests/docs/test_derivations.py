"""Each layer, cost and optimizer has its derivation, with a program that would notice a mistake in its formulas."""

import inspect
import re

import pytest
from support import ROOT
from support.pages import blocks_of, run_python

import inkgrad.costs
import inkgrad.layers
import inkgrad.optimizers
from inkgrad.layers import Layer
from inkgrad.optimizers import Optimizer
from scripts.docs.derivation_pictures import PICTURES

FOLDER = ROOT / "docs" / "derivations"
PAGES = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.md"))}
SECTIONS = {
    part.partition("\n")[0]: (page, part)
    for page, text in PAGES.items()
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]
}
FORMULA = re.compile(r"\$\$\n(.*?)\n\$\$|(?<![\\$])\$([^$\n]+)\$", re.DOTALL)


def derived():
    """Return the public classes that compute something, by their names."""
    found = {}
    for package in inkgrad.layers, inkgrad.costs, inkgrad.optimizers:
        for name in package.__all__:
            value = getattr(package, name)
            if inspect.isclass(value) and not inspect.isabstract(value) and value is not Optimizer:
                found[name] = f"{package.__name__}.{name}"
    return found


every_name = pytest.mark.parametrize("name", derived())


def test_much_is_derived():
    assert len(derived()) > 28
    assert {"Conv2D", "CTC", "Adam", "OneCycle", "Chain"} <= derived().keys()


@every_name
def test_it_has_a_derivation_with_its_formula_code_and_source(name):
    page, section = SECTIONS[name]
    text = PAGES[page] if name == "CTC" else section
    assert "\n$$\n" in text
    assert f"<!-- code: {derived()[name]} -->" in text
    assert re.search(r"\*\*(Backward|Gradient|What it does)\.\*\*|^## Gradient", text, re.MULTILINE)
    source = text.partition("**Source.** ")[2].partition("\n\n")[0]
    assert "](https://" in source or "nothing else to derive" in source
    assert re.search(r"^\| +\| shape \|", PAGES[page], re.MULTILINE), "the shapes"


@every_name
def test_it_ends_with_a_program_that_proves_it(name):
    page, section = SECTIONS[name]
    text = PAGES[page] if name == "CTC" else section
    proof = text.partition("**How we know.**")[2]
    blocks = [block for block in blocks_of(proof) if block.is_run]
    assert name in "".join(block.code for block in blocks)
    assert blocks[0].shown
    if not issubclass(getattr(inkgrad.optimizers, name, Layer), Layer):
        return  # an optimizer has no gradient
    assert any("the gradient is right" in (block.shown or "") for block in blocks)


@pytest.mark.parametrize(
    ("page", "right", "wrong"),
    [
        ("dense", '"ij,kj->ik", dy, p.W', '"ij,kj->ik", dy, -p.W'),
        ("convolution", "s * h + i - a", "s * h - i + a"),
        ("pooling", "np.ones((1, 2, 3, 1))) / 6", "np.ones((1, 2, 3, 1))) / 5"),
        ("normalisation", "np.outer(h, h) / n", "np.outer(h, h)"),
        ("dropout-and-noise", "dy * mask", "dy"),
        ("chains", "dx, dy @ J", "dx, -dy @ J"),
        ("activations", "s=1 - y**2", "s=1 - y"),
        ("softmax", "np.diag(y) - np.outer(y, y)", "np.diag(y * (1 - y))"),
        ("costs", "(q - t) / N", "q - t"),
        ("ctc", "q - gamma", "gamma - q"),
        ("optimizers", "(1 - 0.9) * 0.9 ** (t - i)", "0.9 ** (t - i)"),
    ],
)
def test_a_mistake_in_a_formula_stops_the_program_of_its_page(page, right, wrong):
    assert right in PAGES[page]
    program = "".join(block.code for block in blocks_of(PAGES[page].replace(right, wrong)))
    with pytest.raises(AssertionError):
        run_python(program, {})


@pytest.mark.parametrize("page", PAGES)
def test_each_formula_is_tex_that_becomes_mathml(page):
    convert = pytest.importorskip("latex2mathml.converter", reason="the extra docs has latex2mathml").convert
    prose = re.sub(r"^```.*?^```|`[^`\n]+`", "", PAGES[page], flags=re.DOTALL | re.MULTILINE)
    assert [line for line in prose.splitlines() if line.count("$") % 2] == [], "a formula stands in one line"
    formulas = [block or inline for block, inline in FORMULA.findall(prose)]
    assert len(formulas) > 5
    for tex in formulas:
        assert tex.count("{") - tex.count(r"\{") == tex.count("}") - tex.count(r"\}"), tex
        mathml = convert(tex)
        assert "\\" not in mathml, tex  # a command that it does not know stays as it was
        assert "&</mi>" not in mathml, tex  # an environment that it does not know


def test_each_picture_is_made_by_the_program():
    made = {f"derivation-{make.__name__}.svg" for make in PICTURES}
    assert {path.name for path in (ROOT / "docs" / "pictures").glob("derivation-*")} == made
    shown = {name for text in PAGES.values() for name in re.findall(r"pictures/(derivation-[\w.-]+)\)", text)}
    assert shown == made
    assert all(make().axes for make in PICTURES)
