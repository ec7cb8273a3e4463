"""Language modeling of texts that a model was not trained on: six sets, eight protocols and more. Paper: section 3.1.

The likelihood of a whole set is summed in nats and divided once, by a count of words, bytes or characters. What the
paper leaves open moves the result more than the size of the model does, so all of it is run:

    text           as in the file, or with the marks of its tokenizer undone. Both are divided by the words of the file.
    windows        a model sees at most its context. Windows follow one another by a whole context or by a part of it;
                   each scores its new tokens only, the others are their context. A window ends `parts` times in a
                   context; those of fewer parts are among those of more, so all are had from one pass.
    denominator    words, or words and line ends (which the older models of such sets predict as <eos>).
    <unk>          counted, or left out of both sums.

A metric is named by all of these: "perplexity/raw/1 of 2/words, without <unk>" is of windows that begin twice in a
context. The one with the short name is the first.
"""

from __future__ import annotations

import functools
import math
import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from minigpt.metrics import nats_to_bits
from minigpt.tinyweb import unseen
from minigpt.tokenizer import Tokenizer
from minigpt.zeroshot import files
from minigpt.zeroshot.scoring import Row, Scored
from minigpt.zeroshot.task import STARTED, Option, Reader, Task, ratio, text_of

UNK = b"<unk>"
TEST_BYTES = 5_000_000  # of enwik8 and text8: the usual split is 90, 5 and 5 million
PIECE = 100_000  # characters of what counts as a document where a text has no parts


class Window(NamedTuple):
    """A row of one text: ids up to `end` of its targets are seen; the first new one for each number of parts."""

    text: str
    stream: int
    end: int
    first: tuple[tuple[int, int], ...]  # (parts, target), the targets from there to the end are scored


class Stream(NamedTuple):
    """A text as ids, and for each target (the ids but the first): its document, and whether it is within an <unk>."""

    ids: np.ndarray
    owner: np.ndarray
    unknown: np.ndarray


def window_ends(targets: int, context: int, step: int) -> Iterator[tuple[int, int]]:
    """(first new target, end) of the windows over so many targets: a full context, then `step` new ones each time.

    The last window ends with the text and sees a full context too, if there is one.

    >>> list(window_ends(10, 4, 4)), list(window_ends(7, 4, 2))
    ([(0, 4), (4, 8), (8, 10)], [(0, 4), (4, 6), (6, 7)])
    """
    first, end = 0, min(context, targets)
    while first < targets:
        yield first, end
        first, end = end, min(end + step, targets)


