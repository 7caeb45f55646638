"""Rows: what is said of each picture, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from inkgrad.reader import Reading

PLACE = [("index", pa.int64()), ("path", pa.string())]
ANSWER = [
    ("text", pa.string()),
    ("probability", pa.float64()),
    ("mean_probability", pa.float64()),
    ("n_digits", pa.int32()),
    ("flagged", pa.bool_()),
]
REASON = [("reason", pa.string())]
WHOLE, READ, UNREAD = pa.schema(PLACE + ANSWER + REASON), pa.schema(PLACE + ANSWER), pa.schema(PLACE + REASON)
NO_DIGITS = "no digits found"


def as_rows(first: int, names: Sequence[str], answers: Sequence[Reading | str]) -> Any:
    """Return a table with a row for each picture: what was read, or the reason why nothing was.

    Probabilities have four digits: further ones depend on which pictures the network looks at together.
    """
    rows = [
        {"index": index, "path": name} | _columns(answer)
        for index, (name, answer) in enumerate(zip(names, answers, strict=True), first)
    ]
    return pa.Table.from_pylist(rows, schema=WHOLE)


def _columns(answer: Reading | str) -> dict[str, Any]:
    if isinstance(answer, str):
        return {"reason": answer}
    if answer.error is not None or not answer.digits:
        return {"reason": answer.error or NO_DIGITS}
    p = [digit.probability for digit in answer.digits]
    return {
        "text": answer.text,
        "probability": round(min(p), 4),
        "mean_probability": round(float(np.mean(p)), 4),
        "n_digits": len(p),
        "flagged": any(digit.label == "?" for digit in answer.digits),
    }
