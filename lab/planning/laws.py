"""Laws: how far n workers can come when a part of the work cannot be shared."""

from __future__ import annotations

from inkgrad.errors import SettingError
from lab.planning.expect import refuse_bad_count


def amdahl(serial: float, n: int) -> float:
    """Return the speed-up of fixed work of which the part `serial` is not shared, 1 / (s + (1 - s) / n).

    Time 1 becomes s + (1 - s) / n, so it never passes 1 / s (Amdahl 1967, https://doi.org/10.1145/1465482.1465560).

    >>> round(amdahl(0.1, 1000), 2)
    9.91
    """
    _refuse(serial, n)
    return 1 / (serial + (1 - serial) / n)


def gustafson(serial: float, n: int) -> float:
    """Return the speed-up of work that grows with n, n - s (n - 1), where `serial` is s of the time on n workers.

    What takes time s + (1 - s) on n workers takes s + (1 - s) n on one (Gustafson 1988,
    https://doi.org/10.1145/42411.42415).

    >>> gustafson(0.1, 1000)
    900.1
    """
    _refuse(serial, n)
    return n - serial * (n - 1)


def _refuse(serial: float, n: int) -> None:
    if not 0 <= serial <= 1:
        raise SettingError(f"the part that is not shared is 0 to 1, got {serial!r}")
    refuse_bad_count("the number of workers", n)
