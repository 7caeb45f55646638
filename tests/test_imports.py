"""What importing costs, and what it leaves out."""

from support.commands import output_of


def test_importing_the_library_imports_numpy_alone():
    program = (
        "import inkgrad, inkgrad.layers, inkgrad.training, inkgrad.check, inkgrad.plots, sys;"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    found = output_of(program).split()
    assert "numpy" in found
    heavy = {"scipy", "matplotlib", "PIL", "safetensors", "typer", "rich", "sklearn", "ray", "onnx", "torch", "jax"}
    assert not heavy & set(found)


def test_the_package_imports_what_is_asked_for():
    program = """
import sys, inkgrad
assert not [name for name in sys.modules if name.startswith("inkgrad.")]
assert {"Model", "load", "__version__"} <= set(dir(inkgrad))
assert inkgrad.layers.Dense(2, 3).n_in == 2
from inkgrad import Model, load
assert (inkgrad.Model, inkgrad.load) == (Model, load)
for name in "nothing", "_nothing":
    assert not hasattr(inkgrad, name)
"""
    assert output_of(program) == ""
