"""Two gradients, shown: a table of each number by differences and by backward."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from rich.table import Table

from inkgrad.arrays import NDArray


def gradients_table(title: str, gradients: Mapping[str, tuple[NDArray, NDArray]], n_of_many: int = 3) -> Table:
    """Return a table of gradients by the path of their array, each first by differences, then by backward.

    Of an array of more than six numbers `n_of_many` are shown.
    """
    table = Table(title=title)
    table.add_column("gradient", style="bold")
    for name in "by differences", "by backward", "ratio", "relative error":
        table.add_column(name, justify="right")
    for path, (numerical, backward) in gradients.items():
        shown = numerical.size if numerical.size <= 6 else n_of_many
        for entry, n, a in list(_entries(numerical, backward))[:shown]:
            size = max(abs(n), abs(a))
            error = abs(a - n) / size if size else 0.0
            colour = "green" if error <= 1e-4 else "red"  # also where it is NaN
            ratio = f"{a / n + 0.0:.6f}" if n else "·"  # 0 without its sign
            table.add_row(f"{path}{entry}", f"{n:.6f}", f"{a:.6f}", ratio, f"[{colour}]{error:.6f}[/]")
        if numerical.size > shown:
            table.add_row(f"[dim]and {numerical.size - shown} more[/]")
        table.add_section()
    return table


def _entries(numerical: NDArray, backward: NDArray) -> Iterator[tuple[str, float, float]]:
    """Yield where an entry is and both its values, of the first output first."""
    for turned in np.ndindex(numerical.shape[::-1]):
        place = turned[::-1]
        yield f"[{','.join(map(str, place))}]", float(numerical[place]), float(backward[place])
