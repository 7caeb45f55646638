"""Training on several workers: each does its shard of every batch, and all take the same step."""

from inkgrad.distributed.training.ledger import News, WorkersLost
from inkgrad.distributed.training.team import Team, train_together
from inkgrad.distributed.training.walk import on_workers

__all__ = ["News", "Team", "WorkersLost", "on_workers", "train_together"]
