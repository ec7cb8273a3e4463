"""What the small experiments share: tokens of tinyweb, a plain training loop for any model, and its loss on unseen pages."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from minigpt import tinyweb
from minigpt.tokenizer import Tokenizer
from minigpt.training.optim import learning_rate_at, make_optimizer
from minigpt.training.settings import Settings
from minigpt.training.shards import Windows

TRAIN_PAGES, TEST_PAGES = 40_000, 1_000


@lru_cache
def corpus(vocab_size: int) -> tuple[Tokenizer, np.ndarray, np.ndarray, int]:
    """Pages of tinyweb as tokens: tokenizer, train ids, test ids, and the bytes of the test pages."""
    tok = Tokenizer.train(tinyweb.documents(TRAIN_PAGES), vocab_size)
    ids = {}
    for split, pages in (("train", TRAIN_PAGES), ("test", TEST_PAGES)):
        ids[split] = np.concatenate([[*tok.encode(page), tok.eot] for page in tinyweb.documents(pages, split=split)])
    test_bytes = sum(len(page.encode()) for page in tinyweb.documents(TEST_PAGES, split="test"))
    return tok, ids["train"], ids["test"], test_bytes


def fit(
    model: nn.Module, loss_of: Callable[[Tensor, Tensor], Tensor], ids: np.ndarray, settings: Settings
) -> tuple[list[float], float]:
    """Trains for `max_steps` steps; returns the loss of every step (nats a token) and the seconds it took.

    A loss that is no longer a number ends the run: what it had reached is no use to anyone, so the rest is NaN.
    """
    windows = Windows([ids], settings.block_size, settings.seed)
    optimizer = make_optimizer(model, settings)
    losses, start = [], time.perf_counter()
    for step in range(1, settings.max_steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(step, settings)
        loss = loss_of(*windows.batch(step - 1, settings.batch_size))
        if not math.isfinite(loss.item()):
            return losses + [math.nan] * (settings.max_steps - len(losses)), time.perf_counter() - start
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings.grad_clip)
        optimizer.step()
        losses.append(loss.item())
    return losses, time.perf_counter() - start


@torch.no_grad()
def nats(loss_of: Callable[[Tensor, Tensor], Tensor], ids: np.ndarray, block_size: int) -> float:
    """Mean loss in nats a token over all windows of `ids`."""
    windows = Windows([ids], block_size, seed=None)
    total, rows = 0.0, 0
    for start in range(0, len(windows), 32):
        inputs, targets = windows.get(range(start, min(start + 32, len(windows))))
        total, rows = total + loss_of(inputs, targets).item() * len(inputs), rows + len(inputs)
    return total / rows


def mean_and_interval(values: list[float]) -> tuple[float, float]:
    """Mean over seeds, and half the width of its 95 % interval (Student's t for 2, 3, 4 or 5 values)."""
    t = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}[len(values)]
    return float(np.mean(values)), float(t * np.std(values, ddof=1) / math.sqrt(len(values)))
