"""Measure inkgrad beside its rivals, and write benchmarks/avx512/RESULTS.md, benchmarks/avx2/RESULTS.md or both.

There is one for each instruction set that the machine has.  Each rival does the same work in a warm process of its own,
one sample each in turn, with one thread and with two.  Samples while other processes took more than 10 % of the cores
are dropped and taken anew; still, leave the machine alone meanwhile.  What is not installed is left out:
pip install -r benchmarks/requirements.txt
"""

import argparse
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import ModuleType

import cnn_step
import gradcheck
import growth
import imports
import inference
import instructions
import kernel_gains
import line_step
import lines_cost
import machine
import memory
import recipes
import seed_epoch
import standings
import wide_epoch
from race import say

FOLDER = Path(__file__).parent
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
HEAD = """# Results with {title}

{described}

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
    parts = {name: PARTS[name] for name in arguments.only or PARTS}
    for name in arguments.instructions:
        text = measured_with(name, parts, arguments.rounds)
        if arguments.out or parts.keys() == PARTS.keys():
            path = arguments.out or FOLDER / name / "RESULTS.md"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            print(f"\nwritten to {path}")


def measured_with(name: str, parts: Mapping[str, ModuleType], rounds: int) -> str:
    """Return what is measured of the parts with an instruction set, and print it as it comes."""
    instructions.hold_to(name)
    best = instructions.of_this_machine()[0]
    standings.peak.cache_clear()
    start = time.perf_counter()
    head = HEAD.format(title=instructions.TITLES[name], described=instructions.described(name, best))
    done = [head, f"{date.today()}: {machine.report()}"]
    print(*done, sep="\n\n")
    for part, module in parts.items():
        say(f"{part}: {module.__doc__}")
        done.append(module.report(rounds).strip())
        print(f"\n{done[-1]}", flush=True)
    done.append(f"All this took {(time.perf_counter() - start) / 60:.0f} minutes.")
    return "\n\n".join(done) + "\n"


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
    here = instructions.of_this_machine()
    parser.add_argument(
        "--instructions", action="append", choices=here, help="this set of instructions alone; again for more"
    )
    parser.add_argument("--out", type=Path, help="write it there; all parts together go to benchmarks/SET/RESULTS.md")
    arguments = parser.parse_args()
    if not here:
        parser.error("there are no kernels to measure: install inkgrad with a C++ compiler at hand")
    arguments.instructions = [name for name in here if name in (arguments.instructions or here)]
    if arguments.out and len(arguments.instructions) > 1:
        parser.error(f"--out is one file: name one of {', '.join(here)} with --instructions")
    if arguments.rounds < 1:
        parser.error(f"a median needs at least 1 round, got --rounds {arguments.rounds}")
    return arguments


if __name__ == "__main__":
    main()
