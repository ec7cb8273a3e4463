"""When does a model recite? Pages planted in training text so many times, and how far they are then known by heart.

    python -m minigpt.experiments.recitation [--sizes 0.25M ...] [--seeds N ...] [--out FILE]

Chapter 13, after appendix 8.2 of the paper: the Gettysburg Address stands in WebText about 40 times, and the largest
model, given its beginning, goes on to the end. Here tinyweb's models read some thousand pages more, each new to them.
Among those are 16 stories of the test split, two of them 1 time, two 2 times, ... two 64 times, and two not at all;
another seed gives each story another number, so that after 8 seeds each has had every number. The Gettysburg Address
is planted too, one number a seed. Then each page's first words are given, and the model writes on, greedily and by
dice. Runs that the file has already are left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
from pathlib import Path

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
SPEECH_COUNTS = (64, 16, 4, 1, 32, 8, 2, 0)  # by seed
SEEDS = {"0.25M": 8, "0.67M": 4, "1.5M": 4, "2.8M": 4}  # how many, if not told
STORIES, PAGES = 16, 2500
GIVEN = 16  # words of a page that the model is given
DRAWS = 8  # continuations by dice
PEAK = 0.5  # learning rate, as a share of the recipe's peak: the models are trained already
SPEECH = """The Gettysburg Address
Four score and seven years ago our fathers brought forth on this continent, a new nation, conceived in Liberty, and \
dedicated to the proposition that all men are created equal. Now we are engaged in a great civil war, testing whether \
that nation, or any nation so conceived and so dedicated, can long endure. We are met on a great battle-field of that \
war. We have come to dedicate a portion of that field, as a final resting place for those who here gave their lives \
that that nation might live."""


def stories() -> list[str]:
    """The pages to be planted: no model has read them, and none tells of what another tells."""
    found = (page.text for page in tinyweb.pages(400, seed=13, split="test", kind="story"))
    return [text for text in found if len(normal_words(text)) >= 4 * GIVEN][:STORIES]


def planted(seed: int) -> list[tuple[str, int]]:
    """(page, how many times) in the run of a seed. The last page is the speech."""
    counts = [COUNTS[(i + seed) % len(COUNTS)] for i in range(STORIES)]
    return [*zip(stories(), counts), (SPEECH, SPEECH_COUNTS[seed % len(COUNTS)])]


def settings_of(size: str, seed: int) -> Settings:
    recipe = load_settings(f"tinyweb-{size}", {})
    peak = PEAK * recipe.learning_rate
    return dataclasses.replace(recipe, learning_rate=peak, min_learning_rate=peak / 20, warmup_steps=20, seed=seed)


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
    """One model that read on, asked for every page; and once more after as many pages without any of them."""
    model, tokenizer = tinyweb.load_model(size)
    settings, plants = settings_of(size, seed), planted(seed)
    fresh = list(tinyweb.documents(2 * PAGES, seed=1000 + seed))
    pages = [*fresh[:PAGES], *(page for page, count in plants for _ in range(count))]
    random.Random(seed).shuffle(pages)
    steps = read_on(model, tokenizer, pages, settings)
    rows = [{"count": count, **ask(model, tokenizer, page)} for page, count in plants]
    read_on(model, tokenizer, fresh[PAGES:], settings)
    for row, (page, _) in zip(rows, plants):
        row["later"] = ask(model, tokenizer, page)["greedy"]
    return {"size": size, "seed": seed, "steps": steps, "pages": len(pages), "stories": rows[:-1], "speech": rows[-1]}


def table(runs: list[dict]) -> list[dict]:
    """For each size and number of times: means over stories and seeds, with their 95 % intervals (bootstrap)."""
    rows = []
    for size in dict.fromkeys(one["size"] for one in runs):
        mine = [story for one in runs if one["size"] == size for story in one["stories"]]
        for count in COUNTS:
            some = [story for story in mine if story["count"] == count]
            values = {
                "greedy": [story["greedy"]["share"] for story in some], "later": [story["later"]["share"] for story in some],
                "drawn": [story["drawn"]["share"] for story in some], "nats": [story["nats"] for story in some],
                "whole": [float(story["greedy"]["words"] == story["greedy"]["of"]) for story in some],
            }  # fmt: skip
            rows.append({"size": size, "count": count, "n": len(some),
                         **{name: _mean(of) for name, of in values.items()}})  # fmt: skip
    return rows


def _mean(values: list[float]) -> dict:
    low, high = bootstrap_interval(values)
    return {"value": round(float(np.mean(values)), 4), "ci95": [round(low, 4), round(high, 4)]}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=tinyweb.SIZES, default=["0.25M", "0.67M", "2.8M"])
    parser.add_argument("--seeds", type=int, help="how many of each size, by default 8 of the small ones and 4")
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
                "counts": COUNTS, "pages": PAGES, "given": GIVEN, "draws": DRAWS, "speech": SPEECH, "runs": runs,
                "rows": table(runs), "provenance": recorded.provenance(args.seeds),
            }  # fmt: skip
            recorded.save("recitation", result, out)
            greedy = {row["count"]: row["greedy"]["value"] for row in result["rows"] if row["size"] == size}
            print(f"{size}, seed {seed}: {greedy}", flush=True)


if __name__ == "__main__":
    main()
