"""Natural Questions: facts asked for with no text to look them up in. Paper: section 3.8, Table 5.

Example questions with their answers show that a short answer is wanted; the answer is what the model writes greedily,
and right if it is one of the given ones by SQuAD's rule (exact match). The probability that the model gives to its own
answer says how much it trusts it: the most confident 1 % are right far more often.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from minigpt.metrics import exact_match
from minigpt.tinyweb.tasks import Item
from minigpt.zeroshot import files, tinyweb
from minigpt.zeroshot.scoring import Prompt, Written
from minigpt.zeroshot.task import START, Option, Reader, Task, json_lines, mean, share

WORDS = ("who", "when", "where", "what", "which", "how", "why")
NEW = Option("new", 16, "answers are a few words; the end of the line ends them sooner.",
             "greedy, at most {} tokens of a line", least=1)  # fmt: skip


class Question(NamedTuple):
    """The pairs shown before it, the question, and all answers that count as right."""

    shown: str
    question: str
    answers: tuple[str, ...]


def answer_record(got: Written, answers: str | Sequence[str]) -> dict:
    """What was written, whether it is one of the answers, and how probable the model found it."""
    written = got.text.strip()
    return {
        "written": written, "right": exact_match(written, answers), "probability": round(math.exp(-got.nats), 8)
    }  # fmt: skip


def question_type(question: str) -> str:
    """The first question word in it, or "other".

    >>> question_type("in which year did it rain"), question_type("name the sea")
    ('which', 'other')
    """
    return next((word for word in question.lower().split() if word in WORDS), "other")


def most_frequent(examples: Sequence[Question]) -> list[str]:
    """For each question the answer most frequent among those of its type: an upper bound of that shortcut, for it is
    counted on the questions that it answers."""
    counts: dict[str, Counter] = defaultdict(Counter)
    for one in examples:
        counts[question_type(one.question)].update(set(one.answers))
    best = {kind: min(found, key=lambda answer: (-found[answer], answer)) for kind, found in counts.items()}
    return [best[question_type(one.question)] for one in examples]


def calibration(records: Sequence[dict], bins: int = 10) -> list[dict]:
    """Stated probability against share of right answers, in bins of equally many answers, the least confident first."""
    ordered = most_confident(records)[::-1]
    edges = [round(i * len(ordered) / bins) for i in range(bins + 1)]
    return [
        {
            "probability": sum(one["probability"] for one in some) / len(some),
            "right": share([one["right"] for one in some]),
        }
        for some in (ordered[a:b] for a, b in zip(edges, edges[1:]))
        if some
    ]


def most_confident(records: Sequence[dict], n: int | None = None) -> list[dict]:
    """The records in the order of the model's trust in its answer, the first n of them: Table 5 has 30."""
    return sorted(records, key=lambda record: -record["probability"])[:n]


def confidence_metrics(records: Sequence[dict]) -> dict[str, dict]:
    """Right answers among all, and among the most confident 1 % and 10 %, and the mean of the stated probabilities."""
    ordered = most_confident(records)
    found = {"exact_match": share([record["right"] for record in records])}
    for percent in (1, 10):
        some = ordered[: max(1, round(len(ordered) * percent / 100))]
        found[f"exact_match/most confident {percent} %"] = share([record["right"] for record in some])
    return {**found, "probability": mean([record["probability"] for record in records])}


class NaturalQuestions(Task):
    """The development set of NQ-open; headline: exact match, of all and of the most confident 1 %."""

    name = "nq"
    what = "questions of fact with no text to look them up in"
    paper = "section 3.8, Table 5, Figure 1"
    recipe = 'pairs of lines "Q:" and "A:", then the question and "A:"; exact match by SQuAD\'s rule'
    options: tuple[Option, ...] = (
        Option("pairs", 5, "the paper gives neither number nor source. Ours are the set's first questions, which are "
               "then not scored.", "{} example pairs"),
        NEW,
        START,
    )  # fmt: skip
    headline = ("exact_match", "exact_match/most confident 1 %", "baseline/most frequent answer of its type")

    def examples(self, reader: Reader, limit: int | None) -> list[Question]:
        (path,) = files("nq-open", "NQ-open.dev.jsonl")
        shown, found = "", []
        for number, line in json_lines(path, "question", "answer"):
            if limit is not None and len(found) == limit:
                break
            answers = line["answer"]
            if not isinstance(answers, list) or not all(isinstance(one, str) and one.strip() for one in answers):
                raise ValueError(f"{path}, line {number}: an answer is empty or no text; get the file again")
            if number <= self.choice["pairs"]:
                shown += f"Q: {line['question']}?\nA: {answers[0]}\n"
            else:
                found.append(Question(shown, line["question"], tuple(answers)))
        return found

    def text(self, example: Question) -> str:
        return example.question

    def requests(self, example: Question, reader: Reader) -> list[Prompt]:
        text = f"{example.shown}Q: {example.question}?\nA:"
        return [reader.prompt(text, self.choice["new"])]

    def record(self, example: Question, asked: list[Prompt], got: list[Written], reader: Reader) -> dict:
        return {"question": example.question, **answer_record(got[0], example.answers)}

    def metrics(self, examples: Sequence[Question], records: list[dict]) -> dict[str, dict]:
        guesses = zip(examples, most_frequent(examples))
        shortcut = share([exact_match(guess, one.answers) for one, guess in guesses])
        return {**confidence_metrics(records), "baseline/most frequent answer of its type": shortcut}


class ClosedBook(tinyweb.Twin):
    """The same on tinyweb: questions whose answers are told on training pages, but never asked for there."""

    name = "tinyweb-closed_book"
    what = "questions of fact with no text to look them up in"
    paper = "twin of section 3.8"
    recipe = 'three pairs of lines "Q:" and "A:", then the question and "A:"; greedy, the line; exact match'
    headline = ("exact_match", "exact_match/most confident 1 %")

    def record(self, example: Item, asked: list[Prompt], got: list[Written], reader: Reader) -> dict:
        return answer_record(got[0], example.answer)

    def metrics(self, examples: Sequence[Item], records: list[dict]) -> dict[str, dict]:
        hits = [record["right"] for record in records]
        return {**confidence_metrics(records), **self.compared("exact_match", examples, hits, tinyweb.same_words)}


TASKS = {task.name: task for task in (NaturalQuestions, ClosedBook)}
