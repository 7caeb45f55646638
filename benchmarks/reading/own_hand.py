"""Measure what a reader learns from corrected lines in a hand that nobody has: a thick pen, leaning far to the left.

The digits are MNIST's held-back ones, of which it learned none.  Some lines are corrections; the others are read before
and after, as `inkgrad read` reads them.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

sys.path += map(str, Path(__file__).parents[1:3])  # where tables.py is, and lab
from pictures import N_HELD_BACK
from tables import markdown

from inkgrad.data import Examples, mnist
from inkgrad.models import load
from inkgrad.reader import Reader
from lab.synthetic import Look, write_line

HAND = Look(height=48, gap=0.5, slant=-40, pen=0.3)
N_DIGITS = 4  # in a line
OWN = "own.safetensors"


def main() -> None:
    """Write the lines, learn from some of them, and read the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corrections", type=int, default=200, help="lines to learn from")
    parser.add_argument("--others", type=int, default=200, help="lines to read before and after")
    parser.add_argument("--seed", type=int, default=5)
    given = parser.parse_args()
    train = mnist().train
    digits, rng = Examples(train.x[-N_HELD_BACK:], train.t[-N_HELD_BACK:]), np.random.default_rng(given.seed)
    lines = [write_line(N_DIGITS, HAND, rng, digits) for _ in range(given.corrections + given.others)]
    corrected, others = lines[: given.corrections], lines[given.corrections :]
    with tempfile.TemporaryDirectory() as folder:
        table = ["picture,text"]
        for number, line in enumerate(corrected, start=1):
            Image.fromarray(line.picture).save(f"{folder}/{number:05}.png")
            table.append(f"{number:05}.png,{line.text}")
        Path(folder, "mine.csv").write_text("\n".join(table) + "\n")
        learn = "train", "--model", "reader", "--from-corrections", "mine.csv", "--out", OWN
        if subprocess.run([sys.executable, "-m", "inkgrad", *learn], cwd=folder).returncode:
            sys.exit(1)  # it has said why
        rows = []
        for name, reader in ("before", Reader()), ("after", Reader(load(Path(folder, OWN)))):
            n_right = sum(reader.read(line.picture).text == line.text for line in others)
            rows.append([name, f"{n_right} of {len(others)}"])
    print("\n" + markdown(["other lines", "right as a whole"], rows))


if __name__ == "__main__":
    main()
