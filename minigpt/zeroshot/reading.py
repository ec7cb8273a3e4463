"""CoQA: a conversation about a passage, question by question. Paper: section 3.5, Tables 16 and 17.

The prompt is the passage, the questions before with their true answers, and "A:"; the answer is what the model writes
greedily. Each answer is compared with four people's, by the rule of CoQA's published evaluator.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from minigpt.metrics import exact_match, f1, leave_one_out
from minigpt.tinyweb.tasks import Item
from minigpt.zeroshot import files, tinyweb
from minigpt.zeroshot.scoring import Prompt, Written
from minigpt.zeroshot.task import START, Option, Reader, Task, mean, ratio, text_of

NEW = Option("new", 32, "the paper does not say where an answer ends: at the line's end, or after so many tokens.",
             "greedy, at most {} tokens of a line", least=1)  # fmt: skip


class Turn(NamedTuple):
    """One question: its passage, the dialogue before it, and the answers of people."""

    story: str
    domain: str
    passage: str
    dialogue: str
    answers: tuple[str, ...]


class Coqa(Task):
    """The development set; F1, and exact match, over all turns. Intervals draw passages, each with its questions."""

    name = "coqa"
    what = "questions about a passage, in turn"
    paper = "section 3.5, Figure 1"
    recipe = 'passage, then lines "Q:" and "A:" with the true answers so far, then "A:"; F1 by CoQA\'s evaluator'
    options: tuple[Option, ...] = (
        NEW,
        Option(
            "history", "all", "the appendix shows all turns so far; without them many questions make no sense.",
            choices={"all": "all turns before", "none": "no turn before"},
        ),
        START,
    )  # fmt: skip
    headline = ("f1", "exact_match")

    def examples(self, reader: Reader, limit: int | None) -> list[Turn]:
        (path,) = files("coqa", "coqa-dev-v1.0.json")
        try:
            turns = [turn for story in json.loads(text_of(path))["data"] for turn in self._turns(story)]
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise ValueError(f"{path} is not CoQA's development set ({error!r}); get the file again") from None
        return turns[:limit]

    def _turns(self, story: dict) -> list[Turn]:
        people = [story["answers"], *story.get("additional_answers", {}).values()]
        turns, before = [], []
        for i, question in enumerate(story["questions"]):
            ask = f"Q: {question['input_text']}\nA:"
            shown = [*before, ask] if self.choice["history"] == "all" else [ask]
            answers = tuple(answers[i]["input_text"] for answers in people)
            turns.append(Turn(story["id"], story["source"], story["story"].strip(), "\n".join(shown), answers))
            before.append(f"{ask} {answers[0]}")
        return turns

    def text(self, example: Turn) -> str:
        return example.passage

    def requests(self, example: Turn, reader: Reader) -> list[Prompt]:
        return [reader.prompt(example.passage, self.choice["new"], fixed="\n" + example.dialogue)]

    def together(self, example: Turn) -> Hashable:
        return example.story

    def record(self, example: Turn, asked: list[Prompt], got: list[Written], reader: Reader) -> dict:
        written = got[0].text.strip()
        return {
            "written": written,
            "f1": round(leave_one_out(f1, written, example.answers), 6),
            "exact_match": round(leave_one_out(exact_match, written, example.answers), 6),
        }

    def metrics(self, examples: Sequence[Turn], records: list[dict]) -> dict[str, dict]:
        found = {}
        for score in ("f1", "exact_match"):
            found[score] = ratio(_by_story(examples, records, score))
        for domain in dict.fromkeys(turn.domain for turn in examples):
            some = [i for i, turn in enumerate(examples) if turn.domain == domain]
            found[f"f1/{domain}"] = ratio(_by_story([examples[i] for i in some], [records[i] for i in some], "f1"))
        return found


def _by_story(examples: Sequence[Turn], records: list[dict], score: str) -> list[tuple[float, int]]:
    """(sum of the score, number of turns) of each passage."""
    sums: dict[str, tuple[float, int]] = {}
    for turn, record in zip(examples, records):
        total, count = sums.get(turn.story, (0.0, 0))
        sums[turn.story] = (total + record[score], count + 1)
    return list(sums.values())


class Dialogues(tinyweb.Twin):
    """The same on tinyweb, by rung, beside what shortcuts reach."""

    name = "tinyweb-reading"
    what = "questions about a passage"
    paper = "twin of section 3.5"
    recipe = 'passage, then lines "Q:" and "A:", then "A:"; greedy, the line; the answer must be the same words'
    headline = ("exact_match", "f1")

    def record(self, example: Item, asked: list[Prompt], got: list[Written], reader: Reader) -> dict:
        written = got[0].text.strip()
        f1_here = round(f1(written, example.answer), 6)
        return {"written": written, "f1": f1_here, "exact_match": exact_match(written, example.answer)}

    def metrics(self, examples: Sequence[Item], records: list[dict]) -> dict[str, dict]:
        hits = [record["exact_match"] for record in records]
        found = self.compared("exact_match", examples, hits, tinyweb.same_words)
        return {**found, "f1": mean([record["f1"] for record in records])}


TASKS = {task.name: task for task in (Coqa, Dialogues)}
