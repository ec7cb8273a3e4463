"""What changed since GPT-2: each later idea alone, and all together, in one tiny shape on equal tokens. Chapter 15.

    python -m minigpt.experiments.since [--seeds 3] [--parts FILE] [--out FILE]

Every arm reads the same pages of tinyweb in the same order for the same number of steps. Its learning rate is chosen
among `RATES` with the first seed, and then the other seeds follow. The model is beside this: GPT-2's, with a switch for
each idea. With all switches off it is GPT-2, number for number, which a test checks.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from statistics import mean

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minigpt import recorded
from minigpt.experiments.fit import mean_and_interval, nats
from minigpt.experiments.parts import Parts
from minigpt.tinyweb import documents
from minigpt.tokenizer import Tokenizer
from minigpt.training.optim import learning_rate_at
from minigpt.training.settings import Settings
from minigpt.training.shards import Windows

RATES = (2.5e-3, 5e-3, 1e-2, 2e-2)
VOCAB, BLOCK, LAYERS, HEADS, WIDTH = 512, 64, 2, 4, 64
STEPS, BATCH = 400, 8
TRAIN_PAGES, TEST_PAGES = 4_000, 200  # more than all steps read


@dataclasses.dataclass(frozen=True)
class Ideas:
    """What is changed. All off: GPT-2."""

    rotary: bool = False  # positions turn queries and keys; no table of positions
    rmsnorm: bool = False  # divides by the root mean square; no mean taken off, no shift
    swiglu: bool = False  # an MLP in which one half of the numbers opens and closes the other
    biases: bool = True
    kv_heads: int = HEADS  # heads of keys and values, each shared by HEADS / kv_heads queries
    muon: bool = False  # matrices inside the blocks are moved by Muon, the rest by AdamW


ARMS = {
    "GPT-2": Ideas(),
    "rotary positions": Ideas(rotary=True),
    "RMSNorm": Ideas(rmsnorm=True),
    "SwiGLU": Ideas(swiglu=True),
    "no biases": Ideas(biases=False),
    "grouped queries": Ideas(kv_heads=2),
    "Muon": Ideas(muon=True),
    "all six": Ideas(rotary=True, rmsnorm=True, swiglu=True, biases=False, kv_heads=2, muon=True),
}


# ---- The model, with a switch for each idea ----


def rotate(x: Tensor) -> Tensor:
    """Turns each pair of numbers of x (B, n_head, T, head_dim) by an angle that grows with the position.

    The product of a query and a key then depends on how far apart they are, and not on where they stand.
    """
    half, T = x.size(-1) // 2, x.size(-2)
    speed = 10_000.0 ** (-torch.arange(half) / half)  # radians a token, (half,): from 1 to nearly nothing
    angle = torch.arange(T)[:, None] * speed  # (T, half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()), dim=-1)


class RMSNorm(nn.Module):
    """x divided by its root mean square, times a gain."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * (x.square().mean(dim=-1, keepdim=True) + 1e-5).rsqrt() * self.weight


def norm(ideas: Ideas) -> nn.Module:
    return RMSNorm(WIDTH) if ideas.rmsnorm else nn.LayerNorm(WIDTH, bias=ideas.biases)


