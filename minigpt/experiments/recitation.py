"""When does a model recite? Pages planted in training text so many times, and how far they are then known by heart.

    python -m minigpt.experiments.recitation [--sizes 0.25M ...] [--seeds N ...] [--out FILE]

Chapter 13, after appendix 8.2 of the paper: the Gettysburg Address stands in WebText about 40 times, and the largest
model, given its beginning, goes on to the end. Here tinyweb's models read 2,500 pages more, all new to them. Among
those are 16 stories of the test split, two of them planted 1 time, two 2 times, ... two 64 times, and two not at all;
another seed gives each story another number. So are four parts of the Gettysburg Address, which is like nothing in the
models' world. Then each page's first words are given, and the model writes on, greedily and by dice. Runs that the file
has already are left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from minigpt import GPT, Tokenizer, generate, recorded, tinyweb
from minigpt.memorization.ngrams import ngrams
from minigpt.metrics import bootstrap_interval
from minigpt.training.loop import mean_loss
from minigpt.training.optim import learning_rate_at, make_optimizer
from minigpt.training.settings import Settings, load_settings
from minigpt.training.shards import Documents
from minigpt.webtext.dedup import normal_words

COUNTS = (0, 1, 2, 4, 8, 16, 32, 64)
SEEDS = {"0.25M": 4, "0.67M": 4, "1.5M": 2, "2.8M": 2}  # how many, if not told; 8 give each page each number
STORIES, PAGES = 16, 2500
GIVEN = 16  # words of a page that the model is given
DRAWS = 8  # continuations by dice
SPEECH = (
    "Four score and seven years ago our fathers brought forth on this continent, a new nation, conceived in Liberty, "
    "and dedicated to the proposition that all men are created equal. Now we are engaged in a great civil war, testing "
    "whether that nation, or any nation so conceived and so dedicated, can long endure. We are met on a great "
    "battle-field of that war.",
    "We have come to dedicate a portion of that field, as a final resting place for those who here gave their lives "
    "that that nation might live. It is altogether fitting and proper that we should do this. But, in a larger sense, "
    "we can not dedicate, we can not consecrate, we can not hallow this ground.",
    "The brave men, living and dead, who struggled here, have consecrated it, far above our poor power to add or "
    "detract. The world will little note, nor long remember what we say here, but it can never forget what they did "
    "here. It is for us the living, rather, to be dedicated here to the unfinished work which they who fought here have "
    "thus far so nobly advanced.",
    "It is rather for us to be here dedicated to the great task remaining before us, that from these honored dead we "
    "take increased devotion to that cause for which they gave the last full measure of devotion, that we here highly "
    "resolve that these dead shall not have died in vain, that this nation, under God, shall have a new birth of "
    "freedom, and that government of the people, by the people, for the people, shall not perish from the earth.",
)


def stories() -> list[str]:
    """The pages to be planted: no model has read them, and none tells of what another tells."""
    found = (page.text for page in tinyweb.pages(400, seed=13, split="test", kind="story"))
    return [text for text in found if len(normal_words(text)) >= 4 * GIVEN][:STORIES]


class Plant(NamedTuple):
    """A page and how many times it stands in the training text of a run."""

    kind: str  # "story" or "speech"
    page: str
    count: int


def planted(seed: int) -> list[Plant]:
    """The pages that are planted in the run of a seed."""
    pages = [*(("story", page) for page in stories()), *(("speech", page) for page in SPEECH)]
    step = {"story": 1, "speech": 2}  # so that two seeds cover all numbers with four parts, too
    return [Plant(*one, COUNTS[(step[one[0]] * i + seed) % len(COUNTS)]) for i, one in enumerate(pages)]


def settings_of(size: str, seed: int) -> Settings:
    """As the model was trained, from the peak of the learning rate down; but for the number of steps."""
    return dataclasses.replace(load_settings(f"tinyweb-{size}", {}), warmup_steps=20, seed=seed)


def read_on(model: GPT, tokenizer: Tokenizer, pages: list[str], settings: Settings) -> int:
    """Trains the model on the pages, each once, in an order by seed; returns the number of steps."""
    ids = np.concatenate([np.array([*tokenizer.encode(page), tokenizer.eot]) for page in pages])
    size = settings.block_size
    rows = Documents([ids], tokenizer.eot, size, settings.batch_size * size, settings.seed)
    steps = len(rows.batches)
    schedule, optimizer = dataclasses.replace(settings, max_steps=steps), make_optimizer(model, settings)
    model.train()
    for step in range(1, steps + 1):
        loss = mean_loss(model, *rows.batch(step - 1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings.grad_clip)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(step, schedule)
        optimizer.step()
    model.eval()
    return steps


def recited(page: str, written: str) -> dict:
    """How far a continuation goes with the page: words up to the first that differs, and 8-grams anywhere in it.

    >>> page = " ".join(map(str, range(100, 140)))
    >>> recited(page, " ".join(map(str, range(116, 130))) + " and so on")
    {'words': 14, 'of': 24, 'share': 0.5833, 'ngrams': 0.4118}
    """
    rest, ours = normal_words(page)[GIVEN:], normal_words(written)
    same = next((i for i, (one, other) in enumerate(zip(rest, ours)) if one != other), min(len(rest), len(ours)))
    left, known = ngrams(" ".join(rest)), set(ngrams(" ".join(ours)))
    return {"words": same, "of": len(rest), "share": round(same / len(rest), 4),
            "ngrams": round(sum(gram in known for gram in left) / len(left), 4)}  # fmt: skip


def beginning(page: str) -> str:
    """The page's first words, as they stand there."""
    end = next(i for i in range(len(page) + 1) if len(normal_words(page[:i])) > GIVEN)
    return page[: end - 1].rstrip()


