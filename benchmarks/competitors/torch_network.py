"""A network of inkgrad's in PyTorch, with the same parameters."""

import numpy as np
import torch
from torch import nn
from workloads import IMAGE, tensors_nchw

from inkgrad.layers import ELU, Conv2D, Dense, Dropout, Flatten, GroupNorm, Layer, MaxPool2D, ReLU, Softmax
from inkgrad.training import Objective


def twin_of(objective: Objective, theta: np.ndarray, shape: tuple[int, ...] = IMAGE) -> nn.Sequential:
    network = nn.Sequential(*(_module_of(layer) for layer in objective.network.layers))
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), tensors_nchw(objective, theta, shape), strict=True):
            parameter.copy_(torch.from_numpy(value))
    return network


def _module_of(layer: Layer) -> nn.Module:
    match layer:
        case Dense(n_in, n_out):
            return nn.Linear(n_in, n_out)
        case Conv2D(c_in, c_out, kernel, stride, "same"):
            return nn.Conv2d(c_in, c_out, kernel, stride, layer.margins)
        case GroupNorm(n_groups, channels, eps):
            return nn.GroupNorm(n_groups, channels, eps)
        case MaxPool2D(size):
            return nn.MaxPool2d(size)
        case Flatten():
            return nn.Flatten()
        case ReLU():
            return nn.ReLU()
        case ELU(alpha):
            return nn.ELU(alpha)
        case Softmax():
            return nn.Softmax(dim=1)
        case Dropout(rate):
            return nn.Dropout(rate)
    raise NotImplementedError(f"{layer} has no twin here")
