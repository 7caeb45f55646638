"""One training step of convolutional networks of three sizes, beside the rivals."""

from race import race
from standings import table
from tables import threads_text
from workloads import cnn, flop_of_training

SIZES = (8, 16), (32, 64), (64, 128)
BATCH = 128
OURS = "inkgrad"


def competitors(c_1: int, c_2: int) -> dict[str, str]:
    return {
        OURS: f"inkgrad_cnn {c_1} {c_2}",
        "inkgrad, plain layers": f"inkgrad_cnn {c_1} {c_2} --plain",
        "PyTorch eager": f"torch_cnn {c_1} {c_2}",
        "PyTorch eager, channels-last": f"torch_cnn {c_1} {c_2} --channels-last",
        "PyTorch, torch.compile": f"torch_cnn {c_1} {c_2} --compile",
        "JAX, a jitted step": f"jax_cnn {c_1} {c_2}",
    }


def report(rounds: int) -> str:
    parts = [
        f"## One training step of convolutional networks, batch {BATCH}, float32",
        "Conv 3 × 3, ReLU, max-pool 2, conv 3 × 3, ReLU, max-pool 2, dense → 10, softmax with cross-entropy, Adam. "
        "JAX and torch.compile compile in the first call, with nothing cached.",
    ]
    for c_1, c_2 in SIZES:
        for n_threads in 1, 2:
            results, flop = race(competitors(c_1, c_2), rounds, n_threads), flop_of_training(cnn(c_1, c_2), BATCH)
            parts += [f"{c_1}-{c_2}, {threads_text(n_threads)}:", table(results, OURS, flop, n_threads)]
    return "\n\n".join(parts)
