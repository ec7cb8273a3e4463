"""Reading one way only: one small encoder with and without the causal mask, asked in two places. Chapter 15.

    python -m minigpt.experiments.one_way [--seeds 3] [--parts FILE] [--out FILE]

The text is a clause about two, "because it", and a reason that is true of one of them: which? The reason stands to the
right of the pronoun. The answer is read off either at the pronoun, or at the end of the text. With the causal mask, what is
computed at the pronoun cannot depend on the reason; what is computed at the end can depend on everything. All four models
have the same shape, first weights, examples and steps.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minigpt import GPTConfig, recorded
from minigpt.experiments.parts import Parts
from minigpt.experiments.specialists import summary_of
from minigpt.model import GPT, Block
from minigpt.tinyweb import load_model, pronoun
from minigpt.tinyweb.dice import Dice
from minigpt.tokenizer import Tokenizer

MASKS = ("causal", "both ways")
PLACES = ("at the pronoun", "at the end")
TRAIN, TEST = 12_000, 1_000
STEPS, BATCH, RATE = 500, 32, 2e-3
SHAPE = {"n_layer": 2, "n_head": 4, "n_embd": 64, "block_size": 48}


class Clause(NamedTuple):
    """Ids of a text, the place of its pronoun, and which of the two it stands for (0: the first named)."""

    ids: list[int]
    pronoun: int
    first_or_other: int


def clauses(n: int, tok: Tokenizer, split: str, seed: int = 0) -> list[Clause]:
    """n texts of the split, half of them true of either."""
    dice, found = Dice(16_000 + seed), []
    for i in range(n):
        reason = pronoun.make(dice, split, pronoun.RUNGS[i % 2])
        side = dice.below(2)
        before = tok.encode(f"{reason.clause} because {reason.pronoun}")
        found.append(Clause(before + tok.encode(f" {reason.true_of[side]}."), len(before) - 1, side))
    return found


class BothWays(Block):
    """GPT-2's block without the causal mask: every token looks at all that are no fillers."""

    def forward(self, x: Tensor, cache=None, layer: int = 0) -> Tensor:
        q, k, v = self.attn.queries_keys_values(self.ln_1(x))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.visible)  # (B, n_head, T, head_dim)
        x = x + self.attn.c_proj(y.transpose(1, 2).flatten(2))
        return x + self.mlp(self.ln_2(x))


class Tagger(nn.Module):
    """An encoder and two scores, read off at one place of each text."""

    def __init__(self, vocab_size: int, mask: str) -> None:
        super().__init__()
        config = GPTConfig(vocab_size=vocab_size, **SHAPE)
        self.encoder = GPT(config)
        self.head = nn.Linear(config.n_embd, 2)
        if mask == "both ways":
            for i, block in enumerate(self.encoder.h):
                free = BothWays(config)
                free.load_state_dict(block.state_dict())
                self.encoder.h[i] = free

    def forward(self, ids: Tensor, lengths: Tensor, places: Tensor) -> Tensor:
        """ids (B, T) with fillers after `lengths` (B,), places (B,) to read at -> scores (B, 2)."""
        visible = torch.arange(ids.size(1)) < lengths[:, None]  # (B, T)
        x = self.encoder.embed(ids)
        for block in self.encoder.h:
            block.visible = visible[:, None, None]
            x = block(x)
        return self.head(self.encoder.ln_f(x)[torch.arange(len(ids)), places])


def batch_of(texts: list[Clause], place: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """ids (B, T), lengths (B,), the places to read at (B,), and what is right (B,)."""
    longest = max(len(text.ids) for text in texts)
    ids = torch.tensor([text.ids + [0] * (longest - len(text.ids)) for text in texts])
    lengths = torch.tensor([len(text.ids) for text in texts])
    places = torch.tensor([text.pronoun if place == PLACES[0] else len(text.ids) - 1 for text in texts])
    return ids, lengths, places, torch.tensor([text.first_or_other for text in texts])


@torch.no_grad()
def accuracy(model: Tagger, texts: list[Clause], place: str) -> float:
    hits = 0
    for at in range(0, len(texts), 250):
        ids, lengths, places, right = batch_of(texts[at : at + 250], place)
        hits += int((model(ids, lengths, places).argmax(1) == right).sum())
    return hits / len(texts)


def run(mask: str, place: str, seed: int, steps: int = STEPS) -> dict:
    """Trains one model; its accuracy on texts of the test split along the way, and at the end."""
    tok = load_model("0.25M")[1]
    train, test = clauses(TRAIN, tok, "train", seed=1 + seed), clauses(TEST, tok, "test")
    torch.manual_seed(seed)
    model = Tagger(tok.vocab_size, mask)
    with torch.no_grad():
        model.encoder.wte.weight.mul_(5)  # as chapter 05 found: small models start better from livelier vectors
        model.encoder.wpe.weight.mul_(10)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.02)
    order, curve = torch.randperm(len(train)).tolist(), []
    for step in range(1, steps + 1):
        chosen = [train[order[(step * BATCH + i) % len(order)]] for i in range(BATCH)]
        ids, lengths, places, right = batch_of(chosen, place)
        loss = F.cross_entropy(model(ids, lengths, places), right)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, step / 50) * 0.5 * (1.0 + math.cos(math.pi * step / steps))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % (steps // 10) == 0:
            curve.append([step * BATCH, accuracy(model, test, place)])
    return {"curve": curve, "accuracy": curve[-1][1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--parts", type=Path, default=Path("runs/one_way.json"), help="what is measured so far")
    parser.add_argument("--out", help="default: one_way.json among the recorded runs")
    args = parser.parse_args()
    torch.set_num_threads(1)
    parts, models = Parts(args.parts), {}
    for seed in range(args.seeds):
        for mask in MASKS:
            for place in PLACES:
                one = parts.get(f"{mask}/{place}/{seed}", run, mask, place, seed)
                models.setdefault(mask, {}).setdefault(place, []).append(one)
                print(seed, mask, place, [round(right, 3) for _, right in one["curve"]], flush=True)
    scores = {
        mask: {
            place: {**summary_of([one["accuracy"] for one in ones], TEST), "curves": [one["curve"] for one in ones]}
            for place, ones in by_place.items()
        }
        for mask, by_place in models.items()
    }
    more = {"cpu_seconds": round(parts.cpu_seconds)}
    result = {"shape": SHAPE, "steps": STEPS, "batch": BATCH, "test_items": TEST, "models": scores}
    recorded.save("one_way", {**result, "provenance": recorded.provenance(seed=args.seeds, **more)}, args.out)


if __name__ == "__main__":
    main()
