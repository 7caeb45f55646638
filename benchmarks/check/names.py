"""How many mistakes the check names, of those that stand in `mistakes`: in NumPy, torch and JAX.

    python benchmarks/check/names.py                # a table, and the totals
    python benchmarks/check/names.py --only lstm    # mistakes whose name has that in it
    python benchmarks/check/names.py --right        # the same functions with their lines mended: all must be right
    python benchmarks/check/names.py --set second   # written later, without a look at how names are found
    python benchmarks/check/names.py --set third    # so was this, in other functions again
    python benchmarks/check/names.py --set fourth   # and this, in others still

Named is a mistake where every finding has a kind that is true of it (the words stand beside each), partly named where
others are unknown, misnamed where any has another kind.  Where no word is true, unknown is no fault ("honest"), and the
mistake does not count for the share that is named.  It exits with 1 where something else was found wrong than what is,
or something right is alarmed at.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import jax
import torch
from mistakes.case import Call, Function, Mistake
from tables import markdown

from inkgrad.check.report import Report
from inkgrad.errors import CheckError

FOLDER = Path(__file__).resolve().parent / "mistakes"
SETS = {  # folders within it
    "first": ("",),
    "second": ("second",),
    "third": ("third",),
    "fourth": ("fourth",),
    "all": ("", "second", "third", "fourth"),
}
LONG_LINES = 30  # a forward of more is long
HEAD = "mistake", "lines", "wrong", "true of it", "said", "outcome", "processor seconds", "more than where right"
OUTCOMES = "named", "partly", "unknown", "misnamed", "honest", "not found"


@dataclass(frozen=True)
class Outcome:
    """What came of checking a mistake."""

    library: str
    mistake: Mistake
    n_lines: int
    said: dict[str, str]
    word: str
    seconds: float
    more: float  # than where the line is mended: to look closely and to name

    @property
    def row(self) -> tuple[str, ...]:
        words = list(dict.fromkeys(self.mistake.arrays.values()))
        true = words[0] if len(words) == 1 else "; ".join(f"{a}: {w}" for a, w in self.mistake.arrays.items())
        said = ", ".join(f"{array}: {kind}" for array, kind in self.said.items())
        cells = self.mistake.name, str(self.n_lines), ", ".join(self.mistake.arrays), true or "none", said or "nothing"
        return *cells, self.word, f"{self.seconds:.2f}", f"{self.more:.2f}"


def functions(which: str) -> Iterator[tuple[str, Function]]:
    """Yield each function of a set with the library whose name begins that of its file."""
    for path in (path for folder in SETS[which] for path in sorted((FOLDER / folder).glob("*_*.py"))):
        if path.stem != "__init__":
            module = import_module(".".join(path.with_suffix("").relative_to(FOLDER.parent).parts))
            found = [each for each in vars(module).values() if isinstance(each, Function)]
            yield from ((path.stem.split("_")[0], each) for each in found)


def said_of(report: Report) -> dict[str, str]:
    """Return the kinds that are said of each array; parameters of modules with their path."""
    said: dict[str, str] = {}
    for each in report.findings:
        said[each.array] = " ".join(filter(None, (said.get(each.array), str(each.kind))))
    return said


def outcome_word(mistake: Mistake, said: dict[str, str]) -> str:
    if set(said) != set(mistake.arrays):
        return "not found"
    pairs = [(kind, mistake.arrays[array].split()) for array, kinds in said.items() for kind in kinds.split()]
    if any(kind not in (*words, "unknown") for kind, words in pairs):
        return "misnamed"
    n_unknown = sum(kind == "unknown" for kind, _ in pairs)
    if n_unknown < len(pairs):
        return "partly" if n_unknown else "named"
    return "unknown" if any(mistake.arrays.values()) else "honest"


def outcomes_of(library: str, function: Function, only: str) -> Iterator[Outcome]:
    """Yield what comes of checking each mistake in a function whose name has `only` in it."""
    mistakes = [each for each in function.mistakes if only in each.name]
    if not mistakes:
        return
    function.right().check()  # which loads what is loaded once
    _, right_seconds = said_and_seconds(function.right())
    for mistake in mistakes:
        call = function.wrong(mistake)
        said, seconds = said_and_seconds(call)
        word, more = outcome_word(mistake, said), seconds - right_seconds
        yield Outcome(library, mistake, call.n_lines, said, word, seconds, more)


def said_and_seconds(call: Call) -> tuple[dict[str, str], float]:
    start = time.process_time()
    try:
        said = said_of(call.check())
    except Exception as error:  # also what should never be raised is an outcome, and the rest is to be measured
        said = {"raised": repr(error)}
    return said, time.process_time() - start


def alarm_of(call: Call) -> str:
    """Return what is said of a function that is right: nothing."""
    try:
        report = call.check()
    except CheckError as error:
        return str(error)
    return "" if report.verdict == "right" else str(report)


def totals(outcomes: list[Outcome]) -> str:
    """Return how many are named and misnamed, of each library and of long functions."""
    groups = {library: [each for each in outcomes if each.library == library] for library in ("numpy", "torch", "jax")}
    groups["long"] = [each for each in outcomes if each.n_lines > LONG_LINES]
    groups["all"] = outcomes
    rows = []
    for name, group in groups.items():
        counts = Counter(each.word for each in group)
        nameable = sum(any(each.mistake.arrays.values()) for each in group)
        shares = f"{counts['named'] / max(nameable, 1):.0%}", f"{counts['misnamed'] / max(len(group), 1):.0%}"
        rows.append((name, str(len(group)), *(str(counts[word]) for word in OUTCOMES), *shares))
    return markdown(("of", "mistakes", *OUTCOMES, "share named", "share misnamed"), rows)


def mended(which: str, only: str) -> int:
    """Print what is said of each function as it should be, and return how many are alarmed at."""
    n_alarms = 0
    for _, function in functions(which):
        names = [each.name for each in function.mistakes if only in each.name]
        if names:
            alarm = alarm_of(function.right())
            n_alarms += bool(alarm)
            print(f"{', '.join(names)}: {alarm or 'right'}", flush=True)
    return n_alarms


def main() -> int:
    parser = argparse.ArgumentParser(description="Count the mistakes that the check names.")
    parser.add_argument("--only", default="", help="a part of a mistake's name")
    parser.add_argument("--right", action="store_true", help="check the functions with their lines mended")
    parser.add_argument("--set", choices=SETS, default="first", help="which mistakes")
    given = parser.parse_args()
    if given.right:
        return int(mended(given.set, given.only) > 0)
    outcomes = []
    for library, function in functions(given.set):
        for outcome in outcomes_of(library, function, given.only):
            outcomes.append(outcome)
            print(*outcome.row, sep=" | ", file=sys.stderr, flush=True)
    print(markdown(HEAD, (each.row for each in outcomes)), totals(outcomes), sep="\n\n")
    return int(any(each.word == "not found" for each in outcomes))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    jax.config.update("jax_enable_x64", True)
    sys.exit(main())
