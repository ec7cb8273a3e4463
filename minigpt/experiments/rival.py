"""A transformer and an LSTM of the same size on the same tokens. Chapter 05.

    python -m minigpt.experiments.rival

Before the transformer, the best language models were LSTMs (Jozefowicz et al., 2016). Both models here have the same number of
parameters within 3 %, the same vocabulary with a tied head, the same tokens in the same order, and a learning rate chosen
among `RATES` with the first seed. The LSTM has one wide layer: with two narrower ones it learned more slowly. The transformer
runs a second time with larger first weights. Recorded are the loss on unseen pages, the loss by position in the window (does
more context help?), and the seconds of one core that the training took.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minigpt import GPT, GPTConfig, recorded
from minigpt.experiments.fit import corpus, fit, mean_and_interval
from minigpt.training.settings import Settings
from minigpt.training.shards import Windows

RATES = (5e-3, 1e-2, 2e-2, 4e-2)
KINDS = ("transformer", "LSTM", "transformer, livelier start")
CONFIG = GPTConfig(vocab_size=1024, block_size=128, n_layer=3, n_head=3, n_embd=96)


class LSTMLanguageModel(nn.Module):
    """Reads one token after another and keeps what it needs in a state of fixed size; the head is tied, as GPT-2's.

    Args:
        vocab_size: V.
        width: of the token vectors and of the state.
        n_layer: LSTM layers.
    """

    def __init__(self, vocab_size: int, width: int, n_layer: int) -> None:
        super().__init__()
        self.wte = nn.Embedding(vocab_size, width)
        self.lstm = nn.LSTM(width, width, n_layer, batch_first=True)
        nn.init.normal_(self.wte.weight, std=0.05)

    def forward(self, ids: Tensor) -> Tensor:
        """ids (B, T) -> logits (B, T, V)."""
        states, _ = self.lstm(self.wte(ids))  # (B, T, width)
        return F.linear(states, self.wte.weight)


def lstm_of_size(n_params: int, vocab_size: int, n_layer: int = 1) -> LSTMLanguageModel:
    """The LSTM whose parameters come nearest to `n_params`: V w for the embedding, 8 w^2 + 8 w for each layer."""
    width = min(range(8, 4096), key=lambda w: abs(vocab_size * w + n_layer * (8 * w * w + 8 * w) - n_params))
    return LSTMLanguageModel(vocab_size, width, n_layer)


@torch.no_grad()
def start_livelier(model: GPT) -> GPT:
    """Token and position vectors of size 0.1, other matrices five times GPT-2's, whose 0.02 suits widths from 768."""
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2:  # matrices and tables, not biases and gains
            parameter.mul_(10 if name == "wpe.weight" else 5)
    return model


def build(kind: str) -> tuple[nn.Module, callable]:
    """A model of one of the `KINDS`, and the function (ids, targets) -> loss that trains it."""
    if kind != "LSTM":
        model = GPT(CONFIG) if kind == "transformer" else start_livelier(GPT(CONFIG))
        return model, model.loss
    model = lstm_of_size(CONFIG.n_params, CONFIG.vocab_size)
    return model, lambda ids, targets: F.cross_entropy(model(ids).flatten(0, 1), targets.flatten())


@torch.no_grad()
def nats_by_position(model: nn.Module, ids, block_size: int) -> list[float]:
    """Mean loss in nats at each position of the windows of `ids`, (block_size,)."""
    windows = Windows([ids], block_size, seed=None)
    total = torch.zeros(block_size, dtype=torch.float64)
    for start in range(0, len(windows), 32):
        inputs, targets = windows.get(range(start, min(start + 32, len(windows))))
        out = model(inputs)
        logits = out[0] if isinstance(out, tuple) else out
        total += F.cross_entropy(logits.transpose(1, 2), targets, reduction="none").double().sum(dim=0)
    return (total / len(windows)).tolist()


def run(kind: str, rate: float, seed: int, tokens: int) -> dict:
    """Trains one model once."""
    _, train, test, _ = corpus(CONFIG.vocab_size)
    steps = tokens // (8 * CONFIG.block_size)
    settings = Settings(
        max_steps=steps, batch_size=8, block_size=CONFIG.block_size, learning_rate=rate, min_learning_rate=rate / 10,
        warmup_steps=steps // 20, beta2=0.98, seed=seed,
    )
    torch.manual_seed(seed)
    model, loss_of = build(kind)
    start = time.process_time()  # not the clock on the wall: the machine may have other work
    losses, _ = fit(model, loss_of, train, settings)
    seconds = time.process_time() - start
    by_position = nats_by_position(model, test, CONFIG.block_size)
    piece = max(1, steps // 50)
    return {
        "learning_rate": rate, "seed": seed, "seconds": round(seconds, 1), "nats_per_token": statistics.fmean(by_position),
        "by_position": [round(value, 4) for value in by_position],
        "losses": [round(statistics.fmean(losses[i : i + piece]), 4) for i in range(0, steps, piece)],
        "n_params": sum(p.numel() for p in model.parameters()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=2**20, help="that each run sees")
    parser.add_argument("--out", help="default: rival.json among the recorded runs")
    args = parser.parse_args()
    torch.set_num_threads(1)
    models = {}
    for kind in KINDS:
        trials = [run(kind, rate, 0, args.tokens) for rate in RATES]
        best = min(trials, key=lambda trial: trial["nats_per_token"])
        runs = [best, *(run(kind, best["learning_rate"], seed, args.tokens) for seed in range(1, args.seeds))]
        mean, half = mean_and_interval([r["nats_per_token"] for r in runs])
        print(f"{kind:27} {mean:.3f} +- {half:.3f} nats a token at learning rate {best['learning_rate']:g}", flush=True)
        models[kind] = {
            "nats_per_token": mean, "ci95": [mean - half, mean + half], "learning_rate": best["learning_rate"], "runs": runs,
            "rates": {f"{trial['learning_rate']:g}": trial["nats_per_token"] for trial in trials},
        }
    result = {"tokens": args.tokens, "models": models, "provenance": recorded.provenance(seed=args.seeds)}
    recorded.save("rival", result, args.out)


if __name__ == "__main__":
    main()
