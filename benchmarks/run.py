"""Measure inkgrad beside its rivals, and write benchmarks/RESULTS.md.

Each rival does the same work in a warm process of its own, one sample each in turn, with one thread and
with two.  Samples while other processes took more than 10 % of the cores are dropped and taken anew; still,
leave the machine alone meanwhile.  What is not installed is left out:
pip install -r benchmarks/requirements.txt
"""

import argparse
import time
from datetime import date
from pathlib import Path

import cnn_step
import gradcheck
import growth
import imports
import inference
import kernel_gains
import line_step
import lines_cost
import machine
import memory
import recipes
import seed_epoch
import wide_epoch
from race import say

RESULTS = Path(__file__).parent / "RESULTS.md"
PARTS = {
    "seed": seed_epoch,
    "cnn": cnn_step,
    "recogniser": line_step,
    "inference": inference,
    "wide": wide_epoch,
    "growth": growth,
    "kernels": kernel_gains,
    "lines": lines_cost,
    "recipes": recipes,
    "imports": imports,
    "memory": memory,
    "gradcheck": gradcheck,
}
HEAD = """# Results

Written by `make bench`. Ratios count, not seconds: **times ours** is how many times as long as inkgrad a rival takes.
Medians of samples taken in turn; a sample while other processes took more than 10 % of the cores is dropped and taken
anew ("9 of 12" counts 9). Where fewer than 3 are left, the fastest half of all counts, and the ratio is in brackets:
it proves nothing. "cores" is the processor time over the time; with one thread all are bound to one core. The first
call is in a fresh process and has what compiling, allocating and starting threads cost.

GFLOP/s count the products of dense arithmetic, two operations each, though inkgrad skips what is zero and so may pass
the peak: a forward pass has n_in n_out products in a dense layer and height width 9 c_in c_out in a convolution;
training takes three times as many, as dW and dx need the same, less those of the first layer, whose dx no one needs."""


def main() -> None:
    arguments = parsed()
    chosen = arguments.only or list(PARTS)
    everything = set(chosen) == set(PARTS)
    start, parts = time.perf_counter(), [HEAD, f"{date.today()}: {machine.report()}"]
    print(*parts, sep="\n\n")
    for name in chosen:
        say(f"{name}: {PARTS[name].__doc__}")
        parts.append(PARTS[name].report(arguments.rounds).strip())
        print(f"\n{parts[-1]}", flush=True)
    parts.append(f"All this took {(time.perf_counter() - start) / 60:.0f} minutes.")
    if arguments.out or everything:
        path = arguments.out or RESULTS
        path.write_text("\n\n".join(parts) + "\n")
        print(f"\nwritten to {path}")


def parsed() -> argparse.Namespace:
    """Return what was asked for."""
    width = max(map(len, PARTS))
    described = "\n".join(f"  {name:{width}}  {part.__doc__.splitlines()[0]}" for name, part in PARTS.items())
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"parts:\n{described}\n\nexample: python benchmarks/run.py --only seed --only wide --rounds 3",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", action="append", choices=PARTS, metavar="PART", help="this part alone; again for more"
    )
    parser.add_argument("--rounds", type=int, default=9, help="samples of each competitor (9); fewer are rougher")
    parser.add_argument("--out", type=Path, help="write it there; all parts together go to benchmarks/RESULTS.md")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error(f"a median needs at least 1 round, got --rounds {arguments.rounds}")
    return arguments


if __name__ == "__main__":
    main()
