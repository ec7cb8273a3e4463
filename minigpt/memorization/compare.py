"""How much of each document of a test set stands in a training text, by n-grams, and which words. Paper: section 4."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from minigpt.memorization.bloom import BloomFilter
from minigpt.memorization.ngrams import Grams, check_n, find_ngrams, grouped, normal_codes, pieces

BATCH = 2**20  # characters of pieces that are worked on together: about 180,000 n-grams
RUNS = 3  # longest ones that are kept of each document
RUN_WORDS = 200  # of a run that are kept; its length is told in full


class Run(NamedTuple):
    """Words that follow one another in a test document and, n by n, also in the training text.

    All n-grams of a long run are there; that they stand there one after another is very likely, but not tested.
    """

    words: int
    text: str


@dataclass
class Document:
    """What was found in one document."""

    name: str
    ngrams: int = 0
    found: int = 0
    last_found: bool = False  # whether the last n-gram is among them
    runs: list[Run] = field(default_factory=list)  # the longest ones, longest first

    @property
    def share(self) -> float:
        """Of its n-grams, how many are also in the training text; 0 for a document without any."""
        return self.found / self.ngrams if self.ngrams else 0.0


@dataclass
class Overlap:
    """What was found in a test set."""

    n: int
    documents: list[Document]

    @property
    def ngrams(self) -> int:
        return sum(document.ngrams for document in self.documents)

    @property
    def found(self) -> int:
        return sum(document.found for document in self.documents)

    @property
    def share(self) -> float:
        """Of the n-grams of the whole set, how many are also in the training text: the figures of Table 6."""
        return self.found / self.ngrams if self.ngrams else 0.0

    @property
    def mean_share(self) -> float:
        """The mean over documents, each counting alike; without those too short for an n-gram."""
        shares = [document.share for document in self.documents if document.ngrams]
        return float(np.mean(shares)) if shares else 0.0

    @property
    def short(self) -> list[str]:
        """The names of the documents of fewer than n words. They have no n-gram, so nothing can be said of them."""
        return [document.name for document in self.documents if not document.ngrams]

    @property
    def runs(self) -> list[tuple[str, Run]]:
        """The longest runs of the set, longest first, each with its document's name."""
        every = [(document.name, run) for document in self.documents for run in document.runs]
        return sorted(every, key=lambda pair: -pair[1].words)


def overlap(
    train_texts: Iterable[str] | BloomFilter, test_texts: Iterable[str], n: int = 8, error_rate: float = 1e-8
) -> Overlap:
    """Which n-grams of the test texts are also in the training texts, by a Bloom filter. Paper: section 4.

    Args:
        train_texts: texts, or a filter of their n-grams that `fill` made. They are gone through twice, so those of a
            generator are held in memory; what is too much for that goes into a filter, or through `minigpt overlap`.
        test_texts: a document each; they are named "1", "2", ...
        n: words of an n-gram.
        error_rate: how likely an n-gram that is not in the training texts is taken for one that is.

    Raises:
        ValueError: n or the error rate is impossible, a text is no string, or the training texts have no n-gram at all.

    >>> found = overlap(["The hen sat on a very old egg for nine days."], ["A hen sat on a very old egg for a day."])
    >>> found.found, found.ngrams, found.runs[0][1].text
    (1, 4, 'hen sat on a very old egg for')
    """
    check_n(n)
    if isinstance(train_texts, BloomFilter):
        known = train_texts
        check_kind(known, n)
    else:
        texts = train_texts if iter(train_texts) is not train_texts else list(train_texts)
        known = BloomFilter(count(_checked(texts), n), error_rate, about_ngrams(n))
        fill(known, _checked(texts), n)
    if warning := known.warning():
        warnings.warn(warning, stacklevel=2)
    named = ((str(number), [text]) for number, text in enumerate(_checked(test_texts), start=1))
    return Overlap(n, list(find(known, named, n)))


def _checked(texts: Iterable[str]) -> Iterator[str]:
    if isinstance(texts, str):
        raise ValueError("the texts are a list of strings, not one string; put it in a list: [text]")
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            raise ValueError(f"text number {number} is no string but {type(text).__name__}")
        yield text


def about_ngrams(n: int) -> str:
    """What a filter of n-grams says that its keys are."""
    return f"{n}-grams"


def check_kind(known: BloomFilter, n: int) -> None:
    """Raises ValueError unless the filter is one of n-grams."""
    if known.about != about_ngrams(n):
        holds = known.about or "keys of another kind"
        raise ValueError(f"the filter holds {holds}, not {about_ngrams(n)}; ask for those, or build it again")


# ---- Batches of pieces of documents ----


class Piece(NamedTuple):
    """Part of a document, small enough to be worked on at once."""

    name: str
    begins: bool  # the document; else it goes on
    text: str


