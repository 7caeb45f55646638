"""What importing costs, and what it leaves out."""

import subprocess
import sys


def test_importing_the_library_imports_numpy_alone():
    program = (
        "import inkgrad, inkgrad.layers, inkgrad.training, inkgrad.check, inkgrad.plots, sys;"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" in found
    heavy = {"scipy", "matplotlib", "PIL", "safetensors", "typer", "rich", "sklearn", "ray", "onnx", "torch", "jax"}
    assert not heavy & set(found)
