"""Training on several workers: each does its shard of every batch, and all take the same step."""

from inkgrad.distributed.training.coordinator import News, WorkersLost
from inkgrad.distributed.training.training_pool import TrainingPool, on_workers, train_together

__all__ = ["News", "TrainingPool", "WorkersLost", "on_workers", "train_together"]
