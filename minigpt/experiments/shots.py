"""Examples in the context, from none to sixteen, by size: the question that GPT-3 asked, on tinyweb. Chapter 15.

    python -m minigpt.experiments.shots [--items 200] [--parts FILE] [--out FILE]

Every item is asked with its first k examples before it, so that all k are compared on the same items. Sixteen examples
must fit into the context of 256 tokens beside the question, so the examples are short ones; of readings, which come with
their passages, two fit. An answer is right if the model would write it greedily, token for token, and then end the line.

Besides: examples with each other's answers (do they teach the task, or only its form?); four examples whose positions are
moved to the end of the context.
"""

from __future__ import annotations

import argparse
import copy
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from minigpt import GPT, Tokenizer, recorded
from minigpt.experiments.abilities import share
from minigpt.experiments.parts import Parts, weights_of
from minigpt.tinyweb import SIZES, load_model, quiz, reading, wobblish
from minigpt.tinyweb.dice import Dice
from minigpt.zeroshot.scoring import Row, score

KS = (0, 1, 2, 4, 8, 12, 16)
MOVES = (0, 50, 100, 150)  # tokens by which four examples and their question are moved
CONTEXT = 256  # of all four models
SHORT = 13  # tokens of an example, its line break included, so that sixteen fit


class Asked(NamedTuple):
    """A question, its answer, and examples to show before it, each with its own answer.

    `word` is a part of the answer to look at by itself, or empty.
    """

    shown: tuple[tuple[str, str], ...]
    question: str
    answer: str
    word: str = ""


# ---- What is asked ----


def translations(n: int, tok: Tokenizer, to_english: bool) -> list[Asked]:
    """Plain sentences of the test split, after sixteen short ones of the train split."""
    dice = Dice(15_000 + to_english)
    pool = short((_pair(wobblish.sentence(dice, "train", "plain"), to_english) for _ in range(30_000)), tok)
    ask = partial(wobblish.sentence, dice, "test", "plain")
    return [fitting(lambda: Asked(sixteen(dice, pool), *_pair(ask(), to_english)), tok) for _ in range(n)]


def questions(n: int, tok: Tokenizer) -> list[Asked]:
    """Questions that no page asks, after sixteen short ones that pages may ask."""
    dice = Dice(15_002)
    pool = short((_said(*quiz.ask(dice, quiz.draw(dice, "train"))) for _ in range(30_000)), tok, SHORT + 2)
    ask = partial(quiz.draw, dice, "test")
    return [fitting(lambda: Asked(sixteen(dice, pool), *_said(*quiz.ask(dice, ask()))), tok) for _ in range(n)]


def readings(n: int, tok: Tokenizer) -> list[Asked]:
    """A question about a passage, after two others with passages of their own."""
    dice = Dice(15_003)

    def draw(split: str, rung: str) -> tuple[str, str]:
        page = reading.make(dice, split, rung)
        one = page.questions[0]
        return f"{page.passage}\nQ: {one.question}\nA:", " " + one.answer

    def ask(i: int) -> Asked:
        one, two, three = (reading.RUNGS[(i + j) % 3] for j in range(3))
        return Asked((draw("train", two), draw("train", three)), *draw("test", one))

    return [fitting(partial(ask, i), tok) for i in range(n)]


def changed_words(n: int, tok: Tokenizer) -> list[Asked]:
    """From English, but that one noun has a new Wobblish word, in all examples and in the answer.

    No page of tinyweb has the word, so only the examples can tell.
    """
    dice, by_noun = Dice(15_004), defaultdict(list)
    for one in (wobblish.sentence(dice, "train", "plain") for _ in range(20_000)):
        if _tokens(tok, _pair(one, False)) <= SHORT:
            for place in {one.key[0], one.key[2]} & set(range(len(wobblish.NOUNS))):
                by_noun[place].append(_pair(one, False))

    def ask() -> Asked:
        while True:
            last = wobblish.sentence(dice, "test", "plain")
            place = last.key[2]
            if len(by_noun[place]) >= 16:
                break
        old = wobblish.LEXICON[wobblish.NOUNS[place]]
        new = made_up(dice) + old[-1]
        *shown, asked = [_renamed(pair, old, new) for pair in [*sixteen(dice, by_noun[place]), _pair(last, False)]]
        return Asked(tuple(shown), *asked, new)

    return [fitting(ask, tok) for _ in range(n)]


def made_up(dice) -> str:
    """A stem that is in no word of Wobblish.

    >>> made_up(Dice(3)) in " ".join(wobblish.LEXICON.values())
    False
    """
    while True:
        stem = "".join(dice.pick(letters) for letters in ("bdfgklmnprstvwz", "aeiou") * 2)
        if not any(stem in word for word in wobblish.LEXICON.values()):
            return stem


def short(pairs: Iterable[tuple[str, str]], tok: Tokenizer, most: int = SHORT) -> list[tuple[str, str]]:
    """Those of the pairs that have at most so many tokens as a line, each once."""
    return [pair for pair in dict.fromkeys(pairs) if _tokens(tok, pair) <= most]


