"""Test accuracy of the seed network after five epochs, for seeds 0 to 9, and the seconds they took."""

import time
from statistics import mean, median

from inkgrad.data import mnist
from inkgrad.models import MODELS
from inkgrad.optimizers import SGD
from inkgrad.training import Objective, Run, evaluate

N_SEEDS = 10


def report() -> str:
    recipe, dataset = MODELS["seed"], mnist()
    objective = Objective(recipe.network(10), recipe.cost)
    accuracies, seconds = [], []
    for seed in range(N_SEEDS):
        run = Run(objective, SGD(recipe.lr, recipe.momentum), recipe.batch_size, seed)
        start = time.perf_counter()
        while run.epoch < recipe.epochs:
            for _ in run.steps(dataset.train):
                pass
        seconds.append(time.perf_counter() - start)
        accuracies.append(100 * evaluate(objective, run.theta, dataset.test).accuracy)
    return (
        f"## The seed network after {recipe.epochs} epochs, seeds 0 to {N_SEEDS - 1}\n\n"
        f"Test accuracy in %: {', '.join(f'{a:.2f}' for a in accuracies)}; mean {mean(accuracies):.2f}, "
        f"lowest {min(accuracies):.2f}. Training took {median(seconds):.2f} s (median)."
    )
