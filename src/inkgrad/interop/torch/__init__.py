"""PyTorch: a network as a torch.nn.Sequential, and back."""

from inkgrad.interop.torch.bridge import from_torch, to_torch

__all__ = ["from_torch", "to_torch"]