def sixteen(dice, pool: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Sixteen different pairs of a pool."""
    return tuple(pool[i] for i in dice.some(range(len(pool)), 16))


def fitting(draw: Callable[[], Asked], tok: Tokenizer) -> Asked:
    """The first that has room in the context with all its examples and its answer."""
    while True:
        item = draw()
        if len(tok.encode(prompt_of(item, len(item.shown)) + item.answer)) <= CONTEXT - 2:
            return item


def _pair(sentence: wobblish.Sentence, to_english: bool) -> tuple[str, str]:
    one, other = (sentence.wobblish, sentence.english) if to_english else (sentence.english, sentence.wobblish)
    return f"{one} =", " " + other


def _said(question: str, answer: str) -> tuple[str, str]:
    return f"Q: {question}\nA:", " " + answer


def _renamed(pair: tuple[str, str], old: str, new: str) -> tuple[str, str]:
    words = [new if word == old else word for word in pair[1].split(" ")]
    return pair[0], " ".join(words)


def _tokens(tok: Tokenizer, pair: tuple[str, str]) -> int:
    return len(tok.encode(f"{pair[0]}{pair[1]}\n"))


TASKS = {
    "English to Wobblish": lambda n, tok: translations(n, tok, to_english=False),
    "Wobblish to English": lambda n, tok: translations(n, tok, to_english=True),
    "closed book": questions,
    "reading": readings,
    "a changed word": changed_words,
}


# ---- What is right ----


def prompt_of(item: Asked, k: int, mixed: bool = False) -> str:
    """The first k examples, a line each, and the question. `mixed`: each example has the next one's answer.

    >>> prompt_of(Asked((("a =", " A"), ("b =", " B")), "c =", " C"), 2, mixed=True)
    'a = B\\nb = A\\nc ='
    """
    shown = item.shown[:k]
    answers = [answer for _, answer in shown]
    if mixed:
        answers = answers[1:] + answers[:1]
    return "".join(f"{question}{answer}\n" for (question, _), answer in zip(shown, answers)) + item.question


class Given(NamedTuple):
    """For each token of an answer, and for the end of the line after it: is it the likeliest, and its nats."""

    right: list[bool]
    nats: list[float]


def given(model: GPT, tok: Tokenizer, prompts: list[str], answers: list[str]) -> list[Given]:
    """What a model makes of the answers, each after its prompt.

    If all of an answer is right, the model, writing greedily, writes just that and ends the line or the page.
    """
    before = [[tok.eot, *tok.encode(prompt)] for prompt in prompts]
    written = [tok.encode(answer + "\n") for answer in answers]
    ends = [tok.token_bytes(i).startswith(b"\n") for i in range(tok.eot)] + [True]
    found = score(model, [[Row(b + w, len(b), len(b))] for b, w in zip(before, written)])
    return [
        Given([best == one for best, one in zip(s.best, ids[:-1])] + [ends[s.best[-1]]], s.nats)
        for (s,), ids in zip(found, written)
    ]


def scores(model: GPT, tok: Tokenizer, items: list[Asked], k: int, mixed: bool = False) -> dict:
    """The share of items answered rightly with k examples, its interval, and which ("1" right, "0" wrong).

    Where a word is to be looked at, also how often it comes out whole, and its mean nats.
    """
    found = given(model, tok, [prompt_of(item, k, mixed) for item in items], [item.answer for item in items])
    hits = [all(one.right) for one in found]
    result = {**share([float(hit) for hit in hits]), "hits": "".join("01"[hit] for hit in hits)}
    if items[0].word:
        spans = [span_of(tok, item) for item in items]
        whole = [float(all(one.right[at:to])) for one, (at, to) in zip(found, spans)]
        result["word"] = {**share(whole), "nats": sum(sum(f.nats[a:b]) for f, (a, b) in zip(found, spans)) / len(items)}
    return result


def span_of(tok: Tokenizer, item: Asked) -> tuple[int, int]:
    """The tokens of the answer that spell the item's word: from, and up to."""
    before = item.answer[: item.answer.index(" " + item.word)]
    return len(tok.encode(before)), len(tok.encode(before + " " + item.word))


def moved(model: GPT, by: int) -> GPT:
    """A copy that takes every position after the first for one that is `by` further on."""
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.wpe.weight[1 : other.config.block_size - by] = model.wpe.weight[1 + by :]
    return other


# ---- Measured ----


def measure(parts: Parts, n: int) -> dict:
    tok = load_model(SIZES[0])[1]
    items = {name: make(n, tok) for name, make in TASKS.items()}
    result: dict = {"ks": list(KS), "items": n, "tasks": {name: {} for name in TASKS}, "mixed": {}, "moved": {}}
    for size in SIZES:
        model, of = load_model(size)[0], f"{size}/{weights_of(size)}/{n}"
        for name, asked in items.items():
            curve = {}
            for k in KS:
                if k <= len(asked[0].shown):
                    curve[str(k)] = parts.get(f"{of}/{name}/{k}", scores, model, tok, asked, k)
            result["tasks"][name][size] = curve
            print(size, name, {k: one["value"] for k, one in curve.items()}, flush=True)
            if name in ("English to Wobblish", "Wobblish to English", "closed book"):
                mixed = parts.get(f"{of}/{name}/mixed", scores, model, tok, asked, 4, True)
                result["mixed"].setdefault(name, {})[size] = mixed
    for size in SIZES[2:]:
        model, of = load_model(size)[0], f"{size}/{weights_of(size)}/{n}/moved"
        asked = items["English to Wobblish"]
        result["moved"][size] = {
            str(by): parts.get(f"{of}/{by}", scores, moved(model, by), tok, asked, 4) for by in MOVES
        }  # fmt: skip
        print(size, "moved", {by: one["value"] for by, one in result["moved"][size].items()}, flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=200, help="of each task")
    parser.add_argument("--parts", type=Path, default=Path("runs/shots.json"), help="what is measured so far")
    parser.add_argument("--out", help="default: shots.json among the recorded runs")
    args = parser.parse_args()
    torch.set_num_threads(1)
    parts = Parts(args.parts)
    result = measure(parts, args.items)
    more = {"cpu_seconds": round(parts.cpu_seconds)}
    recorded.save("shots", {**result, "provenance": recorded.provenance(seed=0, **more)}, args.out)


if __name__ == "__main__":
    main()