class Attention(nn.Module):
    """Causal attention; each head of keys and values may serve several heads of queries."""

    def __init__(self, ideas: Ideas) -> None:
        super().__init__()
        self.ideas, self.size = ideas, WIDTH // HEADS
        self.c_attn = nn.Linear(WIDTH, WIDTH + 2 * ideas.kv_heads * self.size, bias=ideas.biases)
        self.c_proj = nn.Linear(WIDTH, WIDTH, bias=ideas.biases)

    def forward(self, x: Tensor) -> Tensor:
        B, T, _ = x.shape
        heads = (HEADS, self.ideas.kv_heads, self.ideas.kv_heads)
        q, k, v = (
            part.view(B, T, n, self.size).transpose(1, 2)  # (B, n, T, size)
            for part, n in zip(self.c_attn(x).split([n * self.size for n in heads], dim=-1), heads)
        )
        if self.ideas.rotary:
            q, k = rotate(q), rotate(k)
        k, v = (part.repeat_interleave(HEADS // self.ideas.kv_heads, dim=1) for part in (k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    """GPT-2's, or SwiGLU at two thirds of its inner width: two matrices go in instead of one, so the size is the same."""

    def __init__(self, ideas: Ideas) -> None:
        super().__init__()
        self.swiglu, inner = ideas.swiglu, 8 * WIDTH // 3 if ideas.swiglu else 4 * WIDTH
        self.c_fc = nn.Linear(WIDTH, (2 if ideas.swiglu else 1) * inner, bias=ideas.biases)
        self.c_proj = nn.Linear(inner, WIDTH, bias=ideas.biases)

    def forward(self, x: Tensor) -> Tensor:
        x = self.c_fc(x)
        if self.swiglu:
            gate, x = x.chunk(2, dim=-1)
            return self.c_proj(F.silu(gate) * x)
        return self.c_proj(F.gelu(x, approximate="tanh"))


class Block(nn.Module):
    def __init__(self, ideas: Ideas) -> None:
        super().__init__()
        self.ln_1, self.attn, self.ln_2, self.mlp = norm(ideas), Attention(ideas), norm(ideas), MLP(ideas)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Model(nn.Module):
    """A language model with some of the ideas; the head is tied, as GPT-2's."""

    def __init__(self, ideas: Ideas) -> None:
        super().__init__()
        self.wte = nn.Embedding(VOCAB, WIDTH)
        self.wpe = None if ideas.rotary else nn.Embedding(BLOCK, WIDTH)
        self.h = nn.ModuleList(Block(ideas) for _ in range(LAYERS))
        self.ln_f = norm(ideas)
        with torch.no_grad():
            for name, parameter in self.named_parameters():  # five times GPT-2's first weights, as chapter 05 found
                if parameter.dim() == 2:
                    parameter.normal_(std=0.1 / (math.sqrt(2 * LAYERS) if name.endswith("c_proj.weight") else 1))
                elif name.endswith("bias"):
                    parameter.zero_()

    def forward(self, ids: Tensor) -> Tensor:
        """ids (B, T) -> logits (B, T, V)."""
        x = self.wte(ids)
        if self.wpe is not None:
            x = x + self.wpe.weight[: ids.size(1)]
        for block in self.h:
            x = block(x)
        return self.ln_f(x) @ self.wte.weight.T

    def loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(self(ids).flatten(0, 1), targets.flatten())


# ---- Muon ----


def orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    """About the nearest matrix whose singular values are all 1, by an odd polynomial applied five times.

    The polynomial a s + b s^3 + c s^5 drives every singular value s in (0, 1] towards 1 without computing any; its
    coefficients are those of Jordan (2024), chosen for speed: values end between about 0.7 and 1.2.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    wide = matrix if matrix.size(0) <= matrix.size(1) else matrix.T
    x = wide / (wide.norm() + 1e-7)  # no singular value is above 1
    for _ in range(steps):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x if wide is matrix else x.T


class Muon(torch.optim.Optimizer):
    """Momentum, made orthogonal: a step moves a matrix by about the same amount in every direction."""

    def __init__(self, params, lr: float, momentum: float = 0.95, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable | None = None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                mean = state.setdefault("mean", torch.zeros_like(p)).lerp_(p.grad, 1 - group["momentum"])
                ahead = p.grad.lerp(mean, group["momentum"])  # Nesterov's look ahead
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(orthogonal(ahead), alpha=-group["lr"] * math.sqrt(max(1.0, p.size(0) / p.size(1))))


def optimizers(model: Model, ideas: Ideas, rate: float) -> list[torch.optim.Optimizer]:
    """AdamW for all, or Muon for the matrices of the blocks (at five times the rate) and AdamW for the rest."""
    inside = [p for p in model.h.parameters() if p.dim() == 2] if ideas.muon else []
    rest = [p for p in model.parameters() if all(p is not other for other in inside)]
    groups = [
        {"params": [p for p in rest if p.dim() == 2], "weight_decay": 0.02},
        {"params": [p for p in rest if p.dim() < 2], "weight_decay": 0.0},
    ]
    found: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))]
    return found + [Muon(inside, lr=5 * rate, weight_decay=0.02)] if inside else found


# ---- Measured ----


@lru_cache
def pages() -> tuple[np.ndarray, np.ndarray]:
    """Pages of tinyweb as tokens: train and test."""
    tok = Tokenizer.train(documents(TRAIN_PAGES), VOCAB)
    train, test = (
        np.concatenate([[*tok.encode(page), tok.eot] for page in documents(n, split=split)])
        for split, n in (("train", TRAIN_PAGES), ("test", TEST_PAGES))
    )
    return train, test


def run(ideas: Ideas, rate: float, seed: int, steps: int = STEPS) -> dict:
    """Trains one arm once: nats a token on unseen pages, the losses of its steps, the seconds."""
    train, test = pages()
    settings = Settings(
        max_steps=steps, batch_size=BATCH, block_size=BLOCK, learning_rate=1.0, min_learning_rate=0.05,
        warmup_steps=steps // 10, seed=seed,
    )  # fmt: skip
    torch.manual_seed(seed)
    model, windows, losses, begun = Model(ideas), Windows([train], BLOCK, seed), [], time.process_time()
    used = optimizers(model, ideas, rate)
    peaks = [optimizer.param_groups[0]["lr"] for optimizer in used]
    for step in range(1, steps + 1):
        loss = model.loss(*windows.batch(step - 1, BATCH))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, peak in zip(used, peaks):
            for group in optimizer.param_groups:
                group["lr"] = peak * learning_rate_at(step, settings)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
    seconds = time.process_time() - begun
    piece = max(1, steps // 30)
    return {
        "learning_rate": rate, "seed": seed, "nats_per_token": nats(model.loss, test, BLOCK), "seconds": round(seconds, 1),
        "n_params": sum(p.numel() for p in model.parameters()),
        "losses": [round(mean(losses[i : i + piece]), 4) for i in range(0, steps, piece)],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--parts", type=Path, default=Path("runs/since.json"), help="what is measured so far")
    parser.add_argument("--out", help="default: since.json among the recorded runs")
    args = parser.parse_args()
    torch.set_num_threads(1)
    parts, arms = Parts(args.parts), {}
    for name, ideas in ARMS.items():
        trials = [parts.get(f"{name}/{rate:g}/0", run, ideas, rate, 0) for rate in RATES]
        best = min(trials, key=lambda one: one["nats_per_token"])["learning_rate"]
        runs = [parts.get(f"{name}/{best:g}/{seed}", run, ideas, best, seed) for seed in range(args.seeds)]
        middle, half = mean_and_interval([one["nats_per_token"] for one in runs])
        arms[name] = {"nats_per_token": middle, "ci95": [middle - half, middle + half], "runs": runs, "learning_rate": best,
                      "rates": {f"{one['learning_rate']:g}": one["nats_per_token"] for one in trials}}  # fmt: skip
        print(f"{name:18} {middle:.3f} +- {half:.3f} at {best:g}, {runs[0]['seconds']} s", flush=True)
    more = {"cpu_seconds": round(parts.cpu_seconds)}
    result = {"tokens": STEPS * BATCH * BLOCK, "rates": list(RATES), "arms": arms}
    recorded.save("since", {**result, "provenance": recorded.provenance(seed=args.seeds, **more)}, args.out)


if __name__ == "__main__":
    main()
