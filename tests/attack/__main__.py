"""Attack for some minutes, or make one strike again."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from attack.collection import GROUPS, attacks_of, left_out
from attack.swarm import Attack, Swarm


def main() -> int:
    """Return 0 when there was no finding, 1 when there was, 2 when nothing could be attacked."""
    asked = _parsed()
    groups = {name: attacks_of(name) for name in GROUPS}
    known = groups | {attack.name: [attack] for attacks in groups.values() for attack in attacks}
    unknown = [name for name in asked.names if name not in known]
    if unknown:
        print(f"there is no attack {unknown[0]}, only {', '.join(known)}", file=sys.stderr)
        return 2
    attacks = [attack for name in asked.names or groups for attack in known[name]]
    print("\n".join(left_out()))
    if asked.number is not None:
        return _once(attacks[0], asked.seed, asked.number)
    swarm = Swarm(attacks, 60 * asked.minutes, asked.workers, asked.seed, asked.rounds)
    start = time.monotonic()
    with suppress(KeyboardInterrupt):  # after Ctrl-C it tells of what there was so far
        swarm.run(lambda swarm: print(_short(swarm, time.monotonic() - start), flush=True))
    print(_table(swarm, time.monotonic() - start))
    return 1 if swarm.findings else 0


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m attack", description=__doc__)
    parser.add_argument("names", metavar="ATTACK", nargs="*", help="which, or which group; all by default")
    parser.add_argument("--minutes", type=float, default=3.0, help="for how long")
    parser.add_argument("--rounds", type=int, help="end before, when each attack has had so many turns")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="processes that strike")
    parser.add_argument("--seed", type=int, default=0, help="where all is drawn from")
    parser.add_argument("--number", type=int, help="make only the strike of this number, and show its error whole")
    return parser.parse_args()


def _once(attack: Attack, seed: int, number: int) -> int:
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        print(dict(attack.once(seed, number, attack.prepare(Path(folder)))))
        print("the last input lies in no file: add `breakpoint()` to the strike to look at it")
    return 0


def _short(swarm: Swarm, seconds: float) -> str:
    total = sum((tally.counts for tally in swarm.tallies.values()), Counter())
    n = ", ".join(f"{total[name]:,} {name}" for name in ("inputs", "kills", "resumed"))
    last = "; the last: {attack} {what:.200}".format(**swarm.findings[-1]) if swarm.findings else ""
    return f"{seconds / 60:5.1f} minutes: {n}, {len(swarm.findings)} findings{last}"


def _table(swarm: Swarm, seconds: float) -> str:
    lines = [f"{_short(swarm, seconds)}, seed {swarm.seed}, {swarm.n_workers} workers"]
    for name, tally in swarm.tallies.items():
        counts = ", ".join(f"{n:,} {what}" for what, n in tally.counts.most_common()) or "nothing"
        (slowest, number), (largest, other) = tally.slowest, tally.largest
        size = f"; largest process {largest / 1e6:.0f} MB (--number {other})" if largest else ""
        lines.append(f"  {name:12} {counts}; slowest {slowest:.2f} s (--number {number}){size}")
    return "\n".join([*lines, *_findings(swarm)])


def _findings(swarm: Swarm) -> Iterator[str]:
    """Yield the findings, of those that are alike only the first."""
    alike: dict[str, list[dict[str, Any]]] = {}
    for each in swarm.findings:
        alike.setdefault(each["attack"] + re.sub(r"[\d.]+", "", each["what"])[:60], []).append(each)
    for first, *more in alike.values():
        yield f"FOUND by {first['attack']}: {first['what']}" + (f" (and {len(more)} like it)" if more else "")
        again = f"{first['attack']} --seed {swarm.seed} --number {first['number']}"
        yield f"  again: PYTHONPATH=tests {sys.executable} -m attack {again}"


if __name__ == "__main__":
    sys.exit(main())
