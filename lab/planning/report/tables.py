"""The tables of docs/planning.md."""

import math
from typing import Any

import numpy as np

from benchmarks.tables import markdown, time_text
from lab.planning import (
    Halving,
    Ring,
    Tree,
    best_number,
    daly_interval,
    efficiency,
    expected_maximum,
    expected_seconds,
    group_mtbf,
    lognormal_cdf,
    optimum_interval,
    simulated_seconds,
    simulated_slowdown,
    speed_up,
    step_seconds,
    young_interval,
)
from lab.planning.report.plan import LARGE_BATCH, MTBF, RESTART, networks_of_machines, this_machine, workload

COUNTS = 10, 100, 1000
Numbers = dict[str, Any]


def blocks(numbers: Numbers, engine: Numbers | None) -> dict[str, str]:
    """Return the Markdown of each block of the page."""
    return {
        "measured": measured(numbers),
        "check": check(numbers, engine),
        "epoch": epoch(numbers),
        "strong": strong(numbers),
        "weak": weak(numbers),
        "ways": ways(numbers),
        "stragglers": stragglers(numbers),
        "failures": failures(numbers),
    }


def measured(numbers: Numbers) -> str:
    """Return the networks and the links that were measured."""
    networks = markdown(
        ["network", "parameters", "gradient", "fixed", "an example", "batch", "its step", "checkpoint"],
        (
            [
                name,
                f"{found['n_parameters']:,}",
                bytes_text(4 * found["n_parameters"]),
                time_text(found["fixed"]),
                time_text(found["per_example"]),
                str(found["batch"]),
                time_text(found["medians"][str(found["batch"])]),
                time_text(found["checkpoint"]),
            ]
            for name, found in numbers["networks"].items()
        ),
    )
    links = markdown(
        ["a message", *[bytes_text(int(n)) for n in numbers["links"]["one node"]["seconds"]], "alpha", "1 / beta"],
        (
            [
                f"on {where}" if where == "one node" else f"between {where}",
                *[time_text(seconds) for seconds in found["seconds"].values()],
                time_text(found["alpha"]),
                f"{1e-9 / found['beta']:.2f} GB/s",
            ]
            for where, found in numbers["links"].items()
        ),
    )
    off = max(found["worst"] for found in numbers["links"].values())
    away = max(found["worst"] for found in numbers["networks"].values())
    return (
        f"{numbers['date']}, {numbers['machine']}, where others kept {numbers['load']:.1f} cores busy "
        f"when it began; adding runs at {1e-9 / numbers['gamma']:.0f} GB/s.\n\n{networks}\n\n"
        f"{links}\n\nThe worst that the two lines miss a measured point by is {percent(away)} for steps and "
        f"{percent(off)} for messages of more than 100 kB, from which alpha and beta are fitted."
    )


def check(numbers: Numbers, engine: Numbers | None) -> str:
    """Return what the plan foresees beside what was measured."""
    machines, rows = this_machine(numbers), []
    taken = {"bare loop": numbers["bare"]} | ({"inkgrad train": engine_steps(engine)} if engine else {})
    for way, times in taken.items():
        for name, found in times.items():
            work, batch = workload(numbers, name), numbers["networks"][name]["batch"]
            for n, seconds in found.items():
                foreseen = step_seconds(work, batch, int(n), machines)
                rows.append([way, name, str(n), time_text(foreseen), time_text(seconds), f"{seconds / foreseen:.2f}"])
    return markdown(["", "network", "workers", "foreseen", "measured", "measured / foreseen"], rows)


def engine_steps(engine: Numbers) -> Numbers:
    """Return network -> workers -> seconds a step, of what the benchmark of the training engine wrote."""
    if "steps" not in engine:
        raise SystemExit('training.json has no "steps": network -> workers -> seconds a step of the recipe\'s batch')
    steps: Numbers = engine["steps"]
    return steps


def epoch(numbers: Numbers) -> str:
    """Return an epoch of the seed network."""
    work, batch, images = workload(numbers, "seed"), numbers["networks"]["seed"]["batch"], 60_000
    rows = []
    for name, machines in networks_of_machines(numbers).items():
        times = [step_seconds(work, batch, n, machines) * images / batch for n in (1, 2, 10, 100)]
        rows.append([name, *[seconds_text(seconds) for seconds in times]])
    return markdown(["an epoch of the seed network", "1 worker", "2", "10", "100"], rows)


def strong(numbers: Numbers) -> str:
    """Return the speed-up where the batch is shared."""
    rows = []
    for name, found in numbers["networks"].items():
        for batch in found["batch"], LARGE_BATCH:
            for wire, machines in networks_of_machines(numbers).items():
                work = workload(numbers, name)
                best = best_number(work, batch, machines, range(1, 1001))
                ups = [speed_up(work, batch, n, machines) for n in (2, *COUNTS, best)]
                rows.append(
                    [name, f"{batch:,}", wire, *[times_text(up) for up in ups[:-1]], f"{best}: {times_text(ups[-1])}"]
                )
    return markdown(["network", "batch", "network of", "2 workers", "10", "100", "1,000", "best number"], rows)


