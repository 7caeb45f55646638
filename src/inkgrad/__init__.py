"""inkgrad: a neural network from scratch that reads handwritten digits, every derivative proved.

>>> import inkgrad
>>> model = inkgrad.load("digits.safetensors")  # doctest: +SKIP
>>> model.predict(images)  # doctest: +SKIP
"""

from inkgrad.interop import load
from inkgrad.models import Model

__version__ = "0.1.0"
__all__ = ["Model", "__version__", "load"]
