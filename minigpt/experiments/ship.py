"""Put finished runs of the recipes tinyweb-SIZE into the package, as the models of the book, each with its card.

    minigpt train tinyweb-0.67M --out runs/0.67M
    python -m minigpt.experiments.ship runs/0.25M runs/0.67M runs/1.5M runs/2.8M

Afterwards the package holds these models and no others. The weights are rounded to float16, which halves the files; the
loss of the rounded model on unseen pages is measured, and written to its card with the curve of the training. Its scores
are copied from the recorded run `abilities`, if it has a model of that size: run that first.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
from pathlib import Path

import torch

from minigpt import GPT, Tokenizer, recorded, tinyweb
from minigpt.experiments.sizes import curve
from minigpt.training.corpus import prepare
from minigpt.training.loop import evaluate, make_rows
from minigpt.training.settings import Settings, load_settings

MOST_BYTES = 12e6  # of all models together: they are in the wheel, and readers' browsers load them
# What does not change which model a run is to make; the rest of a run's settings must be its recipe's.
FREE = ("device", "dtype", "compile", "threads", "save_every", "keep_every")


def recipe_of(out: Path) -> tuple[str, Settings]:
    """The size whose recipe made the run, and the run's settings.

    Raises:
        ValueError: no recipe did, or the run is not finished.
    """
    settings = load_settings(out / "train.toml")
    made = {name: value for name, value in dataclasses.asdict(settings).items() if name not in FREE}
    for size in tinyweb.SIZES:
        recipe = dataclasses.asdict(load_settings(f"tinyweb-{size}"))
        if all(recipe[name] == value for name, value in made.items()):
            steps = read_log(out)[-1]["step"]
            if steps < settings.max_steps:
                raise ValueError(f"{out} has gone {steps} of {settings.max_steps} steps; go on with --resume")
            return size, settings
    raise ValueError(f"{out} is no run of a recipe tinyweb-SIZE: its train.toml differs from each of them")


def read_log(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def card(out: Path, size: str, settings: Settings, model: GPT, hardware: str) -> dict:
    """What a user of the model needs to know: how it was made, how well it reads unseen pages, what it can do."""
    log, text = read_log(out), prepare(settings)
    if text.tokenizer.tokens != Tokenizer.load(out).tokens:
        raise ValueError(f"tinyweb gives another tokenizer now than {out} has: its pages have changed; train anew")
    _, unseen = make_rows(settings, text)
    steps = zip([{"tokens": 0}, *log], log)
    seconds = sum((now["tokens"] - old["tokens"]) / now["tokens_per_second"] for old, now in steps)
    return {
        "command": f"minigpt train tinyweb-{size} --out runs/{size}",
        "n_params": model.config.n_params,
        "seed": settings.seed,
        "tokens_read": log[-1]["tokens"],
        "minutes": round(seconds / 60),
        "hardware": hardware,
        "threads": settings.threads,
        "nats_per_token_on_unseen_pages": {
            "float16 weights": round(evaluate(model, unseen), 4),
            "at the end of training": round(log[-1]["val_loss"], 4),
        },
        "scores": scores(size, out.name),
        "curve": {"loss": curve(log, "loss", points=100), "val_loss": curve(log, "val_loss", points=50)},
        "licence": "MIT",
        "provenance": recorded.provenance(seed=settings.seed),
    }


def scores(size: str, run: str) -> dict | None:
    """The model's values and intervals by task in the recorded run `abilities`; None where it is not among them."""
    try:
        models = recorded.load("abilities")["models"]
    except FileNotFoundError:
        return None
    model = models.get(size, models.get(run))
    if model is None:
        return None
    tasks = {task: found for task, found in model.items() if isinstance(found, dict)}
    return {task: {key: found[key] for key in ("value", "ci95", "n")} for task, found in tasks.items()}


def ship(runs: list[Path], folder: Path, hardware: str) -> dict[str, dict]:
    """Fill `folder`, which must not exist, with the models of the runs; returns their cards by size.

    Raises:
        ValueError: a run that does not belong there, two of one size or with different tokenizers, a run on
            pages that tinyweb no longer writes, or too many bytes.
    """
    cards: dict[str, dict] = {}
    tokenizer = Tokenizer.load(runs[0])
    for out in runs:
        size, settings = recipe_of(out)
        if size in cards:
            raise ValueError(f"{out} is a second run of tinyweb-{size}; give one of each size")
        if Tokenizer.load(out).tokens != tokenizer.tokens:
            raise ValueError(f"{out} has another tokenizer than {runs[0]}, and the models share one")
        GPT.from_pretrained(out).save_pretrained(folder / size, dtype=torch.float16)
        cards[size] = card(out, size, settings, GPT.from_pretrained(folder / size), hardware)
        recorded.write_atomic(folder / size / "card.json", to_text(cards[size]))
    tokenizer.save(folder)
    total = sum(file.stat().st_size for file in folder.rglob("*.*") if file.is_file())
    if total >= MOST_BYTES:
        raise ValueError(f"the models have {total:,} bytes together, and {MOST_BYTES:,.0f} is the most that ships")
    return cards


def to_text(about: dict) -> str:
    """JSON with one line an entry, so that the curves do not fill a screen a point."""
    return "{\n" + ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in about.items()) + "\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, metavar="FOLDER", help="of a finished run, one a size")
    parser.add_argument("--hardware", default=recorded.provenance()["hardware"], help="that they ran on (this machine)")
    args = parser.parse_args()
    new = tinyweb.MODEL_FOLDER.with_name("tinyweb.new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        cards = ship(args.runs, new, args.hardware)
        shutil.rmtree(tinyweb.MODEL_FOLDER)
        new.rename(tinyweb.MODEL_FOLDER)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    for size, about in cards.items():
        print(size, json.dumps({key: value for key, value in about.items() if key not in ("curve", "provenance")}))


if __name__ == "__main__":
    main()
