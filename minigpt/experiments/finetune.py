"""Fine-tuning the models that ship, with few labels: what zero-shot is worth, and what it costs the other tasks. Chapter 15.

    python -m minigpt.experiments.finetune [--seeds 3] [--parts FILE] [--out FILE]

The four models of tinyweb are trained further on 10 to 1,000 labeled examples of one task, with the loss on the answer
alone. Labels are the very ones that the specialists of chapter 01 learned from, and the test items are theirs too. What
such a model does on all the other tasks is measured before and after. With `REHEARSED`, every other batch is of ordinary
pages of tinyweb, a remedy for forgetting.

Settings were chosen once, on labeled examples with other seeds, for all sizes and tasks alike.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from minigpt import GPT, Tokenizer, recorded
from minigpt.experiments import abilities, shots, specialists
from minigpt.experiments.abilities import share
from minigpt.experiments.parts import Parts, weights_of
from minigpt.experiments.shots import given
from minigpt.experiments.specialists import summary_of
from minigpt.model import IGNORE
from minigpt.tinyweb import SIZES, documents, load_model, tasks, wobblish
from minigpt.tinyweb.dice import Dice

LABELS = (10, 30, 100, 300, 1_000)
TASKS = ("reading", "pronoun", "closed_book", "translation_en_wo")
TEST_ITEMS = 200  # the first of those of the recorded runs `abilities` and `specialists`
SHOTS_ITEMS = 200  # those of the recorded run `shots`
OTHER_ITEMS = 100  # of each task, before and after
RATE, BATCH = 5e-4, 8


class Labeled(NamedTuple):
    """A text, and what should follow it."""

    prompt: str
    answer: str


# ---- Labels ----


def labels(task: str, n: int, seed: int) -> list[Labeled]:
    """n labeled examples of the train split; where chapter 01 has specialists for the task, theirs."""
    if task == "reading":
        asked = specialists.reading_examples(n, seed)
        return [Labeled(f"{e.text}\nQ: {e.question}\nA:", " " + e.candidates[e.answer]) for e in asked]
    if task == "pronoun":
        clauses = specialists.pronoun_examples(n, seed)
        return [
            Labeled(e.text[0].upper() + e.text[1:], f" {e.candidates[e.answer]} {e.question}.") for e in clauses
        ]  # fmt: skip
    if task == "closed_book":
        return [Labeled(f"Q: {question}\nA:", " " + said) for question, said in specialists.quiz_examples(n, seed)]
    dice = Dice(5_000 + seed)
    pairs = [wobblish.sentence(dice, "train") for _ in range(n)]
    return [Labeled(f"{one.english} =", " " + one.wobblish) for one in pairs]


def bare(task: str, prompt: str) -> str:
    """An item's prompt without its examples: a fine-tuned model has seen enough of them."""
    if task == "closed_book":
        return "\n".join(prompt.split("\n")[-2:])
    return prompt.split("\n")[-1] if task.startswith("translation") else prompt


# ---- Training ----


def steps_for(n: int, batch: int = BATCH) -> int:
    """Fifteen steps, and one more for each batch of labels.

    >>> [steps_for(n) for n in LABELS]
    [16, 18, 27, 52, 140]
    """
    return 15 + n // batch


def rows(tok: Tokenizer, examples: Sequence[Labeled]) -> list[tuple[list[int], int]]:
    """Ids of prompt, answer and a line break, and the place where the answer begins."""
    found = []
    for example in examples:
        before = [tok.eot, *tok.encode(example.prompt)]
        found.append((before + tok.encode(example.answer + "\n"), len(before)))
    return found


def batch_of(rows: Sequence[tuple[list[int], int]]) -> tuple[Tensor, Tensor]:
    """Inputs and targets, (B, T) each; targets are counted from a row's answer on, and fillers are not."""
    longest = max(len(ids) for ids, _ in rows)
    inputs = torch.tensor([ids[:-1] + [0] * (longest - len(ids)) for ids, _ in rows])
    targets = [[IGNORE] * (at - 1) + ids[at:] + [IGNORE] * (longest - len(ids)) for ids, at in rows]
    return inputs, torch.tensor(targets)


def fine_tune(
    model: GPT, tok: Tokenizer, examples: Sequence[Labeled], seed: int, rate: float = RATE, rehearse: bool = False
) -> GPT:
    """Trains the model itself on the examples: AdamW, a short warm-up, then straight down to nothing."""
    steps, order = steps_for(len(examples)), random.Random(seed)
    taught, pages = rows(tok, examples), []
    if rehearse:
        pages = [([tok.eot, *tok.encode(page), tok.eot], 1) for page in documents(BATCH * steps, seed=100 + seed)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.0)
    deck: list[int] = []
    model.train()
    for step in range(steps):
        while len(deck) < BATCH:
            deck += order.sample(range(len(taught)), len(taught))
        batches = [[taught[deck.pop(0)] for _ in range(BATCH)]]
        if rehearse:
            some = pages[BATCH * step : BATCH * (step + 1)]
            batches.append([(ids[: model.config.block_size + 1], at) for ids, at in some])
        loss = sum(model.loss(*batch_of(batch)) for batch in batches)
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 5) * (1 - step / steps)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return model.eval()


# ---- Measured ----


def right(model: GPT, tok: Tokenizer, task: str, items: Sequence[tasks.Item]) -> list[float]:
    """Which items are answered rightly: written greedily, or, for pronouns, chosen by the reason's probability."""
    if task == "pronoun":
        said = abilities.choices(model, tok, list(items), partial=True)
        return [float(answer == item.answer) for answer, item in zip(said, items)]
    prompts = [bare(task, item.prompt) for item in items]
    answers = given(model, tok, prompts, [item.answer for item in items])
    return [float(all(one.right)) for one in answers]


