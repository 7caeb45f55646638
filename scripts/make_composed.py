"""Make the composed digits that come along, on which a corrected reader is held to what it knew: a minute.

python -m scripts.make_composed src/inkgrad/data/composed
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from inkgrad.data import Examples, mnist, write_idx
from lab.synthetic.practice import N_HELD_BACK, practice_examples

N_PRACTISED, N_TESTED = 3_000, 2_000


def main() -> None:
    """Make and write the four files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("folder", type=Path, help="where to write them")
    parser.add_argument("--seed", type=int, default=1, help="the shipped reader was trained on those of 0")
    given = parser.parse_args()
    given.folder.mkdir(exist_ok=True)
    train, rng = mnist().train, np.random.default_rng(given.seed)
    known = Examples(train.x[:-N_HELD_BACK], train.t[:-N_HELD_BACK])
    held_back = Examples(train.x[-N_HELD_BACK:], train.t[-N_HELD_BACK:])
    for part, digits, n in ("train", known, N_PRACTISED), ("test", held_back, N_TESTED):
        made = practice_examples(n, digits, rng)
        write_idx(given.folder / f"composed-{part}-images-idx3-ubyte.gz", made.x[..., 0])
        write_idx(given.folder / f"composed-{part}-labels-idx1-ubyte.gz", made.t)


if __name__ == "__main__":
    main()
