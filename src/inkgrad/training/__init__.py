"""Training: a cost as a function of one vector, and the loop that goes downhill on it."""

from inkgrad.training.checkpoint import Checkpoint, read_checkpoint, save_checkpoint
from inkgrad.training.engine import Engine, Plain
from inkgrad.training.evaluation import Evaluation, NumberEvaluation, evaluate, evaluate_numbers, outputs_at
from inkgrad.training.events import Events, refuse_no_events
from inkgrad.training.line_evaluation import LineEvaluation, evaluate_lines, labellings_of
from inkgrad.training.log import Log, read_log
from inkgrad.training.loop import CHECKPOINT_SECONDS, Row, Steppable, TrainingLoop, silent_numpy
from inkgrad.training.objective import Objective
from inkgrad.training.run import ExampleSource, Run
from inkgrad.training.shard import Shard
from inkgrad.training.steps import Step, train

__all__ = [
    "CHECKPOINT_SECONDS",
    "Checkpoint",
    "Engine",
    "Evaluation",
    "Events",
    "ExampleSource",
    "LineEvaluation",
    "Log",
    "NumberEvaluation",
    "Objective",
    "Plain",
    "Row",
    "Run",
    "Shard",
    "Step",
    "Steppable",
    "TrainingLoop",
    "evaluate",
    "evaluate_lines",
    "evaluate_numbers",
    "labellings_of",
    "outputs_at",
    "read_checkpoint",
    "read_log",
    "refuse_no_events",
    "save_checkpoint",
    "silent_numpy",
    "train",
]
