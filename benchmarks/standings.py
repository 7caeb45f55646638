"""Standings: what a race came to, as a table beside the peak of the machine."""

from collections.abc import Mapping
from functools import cache
from math import isclose, isnan

from race import Result, race
from tables import markdown, time_text

SAME = 1e-3  # relative difference of answers in float32
SIZE = 2048  # of the matrices that show the peak


@cache
def peak(n_threads: int) -> float:
    """Return the most floating-point operations a second that NumPy's float32 matrix product reaches here."""
    found = race({"sgemm": f"sgemm {SIZE}"}, 8, n_threads)["sgemm"]
    return 2 * SIZE**3 / min(found.kept)


def table(results: Mapping[str, Result], ours: str, flop: float | None = None, n_threads: int = 1) -> str:
    """Return a table in Markdown; with the floating-point operations of one work, their rate too."""
    head = ["", "median", "fastest", "slowest", "samples", "cores", "first call", "times ours"]
    if flop:
        head += ["GFLOP/s", "of sgemm's"]
    rows = []
    for name, result in results.items():
        if not result.samples:
            rows.append([name, result.failure])
            continue
        times = result.median, min(result.kept), max(result.kept)
        row = [name, *(time_text(t) for t in times), result.count, f"{result.cores:.1f}", time_text(result.first)]
        row.append(ratio_text(result, results[ours]))
        if flop:
            rate = flop / result.median
            row += [f"{rate / 1e9:.1f}", f"{100 * rate / peak(n_threads):.0f} %"]
        rows.append(row)
    return "\n\n".join([markdown(head, rows), *_different(results, ours)])


def ratio_text(result: Result, ours: Result) -> str:
    """Return how many times as long as ours it takes, in brackets where too few samples are calm."""
    ratio = f"{result.median / ours.median:.2f}"
    return ratio if result.is_calm and ours.is_calm else f"({ratio})"


def _different(results: Mapping[str, Result], ours: str) -> list[str]:
    """Return a warning for each competitor that does something else than ours."""
    right = results[ours].answer
    return [
        f"**{name} does not do the same**: its answer is {result.answer:.6g}, ours {right:.6g}."
        for name, result in results.items()
        if result.samples and not isnan(result.answer) and not isclose(result.answer, right, rel_tol=SAME)
    ]
