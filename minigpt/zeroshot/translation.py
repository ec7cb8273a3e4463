"""WMT14: French and English, from example pairs in the prompt. Paper: section 3.7.

The context is pairs "english sentence = french sentence", a line each, then "english sentence ="; the translation is
the first sentence of what is written greedily. So it is no zero-shot task in the strict sense: examples stand in the
prompt. BLEU by sacrebleu, from the counts of each sentence, so that it has an interval: sentences are drawn again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minigpt.metrics import bootstrap_interval, exact_match
from minigpt.tinyweb.tasks import Item
from minigpt.zeroshot import files, tinyweb
from minigpt.zeroshot.scoring import Prompt, Written
from minigpt.zeroshot.summaries import sentences
from minigpt.zeroshot.task import START, Option, Reader, Task, measure, text_of


class Sentence(NamedTuple):
    """The pairs that are shown before it, what is to be translated, and a person's translation."""

    shown: str
    source: str
    reference: str


def bleu_counts(translation: str, reference: str, tokenize: str = "13a") -> list[int]:
    """What BLEU needs of a sentence: n-grams that match and that there are, n from 1 to 4, then both lengths.

    Raises:
        ValueError: the package sacrebleu is missing.
    """
    try:
        from sacrebleu.metrics import BLEU  # not above: only translation needs it
    except ModuleNotFoundError:
        raise ValueError("BLEU needs the package sacrebleu; install it with pip") from None
    score = BLEU(tokenize=tokenize, effective_order=True).sentence_score(translation.strip(), [reference.strip()])
    return [*score.counts, *score.totals, score.sys_len, score.ref_len]


def bleu_of(counts: np.ndarray) -> float:
    """BLEU, 0 to 100, of a text whose sentences have these counts, (sentences, 10): sacrebleu's corpus BLEU."""
    from sacrebleu.metrics import BLEU

    sums = [int(one) for one in np.asarray(counts).sum(axis=0)]
    return BLEU.compute_bleu(sums[:4], sums[4:8], sums[8], sums[9], smooth_method="exp").score


def bleu(counts: Sequence[Sequence[int]]) -> dict:
    """BLEU of sentences with these counts, and its 95 % interval (bootstrap over sentences)."""
    table = np.asarray(counts, dtype=np.float64)
    return measure(bleu_of(table), *bootstrap_interval(table, bleu_of), len(table))


def corpus_bleu(translations: Sequence[str], references: Sequence[str]) -> dict:
    """BLEU of translations, one reference each, and its 95 % interval.

    >>> corpus_bleu(["the dog sees a cat today"], ["the dog sees a cat today"])["value"]
    100.0
    """
    return bleu([bleu_counts(ours, theirs) for ours, theirs in zip(translations, references)])


class FrenchToEnglish(Task):
    """newstest2014 into English; headline BLEU."""

    name = "wmt14-fr-en"
    what = "French news into English"
    paper = "section 3.7, Figure 1"
    recipe = 'pairs "sentence = translation", a line each, then "sentence ="; greedy; BLEU by sacrebleu'
    source, target = "fr", "en"
    options: tuple[Option, ...] = (
        Option("pairs", 5, "the paper does not give their number. They, and so the score, are the set's first ones, "
               "which are then not scored: where the paper's pairs are from is not known.", "{} example pairs"),
        Option("new", 100, "longer than 99 % of the references.", "at most {} tokens", least=1),
        Option(
            "end", "sentence", "the paper takes the first sentence; a line may hold more than one.",
            choices={"sentence": "up to the end of the first sentence", "line": "up to the end of the line"},
        ),
        Option(
            "tokenize", "13a", "sacrebleu's default; the paper's script is not known.",
            choices={"13a": "words as mteval-v13a splits them", "intl": "words split by Unicode's rules",
                     "none": "words as they stand"},
        ),
        START,
    )  # fmt: skip
    headline = ("bleu",)

    def examples(self, reader: Reader, limit: int | None) -> list[Sentence]:
        paths = files("wmt14-fr-en", f"newstest2014.{self.source}", f"newstest2014.{self.target}")
        sides = [text_of(path).rstrip("\n").split("\n") for path in paths]
        if len(sides[0]) != len(sides[1]):
            counts = f"{len(sides[0])} lines and {paths[1].name} {len(sides[1])}"
            raise ValueError(f"{paths[0]} has {counts}; get both files again")
        lines = [tuple(part.strip() for part in pair) for pair in zip(*sides)]
        if empty := next((i for i, pair in enumerate(lines, 1) if not all(pair)), None):
            raise ValueError(f"{paths[0]}, line {empty}: it or its translation is empty; get both files again")
        shown = "".join(f"{source} = {target}\n" for source, target in lines[: self.choice["pairs"]])
        rest = lines[self.choice["pairs"] :]
        return [Sentence(shown, source, target) for source, target in rest[:limit]]

    def text(self, example: Sentence) -> str:
        return example.source

    def requests(self, example: Sentence, reader: Reader) -> list[Prompt]:
        return [reader.prompt(f"{example.shown}{example.source} =", min(self.choice["new"], reader.block_size // 2))]

    def record(self, example: Sentence, asked: list[Prompt], got: list[Written], reader: Reader) -> dict:
        written = got[0].text.strip()
        if self.choice["end"] == "sentence":
            written = (sentences(written) or [""])[0]
        return {"written": written, "counts": bleu_counts(written, example.reference, self.choice["tokenize"])}

    def metrics(self, examples: Sequence[Sentence], records: list[dict]) -> dict[str, dict]:
        return {"bleu": bleu([record["counts"] for record in records])}


class EnglishToFrench(FrenchToEnglish):
    """newstest2014 into French."""

    name = "wmt14-en-fr"
    what = "English news into French"
    paper = "section 3.7"
    source, target = "en", "fr"


class Wobblish(tinyweb.Twin):
    """The same on tinyweb: English into Wobblish, by rung, beside substitution word by word."""

    name = "tinyweb-translation_en_wo"
    what = "English into Wobblish"
    paper = "twin of section 3.7"
    recipe = 'four pairs "sentence = translation", a line each, then "sentence ="; greedy, the line; BLEU by sacrebleu'
    headline = ("bleu", "bleu/word by word", "exact_match")

    def record(self, example: Item, asked: list[Prompt], got: list[Written], reader: Reader) -> dict:
        written = got[0].text.strip()
        counts = {"bleu": bleu_counts(written, example.answer)}
        counts |= {f"bleu/{name}": bleu_counts(answer, example.answer) for name, answer in example.baselines.items()}
        return {"written": written, "exact_match": exact_match(written, example.answer), "counts": counts}

    def metrics(self, examples: Sequence[Item], records: list[dict]) -> dict[str, dict]:
        hits = [record["exact_match"] for record in records]
        found = {name: bleu([record["counts"][name] for record in records]) for name in records[0]["counts"]}
        return {**found, **self.compared("exact_match", examples, hits, tinyweb.same_words)}


class FromWobblish(Wobblish):
    """Wobblish into English."""

    name = "tinyweb-translation_wo_en"
    what = "Wobblish into English"


TASKS = {task.name: task for task in (FrenchToEnglish, EnglishToFrench, Wobblish, FromWobblish)}
