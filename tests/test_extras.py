"""Each extra, alone, brings what it is for; without it, one line says what to install."""

import tomllib
from collections import defaultdict
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support import ROOT
from support.commands import python

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]

EVERY_MODULE = """
import importlib, pkgutil
import inkgrad.{part} as part
for each in pkgutil.walk_packages(part.__path__, part.__name__ + "."):
    importlib.import_module(each.name)
"""
DAMAGED = """
from inkgrad.errors import PictureError
from inkgrad.pictures import open_picture
try: open_picture({raw!r})
except PictureError as error: assert "damaged" in str(error)
"""
USES = {  # of each extra what it is for, as a program
    "sklearn": EVERY_MODULE.format(part="interop.sklearn"),
    "onnx": "import inkgrad; from inkgrad.interop.onnx import from_onnx, to_onnx\n"
    "from_onnx(to_onnx(inkgrad.load('cnn')))",
    "hub": "from inkgrad.errors import MissingExtra; from inkgrad.models import hub\n"
    "try: hub.load_from_hub('no/such/name')\n"
    "except MissingExtra: raise\n"
    "except ValueError as error: assert 'is named user/name' in str(error)",
    "tensorboard": "import pathlib; from inkgrad.training import Events; Events(pathlib.Path('events')).close()",
    "pdf": DAMAGED.format(raw=b"%PDF-1.7"),
    "heic": DAMAGED.format(raw=b"\0\0\0\x1cftypheic"),
    "parquet": "from pathlib import Path; from inkgrad.table_files import refuse_other_ending\n"
    "refuse_other_ending(Path('results.parquet'))",
    "xlsx": "from pathlib import Path; from inkgrad.table_files import refuse_other_ending\n"
    "refuse_other_ending(Path('results.xlsx'))",
    "stores": "from inkgrad.bulk.stores import store_of; store_of('memory://scans')",
    "sweep": EVERY_MODULE.format(part="sweeps"),
    "ray": EVERY_MODULE.format(part="distributed"),
    "torch": "import numpy as np; from inkgrad.interop.torch import to_torch; from inkgrad.layers import Dense\n"
    "to_torch(Dense(2, 1), np.zeros(3), (2,))\n"
    "from array_api_compat import torch; from inkgrad.check import check_torch\n"
    "check_torch(torch.tanh, [torch.ones(3)])",
    "web": EVERY_MODULE.format(part="web") + "part.make_app()",
    "docs": f"import os; os.chdir({str(ROOT)!r}); from mkdocs.config import load_config; "
    "config = load_config(); config.plugins.on_startup(command='build', dirty=False); config.plugins.on_config(config)",
    "dev": f"import os; os.chdir({str(ROOT)!r}); import pytest; "
    "assert pytest.main(['-q', '--collect-only', '-p', 'no:cacheprovider']) == 0",
}
TOOLS = {"docs", "dev"}  # for the project itself: no part of the library asks for them


def needed(requirements):
    """Return the distributions that requirements bring, and theirs, as far as they are installed."""
    found, waiting = set(), [Requirement(each) for each in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name == "inkgrad":
            waiting += [Requirement(each) for extra in requirement.extras for each in EXTRAS[extra]]
            continue
        for extra in requirement.extras or {""}:
            if (name, extra) in found:
                continue
            found.add((name, extra))
            try:
                theirs = map(Requirement, metadata.requires(name) or ())
            except metadata.PackageNotFoundError:
                continue
            waiting += [each for each in theirs if each.marker is None or each.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}


def modules_of(distributions):
    """Return the modules that only these distributions have."""
    owners = defaultdict(set)
    for module, names in metadata.packages_distributions().items():
        owners[module] |= {canonicalize_name(name) for name in names}
    return sorted(module for module, names in owners.items() if names <= distributions)


HIDE = """
import site, sys
from importlib.machinery import PathFinder

class Hiding(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in {hidden!r} and path is None:  # a package may still have a copy of its own, as Ray has
            path = [folder for folder in sys.path if folder not in site.getsitepackages()]
        return super().find_spec(name, path, target)

sys.meta_path = [Hiding if each is PathFinder else each for each in sys.meta_path]
"""


def run_without(modules, program, folder):
    """Run a program in a fresh interpreter in which some modules are not installed."""
    return python(HIDE.format(hidden=modules) + program, cwd=folder)


CORE = needed(PROJECT["dependencies"])
ALL = needed(each for extra in EXTRAS.values() for each in extra)


def test_it_is_said_of_each_extra_what_it_is_for():
    assert USES.keys() == EXTRAS.keys()


@pytest.mark.parametrize(
    "extra", [pytest.param(each, marks=pytest.mark.slow if each == "dev" else ()) for each in EXTRAS]
)
def test_an_extra_is_enough_for_what_it_is_for(extra, tmp_path):
    for each in map(Requirement, EXTRAS[extra]):
        if each.name != "inkgrad" and not list(metadata.distributions(name=each.name)):
            pytest.skip(f"{each.name} is not installed")
    others = ALL - CORE - needed(EXTRAS[extra])
    done = run_without(modules_of(others), USES[extra], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("extra", [extra for extra in EXTRAS if extra not in TOOLS])
def test_without_its_extra_a_part_says_what_to_install(extra, tmp_path):
    done = run_without(modules_of(needed(EXTRAS[extra]) - CORE), USES[extra], tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("inkgrad.errors.MissingExtra: ")
    assert done.stderr.rstrip().endswith(f"which is not installed: pip install 'inkgrad[{extra}]'")
