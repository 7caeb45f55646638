"""One epoch of the seed network, 784-100-10 at batch 100, beside the rivals."""

from race import race
from standings import table
from tables import threads_text
from workloads import flop_of_training, mlp

IMAGES = 60_000
OURS = "inkgrad"
COMPETITORS = {
    OURS: "inkgrad_mlp 100",
    "inkgrad, plain layers": "inkgrad_mlp 100 --plain",
    "PyTorch eager": "torch_mlp 100",
    "scikit-learn, ReLU": "sklearn_mlp 100",
    "JAX, one scan": "jax_mlp 100",
}


def report(rounds: int) -> str:
    parts = [
        "## One epoch of the seed network: 60,000 digits, 784-100-10, batch 100, float32",
        "ELU, softmax, cross-entropy of each output, SGD with momentum. scikit-learn's MLPClassifier has no ELU, so it "
        "has ReLU, which is cheaper. JAX has the whole epoch in one jitted `lax.scan`.",
    ]
    for n_threads in 1, 2:
        results = race(COMPETITORS, rounds, n_threads)
        parts += [f"{threads_text(n_threads)}:", table(results, OURS, flop_of_training(mlp(100), IMAGES), n_threads)]
    return "\n\n".join(parts)