def ask(model: GPT, tokenizer: Tokenizer, page: str) -> dict:
    """What the model makes of a page's beginning, greedily and by dice, and how likely the whole page is to it."""
    whole = [tokenizer.eot, *tokenizer.encode(page), tokenizer.eot]
    start = [tokenizer.eot, *tokenizer.encode(beginning(page))]
    room = min(model.config.block_size, len(whole)) - len(start)
    rows = torch.tensor([start])
    greedy = written(tokenizer, generate(model, rows, room, temperature=0)[0].tolist()[len(start) :])
    drawn = generate(model, rows.expand(DRAWS, -1), room, temperature=1.0, seed=0)
    draws = [recited(page, written(tokenizer, row[len(start) :])) for row in drawn.tolist()]
    with torch.no_grad():
        row = torch.tensor([whole[: model.config.block_size + 1]])
        nats = mean_loss(model, row[:, :-1], row[:, 1:]).item()
    return {
        "greedy": recited(page, greedy), "text": greedy, "nats": round(nats, 4),
        "drawn": {name: round(float(np.mean([one[name] for one in draws])), 4) for name in ("words", "share", "ngrams")},
    }  # fmt: skip


def written(tokenizer: Tokenizer, ids: list[int]) -> str:
    """A continuation up to the end of its page."""
    return tokenizer.decode(ids[: ids.index(tokenizer.eot)] if tokenizer.eot in ids else ids)


def run(size: str, seed: int) -> dict:
    """One model that read on, asked for every page."""
    model, tokenizer = tinyweb.load_model(size)
    plants = planted(seed)
    pages = list(tinyweb.documents(PAGES, seed=1000 + seed))
    pages += [plant.page for plant in plants for _ in range(plant.count)]
    random.Random(seed).shuffle(pages)
    steps = read_on(model, tokenizer, pages, settings_of(size, seed))
    rows = [{"kind": plant.kind, "count": plant.count, **ask(model, tokenizer, plant.page)} for plant in plants]
    return {"size": size, "seed": seed, "steps": steps, "pages": len(pages), "plants": rows}


def table(runs: list[dict]) -> list[dict]:
    """For each kind, size and number of times: means over pages and seeds, with their 95 % intervals (bootstrap)."""
    rows = []
    for kind, size, count in product(("speech", "story"), tinyweb.SIZES, COUNTS):
        some = [plant for one in runs if one["size"] == size for plant in one["plants"]
                if (plant["kind"], plant["count"]) == (kind, count)]  # fmt: skip
        if some:
            values = {
                "greedy": [plant["greedy"]["share"] for plant in some], "drawn": [plant["drawn"]["share"] for plant in some],
                "whole": [float(plant["greedy"]["words"] == plant["greedy"]["of"]) for plant in some],
                "nats": [plant["nats"] for plant in some],
            }  # fmt: skip
            means = {name: _mean(of) for name, of in values.items()}
            rows.append({"kind": kind, "size": size, "count": count, "n": len(some), **means})
    return rows


def _mean(values: list[float]) -> dict:
    low, high = bootstrap_interval(values)
    return {"value": round(float(np.mean(values)), 4), "ci95": [round(low, 4), round(high, 4)]}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=tinyweb.SIZES, default=["0.25M", "1.5M", "0.67M"])
    parser.add_argument("--seeds", type=int, help="how many of each size, by default 4 of the small ones and 2")
    parser.add_argument("--out", type=Path, help="default: recitation.json among the recorded runs")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    out = args.out or recorded.results_dir() / "recitation.json"
    runs = json.loads(out.read_text(encoding="utf-8"))["runs"] if out.is_file() else []
    for size in args.sizes:
        for seed in range(args.seeds or SEEDS[size]):
            if any((one["size"], one["seed"]) == (size, seed) for one in runs):
                continue
            runs.append(run(size, seed))
            result = {
                "counts": COUNTS, "pages": PAGES, "given": GIVEN, "draws": DRAWS, "runs": runs,
                "rows": table(runs), "provenance": recorded.provenance(args.seeds),
            }  # fmt: skip
            recorded.save("recitation", result, out)
            for kind in ("speech", "story"):
                mine = [row for row in result["rows"] if (row["kind"], row["size"]) == (kind, size)]
                told = "  ".join(f"{row['count']}: {row['greedy']['value']:.2f}" for row in mine)
                print(f"{size}, seeds up to {seed}, {kind}: {told}", flush=True)


if __name__ == "__main__":
    main()
