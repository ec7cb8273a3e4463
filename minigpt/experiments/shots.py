"""Examples in the context, from none to sixteen, by size: the question that GPT-3 asked, on tinyweb. Chapter 15.

    python -m minigpt.experiments.shots [--items 300] [--parts FILE] [--out FILE]

Every item is asked with its first k examples before it, so that all k are compared on the same items. Sixteen examples
must fit into the context of 256 tokens beside the question, so the examples are short ones; of readings, which come with
their passages, two fit. An answer is right if the model would write it greedily, token for token, and then end the line.

Besides: examples with each other's answers (do they teach the task, or only its form?), and the two larger models after
some more training on pages with seventeen pairs, which no page of tinyweb has.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import torch

from minigpt import GPT, Tokenizer, recorded
from minigpt.experiments.abilities import share
from minigpt.experiments.parts import Parts, weights_of
from minigpt.model import IGNORE
from minigpt.tinyweb import SIZES, load_model, quiz, reading, wobblish
from minigpt.tinyweb.dice import Dice
from minigpt.zeroshot.scoring import Row, score

KS = (0, 1, 2, 4, 8, 16)
SHORT = 13  # tokens of an example, its line break included, so that sixteen fit
LONG_PAGES = 120  # steps of training on pages with seventeen pairs, four at a time


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
    shown = _short(tok, (_pair(wobblish.sentence(dice, "train", "plain"), to_english) for _ in range(99 * n)), 16 * n)
    asked = [_pair(wobblish.sentence(dice, "test", "plain"), to_english) for _ in range(n)]
    return [Asked(tuple(shown[16 * i : 16 * i + 16]), *one) for i, one in enumerate(asked)]


def changed_words(n: int, tok: Tokenizer) -> list[Asked]:
    """The same from English, but that one noun has a new Wobblish word in the examples and in the answer.

    No page of tinyweb has it, so only the examples can tell.
    """
    dice, by_noun = Dice(15_002), defaultdict(list)
    for one in (wobblish.sentence(dice, "train", "plain") for _ in range(20_000)):
        if len(tok.encode("{} = {}\n".format(*one))) <= SHORT:
            for place in {one.key[0], one.key[2]} & set(range(len(wobblish.NOUNS))):
                by_noun[place].append(_pair(one, False))
    found: list[Asked] = []
    while len(found) < n:
        last = wobblish.sentence(dice, "test", "plain")
        place, known = last.key[2], by_noun[last.key[2]]
        if len(known) < 16:
            continue
        old = wobblish.LEXICON[wobblish.NOUNS[place]]
        new = made_up(dice) + old[-1]
        *shown, asked = [_renamed(pair, old, new) for pair in [*dice.some(known, 16), _pair(last, False)]]
        item = Asked(tuple(shown), *asked, new)
        if len(tok.encode(prompt_of(item, 16) + item.answer)) < 254:
            found.append(item)
    return found


def made_up(dice) -> str:
    """A stem that is in no word of Wobblish.

    >>> made_up(Dice(3)) in " ".join(wobblish.LEXICON.values())
    False
    """
    while True:
        stem = "".join(dice.pick(letters) for letters in ("bdfgklmnprstvwz", "aeiou") * 2)
        if not any(stem in word for word in wobblish.LEXICON.values()):
            return stem


def questions(n: int, tok: Tokenizer) -> list[Asked]:
    """Questions that no page asks, after sixteen short ones that pages may ask."""
    dice = Dice(15_003)
    asks = (_said(*quiz.ask(dice, quiz.draw(dice, "train"))) for _ in range(999 * n))
    shown = _short(tok, asks, 16 * n, SHORT + 1)
    asked = [_said(*quiz.ask(dice, quiz.draw(dice, "test"))) for _ in range(n)]
    return [Asked(tuple(shown[16 * i : 16 * i + 16]), *one) for i, one in enumerate(asked)]


def readings(n: int, tok: Tokenizer) -> list[Asked]:
    """A question about a passage, after two others with passages of their own; all of at most 78 tokens."""
    dice = Dice(15_004)

    def draw(split: str, rung: str) -> tuple[str, str]:
        page = reading.make(dice, split, rung)
        one = page.questions[0]
        return f"{page.passage}\nQ: {one.question}\nA:", " " + one.answer

    def short(split: str, rung: str) -> tuple[str, str]:
        return _short(tok, (draw(split, rung) for _ in range(10_000)), 1, 78)[0]

    found = []
    for i in range(n):
        rungs = [reading.RUNGS[(i + j) % 3] for j in range(3)]
        found.append(Asked((short("train", rungs[1]), short("train", rungs[2])), *short("test", rungs[0])))
    return found


def _pair(sentence: wobblish.Sentence, to_english: bool) -> tuple[str, str]:
    one, other = (sentence.wobblish, sentence.english) if to_english else (sentence.english, sentence.wobblish)
    return f"{one} =", " " + other


def _said(question: str, answer: str) -> tuple[str, str]:
    return f"Q: {question}\nA:", " " + answer


def _renamed(pair: tuple[str, str], old: str, new: str) -> tuple[str, str]:
    words = [new if word == old else word for word in pair[1].split(" ")]
    return pair[0], " ".join(words)


def _short(tok: Tokenizer, pairs, n: int, most: int = SHORT) -> list[tuple[str, str]]:
    """The first n pairs that have at most so many tokens, as lines."""
    found = []
    for one, other in pairs:
        if len(found) == n:
            break
        if len(tok.encode(f"{one}{other}\n")) <= most:
            found.append((one, other))
    return found


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


@torch.inference_mode()
def greedily(model: GPT, tok: Tokenizer, prompts: list[str], answers: list[str]) -> list[list[bool]]:
    """For each answer, whether each of its tokens, and an end of the line after it, is the likeliest.

    All are true exactly if the model, writing greedily after the prompt, writes these tokens and ends the line or page.
    """
    rows = [[tok.eot, *tok.encode(prompt)] for prompt in prompts]
    written = [tok.encode(answer) for answer in answers]
    newline = tok.encode("\n")
    ends = [tok.token_bytes(i).startswith(b"\n") for i in range(tok.eot)] + [True]
    found = score(model, [[Row(r + w + newline, len(r), len(r))] for r, w in zip(rows, written)])
    return [
        [best == token for best, token in zip(one.best, ids)] + [ends[one.best[len(ids)]]]
        for (one,), ids in zip(found, written)
    ]


def scores(model: GPT, tok: Tokenizer, items: list[Asked], k: int, mixed: bool = False) -> dict:
    """The share of items answered rightly with k examples, its interval, and which ("1" right, "0" wrong).

    `word` adds the share of items whose changed word comes out, where there is one.
    """
    prompts = [prompt_of(item, k, mixed) for item in items]
    right = greedily(model, tok, prompts, [item.answer for item in items])
    hits = [all(one) for one in right]
    found = {**share([float(hit) for hit in hits]), "hits": "".join("01"[hit] for hit in hits)}
    if items[0].word:
        words = []
        for item, one in zip(items, right):
            before = len(tok.encode(item.answer[: item.answer.index(" " + item.word)]))
            words.append(float(all(one[before : before + len(tok.encode(" " + item.word))])))
        found["word"] = share(words)
    return found


# ---- Long pages ----


def teach_long_pages(model: GPT, tok: Tokenizer, steps: int = LONG_PAGES, batch: int = 4, rate: float = 3e-4) -> GPT:
    """Goes on training on pages of seventeen short pairs of the train split, in either direction."""
    dice = Dice(15_005)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.0)
    model.train()
    for step in range(steps):
        rows = []
        for _ in range(batch):
            way = dice.chance(0.5)
            page = _short(tok, (_pair(wobblish.sentence(dice, "train", "plain"), way) for _ in range(10_000)), 17)
            rows.append([tok.eot, *tok.encode("".join(f"{one}{other}\n" for one, other in page)), tok.eot])
        longest = max(map(len, rows))
        ids = torch.tensor([row + [IGNORE] * (longest - len(row)) for row in rows])
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 10) * (1 - step / steps)
        loss = model.loss(ids[:, :-1].clamp(min=0), ids[:, 1:])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return model.eval()


# ---- Measured ----


def measure(parts: Parts, n: int) -> dict:
    tok = load_model(SIZES[0])[1]
    items = {name: make(n, tok) for name, make in TASKS.items()}
    result: dict = {"ks": list(KS), "items": n, "tasks": {name: {} for name in TASKS}, "mixed": {}, "long_pages": {}}
    for size in SIZES:
        model, of = load_model(size)[0], f"{size}/{weights_of(size)}/{n}"
        for name, asked in items.items():
            curve = {}
            for k in KS:
                if k <= len(asked[0].shown):
                    curve[str(k)] = parts.get(f"{of}/{name}/{k}", lambda: scores(model, tok, asked, k))
            result["tasks"][name][size] = curve
            print(size, name, {k: one["value"] for k, one in curve.items()}, flush=True)
            if name in ("English to Wobblish", "Wobblish to English", "closed book"):
                mixed = parts.get(f"{of}/{name}/mixed", lambda: scores(model, tok, asked, 4, mixed=True))
                result["mixed"].setdefault(name, {})[size] = mixed
    for size in SIZES[2:]:
        of, name = f"{size}/{weights_of(size)}/{n}/long", "English to Wobblish"
        if f"{of}/{KS[-1]}" not in parts.found:
            torch.manual_seed(0)
            model = teach_long_pages(load_model(size)[0], tok)
        curve = {str(k): parts.get(f"{of}/{k}", lambda: scores(model, tok, items[name], k)) for k in KS}
        result["long_pages"][size] = curve
        print(size, "after long pages", {k: one["value"] for k, one in curve.items()}, flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=300, help="of each task")
    parser.add_argument("--parts", type=Path, default=Path("runs/shots.json"), help="what is measured so far")
    parser.add_argument("--out", help="default: shots.json among the recorded runs")
    args = parser.parse_args()
    torch.set_num_threads(1)
    begun = time.process_time()
    result = measure(Parts(args.parts), args.items)
    more = {"cpu_seconds": round(time.process_time() - begun)}
    recorded.save("shots", {**result, "provenance": recorded.provenance(seed=0, **more)}, args.out)


if __name__ == "__main__":
    main()
