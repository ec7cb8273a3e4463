"""AdamW, and the learning rate it is given at each step.

The paper says of them only that the learning rate was tuned by hand for each model (section 3). Optimizer, schedule
and weight decay here are what became usual after GPT-2, and our choice.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from minigpt.training.settings import Settings


def learning_rate_at(step: int, settings: Settings) -> float:
    """The learning rate of step `step`, counted from 1: a straight rise to the peak, then half a cosine down.

    >>> settings = Settings(max_steps=100, warmup_steps=10, learning_rate=1.0, min_learning_rate=0.1)
    >>> [round(learning_rate_at(step, settings), 2) for step in (1, 10, 55, 100)]
    [0.1, 1.0, 0.55, 0.1]
    """
    peak, low = settings.learning_rate, settings.min_learning_rate
    if step <= settings.warmup_steps:
        return peak * step / settings.warmup_steps
    way = (step - settings.warmup_steps) / max(1, settings.max_steps - settings.warmup_steps)  # 0 .. 1
    return low + (peak - low) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, way)))


def make_optimizer(model: nn.Module, settings: Settings) -> torch.optim.AdamW:
    """AdamW that pulls matrices and embeddings towards zero, and leaves biases and LayerNorms alone.

    Decay is a prior on how strongly features are combined; a bias or a gain combines nothing.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": settings.weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    fused = all(
        p.device.type in ("cpu", "cuda") and p.is_floating_point() for p in parameters
    )  # one kernel, not a dozen
    return torch.optim.AdamW(
        groups, lr=settings.learning_rate, betas=(settings.beta1, settings.beta2), eps=1e-8, fused=fused
    )
