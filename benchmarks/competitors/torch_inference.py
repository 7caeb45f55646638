"""Probabilities of test digits in PyTorch, from a float tensor in memory."""

import torch
from compete import N_THREADS, again, compete
from torch import nn
from torch_network import twin_of
from workloads import answering, inference_options, start, test_floats

from inkgrad.layers import Softmax

options = inference_options(__doc__)
options.add_argument("--channels-last", action="store_true")
options.add_argument("--chunk", type=int, default=50, help="images at a time")
settings = options.parse_args()
torch.set_num_threads(N_THREADS)
objective = answering(settings.widths)
x, network = torch.from_numpy(test_floats(settings.images)), twin_of(objective, start(objective))
x = x.permute(0, 3, 1, 2).contiguous()
if settings.channels_last:
    x, network = x.to(memory_format=torch.channels_last), network.to(memory_format=torch.channels_last)
network.eval()
if not isinstance(objective.network.layers[-1], Softmax):
    network.append(nn.Softmax(dim=1))


@torch.inference_mode()
def probabilities() -> torch.Tensor:
    return torch.cat([network(chunk) for chunk in x.split(settings.chunk)])


compete(again(probabilities))
