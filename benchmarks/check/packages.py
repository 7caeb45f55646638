"""Backward passes by hand in released packages: what inkgrad says of each, and what a person found in its code.

    python -m venv packages && packages/bin/pip install --no-deps -r benchmarks/check/packages-requirements.txt
    PYTHONPATH=src packages/bin/python benchmarks/check/packages.py [WORD ...]

With words, only functions or packages that contain one of them.  Beside inkgrad stand torch's gradcheck (slow mode)
and jax.test_util.check_grads on the same inputs.  What is meant to be another gradient is checked twice: as it is,
where it must alarm, and declared, where it must not.  It exits with 1 where inkgrad and the person disagree, so that
a false alarm or a mistake that was missed is seen.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import jax_packages
import solver_packages
import spiking_packages
import torch_packages
from package_case import Case, Known
from tables import markdown, time_text

from inkgrad.check import check_jax, check_torch
from inkgrad.errors import CheckError

CASES = *torch_packages.CASES, *solver_packages.CASES, *spiking_packages.CASES, *jax_packages.CASES
HEAD = "package", "function", "inkgrad", "declared", "finding", "seconds", "theirs", "by hand"
GOOD = {
    Known.right: ("right",),
    Known.approximation: ("approximate",),
    Known.symmetric: ("right", "approximate"),
    Known.surrogate: ("right", "approximate"),
    Known.mistake: ("wrong", "refused"),
}


@dataclass(frozen=True)
class Outcome:
    """What inkgrad says: the verdict, or "refused", and the first finding, or why."""

    verdict: str
    finding: str
    seconds: float


@dataclass(frozen=True)
class Row:
    """A case and all that was said of it; `declared` is None where nothing is to be declared."""

    case: Case
    plain: Outcome
    declared: Outcome | None
    theirs: str

    @property
    def agrees(self) -> bool:
        """Whether inkgrad says what the person does."""
        last = self.declared or self.plain
        alarms = self.declared is None or self.plain.verdict == "wrong"
        return alarms and last.verdict in GOOD[self.case.known]

    def cells(self) -> tuple[str, ...]:
        case, declared = self.case, self.declared
        note = f"{case.known}: {case.note}" if case.note else str(case.known)
        return (
            f"{case.package} {version(case.package)}",
            case.function,
            self.plain.verdict + " **disagrees**" * (not self.agrees),
            declared.verdict if declared else "",
            self.plain.finding.replace("|", "\\|"),
            time_text(self.plain.seconds),
            self.theirs,
            note.replace("|", "\\|"),
        )


def rows(cases: Iterable[Case]) -> Iterator[Row]:
    """Check the cases whose packages are installed."""
    for case in cases:
        try:
            version(case.package)
        except PackageNotFoundError:
            print(f"{case.package} is not installed", file=sys.stderr)
            continue
        function, inputs = case.build()
        plain = outcome(case, function, inputs, {})
        declared = outcome(case, function, inputs, case.settings) if case.settings else None
        theirs = (check_grads if case.jax else gradcheck)(function, inputs)
        yield Row(case, plain, declared, theirs)


def outcome(case: Case, function: Callable[..., Any], inputs: list[Any], settings: Any) -> Outcome:
    start = time.perf_counter()
    try:
        report = (check_jax if case.jax else check_torch)(function, inputs, raises=False, **settings)
    except CheckError as error:
        return Outcome("refused", str(error), time.perf_counter() - start)
    seconds = time.perf_counter() - start
    found = f"{report.findings[0]}" if report.findings else ""
    return Outcome(str(report.verdict), found, seconds)


def gradcheck(function: Any, inputs: list[Any]) -> str:
    """Return what torch says of the inputs and the parameters of a module, if it is one."""
    import torch

    moving = [each.detach().clone() for each in inputs]
    moving = [each.requires_grad_(each.is_floating_point() or each.is_complex()) for each in moving]
    parameters = list(function.parameters()) if isinstance(function, torch.nn.Module) else []
    call = function.apply if isinstance(function, type) else function

    def outputs(*given: Any) -> tuple[Any, ...]:
        leaves, _ = torch.utils._pytree.tree_flatten(call(*given[: len(inputs)]))
        return tuple(each for each in leaves if each.requires_grad)

    try:
        return "ok" if torch.autograd.gradcheck(outputs, [*moving, *parameters]) else "wrong"
    except RuntimeError as error:  # GradcheckError is one
        return "wrong" if "mismatch" in str(error) else "refused"


def check_grads(function: Any, inputs: list[Any]) -> str:
    """Return what JAX says."""
    from jax.test_util import check_grads as check

    try:
        check(function, inputs, 1, modes=["rev"])
    except AssertionError:
        return "wrong"
    return "ok"


def summary(found: list[Row]) -> str:
    """Return how many packages, functions and findings there are."""
    known = Counter(row.case.known for row in found)
    kinds = ", ".join(f"{n} {kind}" for kind, n in known.items())
    packages = len({row.case.package for row in found})
    off = [row for row in found if not row.agrees]
    false = sum(row.case.known != Known.mistake for row in off)
    missed = sum(row.case.known == Known.mistake and row.theirs == "ok" for row in found)
    return (
        f"{len(found)} functions of {packages} packages: {kinds}. inkgrad: {false} false alarms, "
        f"{len(off) - false} mistakes missed; gradcheck and check_grads miss {missed} of the mistakes."
    )


def main(words: list[str]) -> int:
    warnings.simplefilter("ignore")
    if find_spec("jax"):
        import jax

        jax.config.update("jax_enable_x64", True)
    chosen = [case for case in CASES if not words or any(word in f"{case.package} {case.function}" for word in words)]
    print(markdown(HEAD, []))
    found = []
    for row in rows(chosen):
        found.append(row)
        print(markdown(HEAD, [row.cells()]).splitlines()[-1], flush=True)
    print("\n" + summary(found))
    return int(not all(row.agrees for row in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