def chosen(model: GPT, tok: Tokenizer, items: Sequence[tasks.Item]) -> list[float]:
    """The same for readings as specialists answer: whichever candidate is likeliest."""
    said = abilities.choices(model, tok, list(items))
    return [float(answer == item.answer) for answer, item in zip(said, items)]


@lru_cache
def asked(task: str, n: int = SHOTS_ITEMS) -> list[shots.Asked]:
    """The items of the recorded run `shots` for the task, or none."""
    names = {"reading": "reading", "closed_book": "closed book", "translation_en_wo": "English to Wobblish"}
    return shots.TASKS[names[task]](n, load_model(SIZES[0])[1]) if task in names else []


def test(model: GPT, tok: Tokenizer, task: str, n: int = TEST_ITEMS) -> dict:
    """Shares that are right: of the task's items written; of readings also chosen; of the items of `shots`, no example."""
    items = tasks.items(task, n)
    found = {"written": sum(right(model, tok, task, items)) / n}
    if task == "reading":
        found["chosen"] = sum(chosen(model, tok, items)) / n
    if asked(task):
        found["shots"] = shots.scores(model, tok, asked(task), 0)["value"]
    return found


def everything(model: GPT, tok: Tokenizer, n: int = OTHER_ITEMS) -> dict:
    """All eight tasks as the recorded run `abilities` asks them, and nats a token on pages of the test split."""
    found = {}
    for task in tasks.TASKS:
        items = tasks.items(task, n)
        score, answers = abilities.SCORES[task], abilities.answers(model, tok, task, items)
        found[task] = share([score(item, answer) for item, answer in zip(items, answers)])
    pages = [[tok.eot, *tok.encode(page), tok.eot][: model.config.block_size + 1] for page in documents(n, split="test")]
    nats = abilities.nats_of(model, [(page, 1) for page in pages]).sum().item()
    return {**found, "nats_per_token": nats / sum(len(page) - 1 for page in pages)}


def tuned(
    size: str, task: str, n: int, seed: int, rate: float = RATE, rehearse: bool = False
) -> tuple[GPT, Tokenizer]:  # fmt: skip
    torch.manual_seed(seed)
    model, tok = load_model(size)
    return fine_tune(model, tok, labels(task, n, seed), seed, rate, rehearse), tok


def test_shipped(size: str, task: str) -> dict:
    return test(*load_model(size), task)


def test_tuned(size: str, task: str, n: int, seed: int) -> dict:
    return test(*tuned(size, task, n, seed), task)


def all_tasks(size: str, task: str = "", n: int = 0, rate: float = RATE, rehearse: bool = False) -> dict:
    """Everything, of a model as it ships or fine-tuned on n labels of a task."""
    return everything(*(tuned(size, task, n, 0, rate, rehearse) if n else load_model(size)))


def measure(parts: Parts, seeds: int, chosen_tasks: Sequence[str] = TASKS) -> dict:
    curves: dict = {task: {size: {} for size in SIZES} for task in chosen_tasks}
    for seed in range(seeds):  # one seed of everything first
        for task in chosen_tasks:
            for size in SIZES:
                of, found = f"{size}/{weights_of(size)}/{task}", {}
                if seed == 0:
                    curves[task][size]["0"] = [parts.get(f"{of}/0", test_shipped, size, task)]
                for n in LABELS:
                    one = parts.get(f"{of}/{n}/{seed}", test_tuned, size, task, n, seed)
                    curves[task][size].setdefault(str(n), []).append(one)
                    found[n] = one["written"]
                print(task, size, "seed", seed, curves[task][size]["0"][0]["written"], found, flush=True)
    return {
        task: {
            size: {
                n: {
                    how: summary_of([one[how] for one in ones], SHOTS_ITEMS if how == "shots" else TEST_ITEMS)
                    for how in ones[0]
                }
                for n, ones in curve.items()
            }
            for size, curve in by_size.items()
        }
        for task, by_size in curves.items()
    }


def measure_forgetting(parts: Parts, task: str = "reading", n: int = LABELS[-1]) -> dict:
    """All tasks before, after fine-tuning on one, the same in steps ten times as large, and that with pages between."""
    result: dict = {"task": task, "labels": n, "models": {}}
    for size in SIZES[::-2]:
        of = f"{size}/{weights_of(size)}/{task}/everything"
        result["models"][size] = {
            "before": parts.get(f"{of}/before", all_tasks, size),
            "gently": parts.get(f"{of}/after", all_tasks, size, task, n),
            "hard": parts.get(f"{of}/hard", all_tasks, size, task, n, 10 * RATE),
            "rehearsed": parts.get(f"{of}/hard, rehearsed", all_tasks, size, task, n, 10 * RATE, True),
        }
        for when, found in result["models"][size].items():
            values = {name: one["value"] if isinstance(one, dict) else round(one, 3) for name, one in found.items()}
            print(size, when, values, flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--parts", type=Path, default=Path("runs/finetune.json"), help="what is measured so far")
    parser.add_argument("--out", help="default: finetune.json among the recorded runs")
    args = parser.parse_args()
    torch.set_num_threads(1)
    parts = Parts(args.parts)
    measure(parts, 1)
    forgetting = measure_forgetting(parts)
    result = {
        "labels": list(LABELS), "test_items": TEST_ITEMS, "other_items": OTHER_ITEMS, "rate": RATE, "seeds": args.seeds,
        "curves": measure(parts, args.seeds), "forgetting": forgetting,
    }  # fmt: skip
    more = {"cpu_seconds": round(parts.cpu_seconds)}
    recorded.save("finetune", {**result, "provenance": recorded.provenance(seed=args.seeds, **more)}, args.out)


if __name__ == "__main__":
    main()
