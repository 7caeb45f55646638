"""Training steps of the convolutions of a recogniser of lines in PyTorch."""

from argparse import ArgumentParser
from collections.abc import Iterator

import torch
from compete import N_THREADS, compete
from torch_network import twin_of
from workloads import LINE, line, lines, start

options = ArgumentParser(description=__doc__)
options.add_argument("batch", type=int)
options.add_argument("--channels-last", action="store_true")
settings = options.parse_args()
torch.set_num_threads(N_THREADS)
x = torch.from_numpy(lines(settings.batch)[0]).permute(0, 3, 1, 2).contiguous()
objective = line()
network = twin_of(objective, start(objective), LINE)
if settings.channels_last:
    x, network = x.to(memory_format=torch.channels_last), network.to(memory_format=torch.channels_last)
optimizer = torch.optim.Adam(network.parameters())


def steps() -> Iterator[float]:
    while True:
        optimizer.zero_grad()
        cost = 0.5 * network(x).square().sum() / len(x)
        cost.backward()
        optimizer.step()
        yield cost.item()


compete(steps())
