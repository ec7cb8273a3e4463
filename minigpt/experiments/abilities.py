"""What a model of tinyweb can do that nobody told it: the eight kinds of task, by size, with intervals. Chapter 01.

    python -m minigpt.experiments.abilities FOLDER ... [--items 400] [--out FILE]

Each folder holds a model trained by `minigpt train`. An item's answer is what the model writes on greedily, or the
candidate to which it gives the highest probability; nothing is tuned, and no item's combination was in the training
text.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from minigpt import GPT, Tokenizer, recorded
from minigpt.metrics import bits_per_byte, bootstrap_interval, exact_match, ratio_of_sums, wilson_interval
from minigpt.ngram import NGram
from minigpt.tinyweb import documents, tasks, unseen
from minigpt.tinyweb.tasks import Item
from minigpt.zeroshot.scoring import Prompt, Row, score, write
from minigpt.zeroshot.translation import corpus_bleu

MOST_NEW = 48  # tokens of an answer; the longest of the test sets has fewer


def nats_of(model: GPT, rows: list[tuple[list[int], int]]) -> Tensor:
    """The nats of each row's part to be scored, (len(rows),) float64.

    Args:
        rows: ids, and the place in them where that part begins.
    """
    found = score(model, [[Row(ids, place, place)] for ids, place in rows])
    return torch.tensor([sum(one.nats) for (one,) in found], dtype=torch.float64)


def written(model: GPT, tokenizer: Tokenizer, prompts: list[str]) -> list[str]:
    """What the model writes on greedily after each prompt, up to the end of the line or of the page.

    Each prompt begins a page, so it follows <|endoftext|>, as pages do in training.
    """
    ids = [[tokenizer.eot, *tokenizer.encode(prompt)] for prompt in prompts]
    new = [min(MOST_NEW, model.config.block_size - len(one)) for one in ids]
    return [one.text for one in write(model, tokenizer, [[Prompt(i, n) for i, n in zip(ids, new)]])[0]]


def choices(model: GPT, tokenizer: Tokenizer, items: list[Item], partial: bool = False) -> list[str]:
    """The candidate of each item under which candidate + rest is likeliest; `partial`: under which the rest is."""
    rows, owners = [], []
    for number, item in enumerate(items):
        for candidate in item.candidates:
            before = [tokenizer.eot, *tokenizer.encode(item.prompt + candidate if partial else item.prompt)]
            rows.append((before + tokenizer.encode(item.rest if partial else candidate + item.rest), len(before)))
            owners.append((number, candidate))
    best: dict[int, tuple[float, str]] = {}
    for (number, candidate), nats in zip(owners, nats_of(model, rows).tolist()):
        best[number] = min(best.get(number, (math.inf, "")), (nats, candidate))
    return [best[number][1] for number in range(len(items))]


def first_word(text: str) -> str:
    return (text.split() or [""])[0].strip('.,;:!?"')


# ---- A score for each task: from an item and an answer to a number from 0 to 1 ----


def same_first_word(item: Item, answer: str) -> float:
    return float(first_word(answer) == first_word(item.answer))


def same_words(item: Item, answer: str) -> float:
    return exact_match(answer, item.answer)


def same_choice(item: Item, answer: str) -> float:
    return float(answer == item.answer)


def same_key_fact(item: Item, answer: str) -> float:
    return float(tasks.key_fact(answer) == tasks.key_fact(item.answer))


SCORES: dict[str, Callable[[Item, str], float]] = {
    "last_word": same_first_word,
    "cloze": same_choice,
    "pronoun": same_choice,
    "reading": same_words,
    "summary": same_key_fact,
    "translation_en_wo": same_words,
    "translation_wo_en": same_words,
    "closed_book": same_words,
}


def answers(model: GPT, tokenizer: Tokenizer, task: str, items: list[Item]) -> list[str]:
    """The model's answer to each item of the task."""
    if task in ("cloze", "pronoun"):
        return choices(model, tokenizer, items, partial=task == "pronoun")
    return written(model, tokenizer, [item.prompt for item in items])


def share(scores: list[float]) -> dict:
    """The mean of scores that are 0 or 1, with its 95 % interval (Wilson)."""
    right = round(sum(scores))
    low, high = wilson_interval(right, len(scores))
    return {"value": round(right / len(scores), 4), "ci95": [round(low, 4), round(high, 4)], "n": len(scores)}


