"""Measure what the plan needs, hold the plan against workers that run here, and write its page and its pictures.

    python -m lab.planning.report            # some minutes on a quiet machine
    python -m lab.planning.report --again    # from the numbers of last time

It rewrites the blocks of docs/planning.md and docs/pictures/planning-*.png.  The numbers are kept in planning.json
beside this file; where benchmarks/distributed/training.json is there, too, what the training engine took is compared
as well.
"""

import argparse
import json
import os
import platform
from datetime import date
from pathlib import Path

import ray

from inkgrad.fast import limit_threads
from lab.planning.report import bare, messages, pictures, stepping, tables
from lab.planning.report.networks import RECIPES

ROOT = Path(__file__).parents[3]
NUMBERS = Path(__file__).parent / "planning.json"
ENGINE = ROOT / "benchmarks" / "distributed" / "training.json"
PAGE = ROOT / "docs" / "planning.md"


def measured() -> dict[str, object]:
    """Return all that is measured, as planning.json keeps it."""
    load = os.getloadavg()[0]
    with limit_threads(1):
        networks = {name: stepping.measure_network(name) for name in RECIPES}
        gamma = stepping.adding_seconds()
    return {
        "date": date.today().isoformat(),
        "machine": machine(),
        "load": load,
        "gamma": gamma,
        "networks": networks,
        "links": {"one node": messages.shared_memory(), "two nodes": messages.between_nodes()},
        "bare": bare.measure(),
    }


def machine() -> str:
    """Return the processor, Python and Ray, in words."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    name = next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.machine())
    return f"{os.cpu_count()} cores of {name}, Python {platform.python_version()}, Ray {ray.__version__}"


def written(page: str, blocks: dict[str, str]) -> str:
    """Return the page with new text between the comments of each block."""
    for name, text in blocks.items():
        begin, end = f"<!-- {name}: written by lab/planning/report -->", f"<!-- end of {name} -->"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise SystemExit(f"{PAGE.name} has no block {name!r}")
        page = f"{before}{begin}\n\n{text}\n\n{end}{after}"
    return page


def main() -> None:
    """Measure, or take the numbers of last time, and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--again", action="store_true", help="measure nothing, write from planning.json")
    if not parser.parse_args().again:
        NUMBERS.write_text(json.dumps(measured(), indent=1) + "\n")
    numbers = json.loads(NUMBERS.read_text())
    engine = json.loads(ENGINE.read_text()) if ENGINE.exists() else None
    PAGE.write_text(written(PAGE.read_text(), tables.blocks(numbers, engine)))
    pictures.draw(numbers, PAGE.parent / "pictures")


if __name__ == "__main__":
    main()
