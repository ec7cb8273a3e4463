"""Training: settings, data on disk, optimizer, loop, checkpoints. Paper: section 2.3.

from minigpt.training import load_settings, train
run = train(load_settings("shakespeare-char", {"max_steps": 100}), "runs/first")
model, tokenizer = run.load()
"""

from __future__ import annotations

from minigpt.training.checkpoint import read_log
from minigpt.training.loop import Run, Trainer, TrainingStopped, evaluate, train
from minigpt.training.optim import learning_rate_at, make_optimizer
from minigpt.training.settings import Settings, SettingsError, load_settings
from minigpt.training.shards import Windows, read_shard, write_shard

__all__ = [
    "Run", "Settings", "SettingsError", "Trainer", "TrainingStopped", "Windows", "evaluate", "learning_rate_at",
    "load_settings", "make_optimizer", "read_log", "read_shard", "train", "write_shard",
]  # fmt: skip
