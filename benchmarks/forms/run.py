"""Measure how well forms are read that were filled in by hand, and how many wrong fields a person is shown.

The forms are composed: ten fields in boxes, cells, combs and on lines, of held-back seeds and held-back digits of MNIST
(with --development, of those that one may look at). Of ten pages five are scanned askew, four photographed, and one is
scanned upside down.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

sys.path += map(str, Path(__file__).parents[1:3])  # where tables.py is, and lab
from tables import markdown

from inkgrad.data import Examples, mnist
from inkgrad.forms import SURE, FilledPage, FormReader, load_form
from lab.synthetic.filled_forms import FIELDS, USUAL_PX, blank_form, fill_form

N_HELD_BACK = 10_000  # of MNIST's training digits, the last
FIRST_HELD_BACK = 1_000_000  # the seed; development has 0 and on
WAYS = ("scan", "photo") * 4 + ("scan", "upside down")
BARS = (0.5, 0.75, 0.8, 0.9, 0.95, 0.98)
EVERY = "all"


def main() -> None:
    arguments = parsed()
    with tempfile.TemporaryDirectory() as folder:
        truth = write_pages(Path(folder), arguments.pages, arguments.development)
        reader = FormReader(load_form(Path(folder) / "form.toml"))
        names = [Path(folder) / name for name in truth]
        start = time.perf_counter()
        pages = list(reader.read_many(names, workers=arguments.workers))
        seconds = time.perf_counter() - start
    print(f"{len(pages)} pages with {len(FIELDS)} fields, {len(pages) / seconds:.2f} pages a second\n")
    rows = [row_of(way, ways_of(truth, pages, way), SURE) for way in (*dict.fromkeys(WAYS), EVERY)]
    print(markdown(["pages", "n", "fits no sample", "fields right", "to be checked", "of the wrong ones"], rows), "\n")
    rows = [[field.name, field.form, *right_of(truth, pages, field.name)] for field in FIELDS]
    print(markdown(["field", "printed as", "right"], rows), "\n")
    rows = [[f"{bar:g}", *row_of(EVERY, ways_of(truth, pages, EVERY), bar)[4:]] for bar in BARS]
    print(markdown(["sure", "to be checked", "of the wrong ones"], rows))
    if arguments.wrong:
        tell_wrong(truth, pages)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--workers", type=int, help="processes that read; as many as there are cores if not told")
    parser.add_argument("--development", action="store_true", help="pages and digits that one may look at")
    parser.add_argument("--wrong", action="store_true", help="tell each field that is read wrong")
    return parser.parse_args()


def write_pages(folder: Path, n: int, development: bool) -> dict[str, tuple[str, dict[str, str]]]:
    """Write a form and n pages of it; return how each came, and what its fields say."""
    train = mnist().train
    part = slice(-N_HELD_BACK) if development else slice(-N_HELD_BACK, None)
    digits = Examples(train.x[part], train.t[part])
    Image.fromarray(blank_form()).save(folder / "sample.png")
    said = ['sample = "sample.png"']
    for field in FIELDS:
        said += ["[[field]]", f'name = "{field.name}"', f'kind = "{field.kind}"']
        said += [f"box = {[USUAL_PX * edge for edge in field.box]}"]
        said += [f"expect = '{field.expect}'"] if field.expect else []
    (folder / "form.toml").write_text("\n".join(said))
    truth = {}
    for number in range(n):
        way = WAYS[number % len(WAYS)]
        seed = number + (0 if development else FIRST_HELD_BACK)
        filled = fill_form(way, np.random.default_rng(seed), digits)
        Image.fromarray(filled.picture).save(folder / f"{number:04}.png")
        truth[f"{number:04}.png"] = way, filled.truth
        print(f"\r{number + 1} of {n} pages composed", end="", file=sys.stderr)
    print(file=sys.stderr)
    return truth


Read = tuple[dict[str, str], FilledPage]


def ways_of(truth: dict[str, tuple[str, dict[str, str]]], pages: list[FilledPage], way: str) -> list[Read]:
    """Return what the pages say that came in a way, and what was read there."""
    return [(says, page) for (its, says), page in zip(truth.values(), pages, strict=True) if way in (its, EVERY)]


def row_of(way: str, read: list[Read], sure: float) -> list[str]:
    """Return how many fields are right, how many a person is asked for, and how many of the wrong ones."""
    counts: Counter[str] = Counter()
    for says, page in read:
        counts["unfit"] += page.error is not None
        for each in page.fields:
            is_wrong = each.text != says[each.field.name]
            is_asked = each.doubt not in ("", "unsure") or each.probability < sure
            counts.update(fields=1, wrong=is_wrong, asked=is_asked, seen=is_wrong and is_asked)
        counts["fields"] += len(says) * (page.error is not None)
        counts["wrong"] += len(says) * (page.error is not None)
        counts["seen"] += len(says) * (page.error is not None)  # such a page is to be checked as a whole
    n = max(counts["fields"], 1)
    seen = f"{counts['seen']} of {counts['wrong']}"
    return [
        way,
        str(len(read)),
        str(counts["unfit"]),
        f"{1 - counts['wrong'] / n:.1%}",
        f"{counts['asked'] / n:.1%}",
        seen,
    ]


def right_of(truth: dict[str, tuple[str, dict[str, str]]], pages: list[FilledPage], name: str) -> list[str]:
    """Return how many of the fields of a name are right."""
    right = [
        each.text == says[name]
        for says, page in ways_of(truth, pages, EVERY)
        for each in page.fields
        if each.field.name == name
    ]
    return [f"{np.mean(right):.1%}"]


def tell_wrong(truth: dict[str, tuple[str, dict[str, str]]], pages: list[FilledPage]) -> None:
    for name, (way, says), page in zip(truth, truth.values(), pages, strict=True):
        if page.error:
            print(f"{name} ({way}): {page.error}")
        for each in page.fields:
            if each.text != says[each.field.name]:
                print(f"{name} ({way}) {each.field.name}: {says[each.field.name]}, read {each.text or 'nothing'} "
                      f"with {each.probability:.2f}, {each.doubt or 'not asked'}")  # fmt: skip


if __name__ == "__main__":
    main()
