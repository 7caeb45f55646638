"""PyTorch: a network as a torch.nn.Sequential, and back."""

from inkgrad.interop.torch.from_sequential import from_torch
from inkgrad.interop.torch.to_sequential import to_torch

__all__ = ["from_torch", "to_torch"]
