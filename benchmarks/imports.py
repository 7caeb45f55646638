"""What importing costs: seconds until a fresh interpreter is ready."""

import subprocess
import sys
import time
from statistics import median

from race import say
from tables import markdown, time_text

STATEMENTS = {
    "the interpreter alone": "pass",
    "NumPy": "import numpy",
    "inkgrad": "import inkgrad",
    "inkgrad, all that training takes": "import inkgrad.models, inkgrad.training, inkgrad.optimizers",
    "scikit-learn's MLPClassifier": "from sklearn.neural_network import MLPClassifier",
    "PyTorch": "import torch",
    "JAX": "import jax",
    "onnxruntime": "import onnxruntime",
}


def report(rounds: int) -> str:
    rounds = min(rounds, 3)
    seconds = {name: [_seconds(statement) for _ in range(rounds + 1)][1:] for name, statement in STATEMENTS.items()}
    rows = [[name, time_text(median(taken)) if all(taken) else "not installed"] for name, taken in seconds.items()]
    return "## What importing costs\n\n" + markdown(["", "median"], rows)


def _seconds(statement: str) -> float:
    """Return the seconds of a process, 0 where it fails."""
    say(statement)
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", statement], capture_output=True, check=False)
    return time.perf_counter() - start if done.returncode == 0 else 0.0
