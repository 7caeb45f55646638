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
