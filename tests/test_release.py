"""A release says the same everywhere, and the archives hold what they must; `make dist` does the rest."""

import importlib
import json
import re
import shutil
import subprocess
import tomllib
from datetime import date
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from support import ROOT, commands
from support.pages import blocks_of, run_python

import inkgrad
from inkgrad.check import check_layer

RELEASE = re.compile(r"^## (\S+) - (\S+)$", re.MULTILINE)
CFF_FIELDS = {  # of the schema of version 1.2.0, which allows no others
    *("abstract", "authors", "cff-version", "commit", "contact", "date-released", "doi", "identifiers", "keywords"),
    *("license", "license-url", "message", "preferred-citation", "references", "repository", "repository-artifact"),
    *("repository-code", "title", "type", "url", "version"),
}
METADATA = "Name: inkgrad\nVersion: 1.2\nLicense-File: LICENSE\nLicense-File: src/inkgrad/data/mnist/README.md\n\ntext"
LICENCES = "LICENSE", "src/inkgrad/data/mnist/README.md"
WHEEL = "inkgrad-1.2-cp311-cp311-linux_x86_64.whl"
KERNELS = [f"inkgrad/fast/_kernels_{name}.cpython-311-x86_64-linux-gnu.so" for name in ("baseline", "avx2", "avx512")]


@pytest.fixture
def contents(monkeypatch):
    """What `make dist` looks into archives with."""
    monkeypatch.syspath_prepend(ROOT / "scripts" / "release")
    return importlib.import_module("contents")


@pytest.fixture
def in_sdist(contents):
    """A small sdist that is right."""
    names = (*contents.IN_SDIST, *(f"src/inkgrad/{name}" for name in contents.IN_BOTH), "docs/seen.png")
    return dict.fromkeys(names, 1)


@pytest.fixture
def in_wheel(in_sdist):
    """The wheel that is made from it."""
    ours = {name.removeprefix("src/") for name in in_sdist if name.startswith("src/") and "/cpp/" not in name}
    info = {"inkgrad-1.2.dist-info/RECORD", *(f"inkgrad-1.2.dist-info/licenses/{name}" for name in LICENCES)}
    return dict.fromkeys({*ours, *info, *KERNELS}, 1)


@pytest.fixture
def citation():
    yaml = pytest.importorskip("yaml", reason="it comes with the extra docs")
    return yaml.safe_load((ROOT / "CITATION.cff").read_text())


def newest():
    """Return version and date of the newest release in the changelog."""
    return RELEASE.search((ROOT / "CHANGELOG.md").read_text()).groups()


def test_the_command_says_the_version():
    done = commands.inkgrad("--version", cwd=ROOT)
    assert done.stdout.splitlines()[0] == f"inkgrad {inkgrad.__version__}"


def test_the_changelog_begins_with_this_version():
    assert newest()[0] == inkgrad.__version__


