"""A whole training by one of inkgrad's recipes in PyTorch eager: prints its seconds and its test accuracy.

It has the same start, optimizer, learning rate in each step and augmentation.  inkgrad prepares the batches
outside the timed part, so PyTorch is timed on the training alone; nor is the warming up timed.
"""

import json
import time
from argparse import ArgumentParser

import numpy as np
import torch
from compete import N_THREADS
from torch import nn
from torch_network import twin_of
from workloads import test_floats

from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import as_inputs, mnist
from inkgrad.fast import warp
from inkgrad.models import MODELS, Recipe
from inkgrad.optimizers import Adam
from inkgrad.training import Objective

WARM_UP = 20  # steps, on a network that is thrown away


def batches(recipe: Recipe, rng: np.random.Generator) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return the batches of an epoch as PyTorch wants them."""
    examples, found = mnist().train, []
    order = rng.permutation(len(examples))
    for first in range(0, len(order), recipe.batch_size):
        chosen = order[first : first + recipe.batch_size]
        x = examples.x[chosen]
        if recipe.augmentation:
            x = warp(x, recipe.augmentation.draw(len(x), x.shape[1:3], rng))
        x = np.ascontiguousarray(as_inputs(x).transpose(0, 3, 1, 2))
        found.append((torch.from_numpy(x), torch.from_numpy(examples.t[chosen].astype(np.int64))))
    return found


class Training:
    """A training in progress, by a recipe that has SoftmaxCrossEntropy and Adam."""

    def __init__(self, recipe: Recipe, n_steps: int, seed: int) -> None:
        ours = recipe.optimizer_for(recipe.lr, recipe.momentum, n_steps)
        if not isinstance(recipe.cost, SoftmaxCrossEntropy) or not isinstance(ours, Adam):
            raise NotImplementedError(f"{recipe.cost} with {ours} has no twin here")
        objective = Objective(recipe.network(10), recipe.cost)
        self.network = twin_of(objective, objective.init(np.random.default_rng(seed)))
        self.rate = ours.lr if callable(ours.lr) else lambda step: ours.lr
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), betas=(ours.beta1, ours.beta2), eps=ours.eps, weight_decay=ours.weight_decay
        )
        self.n_done = 0

    def step(self, x: torch.Tensor, t: torch.Tensor) -> None:
        self.optimizer.param_groups[0]["lr"] = self.rate(self.n_done)
        self.optimizer.zero_grad()
        nn.functional.cross_entropy(self.network(x), t).backward()
        self.optimizer.step()
        self.n_done += 1

    def accuracy(self) -> float:
        """Return the part of the test digits that are read right."""
        x, t = torch.from_numpy(test_floats(10_000)).permute(0, 3, 1, 2), torch.from_numpy(mnist().test.t)
        self.network.eval()
        with torch.inference_mode():
            predicted = torch.cat([self.network(some).argmax(dim=1) for some in x.split(50)])
        return float((predicted == t).double().mean())


def main() -> None:
    options = ArgumentParser(description=__doc__)
    options.add_argument("name", choices=MODELS)
    options.add_argument("--seed", type=int, default=0)
    settings = options.parse_args()
    torch.set_num_threads(N_THREADS)
    torch.manual_seed(settings.seed)
    recipe, rng, seconds = MODELS[settings.name], np.random.default_rng(settings.seed), 0.0
    epoch = batches(recipe, rng)
    n_steps = recipe.epochs * len(epoch)
    throw_away, training = (Training(recipe, n_steps, settings.seed) for _ in range(2))
    for x, t in epoch[:WARM_UP]:
        throw_away.step(x, t)
    for number in range(recipe.epochs):
        epoch = batches(recipe, rng) if number else epoch
        start = time.perf_counter()
        for x, t in epoch:
            training.step(x, t)
        seconds += time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "accuracy": training.accuracy()}))


main()
