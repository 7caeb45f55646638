"""inkgrad: a neural network from scratch that reads handwritten digits, every derivative proved.

>>> import inkgrad
>>> model = inkgrad.load("digits.safetensors")  # doctest: +SKIP
>>> model.predict(images)  # doctest: +SKIP
"""

TYPE_CHECKING = False  # that of typing, whose import takes a while
__version__ = "0.1.0"
__all__ = ["Model", "__version__", "load"]

if TYPE_CHECKING:
    from inkgrad.interop.load import load
    from inkgrad.models import Model
else:

    def __getattr__(name):
        """Import what is asked for, so that the command `inkgrad` can first see to Ctrl-C: the rest takes a second."""
        from importlib import import_module

        homes = {"load": "inkgrad.interop.load", "Model": "inkgrad.models"}
        if name in homes:
            return getattr(import_module(homes[name]), name)
        try:
            if not name.startswith("_"):
                return import_module(f"inkgrad.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"inkgrad.{name}":
                raise
        raise AttributeError(f"module 'inkgrad' has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})
