"""LAMBADA: the last word of a passage, which needs all of the passage. Paper: section 3.3.

The paper prints one perplexity and one accuracy and leaves open what a word is to a model of tokens, which text was
used, and which words the filter of stop words held. So one accuracy becomes a ladder. Each text is read once, with its
answer behind it; what the model would have written at each place tells all rungs:

    word                the answer, token by token, is what the model finds likeliest (lm-evaluation-harness)
    last token          its last token is, the ones before it given
    ... stop words      the same when tokens that are a stop word may not be written
    greedy              writing freely, the model writes the answer and then ends the word
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from minigpt.tinyweb.tasks import Item
from minigpt.tokenizer import Tokenizer
from minigpt.zeroshot import files, tinyweb
from minigpt.zeroshot.scoring import Row, Scored
from minigpt.zeroshot.task import START, Option, Reader, Task, json_lines, ratio, share, text_of

# Words that hold a sentence together, of which 0.9 % of LAMBADA's answers are. The paper's list is not known.
STOP_WORDS = frozenset(
    # pronouns, and what stands for a noun
    "i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself "
    "it its itself they them their theirs themselves who whom which what this that these those "
    # the verbs that help others
    "am is are was were be been being have has had having do does did doing can will should just don now "
    # what stands before a noun
    "a an the all any both each few more most other some such no nor not only own same so than too very "
    "of at by for with about against between into through during before after above below to from up down in out on "
    "off over under again further "
    # what joins clauses
    "and but if or because as until while then once here there when where why how s t".split()
)
STRAIGHT = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})
TEXTS = {
    "raw": "the text as it is in the file",
    "quotes": "curly quotes made straight",
    "newline": "curly quotes made straight and a line end before the text",
    "detokenized": "the marks of the tokenizer undone",
}
RELEASES = {  # file and data set
    "openai": ("lambada", "lambada_test.jsonl"),
    "tokenised": ("lambada-tokenised", "lambada_test_plain_text.txt"),
}
RUNGS = ("word", "word, stop words", "last token", "last token, stop words", "greedy", "greedy, stop words")


class Passage(NamedTuple):
    """A text without its last word, and that word with what stands before it."""

    before: str
    answer: str


def prepare(passage: Passage, text: str, name: str = "lambada") -> Passage:
    """The passage as one of TEXTS; `name`: of the data set, whose tokenizer's marks are undone."""
    if text == "raw":
        return passage
    if text == "detokenized":
        from minigpt.zeroshot.detokenize import detokenizer  # not above: the other texts do not need it

        before, _, word = detokenizer(name)(passage.before + passage.answer).rpartition(" ")
        return Passage(before, " " + word)
    before, answer = (part.translate(STRAIGHT) for part in passage)
    return Passage(before, answer) if text == "quotes" else Passage("\n" + before.strip(), answer)


def goes_on(written: str) -> bool:
    """Whether this, written directly after a word, makes another word of it.

    >>> goes_on("ly"), goes_on("'s"), goes_on("."), goes_on("' "), goes_on(" and")
    (True, True, False, False, False)
    """
    return re.match(r"\w|['’-]\w", written) is not None


def climb(targets: list[int], got: Scored, after: str) -> dict[str, bool]:
    """Which rungs are reached, from the answer's tokens and what the model would have written in their places.

    Args:
        targets: the answer's tokens.
        got: of them and of one more place.
        after: the token that the model would write behind the answer.
    """
    word = got.best[: len(targets)] == targets
    # What may not be written are whole words, so the filter is at work only where a word begins.
    filtered = [got.allowed[0], *got.best[1 : len(targets)]] == targets
    last = len(targets) - 1
    ends = not goes_on(after)
    return {
        "word": word,
        "word, stop words": filtered,
        "last token": got.best[last] == targets[last],
        "last token, stop words": got.allowed[last] == targets[last],
        "greedy": word and ends,
        "greedy, stop words": filtered and ends,
    }


def stop_tokens(tokenizer: Tokenizer) -> list[int]:
    """The tokens that are a stop word with the blank before it, in small letters or with a capital."""
    words = {f" {form}" for word in STOP_WORDS for form in (word, word.capitalize())}
    return [ids[0] for ids in map(tokenizer.encode, sorted(words)) if len(ids) == 1]


