"""Arrays of other libraries than NumPy, made of NumPy's."""

import array_api_strict as strict
import pytest


def strict_array(array):
    return strict.asarray(array.copy())


def elsewhere(array):
    """As on a GPU: arrays of this device take no others among them."""
    return strict.asarray(array.copy(), device=strict.Device("device1"))


def tensor(array):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")
    pytest.importorskip("array_api_compat", reason="PyTorch's tensors need it: pip install array-api-compat")
    return torch.tensor(array)


on_other_arrays = pytest.mark.parametrize(
    "convert", [strict_array, elsewhere, tensor], ids=["strict", "another device", "torch"]
)
