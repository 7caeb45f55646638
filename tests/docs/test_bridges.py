"""The example for SciPy trains a network, and prints what the page says."""

import re
import subprocess
import sys

from support import ROOT

PAGE = (ROOT / "docs" / "bridges.md").read_text()
EXAMPLE = ROOT / "examples" / "minimise_with_scipy.py"


def output_of(*arguments, cwd):
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=True).stdout


def without_numbers(text):
    return re.sub(r"[\d.e-]+\b", "#", text.replace("->", "to"))


def test_scipy_trains_a_network_as_the_page_shows(tmp_path):
    found = output_of(str(EXAMPLE), cwd=tmp_path)
    shown = re.search(r"It prints\n\n```\n(.*?)```", PAGE, re.DOTALL)[1]
    assert without_numbers(found) == without_numbers(shown)  # rounding decides when L-BFGS stops
    cost, right = float(re.search(r"-> (\S+)", found)[1]), int(re.search(r"(\d+) of 80", found)[1])
    assert cost < 1e-3
    assert right >= 76


def test_the_page_shows_the_example():
    shown = re.search(r"L-BFGS:\n\n```python\n(.*?)```", PAGE, re.DOTALL)[1]
    assert EXAMPLE.read_text().endswith(f'"""\n\n{shown}')
