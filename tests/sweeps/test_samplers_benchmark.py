"""What TPE is worth beside random search is measured by a program that others can run, here at a tiny size."""

import sys

from support import ROOT
from support.commands import completed

PROGRAM = ROOT / "benchmarks" / "sweeps" / "samplers.py"


def test_the_samplers_are_measured_and_the_page_says_what_was_done(tmp_path):
    options = ["--seeds", "2", "--trials", "2", "--epochs", "1", "--examples", "200"]
    found = completed([sys.executable, PROGRAM, *options, "--folder", tmp_path, "--out", tmp_path / "page.md"])
    assert found.returncode == 0, found.stderr
    page = (tmp_path / "page.md").read_text()
    assert f"`python benchmarks/sweeps/samplers.py {' '.join(options)}`" in page
    about = "A trial takes 1 of the recipe's 40 epochs, on 100 of MNIST's training digits, and is judged on 100 others."
    assert about in " ".join(page.split())
    (row,) = [line for line in page.splitlines() if line.startswith("| 2 |")]
    random, tpe, ahead, behind = row.strip("| ").split(" | ")[1:]
    assert (random, ahead, behind) == (tpe, "0", "0")  # the first trials are the same
    assert {path.name for path in tmp_path.glob("*.sweep.jsonl")} == {
        f"{how}-{seed}.sweep.jsonl" for how in ("random", "tpe") for seed in (0, 1)
    }
