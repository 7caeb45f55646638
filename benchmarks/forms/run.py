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
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from loky import ProcessPoolExecutor
from PIL import Image

sys.path += map(str, Path(__file__).parents[1:3])  # where tables.py is, and lab
from tables import markdown

from inkgrad.data import Examples, mnist
from inkgrad.forms import SURE, FilledPage, FormReader, load_form
from lab.synthetic.filled_forms import FIELDS, USUAL_PX, blank_form, fill_form

N_HELD_BACK = 10_000  # of MNIST's training digits, the last
FIRST_HELD_BACK = 1_000_000  # the seed; development has 0 and on
WAYS = ("scan", "photo") * 4 + ("scan", "upside down")
TOGETHER = 5  # pages that one process reads
BARS = (0.5, 0.75, 0.8, 0.9, 0.95, 0.98)
EVERY = "all"


def main() -> None:
    arguments = parsed()
    read: list[Read] = []
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(arguments.workers) as pool:
        write_form(Path(folder))
        first = 0 if arguments.development else FIRST_HELD_BACK
        n = arguments.pages
        seeds = [range(first + k, first + min(k + TOGETHER, n)) for k in range(0, n, TOGETHER)]
        try:
            for each in pool.map(partial(read_pages, Path(folder), arguments.development), seeds):
                read += each
                print(f"\r{len(read)} of {n} pages", end="", file=sys.stderr)
        except KeyboardInterrupt:
            pool.shutdown(kill_workers=True)
    print(file=sys.stderr)
    seconds = sum(each.seconds for each in read)
    print(f"{len(read)} pages with {len(FIELDS)} fields, {len(read) / seconds:.2f} pages a second of one core\n")
    kinds = {way: [each for each in read if each.way == way] for way in WAYS} | {EVERY: read}
    rows = [row_of(way, its, SURE) for way, its in kinds.items()]
    print(markdown(["pages", "n", "fits no sample", "fields right", "to be checked", "of the wrong ones"], rows), "\n")
    rows = [[field.name, field.form, right_of(read, field.name)] for field in FIELDS]
    print(markdown(["field", "printed as", "right"], rows), "\n")
    rows = [[f"{bar:g}", *row_of(EVERY, read, bar)[4:]] for bar in BARS]
    print(markdown(["sure", "to be checked", "of the wrong ones"], rows))
    if arguments.wrong:
        tell_wrong(read)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--workers", type=int, help="processes that read; as many as there are cores if not told")
    parser.add_argument("--development", action="store_true", help="pages and digits that one may look at")
    parser.add_argument("--wrong", action="store_true", help="tell each field that is read wrong")
    return parser.parse_args()


def write_form(folder: Path) -> None:
    """Write a form that is not filled in, and the file that names its fields."""
    Image.fromarray(blank_form()).save(folder / "sample.png")
    said = ['sample = "sample.png"']
    for field in FIELDS:
        said += ["[[field]]", f'name = "{field.name}"', f'kind = "{field.kind}"']
        said += [f"box = {[USUAL_PX * edge for edge in field.box]}"]
        said += [f"expect = '{field.expect}'"] if field.expect else []
    (folder / "form.toml").write_text("\n".join(said))


@dataclass(frozen=True)
class Read:
    """How a page came, what its fields say, what was read there, and how many seconds of a core that took."""

    seed: int
    way: str
    says: dict[str, str]
    page: FilledPage
    seconds: float


def read_pages(folder: Path, development: bool, seeds: Iterable[int]) -> list[Read]:
    """Fill in pages, and read them."""
    train = mnist().train
    part = slice(-N_HELD_BACK) if development else slice(-N_HELD_BACK, None)
    digits = Examples(train.x[part], train.t[part])
    ways = [WAYS[seed % len(WAYS)] for seed in seeds]
    filled = [fill_form(way, np.random.default_rng(seed), digits) for way, seed in zip(ways, seeds, strict=True)]
    reader = FormReader(load_form(folder / "form.toml"))
    start = time.process_time()
    pages = reader([each.picture for each in filled])
    seconds = (time.process_time() - start) / len(pages)
    return [Read(*its, seconds) for its in zip(seeds, ways, (each.truth for each in filled), pages, strict=True)]


def row_of(way: str, read: list[Read], sure: float) -> list[str]:
    """Return how many fields are right, how many a person is asked for, and how many of the wrong ones."""
    counts: Counter[str] = Counter()
    for says, page in ((each.says, each.page) for each in read):
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


def right_of(read: list[Read], name: str) -> str:
    """Return how many of the fields of a name are right."""
    right = [its.text == each.says[name] for each in read for its in each.page.fields if its.field.name == name]
    return f"{np.mean(right):.1%}"


def tell_wrong(read: list[Read]) -> None:
    for each in read:
        if each.page.error:
            print(f"{each.seed} ({each.way}): {each.page.error}")
        for its in each.page.fields:
            if its.text != each.says[its.field.name]:
                says, said = each.says[its.field.name], f"{its.text or 'nothing'} with {its.probability:.2f}"
                print(f"{each.seed} ({each.way}) {its.field.name}: {says}, read {said}, {its.doubt or 'not asked'}")


if __name__ == "__main__":
    main()
