"""The pictures of docs/planning.md."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from inkgrad.plots.style import STYLE, colour
from lab.planning import (
    daly_interval,
    expected_maximum,
    expected_seconds,
    group_mtbf,
    lognormal_cdf,
    simulated_seconds,
    simulated_slowdown,
    speed_up,
    young_interval,
)
from lab.planning.report.plan import LARGE_BATCH, MTBF, RESTART, networks_of_machines, workload

Numbers = dict[str, Any]
COUNTS = sorted({round(n) for n in np.geomspace(1, 1000, 121)})


def draw(numbers: Numbers, folder: Path) -> None:
    """Write the pictures into a folder."""
    for name, picture in ("speed-up", speed_ups), ("stragglers", stragglers), ("checkpoints", checkpoints):
        picture(numbers).savefig(folder / f"planning-{name}.png", dpi=110, metadata={"Software": None})


def speed_ups(numbers: Numbers) -> Figure:
    """Return the speed-up over the number of workers, for each network."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    for axes, name in zip(figure.subplots(1, 3, sharey=True), numbers["networks"], strict=True):
        axes.plot(COUNTS, COUNTS, color=STYLE.faint, linestyle=":", label="as many times as workers")
        work = workload(numbers, name)
        for number, (wire, machines) in enumerate(networks_of_machines(numbers).items()):
            ups = [speed_up(work, LARGE_BATCH, n, machines) for n in COUNTS]
            axes.plot(COUNTS, ups, "-" if number else "--", color=colour(number), label=wire, zorder=3 - (number > 0))
        axes.axhline(1, color=STYLE.faint, linewidth=0.8)
        axes.set(
            xscale="log", yscale="log", title=name, xlabel="workers, each with a core of its own", ylim=(0.01, 1000)
        )
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.grid(alpha=0.25)
    figure.axes[0].set_ylabel(f"speed-up, batch {LARGE_BATCH:,}")
    figure.axes[0].legend(frameon=False, fontsize=9, loc="upper left")
    return figure


def stragglers(numbers: Numbers) -> Figure:
    """Return what waiting for the slowest costs."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes, rng = figure.subplots(), np.random.default_rng(0)
    measured = numbers["networks"]["cnn-large"]["sigma"]
    some = [n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)]
    for number, sigma in enumerate(sorted({round(measured, 3), 0.1, 0.3})):
        mean = math.exp(sigma**2 / 2)

        def draw(rng: np.random.Generator, shape: tuple[int, ...], sigma: float = sigma) -> Any:
            return rng.lognormal(0, sigma, shape)

        label = f"sigma {sigma:g}" + (", measured here" if sigma == round(measured, 3) else ", assumed")
        line = [expected_maximum(lognormal_cdf(sigma), n) / mean for n in some]
        axes.plot(some, line, color=colour(number), label=label)
        for k, marker in (1, "o"), (10, "x"):
            dots = [simulated_slowdown(draw, n, rng, 300, k) / mean for n in some]
            axes.plot(some, dots, marker, color=colour(number), markersize=5)
    axes.plot([], [], "o", color=STYLE.faint, label="simulated")
    axes.plot([], [], "x", color=STYLE.faint, label="simulated, waiting every 10 steps")
    axes.set(xscale="log", xlabel="workers that wait for the slowest", ylabel="a step, times its mean alone")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_ylim(bottom=0.9)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    return figure


def checkpoints(numbers: Numbers) -> Figure:
    """Return the time lost over the interval between checkpoints."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes, rng = figure.subplots(), np.random.default_rng(0)
    delta = numbers["networks"]["100 million"]["checkpoint"]
    for number, n in enumerate((10, 100, 1000)):
        mtbf = group_mtbf(MTBF, n)
        best = daly_interval(delta, mtbf)
        taus = np.geomspace(best / 20, best * 20, 81)
        lost = [100 * (expected_seconds(1, tau, delta, mtbf, RESTART) - 1) for tau in taus]
        axes.plot(taus, lost, color=colour(number), label=f"{n:,} workers")
        some = taus[8:-8:8]
        counts = [max(20, math.ceil(20 * mtbf / tau)) for tau in some]
        dots = [
            100 * (simulated_seconds(m, tau, delta, mtbf, RESTART, rng, 100) / (m * tau) - 1)
            for m, tau in zip(counts, some, strict=True)
        ]
        axes.plot(some, dots, "o", color=colour(number), markersize=4)
        for tau, marker in (young_interval(delta, mtbf), "|"), (best, "*"):
            y = 100 * (expected_seconds(1, tau, delta, mtbf, RESTART) - 1)
            axes.plot(tau, y, marker, color=STYLE.ink, markersize=18 if marker == "|" else 9, zorder=5)
    axes.plot([], [], "o", color=STYLE.faint, markersize=4, label="simulated")
    axes.plot([], [], "|", color=STYLE.ink, markersize=12, label="Young")
    axes.plot([], [], "*", color=STYLE.ink, label="Daly")
    axes.set(
        xscale="log", yscale="log", xlabel="seconds of work between checkpoints", ylabel="time lost, % of the work"
    )
    for axis in axes.xaxis, axes.yaxis:
        axis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, ncols=2)
    return figure
