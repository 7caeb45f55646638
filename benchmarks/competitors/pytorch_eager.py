"""One epoch of the same network, cost and optimizer in PyTorch, from a float tensor in memory."""

import sys

try:
    import torch
except ImportError:
    sys.exit(0)
from race import compete
from torch import nn

from inkgrad.data import as_inputs, mnist
from inkgrad.models import MODELS

recipe = MODELS["seed"]
examples = mnist().train
x = torch.tensor(as_inputs(examples.x).reshape(-1, 784))
t = nn.functional.one_hot(torch.tensor(examples.t, dtype=torch.int64), 10).float()
network = nn.Sequential(nn.Linear(784, 100), nn.ELU(), nn.Linear(100, 10), nn.Softmax(dim=1))
optimizer = torch.optim.SGD(network.parameters(), lr=recipe.lr, momentum=recipe.momentum)


def epoch() -> None:
    for chosen in torch.randperm(len(x)).split(recipe.batch_size):
        optimizer.zero_grad()
        cost = nn.functional.binary_cross_entropy(network(x[chosen]), t[chosen], reduction="sum") / len(chosen)
        cost.backward()
        optimizer.step()


compete(epoch)