def measure(task: str, items: list[Item], given: list[str]) -> dict:
    """The score of the answers, altogether and by rung; of translations BLEU as well, from 0 to 100."""
    score, rungs = SCORES[task], sorted({item.rung for item in items})
    scores = [score(item, answer) for item, answer in zip(items, given)]
    by_rung = {rung: share([s for s, item in zip(scores, items) if item.rung == rung]) for rung in rungs}
    bleu = {"bleu": corpus_bleu(given, [item.answer for item in items])["value"]} if task.startswith("translation") else {}
    return {**share(scores), "rungs": by_rung, **bleu}


def shortcuts(task: str, items: list[Item]) -> dict:
    """The same score for each shortcut of the items."""
    return {name: measure(task, items, [item.baselines[name] for item in items]) for name in items[0].baselines}


def unseen_pages(model: GPT, tokenizer: Tokenizer, n: int) -> dict:
    """Bits a byte on each kind of page that is in no training text."""
    result, everything = {}, []
    for kind in unseen.KINDS:
        pages = list(unseen.documents(n, seed=1, kind=kind))
        ids = [[tokenizer.eot, *tokenizer.encode(page), tokenizer.eot] for page in pages]
        rows = [(page[: model.config.block_size + 1], 1) for page in ids]
        pairs = list(zip(nats_of(model, rows).tolist(), [len(page.encode()) for page in pages]))
        result[kind] = rate(pairs)
        everything += pairs
    return {**rate(everything), "rungs": result}


def rate(pairs: list[tuple[float, int]]) -> dict:
    """Bits a byte of pages with (nats, bytes), and the interval by resampling pages."""
    low, high = bootstrap_interval(pairs, ratio_of_sums)
    one = bits_per_byte(1.0, 1)
    value = bits_per_byte(sum(nats for nats, _ in pairs), sum(size for _, size in pairs))
    return {"value": round(value, 4), "ci95": [round(low * one, 4), round(high * one, 4)], "n": len(pairs)}


def ngram_pages(n: int, tokenizer: Tokenizer, train_pages: int) -> dict:
    """The same by a model that counts: Kneser-Ney over the same tokens, of the order that does best."""
    train = [tokenizer.encode(page) for page in documents(train_pages)]
    best: dict = {}
    for order in (3, 4, 5):
        model = NGram.train(train, order, vocabulary=range(tokenizer.vocab_size))
        pages = [page for kind in unseen.KINDS for page in unseen.documents(n, seed=1, kind=kind)]
        result = rate([(model.nats(tokenizer.encode(page)), len(page.encode())) for page in pages])
        if not best or result["value"] < best["value"]:
            best = {**result, "order": order, "train_pages": train_pages}
    return best


def abilities(folder: Path, n: int) -> dict:
    """All scores of the model in a folder, by task."""
    model, tokenizer = GPT.from_pretrained(folder).eval(), Tokenizer.load(folder)
    scores: dict = {"n_params": model.config.n_params, "n_layer": model.config.n_layer, "n_embd": model.config.n_embd}
    for task in tasks.TASKS:
        items = tasks.items(task, n)
        scores[task] = measure(task, items, answers(model, tokenizer, task, items))
    scores["unseen"] = unseen_pages(model, tokenizer, n // len(unseen.KINDS))
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="of trained models")
    parser.add_argument("--items", type=int, default=400, help="of each task")
    parser.add_argument("--pages", type=int, default=50_000, help="that the n-gram model counts")
    parser.add_argument("--out", help="default: abilities.json among the recorded runs")
    args = parser.parse_args()
    models = {}
    for folder in args.folders:
        models[folder.name] = abilities(folder, args.items)
        print(folder.name, {task: models[folder.name][task]["value"] for task in (*tasks.TASKS, "unseen")}, flush=True)
    baselines = {task: shortcuts(task, tasks.items(task, args.items)) for task in tasks.TASKS}
    tokenizer = Tokenizer.load(args.folders[0])
    baselines["unseen"] = {"n-gram model": ngram_pages(args.items // len(unseen.KINDS), tokenizer, args.pages)}
    result = {"models": models, "baselines": baselines, "items": args.items}
    recorded.save("abilities", {**result, "provenance": recorded.provenance(seed=0)}, args.out)


if __name__ == "__main__":
    main()
