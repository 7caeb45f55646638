"""Composites: operations of PyTorch that are several in one, written out, so that what is between can be named.

Each takes what its operation takes, and gives what it gives.  The names in here are those that a user reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import pi, prod, sqrt
from typing import Any

import torch
from torch.nn import functional

Tensor = Any  # which mypy does not know, as PyTorch need not be installed


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x Φ(x) (Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415, section 2)."""
    if approximate == "tanh":
        gate = 0.5 * (1 + torch.tanh(sqrt(2 / pi) * (input + 0.044715 * input**3)))
    else:
        gate = 0.5 * (1 + torch.erf(input / sqrt(2)))
    return input * gate


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x σ(x) (the same, section 5)."""
    gate = torch.sigmoid(input)
    return input * gate


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh softplus x (Misra 2019, https://arxiv.org/abs/1908.08681, equation 1)."""
    gate = torch.tanh(functional.softplus(input))
    return input * gate


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x relu6(x + 3) / 6 (Howard et al. 2019, https://arxiv.org/abs/1905.02244, section 5.2)."""
    gate = functional.relu6(input + 3) / 6
    return input * gate


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a σ(b) of the halves of x (Dauphin et al. 2016, https://arxiv.org/abs/1612.08083, equation 1)."""
    a, b = input.chunk(2, dim)
    gate = torch.sigmoid(b)
    return a * gate


def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor = None, bias: Tensor = None, eps: float = 1e-5
) -> Tensor:
    """(x - mean) / deviation over the last axes (Ba, Kiros & Hinton 2016, https://arxiv.org/abs/1607.06450)."""
    axes = tuple(range(-len(normalized_shape), 0))
    return _scaled(_standardised(input, axes, eps), weight, bias)


def rms_norm(input: Tensor, normalized_shape: Any, weight: Tensor = None, eps: float | None = None) -> Tensor:
    """x / root mean square over the last axes (Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467, equation 4)."""
    axes = tuple(range(-len(normalized_shape), 0))
    rms = torch.sqrt((input * input).mean(axes, keepdim=True) + (torch.finfo(input.dtype).eps if eps is None else eps))
    return _scaled(input / rms, weight, None)


def group_norm(input: Tensor, num_groups: int, weight: Tensor = None, bias: Tensor = None, eps: float = 1e-5) -> Tensor:
    """The same over the channels of a group and all places (Wu & He 2018, https://arxiv.org/abs/1803.08494)."""
    groups = input.reshape(input.shape[0], num_groups, -1)
    z = _standardised(groups, (-1,), eps).reshape(input.shape)
    return _scaled(z, *(_by_channel(each, input) for each in (weight, bias)))


def batch_norm(
    input: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    weight: Tensor = None,
    bias: Tensor = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """The same over the batch and all places; else by means kept from before (Ioffe & Szegedy 2015, algorithm 1)."""
    if training:
        z = _standardised(input, (0, *range(2, input.ndim)), eps)
    else:
        z = (input - _by_channel(running_mean, input)) / torch.sqrt(_by_channel(running_var, input) + eps)
    return _scaled(z, *(_by_channel(each, input) for each in (weight, bias)))


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor = None) -> Tensor:
    """x / |x| along an axis."""
    norm = torch.linalg.vector_norm(input, p, dim, keepdim=True).clamp_min(eps)
    return input / norm


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(q kᵀ / √n) v (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, equation 1)."""
    if enable_gqa:  # several queries share a key (Ainslie et al. 2023, https://arxiv.org/abs/2305.13245)
        key, value = (each.repeat_interleave(query.shape[-3] // each.shape[-3], -3) for each in (key, value))
    scores = query @ key.mT
    scores = scores * (1 / sqrt(query.shape[-1]) if scale is None else scale)
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    if attn_mask is not None:
        scores = scores.masked_fill(~attn_mask, -torch.inf) if attn_mask.dtype == torch.bool else scores + attn_mask
    weights = scores.softmax(-1)
    return weights @ value


def _standardised(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    mean = x.mean(axes, keepdim=True)
    centred = x - mean
    variance = (centred * centred).sum(axes, keepdim=True) / prod(x.shape[k] for k in axes)
    deviation = torch.sqrt(variance + eps)
    return centred / deviation


def _scaled(z: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    z = z if weight is None else z * weight
    return z if bias is None else z + bias


def _by_channel(numbers: Tensor, x: Tensor) -> Tensor:
    return None if numbers is None else numbers.reshape(-1, *(1,) * (x.ndim - 2))


COMPOSITES: Mapping[Any, Callable[..., Tensor]] = {
    functional.gelu: gelu,
    functional.silu: silu,
    functional.mish: mish,
    functional.hardswish: hardswish,
    functional.glu: glu,
    functional.layer_norm: layer_norm,
    functional.rms_norm: rms_norm,
    functional.group_norm: group_norm,
    functional.batch_norm: batch_norm,
    functional.normalize: normalize,
    functional.scaled_dot_product_attention: scaled_dot_product_attention,
}
