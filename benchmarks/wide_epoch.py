"""Training 784-2048-10, where matrix products are nearly all, beside the rivals."""

from race import race
from standings import table
from tables import threads_text
from workloads import flop_of_training, mlp

HIDDEN, IMAGES = 2048, 6400
ARGUMENTS = f"{HIDDEN} --batch 128 --images {IMAGES}"
OURS = "inkgrad"
COMPETITORS = {
    OURS: f"inkgrad_mlp {ARGUMENTS}",
    "inkgrad, plain layers": f"inkgrad_mlp {ARGUMENTS} --plain",
    "PyTorch eager": f"torch_mlp {ARGUMENTS}",
    "JAX, one scan": f"jax_mlp {ARGUMENTS}",
}


def report(rounds: int) -> str:
    parts = [f"## A wide network: 50 steps of 784-{HIDDEN}-10, batch 128, float32", "Else as the seed network."]
    for n_threads in 1, 2:
        results, flop = race(COMPETITORS, rounds, n_threads), flop_of_training(mlp(HIDDEN), IMAGES)
        parts += [f"{threads_text(n_threads)}:", table(results, OURS, flop, n_threads)]
    return "\n\n".join(parts)
