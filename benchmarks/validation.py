"""Accuracy of a recipe on 10,000 digits kept back from training: what recipes are chosen by, never the test digits.

python benchmarks/validation.py cnn --seeds 0 1 2
"""

import argparse
from statistics import mean

from race import say

from inkgrad.data import Examples, mnist
from inkgrad.fast import Fast
from inkgrad.models import MODELS
from inkgrad.training import Objective, Run, evaluate

N_KEPT_BACK = 10_000


def validate(name: str, seed: int, epochs: int | None) -> float:
    """Return the accuracy on the last training digits after training on the others."""
    recipe, examples = MODELS[name], mnist().train
    train, kept = (
        Examples(examples.x[part], examples.t[part]) for part in (slice(-N_KEPT_BACK), slice(-N_KEPT_BACK, None))
    )
    epochs = epochs or recipe.epochs
    n_steps = epochs * -(-len(train) // recipe.batch_size)
    objective = Objective(recipe.network(10), recipe.cost)
    optimizer = recipe.optimizer_for(recipe.lr, recipe.momentum, n_steps)
    run = Run(objective, optimizer, recipe.batch_size, seed, augmentation=recipe.augmentation, engine=Fast())
    while run.epoch < epochs:
        say(f"{name}, seed {seed}: epoch {run.epoch + 1} of {epochs}")
        for _ in run.steps(train):
            pass
    return evaluate(objective, run.answer, kept, engine=run.engine).accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=MODELS, metavar="NAME", help=f"any of {', '.join(MODELS)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, help="other than the recipe's")
    arguments = parser.parse_args()
    for name in arguments.names:
        found = [100 * validate(name, seed, arguments.epochs) for seed in arguments.seeds]
        print(f"{name}: {', '.join(f'{each:.2f}' for each in found)} %; mean {mean(found):.2f}", flush=True)


if __name__ == "__main__":
    main()
