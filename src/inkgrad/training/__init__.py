"""Training: a cost as a function of one vector, and the loop that walks it downhill."""

from inkgrad.training.checkpoint import Checkpoint, read_checkpoint, save_checkpoint
from inkgrad.training.evaluation import Evaluation, evaluate, outputs_at
from inkgrad.training.log import Log
from inkgrad.training.objective import Objective
from inkgrad.training.run import Run
from inkgrad.training.steps import Step, train

__all__ = [
    "Checkpoint",
    "Evaluation",
    "Log",
    "Objective",
    "Run",
    "Step",
    "evaluate",
    "outputs_at",
    "read_checkpoint",
    "save_checkpoint",
    "train",
]
