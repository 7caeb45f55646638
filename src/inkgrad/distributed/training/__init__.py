"""Training on several workers: each does its shard of every batch, and all take the same step."""

from inkgrad.distributed.training.coordinator import News, WorkersLost
from inkgrad.distributed.training.training_pool import TrainingPool, train_together
from inkgrad.distributed.training.walk import on_workers

__all__ = ["News", "TrainingPool", "WorkersLost", "on_workers", "train_together"]
