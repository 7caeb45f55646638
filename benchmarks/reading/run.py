"""Measure how well pictures of digits, and of amounts with marks, are read, beside the rivals that are installed.

Composed pictures are of held-back seeds and held-back digits of MNIST (with --development, of the seeds and
digits that one may look at); --folder reads real ones, listed in its labels.csv.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

sys.path += map(str, Path(__file__).parents[1:3])  # where tables.py is, and lab
from pictures import COMPOSED, PRINTED, Picture, composed, listed
from printed import lacking_fonts
from rivals import NAMES, Missing, Read, reader
from scoring import Score, score
from tables import markdown, time_text

ALL = "all of digits alone"
ALL_MARKS = "all with marks"


def main() -> None:
    arguments = parsed()
    readers = installed(arguments.readers, arguments.model)
    pictures = (
        listed(arguments.folder) if arguments.folder
        else composed(arguments.kinds, arguments.pages, arguments.development)
    )  # fmt: skip
    scores = measured(pictures, readers, arguments.wrong, arguments.save)
    print(table_of(scores))


def installed(names: Iterable[str], model: str | None) -> dict[str, Read]:
    """Return the readers that are there, and say which are not."""
    found = {}
    for name in names:
        try:
            found[name] = reader(name, model)
        except Missing as missing:
            print(f"left out: {missing}", file=sys.stderr)
    if not found:
        sys.exit("none of the readers is installed")
    return found


def measured(
    pictures: Iterable[Picture], readers: dict[str, Read], tell_wrong: bool, folder: Path | None
) -> dict[tuple[str, str], Score]:
    """Return the score of each kind of picture and each reader, and under ALL and ALL_MARKS those of several kinds."""
    scores: dict[tuple[str, str], Score] = defaultdict(Score)
    for picture in pictures:
        for name, read in readers.items():
            start = time.perf_counter()
            answer = read(picture.pixels, picture.kind, picture.marks)
            seconds = time.perf_counter() - start
            found = score(picture.truth, answer)
            found.seconds = seconds
            for kind in picture.kind, ALL_MARKS if picture.marks else ALL:
                scores[kind, name] += found
            is_wrong = not found.exact or found.cells_right < found.cells
            if is_wrong and tell_wrong:
                says, said = (text.replace("\n", "|") for text in (picture.truth.text, answer.text))
                cells = f"; {found.cells_right} of {found.cells} cells" if found.cells else ""
                print(f"{picture.name}: {says}, {name} read {said or 'nothing'}{cells}", flush=True)
            if is_wrong and folder:
                folder.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture.pixels).save(folder / f"{Path(picture.name).stem}-{name}.png")
    return scores


def table_of(scores: dict[tuple[str, str], Score]) -> str:
    """Return the scores, kinds in their order and those of several last."""
    shares = {
        "characters": lambda s: (s.right, s.characters + s.extra),
        "lines": lambda s: (s.lines_right, s.lines),
        "but for spaces": lambda s: (s.lines_but_spaces, s.lines),
        "cells": lambda s: (s.cells_right, s.cells),
        "filled cells": lambda s: (s.filled_right, s.filled),
    }
    head = ["pictures of", "number", "reader", "exact", *shares, "errors", "time each"]
    rows = []
    last = {ALL: 1, ALL_MARKS: 2}
    for (kind, name), s in sorted(scores.items(), key=lambda item: last.get(item[0][0], 0)):
        counted = [percent(*share(s)) for share in shares.values()]
        each = time_text(s.seconds / s.pictures)
        rows.append([kind, str(s.pictures), name, percent(s.exact, s.pictures), *counted, f"{s.error_rate:.2%}", each])
    legend = "Of characters: those read right, of all that are there or were read where there is none; a mark or space "
    legend += "too much is one.  But for spaces: lines that are right, spaces aside.  Cells: in the right row and "
    legend += "column.  Errors: characters misread, missed and invented, per character that is there."
    return f"{markdown(head, rows)}\n\n{legend}"


def percent(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else ""


def parsed() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", nargs="+", choices=NAMES, default=NAMES, help="those alone")
    parser.add_argument(
        "--kinds", nargs="+", choices=COMPOSED, default=list(COMPOSED), help="composed pictures of these alone"
    )
    parser.add_argument("--model", help="of inkgrad's reader: a file or a name, for the one that comes with it")
    parser.add_argument("--pages", type=int, default=40, help="composed pictures of each kind (40)")
    parser.add_argument("--development", action="store_true", help="compose of the seeds and digits of development")
    parser.add_argument("--folder", type=Path, help="read the pictures listed in this folder's labels.csv instead")
    parser.add_argument("--wrong", action="store_true", help="list what was not read exactly")
    parser.add_argument("--save", type=Path, metavar="DIR", help="write the pictures that were not read exactly there")
    arguments = parser.parse_args()
    if arguments.pages < 1:
        parser.error(f"a share needs at least 1 picture of each kind, got --pages {arguments.pages}")
    if arguments.folder and not (arguments.folder / "labels.csv").is_file():
        parser.error(f"{arguments.folder} has no labels.csv (columns file, label, kind, source)")
    if arguments.folder is None and PRINTED in arguments.kinds and (packages := lacking_fonts()):
        parser.error(f"{PRINTED} lines need fonts: install {', '.join(sorted(packages))}, or choose other --kinds")
    return arguments


if __name__ == "__main__":
    main()
