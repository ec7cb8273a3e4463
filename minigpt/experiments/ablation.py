"""From GPT-1 to GPT-2: each change of section 2.3 alone, and all of them together. Chapter 06.

    python -m minigpt.experiments.ablation

The paper lists six changes to GPT-1's model and gives no comparison. Here each is made by itself to a small GPT-1, at the
paper's proportions: the vocabulary grows by 50,257 / 40,478, the context doubles, the batch grows eightfold. Every arm
sees the same number of tokens, and its learning rate is chosen among `RATES` with the first seed, as the paper chose its
own "for the best perplexity on held-out text"; then the other seeds follow. Losses are compared in bits per byte, since
arms with different vocabularies count different tokens.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import statistics

import torch
from torch import Tensor, nn

from minigpt import GPT, GPTConfig, recorded
from minigpt.experiments.fit import corpus, fit, mean_and_interval, nats
from minigpt.model import Block
from minigpt.training.settings import Settings

RATES = (1e-3, 3e-3, 9e-3)
TOKENS = 2**19  # a run sees; about half a million


@dataclasses.dataclass(frozen=True)
class Arm:
    """One model of the comparison. The defaults are GPT-1's choices, in proportion."""

    norm_first: bool = False  # LayerNorm at the input of each sub-block
    final_norm: bool = False  # an additional LayerNorm after the final block
    scaled_residual: bool = False  # residual weights times 1/sqrt(N)
    vocab_size: int = 825  # GPT-1's 40,478 is to GPT-2's 50,257 as 825 to 1,024
    block_size: int = 64  # 512 : 1,024
    batch_size: int = 4  # 64 : 512


GPT1 = Arm()
CHANGES = {
    "LayerNorm first": {"norm_first": True},
    "final LayerNorm": {"final_norm": True},
    "residual / sqrt(N)": {"scaled_residual": True},
    "larger vocabulary": {"vocab_size": 1024},
    "longer context": {"block_size": 128},
    "larger batch": {"batch_size": 32},
}


def arms() -> dict[str, Arm]:
    """GPT-1, each change alone, the three of the architecture together, those and vocabulary and context, and all six."""
    named = {"GPT-1": GPT1}
    named |= {name: dataclasses.replace(GPT1, **change) for name, change in CHANGES.items()}
    names = list(CHANGES)
    for name, first in (("the three of the architecture", 3), ("all but the batch", 5), ("GPT-2: all six", 6)):
        together = {key: value for change in names[:first] for key, value in CHANGES[change].items()}
        named[name] = dataclasses.replace(GPT1, **together)
    return named


class PostNormBlock(Block):
    """GPT-1's block: LayerNorm stands after each sum, on the residual stream itself."""

    def forward(self, x: Tensor, cache=None, layer: int = 0) -> Tensor:
        x = self.ln_1(x + self.attn(x, cache, layer))
        return self.ln_2(x + self.mlp(x))


def build(arm: Arm, n_layer: int, n_head: int, n_embd: int) -> GPT:
    """The model of an arm: GPT-2's, with what the arm has not changed yet put back."""
    model = GPT(GPTConfig(arm.vocab_size, arm.block_size, n_layer, n_head, n_embd))
    if not arm.norm_first:
        for i, block in enumerate(model.h):
            post = PostNormBlock(model.config)
            post.load_state_dict(block.state_dict())
            model.h[i] = post
    if not arm.final_norm:
        model.ln_f = nn.Identity()
    if not arm.scaled_residual:
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if name.endswith("c_proj.weight"):
                    parameter.mul_(math.sqrt(2 * n_layer))
    return model


def run(arm: Arm, rate: float, seed: int, shape: dict, tokens: int) -> dict:
    """Trains one arm once: its loss on the test pages in bits per byte, and the loss of its steps."""
    _, train, test, test_bytes = corpus(arm.vocab_size)
    steps = tokens // (arm.batch_size * arm.block_size)
    settings = Settings(
        max_steps=steps, batch_size=arm.batch_size, block_size=arm.block_size, learning_rate=rate, seed=seed,
        min_learning_rate=rate / 10, warmup_steps=steps // 20, beta2=0.98,
    )
    torch.manual_seed(seed)
    model = build(arm, **shape)
    losses, seconds = fit(model, model.loss, train, settings)
    piece = max(1, steps // 32)  # the curve is kept as means over 32 pieces
    nats_a_token = nats(model.loss, test, arm.block_size) if math.isfinite(losses[-1]) else math.nan
    return {
        "learning_rate": rate, "seed": seed, "steps": steps, "seconds": round(seconds, 1), "nats_per_token": nats_a_token,
        "bits_per_byte": nats_a_token * len(test) / test_bytes / math.log(2),
        "losses": [round(statistics.fmean(losses[i : i + piece]), 4) for i in range(0, steps, piece)],
    }


def compare(name: str, arm: Arm, seeds: int, shape: dict, tokens: int) -> dict:
    """All runs of an arm: every rate with the first seed, the best rate with the others."""
    trials = [run(arm, rate, 0, shape, tokens) for rate in RATES]
    best = min(trials, key=lambda trial: (math.isnan(trial["bits_per_byte"]), trial["bits_per_byte"]))
    runs = [best, *(run(arm, best["learning_rate"], seed, shape, tokens) for seed in range(1, seeds))]
    mean, half = mean_and_interval([r["bits_per_byte"] for r in runs])
    print(f"{name:32} {mean:.3f} +- {half:.3f} bits per byte at learning rate {best['learning_rate']:g}", flush=True)
    return {
        "arm": dataclasses.asdict(arm), "bits_per_byte": mean, "ci95": [mean - half, mean + half],
        "learning_rate": best["learning_rate"], "runs": runs,
        "rates": {f"{trial['learning_rate']:g}": trial["bits_per_byte"] for trial in trials},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=TOKENS, help="that each run sees")
    parser.add_argument("--n_layer", type=int, default=12)
    parser.add_argument("--n_embd", type=int, default=48)
    parser.add_argument("--n_head", type=int, default=3)
    parser.add_argument("--out", help="default: ablation.json among the recorded runs")
    args = parser.parse_args()
    torch.set_num_threads(1)
    shape = {"n_layer": args.n_layer, "n_head": args.n_head, "n_embd": args.n_embd}
    results = {name: compare(name, arm, args.seeds, shape, args.tokens) for name, arm in arms().items()}
    result = {"shape": shape, "tokens": args.tokens, "rates": RATES, "arms": results}
    recorded.save("ablation", {**result, "provenance": recorded.provenance(seed=args.seeds)}, args.out)


if __name__ == "__main__":
    main()
