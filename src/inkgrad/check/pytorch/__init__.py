"""PyTorch: its functions, Functions and modules, as subjects of a check."""

from inkgrad.check.pytorch.torch_subject import subject_of_torch

__all__ = ["subject_of_torch"]
