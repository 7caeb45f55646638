"""One epoch of the seed network in inkgrad's plain layers, NumPy alone."""

from race import compete

from inkgrad.data import mnist
from inkgrad.models import MODELS
from inkgrad.optimizers import SGD
from inkgrad.training import Objective, Run

recipe = MODELS["seed"]
examples = mnist().train
run = Run(Objective(recipe.network(10), recipe.cost), SGD(recipe.lr, recipe.momentum), recipe.batch_size)


def epoch() -> None:
    for _ in run.steps(examples):
        pass


compete(epoch)