def windows(targets: int, context: int, parts: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    """end -> [(parts, first new target)] of every window, for each number of parts that a context is cut into.

    Raises:
        ValueError: a context has no such parts.
    """
    found: dict[int, list[tuple[int, int]]] = {}
    for some in parts:
        if context % some:
            raise ValueError(f"a context of {context} tokens has no {some} equal parts; set parts to divisors of it")
        for first, end in window_ends(targets, context, context // some):
            found.setdefault(end, []).append((some, first))
    return found


@functools.lru_cache(maxsize=2)
def token_lengths(tokenizer: Tokenizer) -> np.ndarray:
    """The bytes of each token, (vocab_size,)."""
    return np.array([len(tokenizer.token_bytes(i)) for i in range(tokenizer.vocab_size)])


def as_stream(documents: Sequence[str], first: int, reader: Reader, ended: bool) -> Stream:
    """Documents, the first of which has the number `first`, as one text; `ended`: <|endoftext|> after it is scored."""
    text = "".join(documents)
    ids = np.array(reader.tokenizer.encode(text), dtype=np.int64)
    ends = np.cumsum(token_lengths(reader.tokenizer)[ids])  # in bytes
    borders = np.cumsum([len(document.encode()) for document in documents])
    owner = first + np.searchsorted(borders, ends, side="left")  # a token across a border is of the later document
    unknown = np.zeros(len(ids), dtype=bool)
    for found in re.finditer(re.escape(UNK), text.encode()):
        unknown[np.searchsorted(ends, found.start(), "right") : np.searchsorted(ends, found.end(), "left") + 1] = True
    if ended:
        ids, owner = np.append(ids, reader.tokenizer.eot), np.append(owner, owner[-1])
        unknown = np.append(unknown, False)
    if reader.begin:
        return Stream(np.concatenate((reader.begin, ids)), owner, unknown)
    return Stream(ids, owner[1:], unknown[1:])  # the first token has nothing before it and is not scored


class LanguageModeling(Task):
    """A set of texts. A subclass says which, where they are cut into documents, and by what the sum is divided."""

    data: tuple[str, str]
    per = "words"  # or "bytes" or "characters"
    ended = False
    headline: tuple[str, ...] = ("perplexity",)
    unit = "window"

    @abstractmethod
    def documents(self) -> list[str]:
        """The set's texts: together they are the whole file."""

    @property
    def texts(self) -> tuple[str, ...]:
        return self.choice.get("text", ("raw",))

    @property
    def parts(self) -> tuple[int, ...]:
        return self.choice["parts"]

    def examples(self, reader: Reader, limit: int | None) -> list[Window]:
        """Windows, of the first `limit` documents."""
        self.kept = self.documents()[:limit]
        if not any(self.kept):
            raise ValueError(f"{self.name} has no text: its file is empty")
        found: list[Window] = []
        self.streams: dict[tuple[str, int], Stream] = {}
        for text in self.texts:
            plain = self.plain(text)
            turned = [plain(document) for document in self.kept]
            alone = self.choice["join"] == "documents"
            groups = [(i, [one]) for i, one in enumerate(turned) if one] if alone else [(0, turned)]
            for number, (first, group) in enumerate(groups):
                stream = as_stream(group, first, reader, self.ended)
                self.streams[text, number] = stream
                ends = windows(len(stream.owner), reader.block_size, self.parts)
                found += [Window(text, number, end, tuple(ends[end])) for end in sorted(ends)]
        return found

    def plain(self, text: str) -> Callable[[str], str]:
        """What makes a document of the file one of the texts that are scored."""
        if text == "raw":
            return str
        from minigpt.zeroshot.detokenize import detokenizer  # not above: "raw" does not need it

        return detokenizer(self.data[0])

    def requests(self, example: Window, reader: Reader) -> list[Row]:
        stream = self.streams[example.text, example.stream]
        begin = max(0, example.end - reader.block_size)
        start = min(first for _, first in example.first) - begin + 1
        return [Row(stream.ids[begin : example.end + 1].tolist(), start, start)]

    def record(self, example: Window, asked: list[Row], got: list[Scored], reader: Reader) -> dict:
        """For each number of parts: nats of each document's new tokens, and those of them within an <unk>."""
        stream, nats = self.streams[example.text, example.stream], np.array(got[0].nats)
        sums: dict[str, list] = {}
        for parts, first in example.first:
            owner, unknown = stream.owner[first : example.end], stream.unknown[first : example.end]
            new = nats[len(nats) - len(owner) :]
            sums[str(parts)] = []
            for one in np.unique(owner):
                mine = owner == one
                sums[str(parts)].append([int(one), *(round(float(new[p].sum()), 6) for p in (mine, mine & unknown))])
        return {"text": example.text, "sums": sums}

    def metrics(self, examples: Sequence[Window], records: list[dict]) -> dict[str, dict]:
        nats = np.zeros((len(self.texts), len(self.parts), len(self.kept), 2))  # the last: all, within <unk>
        for record in records:
            for parts, sums in record["sums"].items():
                for document, total, unknown in sums:
                    place = self.texts.index(record["text"]), self.parts.index(int(parts)), document
                    nats[place] += total, unknown
        found = {}
        for t, text in enumerate(self.texts):
            for p, parts in enumerate(self.parts):
                for name, metric in self.rates(nats[t, p]):
                    metric_name, _, denominator = name.partition("/")
                    found[f"{metric_name}/{text}/1 of {parts}/{denominator}"] = metric
        first = next(iter(found))
        return {first.split("/")[0]: found[first], **found}

    def rates(self, nats: np.ndarray) -> Iterator[tuple[str, dict]]:
        """Each rate of documents with (nats, nats within <unk>), by "metric/denominator", the headline first."""
        if self.per != "words":
            count = [len(one.encode() if self.per == "bytes" else one) for one in self.kept]
            name = "bits_per_byte" if self.per == "bytes" else "bits_per_character"
            yield f"{name}/{self.per}", ratio(list(zip(nats[:, 0], count)), nats_to_bits)
            return
        words = np.array([len(one.split()) for one in self.kept])
        unknown = np.array([one.count(UNK.decode()) for one in self.kept])
        lines = np.array([one.count("\n") for one in self.kept])
        harness = np.array([len(re.split(r"\s+", one)) for one in self.kept])  # with an empty one at each end
        counts = {"words and line ends": words + lines, "words": words, "words of lm-evaluation-harness": harness}
        for name, count in counts.items():
            yield f"perplexity/{name}", ratio(list(zip(nats[:, 0], count)), math.exp)
        if unknown.any():
            for name, count in counts.items():
                rest = list(zip(nats[:, 0] - nats[:, 1], count - unknown))
                yield f"perplexity/{name}, without <unk>", ratio(rest, math.exp)
        size = [len(one.encode()) for one in self.kept]
        yield "bits_per_byte/bytes", ratio(list(zip(nats[:, 0], size)), nats_to_bits)


TEXT = Option(
    "text", ("detokenized", "raw"),
    "the paper undid the marks of the sets' tokenizers by rules that were not published, and gained 2.5 to 5; a "
    "comment ascribed to one of its authors says that the table's numbers are of raw text. Both are run.",
    choices={"detokenized": "tokenizer's marks undone", "raw": "the text as in the file"},
)  # fmt: skip
PARTS = Option(
    "parts", (1, 2),
    "the paper says nothing of windows. 1 is cheapest; 2 gives each token half a context at least, at twice the cost; "
    "32 is a stride of 32 tokens at a context of 1,024, said to be the paper's, at 32 times.",
    "windows of a whole context, begun {} times within each", least=1,
)  # fmt: skip
JOIN = Option(
    "join", "stream", "the paper does not say. In one piece, a document has the one before as its context.",
    choices={"stream": "all documents in one piece", "documents": "each document for itself"},
)  # fmt: skip
RECIPE = "nats of all tokens over the count of the file's {}"


class WikiText2(LanguageModeling):
    """The test part of WikiText-2, tokenised, with <unk>; documents are its articles."""

    name = "wikitext2"
    what = "60 articles of Wikipedia, rare words <unk>"
    paper = "section 3.1, Table 3"
    recipe = RECIPE.format("words and line ends")
    options: tuple[Option, ...] = (TEXT, PARTS, JOIN, STARTED)
    data = ("wikitext-2", "test.txt")

    def documents(self) -> list[str]:
        (path,) = files(*self.data)
        return articles(text_of(path))


def articles(text: str) -> list[str]:
    """The articles of a WikiText file: a title is a line " = Title = " between two empty ones."""
    starts = [found.start() for found in re.finditer(r"(?m)^ = (?!= )[^\n]*(?<! =) = \n(?= \n)", text)]
    starts = [at for at in starts if at < 3 or text[at - 3 : at] == "\n \n" or text[:at].strip() == ""]
    borders = [0, *(at for at in starts if text[:at].strip()), len(text)]
    return [text[a:b] for a, b in zip(borders, borders[1:])]


class WikiText103(WikiText2):
    """The same articles with far fewer <unk>: one test set, two perplexities in the paper."""

    name = "wikitext103"
    what = "the same articles, fewer <unk>"
    data = ("wikitext-103", "test.txt")


class PennTreebank(WikiText2):
    """The test part of the Penn Treebank: small letters, numbers N, no punctuation; documents are its lines."""

    name = "ptb"
    what = "newspaper sentences in small letters"
    data = ("ptb", "ptb.test.txt")

    def documents(self) -> list[str]:
        (path,) = files(*self.data)
        return text_of(path).splitlines(keepends=True)


class OneBillionWords(PennTreebank):
    """The first heldout part of the One Billion Word benchmark: its sentences are shuffled, so each is for itself."""

    name = "1bw"
    what = "shuffled sentences of news"
    data = ("1bw", "news.en.heldout-00000-of-00050")
    options = (
        TEXT, PARTS._replace(default=(1,), why="sentences are shorter than a context, so nothing hangs on it."),
        JOIN._replace(default="documents", why="its sentences are shuffled: what stands before does not help."),
        STARTED,
    )  # fmt: skip


class Enwik8(LanguageModeling):
    """The last 5 million bytes of enwik8: Wikipedia as XML. Bits a byte."""

    name = "enwik8"
    what = "Wikipedia as XML"
    paper = "section 3.1, Table 3"
    recipe = RECIPE.format("bytes") + ", in bits; the last 5 million bytes"
    options = (PARTS, JOIN, STARTED)
    data = ("enwik8", "enwik8")
    per = "bytes"
    headline = ("bits_per_byte",)

    def documents(self) -> list[str]:
        (path,) = files(*self.data)
        with open(path, "rb") as file:
            data = file.read()[-TEST_BYTES:]
        text = data.decode("utf-8", errors="ignore")  # the first character may be cut
        return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


class Text8(Enwik8):
    """The last 5 million characters of text8: Wikipedia, small letters only. Bits a character."""

    name = "text8"
    what = "Wikipedia in small letters, no punctuation"
    recipe = RECIPE.format("characters") + ", in bits; the last 5 million characters"
    data = ("text8", "text8")
    per = "characters"
    headline = ("bits_per_character",)


class Unseen(LanguageModeling):
    """The twin on tinyweb: six kinds of page that no training page is of. Bits a byte, altogether and by kind."""

    name = "tinyweb-unseen"
    what = "pages of kinds that it never saw"
    paper = "twin of section 3.1"
    recipe = RECIPE.format("bytes") + ", in bits; a page's end is predicted too"
    options = (
        Option("seed", 1, "tinyweb's pages are drawn by dice; another seed draws others of the same kinds.", "seed {}"),
        PARTS._replace(default=(1,), why="a page of tinyweb is shorter than the models' context."),
        JOIN._replace(default="documents", why="so the models were trained."), STARTED,
    )  # fmt: skip
    per, ended = "bytes", True
    headline = ("bits_per_byte",)

    def documents(self) -> list[str]:
        pages = {kind: list(unseen.documents(64, seed=self.choice["seed"], kind=kind)) for kind in unseen.KINDS}
        self.kinds = [kind for _ in range(64) for kind in pages]  # one of each kind in turn, whatever the limit
        return [pages[kind][i] for i in range(64) for kind in pages]

    def metrics(self, examples: Sequence[Window], records: list[dict]) -> dict[str, dict]:
        found = super().metrics(examples, records)
        rows: dict[str, list[tuple[float, int]]] = {}
        first = str(self.parts[0])
        nats = np.zeros(len(self.kept))
        for record in records:
            for document, total, _ in record["sums"].get(first, []):
                nats[document] += total
        for kind, total, page in zip(self.kinds, nats, self.kept):
            rows.setdefault(kind, []).append((total, len(page.encode())))
        return found | {f"bits_per_byte/{kind}": ratio(some, nats_to_bits) for kind, some in rows.items()}


TASKS = {
    task.name: task for task in (WikiText2, WikiText103, PennTreebank, Enwik8, Text8, OneBillionWords, Unseen)
}  # fmt: skip
