"""Optimizers: from gradients to steps, on one flat vector."""

from inkgrad.optimizers.adam import Adam
from inkgrad.optimizers.averaged import Averaged
from inkgrad.optimizers.base import Optimizer
from inkgrad.optimizers.schedules import Constant, Cosine, OneCycle, Schedule, StepDecay
from inkgrad.optimizers.sgd import SGD

__all__ = ["SGD", "Adam", "Averaged", "Constant", "Cosine", "OneCycle", "Optimizer", "Schedule", "StepDecay"]
