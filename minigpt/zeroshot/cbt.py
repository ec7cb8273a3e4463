"""The Children's Book Test: which of ten words was taken out of a sentence. Paper: section 3.2.

A choice's score is the likelihood of the choice *and the rest of the sentence* after the twenty sentences before. The
ten share all that stands before the gap, which is read once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minigpt.tinyweb.tasks import Item
from minigpt.zeroshot import files, tinyweb
from minigpt.zeroshot.scoring import Row, Scored
from minigpt.zeroshot.task import START, Option, Reader, Task, share, text_of

GAP = "XXXXX"
ARTEFACTS = Option(
    "text", "detokenized",
    "the paper removed the marks of the Penn Treebank's tokenizer from it, with a rule that was not published.",
    choices={"detokenized": "the tokenizer's marks undone", "raw": "the text as in the file"},
)  # fmt: skip


class Cloze(NamedTuple):
    """What stands before the gap, the ten choices, what follows it, and the right choice."""

    before: str
    choices: tuple[str, ...]
    rest: str
    answer: str


def likeliest(choices: Sequence[str], nats: Sequence[float]) -> str:
    """The choice with the fewest nats; of equal ones the first."""
    return choices[min(range(len(choices)), key=nats.__getitem__)]


class CommonNouns(Task):
    """The nouns of the validation set: a book of the test set is in WebText, so the paper used this one."""

    name = "cbt-cn"
    what = "which of ten common nouns was taken out"
    paper = "section 3.2, Table 3, Figure 2"
    recipe = "validation set; the choice with the highest probability of choice and rest of the sentence"
    file = "cbtest_CN_valid_2000ex.txt"
    options: tuple[Option, ...] = (
        ARTEFACTS,
        Option(
            "join", "blank", "the file has a sentence a line, but the books have running text.",
            choices={"blank": "sentences joined by a blank", "line": "each sentence in its own line"},
        ),
        START,
    )  # fmt: skip
    headline = ("accuracy",)

    def examples(self, reader: Reader, limit: int | None) -> list[Cloze]:
        (path,) = files("cbt", self.file)
        found: list[Cloze] = []
        sentences: list[str] = []
        for number, line in enumerate(text_of(path).splitlines(), 1):
            if limit is not None and len(found) == limit:
                break
            if not line.strip():
                continue
            count, _, line = line.partition(" ")
            if count != str(len(sentences) + 1):
                raise ValueError(f"{path}, line {number}: sentence {len(sentences) + 1} was expected, not {count!r}")
            sentences.append(line)
            if count == "21":
                found.append(self._cloze(sentences, f"{path}, line {number}"))
                sentences = []
        return found

    def _cloze(self, sentences: list[str], where: str) -> Cloze:
        asked, answer, choices = ([part for part in sentences[-1].split("\t") if part] + ["", ""])[:3]
        named = tuple(choices.split("|"))
        if asked.count(GAP) != 1 or answer not in named:
            raise ValueError(f"{where}: a question needs one {GAP}, an answer, and choices with it among them")
        if self.choice["text"] == "detokenized":
            from minigpt.zeroshot.detokenize import detokenizer  # not above: "raw" does not need it

            plain = detokenizer("cbt")
            sentences = [plain(sentence) for sentence in (*sentences[:-1], asked)]
        else:
            sentences = [*sentences[:-1], asked]
        before, rest = {"blank": " ", "line": "\n"}[self.choice["join"]].join(sentences).split(GAP)
        blank = " " if before.endswith(" ") else ""
        return Cloze(before.removesuffix(" "), tuple(blank + one for one in named), rest, blank + answer)

    def text(self, example: Cloze) -> str:
        return example.before + example.answer + example.rest

    def requests(self, example: Cloze, reader: Reader) -> list[Row]:
        return [reader.row(example.before, choice + example.rest) for choice in example.choices]

    def record(self, example: Cloze, asked: list[Row], got: list[Scored], reader: Reader) -> dict:
        nats = [round(sum(one.nats), 6) for one in got]
        return {"chosen": likeliest(example.choices, nats), "answer": example.answer, "nats": nats}

    def metrics(self, examples: Sequence[Cloze], records: list[dict]) -> dict[str, dict]:
        return {"accuracy": share([record["chosen"] == record["answer"] for record in records])}


class NamedEntities(CommonNouns):
    """The same with names."""

    name = "cbt-ne"
    what = "which of ten names was taken out"
    file = "cbtest_NE_valid_2000ex.txt"


class Tales(tinyweb.Twin, CommonNouns):
    """The same on tinyweb: which of ten animals or things ends a tale, by rung, beside what shortcuts reach."""

    name = "tinyweb-cloze"
    what = "which of ten animals or things ends a tale"
    paper = "twin of section 3.2"
    recipe = "the choice with the highest probability of choice and rest of the page"

    def requests(self, example: Item, reader: Reader) -> list[Row]:
        return CommonNouns.requests(self, as_cloze(example), reader)

    def record(self, example: Item, asked: list[Row], got: list[Scored], reader: Reader) -> dict:
        return super().record(as_cloze(example), asked, got, reader)

    def metrics(self, examples: Sequence[Item], records: list[dict]) -> dict[str, dict]:
        hits = [record["chosen"] == record["answer"] for record in records]
        return self.compared("accuracy", examples, hits, tinyweb.same)


def as_cloze(item: Item) -> Cloze:
    return Cloze(item.prompt, item.candidates, item.rest, item.answer)


TASKS = {task.name: task for task in (CommonNouns, NamedEntities, Tales)}
