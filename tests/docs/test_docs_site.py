"""The site is built from the source, whole and without a warning, and asks nobody for anything."""

import importlib
import inspect
import os
import re
import subprocess
import sys
from html import unescape
from xml.etree import ElementTree

import pytest
import typer
from markdown import markdown
from support import CHROMIUM, ROOT, needs_chromium
from typer.testing import CliRunner

import inkgrad
from inkgrad.check import Kind
from inkgrad.check.mistakes import explained
from inkgrad.cli.commands import app
from inkgrad.layers import Dense

PARTS = [inkgrad.layers, inkgrad.costs, inkgrad.optimizers, inkgrad.training, inkgrad.data, inkgrad.fast]


@pytest.fixture(scope="session")  # one of several processes may run tests of other modules in between
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    found = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    )
    assert found.returncode == 0, found.stderr + found.stdout
    return folder


def words(html):
    """Return what a reader sees of a page, without the spaces."""
    return "".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


def test_nothing_comes_from_elsewhere(site):
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(files) > 30
    for file in files:
        text = file.read_text()
        asked = re.findall(r"<(?:script|img|iframe|source|video)[^>]*\ssrc=[\"']?((?:https?:)?//[^\"'\s>]*)", text)
        asked += re.findall(r"<link(?![^>]*rel=[\"']?canonical)[^>]*href=[\"']?((?:https?:)?//[^\"'\s>]*)", text)
        asked += re.findall(r"(?:url\([\"']?|@import [\"'])((?:https?:)?//[^\"')]*)", text)
        assert asked == [], file


def test_the_softmax_has_its_whole_jacobian(site):
    page = words((site / "derivations" / "softmax.html").read_text())
    assert "Jij=∂yi∂xj=yi(δij−yj)" in page
    assert "J=[y1(1−y1)−y1y2−y1y3−y2y1y2(1−y2)−y2y3−y3y1−y3y2y3(1−y3)]" in page


def test_formulas_are_mathml_in_a_font_that_has_their_signs(site):
    fonts = pytest.importorskip("fontTools.ttLib", reason="matplotlib brings fonttools")
    drawn = fonts.TTFont(site / "fonts" / "STIXTwoMath.woff").getBestCmap().keys()
    pages = sorted((site / "derivations").glob("*.html"))
    assert len(pages) > 10
    for page in pages:
        html = page.read_text()
        formulas = re.findall(r"<math.*?</math>", html, re.DOTALL)
        assert len(formulas) > 5, page
        assert "arithmatex" not in html
        for each in formulas:
            signs = "".join(ElementTree.fromstring(each).itertext())
            assert "\\" not in signs
            assert {ord(sign) for sign in signs if not sign.isspace()} <= drawn, signs
        assert "msqrt" not in html or ord("√") in drawn


def test_a_derivation_has_the_lines_of_its_code(site):
    page = words((site / "derivations" / "dense.html").read_text())
    for method in Dense.forward, Dense.backward, Dense.parameter_gradient:
        assert "".join(inspect.getsource(method).split()) in page


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_public_name_is_in_the_reference(site, part):
    html = (site / "reference" / f"{part.__name__}.html").read_text()
    assert [name for name in part.__all__ if f'id="{part.__name__}.{name}"' not in html] == []
    page = words(html)
    for value in (getattr(part, name) for name in part.__all__):
        if inspect.isclass(value) or inspect.isfunction(value):
            first = inspect.getdoc(value).split("\n")[0]
            assert words(first.replace("<", "&lt;").replace("`", "")) in page


def test_every_command_and_option_is_in_the_reference(site):
    page = words((site / "reference" / "command-line.html").read_text())
    names = [[name] for name in typer.main.get_command(app).commands] + [["demo", "xor"]]
    assert len(names) > 7
    for name in names:
        found = CliRunner().invoke(app, [*name, "--help"])
        options = re.findall(r"(?<=\s)--[a-z-]+", found.stdout)
        assert "--help" in options
        assert [option for option in options if option not in page] == [], name


@pytest.mark.parametrize("results", sorted(ROOT.glob("benchmarks/**/RESULTS.md")), ids=lambda path: path.parent.name)
def test_the_results_are_those_measured(site, results):
    table = [line for line in results.read_text().splitlines() if "|" in line]
    page = words((site / "benchmarks.html").read_text())
    cells = [cell for line in table if "--" not in line for cell in line.strip("|").split("|")]
    assert len(cells) > 10
    assert [cell for cell in cells if words(markdown(cell)) not in page] == []


def public_docstrings():
    """Return the docstrings of everything public in some parts of the library."""
    for part in PARTS:
        yield part.__name__, part.__doc__
        for name in part.__all__:
            value = getattr(part, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                yield f"{part.__name__}.{name}", value.__doc__


@pytest.mark.parametrize(("name", "docstring"), list(public_docstrings()), ids=lambda value: str(value)[:40])
def test_a_docstring_loses_nothing_on_its_way_to_the_page(name, docstring, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts" / "docs")
    as_markdown = importlib.import_module("docstrings").as_markdown
    html = markdown(as_markdown(inspect.cleandoc(docstring)), extensions=["pymdownx.superfences"])
    assert words(html).replace("`", "") == "".join(docstring.split()).replace("`", "")


@needs_chromium
def test_from_disk_pages_open_and_the_search_finds(site):
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra dev has playwright")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        strangers, complaints = [], []
        page.on("request", lambda asked: strangers.append(asked.url) if asked.url.startswith("http") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        pages = [*site.glob("[!4]*.html"), *site.glob("[dhmt]*/*.html"), site / "reference" / "inkgrad.layers.html"]
        for file in pages:  # 404.html is a server's, and the others are like these
            page.goto(file.as_uri())
            too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert not page.evaluate(too_wide), file
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto((site / "index.html").as_uri())
        page.locator(".md-search__input").click()
        page.get_by_text("Type to start searching").wait_for(timeout=20_000)
        page.locator(".md-search__input").press_sequentially("Jacobian")  # it listens to keys
        page.locator(".md-search-result__item").first.wait_for(timeout=20_000)
        assert "softmax" in page.locator(".md-search-result__list").inner_text().lower()
        browser.close()
    assert (strangers, complaints) == ([], [])


@needs_chromium
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_violation_on_a_derivation(site, theme):
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra dev has playwright")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the extra dev has axe")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme=theme)
        for name in ("index", "derivations/softmax", "derivations/convolution"):
            page.goto((site / f"{name}.html").as_uri())
            found = axe.Axe().run(page).response["violations"]
            assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == [], name
        browser.close()


def test_the_page_of_the_checker_explains_every_kind_and_no_other(site):
    html = (site / "gradient-check.html").read_text()
    section = html.split('id="the-names"')[1].split("<h2")[0]
    rows = re.findall(r"<td><a href=\S*><code>(.*?)</code></a></td>\s*<td>(.*?)</td>", section)
    assert [(word, unescape(sentence)) for word, sentence in rows] == [(kind, kind.sentence) for kind in Kind]


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_a_page_with_its_example(site, kind):
    page = words((site / kind.page).read_text())
    mistake = explained(kind)
    assert "".join(kind.sentence[1:].split()) in page
    for line in (*mistake.wrong_lines, *mistake.right_lines):
        assert "".join(line.split()) in page


def test_a_page_of_a_kind_shows_the_numbers_and_what_is_said_of_them(site):
    page = words((site / Kind.factor.page).read_text())
    assert "0.0836090.0119440.143" in page
    assert "dbis0.142857timeswhatitshouldbe,thatis1/thebatchsize" in page
    assert "inkgradcheck--breakbias-mean" in page
