"""The Winograd Schema Challenge: what a pronoun stands for, decided by the likelihood of the sentence. Paper: section
3.4.

Each candidate is put in the pronoun's place (Trinh and Le 2018). Full scoring compares the likelihood of the whole
sentences, partial scoring that of what follows the pronoun alone: so a candidate that is a rare word costs nothing. The
paper's 70.7 % is partial. Both come from one pass.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from typing import NamedTuple

from minigpt.tinyweb.tasks import Item
from minigpt.zeroshot import files, tinyweb
from minigpt.zeroshot.cbt import likeliest
from minigpt.zeroshot.scoring import Row, Scored
from minigpt.zeroshot.task import STARTED, Option, Reader, Task, share

SCHEMAS = 273  # the collection has 285; the first 273 are those that everyone reports
POSSESSIVE = ("his", "her", "their", "its", "my", "our")  # every "her" of the 273 is one
SMALL = ("The", "A", "An", "My", "His", "Her", "Their")  # how a candidate may begin that is no name


class Schema(NamedTuple):
    """A sentence up to its pronoun, the two candidates as they stand in its place, and what follows."""

    before: str
    candidates: tuple[str, ...]
    rest: str
    answer: str


def in_place(candidate: str, before: str, pronoun: str) -> str:
    """A candidate as it must be spelled in the pronoun's place.

    >>> in_place("The trophy", "It does not fit because", "it"), in_place("Ann", "Ben lost", "her")
    (' the trophy', " Ann's")
    """
    first, _, others = candidate.partition(" ")
    begins = not before or before[-1] in '.!?"'
    if first in SMALL and not begins:
        candidate = f"{first.lower()} {others}"
    if begins:
        candidate = candidate[0].upper() + candidate[1:]
    if pronoun.lower() in POSSESSIVE:
        candidate += "'" if candidate.endswith("s") and candidate[0].islower() else "'s"
    return f" {candidate}" if before else candidate


class Wsc273(Task):
    """273 schemas, full and partial; headline: partial, as in the paper's text."""

    name = "wsc273"
    what = "what a pronoun stands for"
    paper = "section 3.4, Figure 3"
    recipe = "each candidate in the pronoun's place; partial: likelihood of what follows, full: of the whole sentence"
    options: tuple[Option, ...] = (
        Option(
            "spelling", "adapted",
            "the candidates are written as at the start of a sentence and never in the genitive.",
            choices={"adapted": "candidates in small letters within a sentence, with 's for a possessive",
                     "as given": "candidates spelled as in the collection"},
        ),
        STARTED._replace(why="full scoring needs something before the first word, which may be the candidate."),
    )  # fmt: skip
    headline = ("partial", "full")

    def examples(self, reader: Reader, limit: int | None) -> list[Schema]:
        (path,) = files("winograd", "WSCollection.xml")
        try:
            schemas = ElementTree.parse(path).getroot().findall("schema")[:SCHEMAS]
            return [self._schema(schema) for schema in schemas[:limit]]
        except (ElementTree.ParseError, AttributeError, ValueError) as error:
            raise ValueError(f"{path} is no collection of Winograd schemas ({error}); get the file again") from None

    def _schema(self, schema: ElementTree.Element) -> Schema:
        def plain(path: str) -> str:
            return " ".join((schema.findtext(path) or "").split())

        before, pronoun, rest = plain("text/txt1"), plain("text/pron"), plain("text/txt2")
        named = [" ".join((answer.text or "").split()) for answer in schema.findall("answers/answer")]
        side = plain("correctAnswer").strip(". ")
        if len(named) != 2 or side not in ("A", "B") or not rest:
            raise ValueError(f"the schema {before[:40]!r} lacks two answers, the right one, or its end")
        if self.choice["spelling"] == "adapted":
            candidates = tuple(in_place(one, before, pronoun) for one in named)
        else:
            candidates = tuple(f" {one}" for one in named)
        rest = rest if rest[0] in ".,;:!?" else f" {rest}"
        return Schema(before, candidates, rest, candidates[side == "B"])

    def text(self, example: Schema) -> str:
        return example.before + example.answer + example.rest

    def requests(self, example: Schema, reader: Reader) -> list[Row]:
        return [reader.row(example.before + one, example.rest, whole=True) for one in example.candidates]

    def record(self, example: Schema, asked: list[Row], got: list[Scored], reader: Reader) -> dict:
        """Nats token by token, and where in them the pronoun's place ends."""
        parts = [row.part - row.start for row in asked]
        return {
            "partial": likeliest(example.candidates, [sum(one.nats[part:]) for one, part in zip(got, parts)]),
            "full": likeliest(example.candidates, [sum(one.nats) for one in got]),
            "answer": example.answer,
            "nats": [[round(nats, 4) for nats in one.nats] for one in got],
            "parts": parts,
        }

    def metrics(self, examples: Sequence[Schema], records: list[dict]) -> dict[str, dict]:
        return {how: share([record[how] == record["answer"] for record in records]) for how in ("partial", "full")}


class Reasons(tinyweb.Twin, Wsc273):
    """The same on tinyweb, by rung, beside what shortcuts reach. Items come in pairs with opposite answers."""

    name = "tinyweb-pronoun"
    what = "which of two nouns a reason is about"
    paper = "twin of section 3.4"

    def requests(self, example: Item, reader: Reader) -> list[Row]:
        return Wsc273.requests(self, as_schema(example), reader)

    def record(self, example: Item, asked: list[Row], got: list[Scored], reader: Reader) -> dict:
        return super().record(as_schema(example), asked, got, reader)

    def metrics(self, examples: Sequence[Item], records: list[dict]) -> dict[str, dict]:
        found = {}
        for how in ("partial", "full"):
            found |= self.compared(how, examples, [one[how] == one["answer"] for one in records], tinyweb.same)
        return found


def as_schema(item: Item) -> Schema:
    return Schema(item.prompt, item.candidates, item.rest, item.answer)


TASKS = {task.name: task for task in (Wsc273, Reasons)}
