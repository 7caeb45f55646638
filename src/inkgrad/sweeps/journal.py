"""Journal: what came of each trial, one JSON object a line, written as the trials end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeGuard

from inkgrad.errors import DataError
from inkgrad.files import replacing
from inkgrad.saving import quoted, strict_json
from inkgrad.sweeps.trial import Trial, TrialResult, TrialStatus
from inkgrad.whole_numbers import is_number

TAKE_OUT = ": take it out, and its trial runs again"


class Journal:
    """A file whose first line is the plan; then come the results, each once, and after all the best.

    `plan` is the first line, `lines` the results; `is_finished` tells whether the best model was saved after them.
    """

    def __init__(self, path: Path, plan: dict[str, Any], lines: Sequence[dict[str, Any]] = ()) -> None:
        self.path, self.plan = path, plan
        self.lines = [line for line in lines if "trial" in line]
        self.is_finished = bool(lines) and "best" in lines[-1]

    def write(self) -> None:
        """Write it anew, as far as it goes: half a line, of a sweep that was killed, goes away."""
        with replacing(self.path) as file:
            file.writelines(_line(each) for each in ({"sweep": self.plan}, *self.lines))
        self.is_finished = False

    def append(self, result: TrialResult) -> None:
        """Write how a trial ended."""
        trial = result.trial
        line = {"trial": trial.number, "status": result.status, "settings": asdict(trial.settings)}
        self._append(line | {"epochs": result.epochs, "accuracy": result.accuracy, "rows": list(result.rows)})

    def finish(self, best: TrialResult, n_right: int, n_test: int) -> None:
        """Write which was the best, and how many test examples its model, trained on all, gets right."""
        self._append({"best": best.trial.number, "n_right": n_right, "n_test": n_test})
        self.is_finished = True

    def _append(self, line: dict[str, Any]) -> None:
        with self.path.open("ab") as file:
            file.write(_line(line))

    def results(self, trials: Mapping[int, Trial]) -> dict[int, TrialResult]:
        """Return the results by their trials' numbers.

        Raises DataError, naming the line, for one that is of no such trial, comes twice or lacks something.
        """
        found: dict[int, TrialResult] = {}
        for number, line in enumerate(self.lines, start=2):
            trial = trials.get(line["trial"]) if type(line["trial"]) is int else None
            if trial is None or trial.number in found or not _is_result(line, trial):
                raise DataError(
                    f"{self.path}, line {number} is not what inkgrad sweep wrote there{TAKE_OUT}, "
                    "or begin with anew=True, which drops all",
                    setting="anew",
                )
            found[trial.number] = TrialResult(trial, TrialStatus(line["status"]), tuple(line["rows"]))
        return found


def read_journal(path: Path) -> Journal:
    """Return what is in a journal; half a last line is left out.

    Raises DataError, naming the line, where one is not what inkgrad sweep writes; OSError when the file cannot be read.
    """
    lines = []
    for number, raw in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):
        try:
            line = strict_json(raw)
        except ValueError:
            line = None
        kinds = {"sweep"} if number == 1 else {"trial", "best"}
        if not isinstance(line, dict) or not kinds & line.keys():
            hint = TAKE_OUT if number > 1 else ""
            raise DataError(f"{path}, line {number} is not what inkgrad sweep writes, got {quoted(raw)}{hint}")
        lines.append(line)
    if not lines:
        raise DataError(f"{path} is empty: inkgrad sweep did not write it")
    return Journal(path, lines[0]["sweep"], lines[1:])


def _line(each: dict[str, Any]) -> bytes:
    return json.dumps(each, allow_nan=False).encode() + b"\n"


def _is_result(line: dict[str, Any], trial: Trial) -> bool:
    rows = line.get("rows")
    return (
        line.get("settings") == asdict(trial.settings)
        and line.get("status") in [status for status in TrialStatus if status != TrialStatus.RUNNING]
        and are_trial_rows(rows)
        and (bool(rows) or line["status"] == TrialStatus.DIVERGED)
    )


def are_trial_rows(rows: Any) -> TypeGuard[list[dict[str, Any]]]:
    """Whether they are the rows of a trial, one for each epoch from the first on."""
    return isinstance(rows, list) and all(
        isinstance(row, dict) and _is_row(row, k) for k, row in enumerate(rows, start=1)
    )


def _is_row(row: dict[str, Any], epoch: int) -> bool:
    numbers = all(map(is_number, row.values()))
    names = {"epoch", "cost", "validation_cost", "validation_accuracy", "seconds"}
    return row.keys() == names and row["epoch"] == epoch and numbers
