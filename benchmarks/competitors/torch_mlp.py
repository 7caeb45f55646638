"""Epochs of 784-HIDDEN-10 in PyTorch eager: the same network, cost and optimizer, from a float tensor in memory."""

from collections.abc import Iterator
from itertools import chain, repeat

import torch
from compete import N_THREADS, compete
from torch import nn
from torch_network import twin_of
from workloads import LR, MOMENTUM, floats, mlp, mlp_options, start

settings = mlp_options(__doc__).parse_args()
torch.set_num_threads(N_THREADS)
x, t = (torch.from_numpy(part) for part in floats(settings.images))
x, t = x.reshape(-1, 784), nn.functional.one_hot(t, 10).float()
objective = mlp(settings.hidden)
network = twin_of(objective, start(objective))
optimizer = torch.optim.SGD(network.parameters(), lr=LR, momentum=MOMENTUM)


def epochs() -> Iterator[float]:
    for n in chain([settings.batch] * 2, repeat(len(x))):
        for chosen in torch.randperm(n).split(settings.batch):
            optimizer.zero_grad()
            cost = nn.functional.binary_cross_entropy(network(x[chosen]), t[chosen], reduction="sum") / len(chosen)
            cost.backward()
            optimizer.step()
        yield cost.item()


compete(epochs())
