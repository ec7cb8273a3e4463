"""Four sizes of one model, on two texts: loss on what was read and on what was not, as in the paper's Figure 4. Chapter 07.

    python -m minigpt.experiments.sizes

The sizes are Table 2's divided by 12 in depth and by 16 in width: 1 x 48, 2 x 64, 3 x 80 and 4 x 100 blocks and numbers, the
last rounded to 4 x 96 so that heads stay 16 wide. One text is plentiful (tinyweb: no page is read twice), one is small (tiny
Shakespeare: every page is read several times). Whether a model "still underfits", as the paper says of its four, is the
question: then its training loss is as high as its test loss, and both fall with size.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from minigpt import GPT, recorded
from minigpt.training.corpus import prepare
from minigpt.training.loop import evaluate, train
from minigpt.training.settings import Settings
from minigpt.training.shards import Windows

SHAPES = {"1 x 48": (1, 3, 48), "2 x 64": (2, 4, 64), "3 x 80": (3, 5, 80), "4 x 96": (4, 6, 96)}
TEXTS = ("tinyweb", "tinyshakespeare")


def settings_of(data: str, shape: str, tokens: int, seed: int) -> Settings:
    """A run of the comparison: all are alike but for shape and text."""
    n_layer, n_head, n_embd = SHAPES[shape]
    batch_size, block_size = 8, 128
    steps = tokens // (batch_size * block_size)
    return Settings(
        data=data, tokenizer="bpe", vocab_size=1024, n_layer=n_layer, n_head=n_head, n_embd=n_embd, block_size=block_size,
        batch_size=batch_size, max_steps=steps, learning_rate=3e-3, min_learning_rate=1.5e-4, warmup_steps=steps // 20,
        beta2=0.98, eval_every=steps // 20, eval_batches=8, save_every=steps // 4, seed=seed, threads=1, compile="false",
    )  # fmt: skip


def curve(log: list[dict], key: str, points: int = 60) -> list[list[float]]:
    """Pairs [tokens, value] of a key of the log; where there are many, means over as many pieces as `points`."""
    pairs = np.array([[line["tokens"], line[key]] for line in log if key in line])
    pieces = np.array_split(pairs, min(points, len(pairs)))
    return [[int(piece[-1, 0]), round(float(piece[:, 1].mean()), 4)] for piece in pieces]


def run(data: str, shape: str, tokens: int, seed: int, folder: Path) -> dict:
    """Trains one model (or goes on with it) and measures it on text that it read and text that it did not."""
    settings = settings_of(data, shape, tokens, seed)
    out = folder / f"{data}-{shape.replace(' ', '')}-{seed}"
    finished = train(settings, out, resume=True, progress=False)
    model, text = GPT.from_pretrained(out), prepare(settings)
    held_out = Windows(text.val, settings.block_size, seed=None)
    read = Windows(text.train, settings.block_size, seed=None)
    log = finished.log()
    return {
        "shape": shape, "n_params": model.config.n_params, "data": data, "seed": seed,
        "tokens_read": settings.max_steps * settings.tokens_per_step, "tokens_in_text": len(text),
        "train_loss": evaluate(model, read, batches=16), "test_loss": evaluate(model, held_out, batches=16),
        "seconds": round(sum(settings.tokens_per_step / line["tokens_per_second"] for line in log), 1),
        "curve": {"loss": curve(log, "loss"), "val_loss": curve(log, "val_loss")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=2_000_000, help="that each run sees")
    parser.add_argument("--folder", type=Path, default=Path("runs/sizes"), help="of the models; a run found here goes on")
    parser.add_argument("--out", help="default: sizes.json among the recorded runs")
    args = parser.parse_args()
    runs = []
    for data in TEXTS:
        for shape in SHAPES:
            runs.append(run(data, shape, args.tokens, 0, args.folder))
            print("{data:16} {shape}: train {train_loss:.3f}, test {test_loss:.3f}, {seconds} s".format(**runs[-1]), flush=True)
    recorded.save("sizes", {"runs": runs, "provenance": recorded.provenance(seed=0)}, args.out)


if __name__ == "__main__":
    main()
