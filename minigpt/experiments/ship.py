"""Put a finished run of the recipe `tinyweb` into the package, as the small model of the book, and record its curve.

    minigpt train tinyweb --out runs/tinyweb
    python -m minigpt.experiments.ship runs/tinyweb

The weights are rounded to float16, which halves the file; the loss of the rounded model is measured and written to its card.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from minigpt import GPT, Tokenizer, recorded
from minigpt.experiments.sizes import curve
from minigpt.tinyweb import MODEL_FOLDER
from minigpt.training.corpus import prepare
from minigpt.training.loop import evaluate
from minigpt.training.settings import load_settings
from minigpt.training.shards import Windows


def card(model: GPT, out: Path) -> dict:
    """What a user of the model needs to know: how it was made, and how well it reads pages it has not seen."""
    settings = load_settings(out / "train.toml")
    log = [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    test = Windows(prepare(settings).val, settings.block_size, seed=None)
    return {
        "command": "minigpt train tinyweb --out runs/tinyweb",
        "n_params": model.config.n_params,
        "seed": settings.seed,
        "tokens_read": log[-1]["tokens"],
        "minutes": round(sum(settings.tokens_per_step / line["tokens_per_second"] for line in log) / 60),
        "nats_per_token_on_unseen_pages": {"float16 weights": round(evaluate(model, test), 4), "at the end of training": log[-1]["val_loss"]},
        "curve": {"loss": curve(log, "loss", points=200), "val_loss": curve(log, "val_loss", points=100)},
        "licence": "MIT",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the folder of the finished run")
    args = parser.parse_args()
    GPT.from_pretrained(args.run).save_pretrained(MODEL_FOLDER, dtype=torch.float16)
    Tokenizer.load(args.run).save(MODEL_FOLDER)
    about = {**card(GPT.from_pretrained(MODEL_FOLDER), args.run), "provenance": recorded.provenance(seed=1)}
    recorded.save("tinyweb", about)
    recorded.write_atomic(MODEL_FOLDER / "card.json", json.dumps({k: v for k, v in about.items() if k != "curve"}, indent=1) + "\n")
    print(json.dumps({key: value for key, value in about.items() if key != "curve"}, indent=1))


if __name__ == "__main__":
    main()
