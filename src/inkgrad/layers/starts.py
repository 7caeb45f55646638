"""Starts: how large the first weights are, so that signals neither die nor explode.

Weights are drawn from a normal distribution with mean 0 and the variance

    he      2 / n_in             keeps the size of activations through ReLUs
                                 (He et al. 2015, https://arxiv.org/abs/1502.01852, equation 10)
    glorot  2 / (n_in + n_out)   a compromise between forward and backward, for tanh
                                 (Glorot & Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html,
                                 equation 12; they draw uniformly with that variance)
    lecun   1 / n_in             keeps the size of linear outputs
                                 (LeCun et al. 1998, https://doi.org/10.1007/3-540-49430-8_2, section 4.6, equation 16)
"""

from __future__ import annotations

from collections.abc import Callable

from inkgrad.errors import SettingError

VARIANCES: dict[str, Callable[[int, int], float]] = {
    "he": lambda n_in, n_out: 2 / n_in,
    "glorot": lambda n_in, n_out: 2 / (n_in + n_out),
    "lecun": lambda n_in, n_out: 1 / n_in,
}


def standard_deviation(start: str, n_in: int, n_out: int) -> float:
    """Return the standard deviation of weights between n_in inputs and n_out outputs.

    Raises SettingError for a start that is not "he", "glorot" or "lecun".
    """
    if start not in VARIANCES:
        raise SettingError(f"start must be one of {', '.join(VARIANCES)}, got {start!r}")
    return float(VARIANCES[start](n_in, n_out) ** 0.5)
