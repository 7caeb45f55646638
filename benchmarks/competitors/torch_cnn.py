"""Training steps of the convolutional network in PyTorch, from a float tensor in memory."""

import os
import tempfile
from collections.abc import Iterator
from itertools import chain, repeat

import torch
from compete import N_THREADS, compete
from torch import nn
from torch_network import twin_of
from workloads import cnn, cnn_options, floats, start

options = cnn_options(__doc__)
options.add_argument("--channels-last", action="store_true")
options.add_argument("--compile", action="store_true", help="with torch.compile")
settings = options.parse_args()
compiled = tempfile.TemporaryDirectory()  # empty, so that the first call shows what compiling costs
os.environ["TORCHINDUCTOR_CACHE_DIR"] = compiled.name
torch.set_num_threads(N_THREADS)
x, t = (torch.from_numpy(part) for part in floats(settings.images))
objective = cnn(*settings.channels)
x, network = x.permute(0, 3, 1, 2).contiguous(), twin_of(objective, start(objective))
if settings.channels_last:
    x, network = x.to(memory_format=torch.channels_last), network.to(memory_format=torch.channels_last)
optimizer = torch.optim.Adam(network.parameters())


def cost_of(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return nn.functional.cross_entropy(network(x), t)


def steps() -> Iterator[float]:
    cost_there = torch.compile(cost_of) if settings.compile else cost_of
    for n in chain([settings.batch] * 2, repeat(len(x))):
        for chosen in torch.randperm(n).split(settings.batch):
            optimizer.zero_grad()
            cost = cost_there(x[chosen], t[chosen])
            cost.backward()
            optimizer.step()
            yield cost.item()


compete(steps())
