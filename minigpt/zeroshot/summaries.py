"""CNN and Daily Mail: a summary because "TL;DR:" asks for one. Paper: section 3.6, Table 4.

The same articles are written on with and without the hint; beside both stand the first three sentences and three at
random, which cost nothing and score about as well. ROUGE by the package rouge-score.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Sequence
from typing import NamedTuple

from minigpt.tinyweb.tasks import Item, key_fact
from minigpt.zeroshot import files, tinyweb
from minigpt.zeroshot.scoring import Prompt, Written
from minigpt.zeroshot.task import START, Option, Reader, Task, json_lines, mean, share

HINT = "\nTL;DR:"
KINDS = ("rouge1", "rouge2", "rougeL", "rougeLsum")


class Article(NamedTuple):
    """A news text, and the summary that its editors wrote, a sentence a line."""

    text: str
    summary: str


def sentences(text: str) -> list[str]:
    """The sentences of a text: cut after . ! ? and what closes, where a blank and no small letter follow, and at lines.

    >>> sentences("It rained. \\"Why?\\" asked Ann. Nobody knew")
    ['It rained.', '"Why?" asked Ann.', 'Nobody knew']
    """
    parts = re.split(r"(?<=[.!?])(?<!\b[A-Z]\.)\s+(?=[^\sa-z])|(?<=[.!?][\"'”’)])\s+(?=[^\sa-z])|\n+", text)
    return [part.strip() for part in parts if part and part.strip()]


@functools.lru_cache(maxsize=2)
def _scorer(stem: bool):
    try:
        from rouge_score.rouge_scorer import RougeScorer  # not above: only this task needs it
    except ModuleNotFoundError:
        raise ValueError("ROUGE needs the package rouge-score; install it with pip") from None
    return RougeScorer(KINDS, use_stemmer=stem)


def rouge(summary: str, reference: str, stem: bool = True) -> dict[str, float]:
    """ROUGE-1, -2, -L of the texts in one piece, and -Lsum sentence by sentence (a line each): F1, from 0 to 1.

    Raises:
        ValueError: the package rouge-score is missing.
    """
    return {kind: round(one.fmeasure, 6) for kind, one in _scorer(stem).score(reference, summary).items()}


class CnnDm(Task):
    """Summaries with the hint, without it, and by two shortcuts; headline: with the hint."""

    name = "cnn_dm"
    what = "a summary of a news article"
    paper = "section 3.6, Table 4, Figure 1"
    recipe = 'article and a line "TL;DR:", the first three sentences of what is drawn; ROUGE F1 by rouge-score'
    options: tuple[Option, ...] = (
        Option("new", 100, "as in the paper.", "{} tokens", least=1),
        Option("top_k", 2, "as in the paper.", "top-k {}", least=1),
        Option("sentences", 3, "as in the paper; its splitter of sentences is not known, ours is a rule.",
               "{} sentences kept", least=1),
        Option("seed", 0, "drawing needs one; each article has its own numbers from it.", "seed {}"),
        Option(
            "rouge_l", "summary", "ROUGE-L of CNN and Daily Mail is usually that of sentences against sentences.",
            choices={"summary": "ROUGE-L sentence by sentence (rougeLsum)", "text": "ROUGE-L of the text in one piece"},
        ),
        Option(
            "stem", "yes", "the usual script for this set stems words; it raises scores a little.",
            choices={"yes": "words stemmed", "no": "words as they are"},
        ),
        START,
    )  # fmt: skip
    headline = ("rouge1", "rouge2", "rougeL", "average", "average/no hint", "average/lead", "average/random")

    def examples(self, reader: Reader, limit: int | None) -> list[Article]:
        (path,) = files("cnn_dm", "test.jsonl")
        found = []
        for _, line in json_lines(path, "article", "highlights"):
            if limit is not None and len(found) == limit:
                break
            summary = line["highlights"]  # its sentences, in a list or a line each
            found.append(Article(line["article"].strip(), summary if isinstance(summary, str) else "\n".join(summary)))
        return found

    def text(self, example: Article) -> str:
        return example.text

    def requests(self, example: Article, reader: Reader) -> list[Prompt]:
        """With the hint and without; an article that is too long loses its end, not the hint."""
        how = dict(line=False, top_k=self.choice["top_k"], seed=self.choice["seed"])
        return [reader.prompt(example.text, self.choice["new"], fixed=hint, **how) for hint in (HINT, "\n")]

    def record(self, example: Article, asked: list[Prompt], got: list[Written], reader: Reader) -> dict:
        keep, told = self.choice["sentences"], sentences(example.text)
        dice = random.Random(f"{self.choice['seed']} {example.text}")
        chosen = sorted(dice.sample(range(len(told)), min(keep, len(told))))
        summaries = {
            "TL;DR": sentences(got[0].text)[:keep],
            "no hint": sentences(got[1].text)[:keep],
            "lead": told[:keep],
            "random": [told[i] for i in chosen],
        }
        stem = self.choice["stem"] == "yes"
        scores = {how: rouge("\n".join(parts), example.summary, stem) for how, parts in summaries.items()}
        return {"written": " ".join(summaries["TL;DR"]), "rouge": scores}

    def metrics(self, examples: Sequence[Article], records: list[dict]) -> dict[str, dict]:
        columns = {"rouge1": "rouge1", "rouge2": "rouge2"}
        columns["rougeL"] = "rougeLsum" if self.choice["rouge_l"] == "summary" else "rougeL"
        found = {}
        for how in records[0]["rouge"]:
            behind = "" if how == "TL;DR" else f"/{how}"
            scores = [record["rouge"][how] for record in records]
            for column, kind in columns.items():
                found[column + behind] = mean([one[kind] for one in scores])
            found["average" + behind] = mean([sum(one[kind] for kind in columns.values()) / 3 for one in scores])
        return found


class News(tinyweb.Twin):
    """The same on tinyweb: who and which thing, after "TL;DR:", by rung, beside what shortcuts reach."""

    name = "tinyweb-summary"
    what = "the key fact of a news page, after TL;DR:"
    paper = "twin of section 3.6"
    recipe = 'the line written greedily after "TL;DR:"; right if the first person and the first thing in it are'
    headline = ("key_fact", "who", "thing")

    def record(self, example: Item, asked: list[Prompt], got: list[Written], reader: Reader) -> dict:
        return {"written": got[0].text.strip(), "answer": example.answer.strip()}

    def metrics(self, examples: Sequence[Item], records: list[dict]) -> dict[str, dict]:
        pairs = [(key_fact(record["written"]), key_fact(record["answer"])) for record in records]
        hits = [ours == right for ours, right in pairs]
        return {
            **self.compared("key_fact", examples, hits, lambda item, text: key_fact(text) == key_fact(item.answer)),
            "who": share([ours[0] == right[0] for ours, right in pairs]),
            "thing": share([ours[1] == right[1] for ours, right in pairs]),
        }


TASKS = {task.name: task for task in (CnnDm, News)}
