"""Measure inkgrad beside its rivals, and write benchmarks/RESULTS.md.

python benchmarks/run.py            all of it, about three minutes
python benchmarks/run.py --rounds 3 quicker, and rougher
"""

import argparse
from datetime import date
from pathlib import Path

import gradcheck
import machine
import memory
import seed_epoch
import seeds

RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = """# Results

Written by `make bench`; ratios count, not seconds, and medians, not means.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="epochs each competitor runs, in turn")
    rounds = parser.parse_args().rounds
    parts = [HEAD, f"{date.today()}, {machine.describe()}"]
    for measure in (lambda: seed_epoch.report(rounds), seeds.report, memory.report, gradcheck.report):
        parts.append(measure())
        print(parts[-1], flush=True)
    RESULTS.write_text("\n\n".join(part.strip() for part in parts) + "\n")
    print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