@pytest.fixture
def lines(monkeypatch):
    """What `scripts/check` counts lines with."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return importlib.import_module("lines")


def test_the_lines_that_are_kept_are_those_of_the_newest_release(lines):
    kept = json.loads(lines.KEPT.read_text())
    assert kept["version"] == lines.version_of(ROOT) == newest()[0]
    assert kept["lines"]["layers"] > 1000


def test_the_lines_of_each_package_stand_beside_those_of_the_release(lines, tmp_path):
    for name, text in {"layers/dense.py": "1\n2\n", "arrays.py": "1\n", "fast/cpp/add.hpp": "1\n"}.items():
        path = tmp_path / "src" / "inkgrad" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    now = lines.lines_of(tmp_path)
    assert now == {"fast": 1, "files at the top": 1, "layers": 2}
    rows = [line.split()[-4:] for line in lines.table(now, {"layers": 5, "lab": 7}, "1.2").splitlines()]
    assert ["layers", "2", "5", "-3"] in rows
    assert ["inkgrad", "4", "5", "-1"] in rows
    assert ["lab", "0", "7", "-7"] in rows


def test_the_changelog_goes_back_in_time():
    days = [date.fromisoformat(day) for _, day in RELEASE.findall((ROOT / "CHANGELOG.md").read_text())]
    assert days == sorted(days, reverse=True)


def test_the_citation_is_of_this_version_and_its_day(citation):
    assert (str(citation["version"]), str(citation["date-released"])) == newest()


def test_the_citation_has_the_fields_of_its_format(citation):
    assert citation["cff-version"] == "1.2.0"
    assert {"authors", "message", "title"} <= citation.keys() <= CFF_FIELDS
    assert citation["type"] in ("software", "dataset")
    assert all(author.keys() & {"name", "family-names", "given-names", "alias"} for author in citation["authors"])
    assert isinstance(citation["date-released"], date)
    assert all(isinstance(word, str) for word in (citation["message"], citation["title"], *citation["keywords"]))


def test_the_version_stands_in_one_place():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert settings["project"]["dynamic"] == ["version"]
    assert settings["tool"]["scikit-build"]["metadata"]["version"]["input"] == "src/inkgrad/__init__.py"
    source = Path(inkgrad.__file__).read_text()
    assert re.findall(r'^__version__ = "(.*)"$', source, re.MULTILINE) == [inkgrad.__version__]


def test_the_types_are_shipped():
    assert (files("inkgrad") / "py.typed").is_file()


def test_the_notices_of_what_is_compiled_in_are_shipped():
    text = (files("inkgrad") / "fast" / "LICENCES.md").read_text()
    assert "Wenzel Jakob" in text
    assert "Thibaut Goetghebuer-Planchon" in text


def test_right_archives_are_not_complained_of(contents, in_sdist, in_wheel):
    assert list(contents.wrong_in_sdist(in_sdist, "[a](LICENSE), ![b](docs/seen.png), [c](https://a.b), [d](#e)")) == []
    assert list(contents.wrong_in_wheel(WHEEL, in_wheel, in_sdist, METADATA)) == []


@pytest.mark.parametrize(
    "stray",
    [
        ".ci/run",
        ".mypy_cache/3.11/cache.json",
        ".venv/bin/python",
        "dist/inkgrad-1.2.tar.gz",
        "run/digits.safetensors",
        "site/index.html",
        "src/inkgrad/__pycache__/layout.cpython-311.pyc",
        "src/inkgrad/fast/_kernels_avx2.cpython-311-x86_64-linux-gnu.so",
        "tests/data/page.png",
    ],
)
def test_what_does_not_belong_into_the_sdist_is_named(contents, in_sdist, stray):
    (wrong,) = contents.wrong_in_sdist({**in_sdist, stray: 1}, "")
    assert stray in wrong


@pytest.mark.parametrize("lost", ["CITATION.cff", "src/inkgrad/py.typed", "src/inkgrad/data/mnist/README.md"])
def test_what_the_sdist_lacks_is_named(contents, in_sdist, lost):
    del in_sdist[lost]
    assert list(contents.wrong_in_sdist(in_sdist, "")) == [f"{lost} is missing"]


def test_a_picture_of_the_readme_that_the_sdist_lacks_is_named(contents, in_sdist):
    (wrong,) = contents.wrong_in_sdist(in_sdist, "![A page](docs/pictures/page.png)")
    assert "docs/pictures/page.png" in wrong


@pytest.mark.parametrize(
    "stray",
    ["inkgrad/fast/cpp/module.cpp", "tests/layers/test_layers.py", "lab/__init__.py", "inkgrad.libs/libgomp.so.1"],
)
def test_what_does_not_belong_into_the_wheel_is_named(contents, in_sdist, in_wheel, stray):
    assert list(contents.wrong_in_wheel(WHEEL, {**in_wheel, stray: 1}, in_sdist, METADATA)) == [
        f"{stray} does not belong there"
    ]


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("inkgrad/py.typed", "py.typed is missing"),
        (KERNELS[1], "the kernels for avx2 are missing"),
        ("inkgrad-1.2.dist-info/licenses/LICENSE", "the licence LICENSE is missing"),
    ],
)
def test_what_the_wheel_lacks_is_named(contents, in_sdist, in_wheel, lost, words):
    del in_wheel[lost]
    (wrong,) = contents.wrong_in_wheel(WHEEL, in_wheel, in_sdist, METADATA)
    assert words in wrong


def test_a_wheel_without_any_kernels_is_named(contents, in_sdist, in_wheel):
    (wrong,) = contents.wrong_in_wheel(WHEEL, {name: 1 for name in in_wheel if name not in KERNELS}, in_sdist, METADATA)
    assert "a wheel needs a C++ compiler" in wrong


def test_in_a_wheel_for_many_versions_of_python_kernels_for_one_are_named(contents, in_sdist, in_wheel):
    stable = "inkgrad-1.2-cp312-abi3-linux_x86_64.whl"
    for_all = {re.sub(r"\.cpython-.*\.so", ".abi3.so", name): 1 for name in in_wheel}
    assert list(contents.wrong_in_wheel(stable, for_all, in_sdist, METADATA)) == []
    assert list(contents.wrong_in_wheel(stable, in_wheel, in_sdist, METADATA)) == [
        f"{name} is for one version of Python" for name in sorted(KERNELS)
    ]
    del for_all["inkgrad/fast/_kernels_avx512.abi3.so"]
    assert list(contents.wrong_in_wheel(stable, for_all, in_sdist, METADATA)) == ["the kernels for avx512 are missing"]


def test_the_sdist_of_this_tree_holds_what_it_must_and_no_more(contents, tmp_path, monkeypatch):
    build = pytest.importorskip("scikit_build_core.build", reason="pip fetches it when it installs inkgrad")
    monkeypatch.chdir(ROOT)
    archive = tmp_path / build.build_sdist(str(tmp_path))
    assert archive.name == f"inkgrad-{inkgrad.__version__}.tar.gz"
    assert list(contents.wrong_in_sdist(contents.files_of(archive), (ROOT / "README.md").read_text())) == []


def test_the_layer_that_shows_the_style_is_right(rng):
    (example,) = (block for block in blocks_of((ROOT / "CONTRIBUTING.md").read_text()) if block.language == "python")
    names = {"__name__": "contributing"}
    run_python(example.code, names)
    softsign, x = names["Softsign"](), rng.normal(size=(7, 4))
    assert check_layer(softsign, x).ok
    np.testing.assert_allclose(softsign.value(np.array([-3.0, 0.0, 1.0])), [-0.75, 0.0, 0.5])


@pytest.mark.parametrize("page", ["CHANGELOG.md", "CONTRIBUTING.md"])
def test_every_file_that_a_page_links_to_exists(contents, page):
    links = contents.relative_links((ROOT / page).read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_every_target_that_contributors_are_told_of_is_in_the_makefile():
    targets = set(re.findall(r"`make (\w+)`", (ROOT / "CONTRIBUTING.md").read_text()))
    assert {"test", "dist", "clean"} <= targets
    subprocess.run(["make", "--dry-run", *targets], cwd=ROOT, capture_output=True, check=True)