def weak(numbers: Numbers) -> str:
    """Return the efficiency where each worker keeps its batch."""
    rows = []
    for name, found in numbers["networks"].items():
        for wire, machines in networks_of_machines(numbers).items():
            work, each = workload(numbers, name), found["batch"]
            parts = [efficiency(work, each, n, machines, k) for k in (1, 10, 100) for n in COUNTS]
            rows.append([name, str(each), wire, *[percent(part) for part in parts]])
    head = [f"k = {k}, {n:,} workers" for k in (1, 10, 100) for n in COUNTS]
    return markdown(["network", "batch each", "network of", *head], rows)


def ways(numbers: Numbers) -> str:
    """Return how long each reduction takes."""
    base, n_bytes = networks_of_machines(numbers)["10 Gbit/s"].link, workload(numbers, "100 million").n_bytes
    rows = []
    names = {
        Tree(8): "tree, fan-in 8",
        Tree(4): "tree, fan-in 4",
        Tree(2): "tree, fan-in 2",
        Tree(1000): "one node for all",
        Ring(): "ring",
        Halving(): "halving",
    }
    for way, name in names.items():
        for size in 1_000_000, n_bytes:
            times = [way.seconds(n, size, base, numbers["gamma"]) for n in (2, *COUNTS)]
            rows.append([name, bytes_text(size), *[seconds_text(seconds) for seconds in times]])
    rows.sort(key=lambda row: row[1] != bytes_text(1_000_000))
    return markdown(["a reduction at 10 Gbit/s", "vector", "2 workers", "10", "100", "1,000"], rows)


def stragglers(numbers: Numbers) -> str:
    """Return what waiting for the slowest costs."""
    rng, rows = np.random.default_rng(0), []
    found = numbers["networks"]["cnn-large"]
    spreads = [(f"measured here, cnn-large: sigma {found['sigma']:.3f}", found["sigma"])]
    spreads += [(f"assumed: sigma {sigma}", sigma) for sigma in (0.1, 0.3)]
    for label, sigma in spreads:
        mean = math.exp(sigma**2 / 2)
        exact = [expected_maximum(lognormal_cdf(sigma), n) / mean for n in COUNTS]

        def draw(rng: np.random.Generator, shape: tuple[int, ...], sigma: float = sigma) -> Any:
            return rng.lognormal(0, sigma, shape)

        drawn = [simulated_slowdown(draw, n, rng, 500) / mean for n in COUNTS]
        seldom = [simulated_slowdown(draw, n, rng, 200, sync_every=10) / mean for n in COUNTS]
        rows.append(
            [label, *[f"{a:.2f} ({b:.2f})" for a, b in zip(exact, drawn, strict=True)], *[f"{a:.2f}" for a in seldom]]
        )
    head = [f"{n:,} workers" for n in COUNTS] + [f"k = 10, {n:,}" for n in COUNTS]
    return markdown(["a step, times its mean alone", *head], rows)


def failures(numbers: Numbers) -> str:
    """Return intervals between checkpoints, and what is lost."""
    rng, rows = np.random.default_rng(0), []
    delta = numbers["networks"]["100 million"]["checkpoint"]
    for n in (1, *COUNTS):
        mtbf = group_mtbf(MTBF, n)
        taus = young_interval(delta, mtbf), daly_interval(delta, mtbf), optimum_interval(delta, mtbf)
        best = taus[2]
        lost = [expected_seconds(1e6, tau, delta, mtbf, RESTART) / 1e6 - 1 for tau in (best, 10 * best)]
        n_segments = max(50, math.ceil(30 * mtbf / best))
        drawn = simulated_seconds(n_segments, best, delta, mtbf, RESTART, rng, 100) / (n_segments * best) - 1
        rows.append(
            [f"{n:,}", span(mtbf), *[span(tau) for tau in taus], percent(lost[0]), percent(drawn), percent(lost[1])]
        )
    head = [
        "workers",
        "between deaths",
        "Young",
        "Daly",
        "optimum",
        "lost",
        "simulated",
        "lost at 10 times the interval",
    ]
    return markdown(head, rows)


def seconds_text(seconds: float) -> str:
    """Return seconds, also many, in words."""
    return f"{seconds:,.0f} s" if seconds >= 1000 else time_text(seconds)


def bytes_text(n: int) -> str:
    """Return bytes with the unit that suits."""
    for unit, size in ("MB", 10**6), ("kB", 10**3):
        if n >= size:
            return f"{n / size:#.3g} {unit}".replace(". ", " ")
    return f"{n} B"


def times_text(factor: float) -> str:
    """Return a speed-up with the digits that mean something."""
    if factor < 0.1:
        return f"{factor:.1g}"
    return f"{factor:.2f}" if factor < 10 else f"{factor:.0f}"


def percent(part: float) -> str:
    """Return a part of 1 in percent."""
    return f"{100 * part:.2g} %" if part < 0.995 else f"{100 * part:.0f} %"


def span(seconds: float) -> str:
    """Return seconds in the largest unit that fits."""
    for unit, size in ("days", 86400), ("h", 3600), ("min", 60):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
