"""HellaSwag: which of four endings belongs to the beginning of a text? Zellers et al., 2019.

Not in the paper, but the usual measure of a model of its sizes. A causal model gives each ending a probability, word by
word after the beginning; the most probable one is its answer. "Most probable" is published in three readings, which
differ by how they treat an ending's length, and all three are computed here:

    accuracy             log-probability of the ending              lm-evaluation-harness: acc; llm.c: acc
    accuracy/character   the same by the number of its characters   lm-evaluation-harness: acc_norm
    accuracy/token       the same by the number of its tokens       llm.c and build-nanogpt: acc_norm

They write the text differently, too: the harness puts the activity before it and tidies the brackets of WikiHow away,
the others take it as it is. Of equal endings all take the first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from minigpt.zeroshot import files
from minigpt.zeroshot.cbt import likeliest
from minigpt.zeroshot.scoring import Row, Scored
from minigpt.zeroshot.task import START, Option, Reader, Task, json_lines, share

FILE = "hellaswag_val.jsonl"
RULES = {"accuracy": "total", "accuracy/character": "by character", "accuracy/token": "by token"}


class Story(NamedTuple):
    """The beginning of a text, and four endings: as they follow it, how many characters they have, which is right."""

    before: str
    endings: tuple[str, ...]
    characters: tuple[int, ...]
    answer: int


def tidied(text: str) -> str:
    """Without what the extraction from WikiHow left behind.

    >>> tidied("Cut it. [title] Next [step] Peel it.")
    'Cut it.. Next Peel it.'
    """
    text = re.sub(r"\[.*?\]", "", text.strip().replace(" [title]", ". "))
    return text.replace("  ", " ")


def story(example: dict, harness: bool = True) -> Story:
    """An example as the harness writes it, or as it is in the file. Each ending follows a blank.

    Args:
        example: a line of the data set: activity_label, ctx_a, ctx_b, ctx, endings, label.
    """
    if not harness:
        before, endings = example["ctx"], list(example["endings"])
        blanks = ""
    else:
        text = tidied(f"{example['activity_label']}: {example['ctx_a']} {example['ctx_b'].capitalize()}")
        before, endings = text.rstrip(), [tidied(ending) for ending in example["endings"]]
        blanks = text[len(before) :]  # a blank that ends the beginning is scored, as the start of the ending
    after = tuple(f"{blanks} {ending}" for ending in endings)
    return Story(before, after, tuple(map(len, endings)), int(example["label"]))


class HellaSwag(Task):
    """10,042 beginnings of the validation set, from WikiHow and from captions of films, each with four endings.

    The three wrong ones were written by a model and chosen so that models were taken in by them and people were not.
    """

    name = "hellaswag"
    what = "which of four endings belongs to a beginning"
    paper = "not in the paper; Zellers et al., 2019"
    recipe = "validation set; the ending with the highest probability after the beginning, by three readings of highest"
    options: tuple[Option, ...] = (
        Option(
            "text", "harness",
            "the published programs write it in two ways, and their numbers are to be compared with their own only.",
            choices={"harness": "the activity before the text, brackets taken out, as lm-evaluation-harness does",
                     "as it is": "the text as in the file, as llm.c and build-nanogpt take it"},
        ),
        START,
    )  # fmt: skip
    headline = tuple(RULES)

    def examples(self, reader: Reader, limit: int | None) -> list[Story]:
        (path,) = files("hellaswag", FILE)
        found: list[Story] = []
        for number, line in json_lines(path, "activity_label", "ctx_a", "ctx", "endings"):
            if limit is not None and len(found) == limit:
                break
            try:
                one = story(line, self.choice["text"] == "harness")
                right = all(one.characters) and 0 <= one.answer < len(one.endings)
            except (KeyError, TypeError, ValueError, AttributeError):
                right = False
            if not right:
                raise ValueError(f"{path}, line {number}: a story needs endings and a label; get the file again")
            found.append(one)
        return found

    def text(self, example: Story) -> str:
        return example.before + example.endings[example.answer]

    def requests(self, example: Story, reader: Reader) -> list[Row]:
        return [reader.row(example.before, ending) for ending in example.endings]

    def record(self, example: Story, asked: list[Row], got: list[Scored], reader: Reader) -> dict:
        nats, numbers = [sum(one.nats) for one in got], range(len(got))
        tokens = [len(one.nats) for one in got]
        lengths = {"total": [1] * len(got), "by character": example.characters, "by token": tokens}
        chosen = {rule: likeliest(numbers, [a / b for a, b in zip(nats, by)]) for rule, by in lengths.items()}
        return {**chosen, "answer": example.answer, "nats": [round(one, 4) for one in nats]}

    def metrics(self, examples: Sequence[Story], records: list[dict]) -> dict[str, dict]:
        return {name: share([one[rule] == one["answer"] for one in records]) for name, rule in RULES.items()}


TASKS = {task.name: task for task in (HellaSwag,)}
