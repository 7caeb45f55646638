"""Show made-up lines on a contact sheet, with what they say: each kind alone, or some kinds together, or all mixed.

python -m lab.synthetic.lines --out sheet.png                       # a row for each kind, and mixed ones
python -m lab.synthetic.lines --out sheet.png --kinds marks,boxes   # lines that have all of these
python -m lab.synthetic.lines --out sheet.png --mixed               # as the training gets them
python -m lab.synthetic.lines --speed                               # lines a second on this core
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from inkgrad.data import Examples, mnist
from inkgrad.errors import SettingError
from inkgrad.files import refuse_unwritable
from lab.synthetic.lines import KINDS_OF_LINES, LineKinds, LineMaker, MadeLine
from lab.synthetic.practice import N_HELD_BACK
from lab.synthetic.sources import font_of

LARGER, ACROSS = 1.5, 4  # how much larger a line is shown, and how many in a row
CELL_PX = 400, 68


def main(arguments: list[str] | None = None) -> None:
    """Make the sheet that the arguments of the command ask for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("sheet.png"), help="the picture to write")
    parser.add_argument("--kinds", default="", help=f"some of {','.join(KINDS_OF_LINES)}, with commas between")
    parser.add_argument("--mixed", action="store_true", help="kinds as probable as in training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n", type=int, default=80, help="lines, where not each kind has a row")
    parser.add_argument("--speed", action="store_true", help="measure, and write no picture")
    given = parser.parse_args(arguments)
    if given.n < 1 or given.seed < 0:
        parser.error(f"--n is 1 or more and --seed 0 or more, got {given.n} and {given.seed}")
    if given.out.suffix.lower() not in Image.registered_extensions():
        parser.error(f"{given.out}: no name of a picture, such as sheet.png")
    try:
        refuse_unwritable(given.out)
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}")
    train = mnist().train
    digits = Examples(train.x[:-N_HELD_BACK], train.t[:-N_HELD_BACK])
    if given.speed:
        print(
            "{:.0f} lines a second of one core; {:.0f} once it has seen their digits".format(*speed(digits, given.seed))
        )
        return
    try:
        lines = shown(digits, given)
    except SettingError as error:
        parser.error(str(error))
    sheet_of(lines).save(given.out)


def shown(digits: Examples, given: argparse.Namespace) -> list[tuple[str, MadeLine]]:
    """Return the lines to show, each with a word on it."""
    rng = np.random.default_rng(given.seed)
    if given.kinds or given.mixed:
        kinds = LineKinds.only(given.kinds.split(",")) if given.kinds else LineKinds()
        return [("", line) for line in LineMaker(digits, kinds).lines(given.n, rng)]
    alone = [(kind, LineMaker(digits, LineKinds.only([kind])).line(rng)) for kind in KINDS_OF_LINES for _ in range(4)]
    return alone + [("", line) for line in LineMaker(digits).lines(40, rng)]


def sheet_of(lines: list[tuple[str, MadeLine]]) -> Image.Image:
    """Return a picture of lines, each over what it says."""
    width, height = CELL_PX
    sheet = Image.new("L", (ACROSS * width, -(-len(lines) // ACROSS) * height), 235)
    pencil, font = ImageDraw.Draw(sheet), font_of("DejaVuSansMono", 11)
    for i, (kind, line) in enumerate(lines):
        left, top = i % ACROSS * width + 4, i // ACROSS * height + 2
        picture = Image.fromarray((255 - 255 * line.ink).astype(np.uint8))
        size = round(LARGER * picture.width), round(LARGER * picture.height)
        sheet.paste(picture.resize(size, Image.Resampling.BILINEAR), (left, top))
        pencil.text((left, top + size[1] + 1), f"{kind} [{line.text}]".strip(), 0, font)
    return sheet


def speed(digits: Examples, seed: int, n: int = 1000) -> list[float]:
    """Return how many lines one core makes in a second of its own time, with digits new to it, and then again."""
    maker = LineMaker(digits)
    maker.line(np.random.default_rng(seed))  # imports what it needs
    rates = []
    for _ in range(2):
        start = time.process_time()
        maker.lines(n, np.random.default_rng(seed + 1))
        rates.append(n / (time.process_time() - start))
    return rates


if __name__ == "__main__":
    main()