class Lambada(Task):
    """The last word of each of 5,153 passages; headline: raw text, the whole word, as lm-evaluation-harness has it."""

    name = "lambada"
    what = "the last word of a passage"
    paper = "section 3.3, Table 3"
    recipe = "the last word after the passage before it, in one pass; its accuracy by six rungs"
    options: tuple[Option, ...] = (
        Option(
            "release", "openai",
            "OpenAI's file has the text of the books; the first release is in small letters and split into tokens.",
            choices={"openai": "OpenAI's file, with capitals and punctuation as in the books",
                     "tokenised": "the first release: small letters, split into tokens"},
        ),
        Option(
            "texts", ("raw", "quotes", "newline"),
            "the paper says only that the version without preprocessing was used; a thread says that quotes were made "
            "straight and a line end put before. These are run; the first is the headline.",
            choices=TEXTS,
        ),
        Option(
            "filter", "function words",
            "the paper's list is not given. Ours has the English function words, about NLTK's list.",
            choices={"function words": "stop words: English function words", "none": "no filter of stop words"},
        ),
        START,
    )  # fmt: skip
    headline = ("accuracy", "perplexity", "accuracy/raw/last token", "accuracy/raw/word, stop words")

    @property
    def texts(self) -> tuple[str, ...]:
        return self.choice["texts"]

    @property
    def filtered(self) -> bool:
        return self.choice["filter"] != "none"

    def examples(self, reader: Reader, limit: int | None) -> list[Passage]:
        (path,) = files(*RELEASES[self.choice["release"]])
        passages = []
        if path.suffix == ".jsonl":
            lines = ((number, line["text"]) for number, line in json_lines(path, "text"))
        else:
            lines = enumerate(text_of(path).splitlines(), 1)
        for number, text in lines:
            if limit is not None and len(passages) == limit:
                break
            before, _, word = text.rpartition(" ")
            if not before.strip() or not word.strip():
                raise ValueError(f"{path}, line {number}: a passage needs a text and a last word after a blank")
            passages.append(Passage(before, " " + word))
        return passages

    def forms(self, passage: Passage) -> list[Passage]:
        """The passage as each of the texts."""
        return [prepare(passage, text, RELEASES[self.choice["release"]][0]) for text in self.texts]

    def text(self, example: Passage) -> str:
        return example.before + example.answer

    def requests(self, example: Passage, reader: Reader) -> list[Row]:
        forms = self.forms(example)
        # A text without curly quotes is the same in two forms, and is read once.
        return [reader.row(before, answer, ahead=True) for before, answer in dict.fromkeys(forms)]

    def banned(self, tokenizer: Tokenizer) -> list[int]:
        return stop_tokens(tokenizer) if self.filtered else []

    def record(self, example: Passage, asked: list[Row], got: list[Scored], reader: Reader) -> dict:
        forms = self.forms(example)
        place = {form: i for i, form in enumerate(dict.fromkeys(forms))}
        record: dict = {"answer": example.answer, "nats": {}, "reached": {}}
        for text, form in zip(self.texts, forms):
            row, scored = asked[place[form]], got[place[form]]
            targets = row.ids[row.part : -1]
            after = reader.tokenizer.decode([scored.best[-1]])
            record["nats"][text] = round(sum(scored.nats[:-1]), 6)
            record["reached"][text] = [rung for rung, there in climb(targets, scored, after).items() if there]
        return record

    def metrics(self, examples: Sequence[Passage], records: list[dict]) -> dict[str, dict]:
        found = {}
        for text in self.texts:
            found[f"perplexity/{text}"] = ratio([(record["nats"][text], 1) for record in records], math.exp)
            for rung in RUNGS:
                if "stop words" in rung and not self.filtered:
                    continue
                hits = [rung in record["reached"][text] for record in records]
                found[f"accuracy/{text}/{rung}"] = share(hits)
        first = self.texts[0]
        return {"accuracy": found[f"accuracy/{first}/word"], "perplexity": found[f"perplexity/{first}"], **found}


class LastName(tinyweb.Twin, Lambada):
    """The same on tinyweb: the name at the end of a story, by rung, beside what shortcuts reach."""

    name = "tinyweb-last_word"
    what = "the name at the end of a story"
    paper = "twin of section 3.3"
    recipe = "the last name after the story before it"
    headline = ("accuracy", "perplexity")
    texts, filtered = ("raw",), False

    def forms(self, passage: Passage) -> list[Passage]:
        return [passage]

    def requests(self, example: Item, reader: Reader) -> list[Row]:
        return Lambada.requests(self, Passage(example.prompt, example.answer), reader)

    def record(self, example: Item, asked: list[Row], got: list[Scored], reader: Reader) -> dict:
        return super().record(Passage(example.prompt, example.answer), asked, got, reader)

    def metrics(self, examples: Sequence[Item], records: list[dict]) -> dict[str, dict]:
        hits = ["word" in record["reached"]["raw"] for record in records]
        nats = ratio([(record["nats"]["raw"], 1) for record in records], math.exp)
        return {**self.compared("accuracy", examples, hits, tinyweb.same), "perplexity": nats}


TASKS = {task.name: task for task in (Lambada, LastName)}