def batches(documents: Iterable[tuple[str, Iterable[str]]], n: int) -> Iterator[list[Piece]]:
    """Documents, given as (name, parts of the text), in batches of pieces that are worked on together."""
    batch, size = [], 0
    for name, parts in documents:
        begins = True
        for text in pieces(parts, n):
            batch.append(Piece(name, begins, text))
            begins, size = False, size + len(text) + 64
            if size >= BATCH:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _without_names(texts: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    return (("", [text]) for text in texts)


def count(texts: Iterable[str], n: int = 8) -> int:
    """How many n-grams the texts have, repeated ones counted each time.

    Raises:
        ValueError: there is none.
    """
    total = sum(count_batch(batch, n) for batch in batches(_without_names(texts), n))
    if not total:
        raise ValueError(f"the training text has no {n}-gram: it is empty, or no document has {n} words")
    return total


def fill(known: BloomFilter, texts: Iterable[str], n: int = 8) -> None:
    """Adds the n-grams of some texts to a filter."""
    for batch in batches(_without_names(texts), n):
        fill_batch(known, batch, n)


def find(known: BloomFilter, documents: Iterable[tuple[str, Iterable[str]]], n: int = 8) -> Iterator[Document]:
    """What the filter has of each document, given as (name, parts of the text)."""
    yield from merge((found for batch in batches(documents, n) for found in find_batch(known, batch, n)), n)


# ---- What is done with a batch; the same in every process ----


def count_batch(batch: Sequence[Piece], n: int) -> int:
    """How many n-grams a batch has."""
    groups = grouped(piece.text for piece in batch)
    return sum(int(np.maximum(normal_codes(group)[1] - n + 1, 0).sum()) for group in groups)


def fill_batch(known: BloomFilter, batch: Sequence[Piece], n: int) -> int:
    """Adds the n-grams of a batch to the filter, all at once; how many there were."""
    hashes = np.concatenate([find_ngrams(group, n).hashes() for group in grouped(piece.text for piece in batch)])
    known.add_hashes(hashes)
    return len(hashes)


class Found(NamedTuple):
    """What the filter has of a piece."""

    piece: Piece  # without its text
    ngrams: int
    found: int
    runs: list[tuple[int, int, str]]  # n-grams found one after another: the first, the last, their words


def find_batch(known: BloomFilter, batch: Sequence[Piece], n: int) -> list[Found]:
    """Looks up all n-grams of a batch."""
    groups = [find_ngrams(group, n) for group in grouped(piece.text for piece in batch)]
    hits = known.find_hashes(np.concatenate([grams.hashes() for grams in groups]))
    found, at = [], 0
    for grams in groups:
        begin = 0  # of a text, in the n-grams of its group
        for number in grams.counts.tolist():
            hit, piece = hits[at : at + number], batch[len(found)]
            runs = _runs(hit, grams, begin, n) if hit.any() else []
            found.append(Found(piece._replace(text=""), number, int(np.count_nonzero(hit)), runs))
            begin, at = begin + number, at + number
    return found


def _runs(hit: np.ndarray, grams: Grams, begin: int, n: int) -> list[tuple[int, int, str]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hit.astype(np.int8), [0]]))).reshape(-1, 2)
    most = max(0, RUN_WORDS - n)
    return [
        (first, end - 1, grams.text(begin + first, begin + min(end - 1, first + most))) for first, end in edges.tolist()
    ]


# ---- Documents from their pieces ----


def merge(found: Iterable[Found], n: int) -> Iterator[Document]:
    """Documents from what was found in their pieces, in order. A run that goes on in the next piece is one run."""
    document, tail = None, None  # tail: the run that the last n-gram so far is in, which may go on
    for piece, ngrams, hits, runs in found:
        if piece.begins:
            if document is not None:
                yield _closed(document, tail)
            document, tail = Document(piece.name), None
        if tail and ngrams and not (runs and runs[0][0] == 0):
            _keep(document, tail)
            tail = None
        for first, last, text in runs:
            if tail and first == 0:
                words = [*tail.text.split(), *text.split()[n - 1 :]]
                tail = Run(tail.words + last + 1, " ".join(words[:RUN_WORDS]))
            else:
                tail = Run(last - first + n, text)
            if last < ngrams - 1:
                _keep(document, tail)
                tail = None
        document.ngrams += ngrams
        document.found += hits
    if document is not None:
        yield _closed(document, tail)


def _closed(document: Document, tail: Run | None) -> Document:
    if tail:
        _keep(document, tail)
    document.last_found = tail is not None
    return document


def _keep(document: Document, run: Run) -> None:
    document.runs = sorted([*document.runs, run], key=lambda one: -one.words)[:RUNS]
