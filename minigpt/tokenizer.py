"""Byte pair encoding as GPT-2 does it: from text to token ids and back. Paper: section 2.2.

Read from top to bottom, this file is chapter 04: text is split into words, words are bytes, and merges of two tokens
into one are learned from how often the two stand side by side (a slow trainer to understand, a fast one to use, with
equal results). `Tokenizer` puts the pieces together.

>>> from minigpt import Tokenizer
>>> tok = Tokenizer.gpt2()
>>> tok.encode("Hello world")
[15496, 995]
>>> tok.decode([15496, 995])
'Hello world'
"""

from __future__ import annotations

import functools
import hashlib
import heapq
import json
import lzma
import os
import warnings
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from minigpt.recorded import write_atomic

END_OF_TEXT = "<|endoftext|>"
FILE_NAME = "minigpt_tokenizer.json"
MAX_WORDS = 2_000_000
_FORMAT, _VERSION = "minigpt tokenizer", 1
_MERGES_FILE = Path(__file__).parent / "assets" / "gpt2" / "vocab.bpe.xz"
_MERGES_SHA256 = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"


# ---- 1. From text to words -------------------------------------------------------------------------------------------

# The rule of section 2.2: no merge crosses a character category, but a space may join what follows it. So a word is a
# contraction, or letters, or digits, or other signs, each with at most one space before it; or a gap between words.
WORD_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# The rule switched off: a whole line, with its line break, is one word, and merges may cross anything inside it.
LINE_PATTERN = r"[^\n]*\n|[^\n]+"


@functools.cache
def _compiled(pattern: str):
    import regex  # `re` of the standard library knows no \p{L}

    return regex.compile(pattern)


def split_words(text: str, categories: bool = True) -> list[str]:
    """The pieces that merges stay inside. Joined, they are `text` again.

    With `categories=False` the pieces are lines: without the rule, a merge may cross anything but a line break.

    >>> split_words("The dog's 12 bones!  Yes")
    ['The', ' dog', "'s", ' 12', ' bones', '!', ' ', ' Yes']
    >>> split_words("dog. dog!\\ndog?", categories=False)
    ['dog. dog!\\n', 'dog?']
    """
    return _compiled(WORD_PATTERN if categories else LINE_PATTERN).findall(text)


# ---- 2. From words to bytes ------------------------------------------------------------------------------------------


def byte_alphabet() -> dict[int, str]:
    """Byte -> the visible character that stands for it in files; the order is that of the ids 0 to 255.

    GPT-2 numbers the 188 bytes that are visible characters first, then the 68 others, which borrow the characters from
    U+0100 on: a space is written 'Ġ', a line break 'Ċ'.

    >>> alphabet = byte_alphabet()
    >>> "".join(alphabet[byte] for byte in " café\\n".encode())
    'ĠcafÃ©Ċ'
    """
    visible = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {byte: chr(byte) for byte in visible} | {byte: chr(256 + i) for i, byte in enumerate(hidden)}


ALPHABET = byte_alphabet()
BYTE_ORDER = bytes(ALPHABET)  # id -> byte
BYTE_IDS = bytes(BYTE_ORDER.index(byte) for byte in range(256))  # byte -> id, as a table for bytes.translate
_BYTE_OF = {character: byte for byte, character in ALPHABET.items()}


def spell(token: bytes) -> str:
    """A token as GPT-2's files write it: one visible character a byte.

    >>> spell(b" the")
    'Ġthe'
    """
    return "".join([ALPHABET[byte] for byte in token])


def unspell(spelled: str) -> bytes:
    """The token that `spelled` stands for. Raises KeyError at a character that is not in the alphabet."""
    return bytes([_BYTE_OF[character] for character in spelled])


# ---- 3. Learning merges, slowly --------------------------------------------------------------------------------------


def replace_pair(ids: Sequence[int], pair: tuple[int, int], new: int) -> list[int]:
    """`ids` with every occurrence of `pair`, from left to right, replaced by the one id `new`.

    >>> replace_pair([1, 1, 1, 2], (1, 1), 256)
    [256, 1, 2]
    """
    out, i = [], 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out


def train_merges_simple(words: Mapping[bytes, int], num_merges: int) -> list[tuple[int, int]]:
    """The merges that byte pair encoding learns from `words` (word -> how often it occurs), each a pair of ids.

    Every step counts all pairs again and merges the most frequent. Ties are common, so the rule for them is part of the
    result: of equally frequent pairs the one with the smaller ids goes first, the left id before the right. The paper
    does not say; this rule needs nothing but the ids, does not depend on the order of the words, and is that of Hugging
    Face's trainer. Merge number k makes the id 256 + k. Fewer merges come back when no word of two tokens is left.

    >>> train_merges_simple({b"aab": 3, b"ab": 2}, 2) == [(64, 65), (64, 256)]      # a b -> ab, then a ab -> aab
    True
    """
    texts = [(list(word.translate(BYTE_IDS)), times) for word, times in words.items()]
    merges: list[tuple[int, int]] = []
    while len(merges) < num_merges:
        counts: Counter[tuple[int, int]] = Counter()
        for ids, times in texts:
            for pair in zip(ids, ids[1:]):
                counts[pair] += times
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        texts = [(replace_pair(ids, best, 256 + len(merges)), times) for ids, times in texts]
        merges.append(best)
    return merges


# ---- 4. Learning the same merges, fast -------------------------------------------------------------------------------


def train_merges(words: Mapping[bytes, int], num_merges: int) -> list[tuple[int, int]]:
    """What `train_merges_simple` returns, in a small part of its time.

    Three ideas. A word is a string whose characters are its token ids, so `str.replace` does a merge at the speed of C.
    A merge changes only words that hold its pair, and there only the neighbours: an index finds these words, and the
    counts are corrected, not made anew. The most frequent pair comes from a heap: since a new pair holds the new token,
    the count of an old pair can only fall, and an entry whose count is out of date is put back when it comes up.

    >>> train_merges({b"aab": 3, b"ab": 2}, 2) == [(64, 65), (64, 256)]
    True
    """
    spelled = [word.translate(BYTE_IDS).decode("latin-1") for word in words]  # in latin-1, byte 64 is chr(64)
    times = list(words.values())
    counts, places = index_pairs(spelled, times)
    heap = [(-count, pair) for pair, count in counts.items()]  # the smallest comes first: high count, then small ids
    heapq.heapify(heap)
    merges: list[tuple[int, int]] = []
    while heap and len(merges) < num_merges:
        negative_count, pair = heapq.heappop(heap)
        if -negative_count != counts[pair]:
            if counts[pair]:
                heapq.heappush(heap, (-counts[pair], pair))
            continue
        new = chr(256 + len(merges))
        merges.append((ord(pair[0]), ord(pair[1])))
        for made in merge_everywhere(pair, new, spelled, times, counts, places):
            heapq.heappush(heap, (-counts[made], made))
    return merges


def index_pairs(spelled: list[str], times: list[int]) -> tuple[dict[str, int], dict[str, list[int]]]:
    """Pair -> how often it occurs in all words, and pair -> the numbers of the words that hold it."""
    counts: dict[str, int] = defaultdict(int)
    places: dict[str, list[int]] = defaultdict(list)
    for number, word in enumerate(spelled):
        for i in range(len(word) - 1):
            pair = word[i : i + 2]
            if not (where := places[pair]) or where[-1] != number:
                where.append(number)
            counts[pair] += times[number]
    return counts, places


def merge_everywhere(
    pair: str, new: str, spelled: list[str], times: list[int], counts: dict[str, int], places: dict[str, list[int]]
) -> set[str]:
    """Merge `pair` into `new` in every word, correct `counts` and `places`, and return the pairs that this made."""
    left, right = pair
    made = set()
    for number in places.pop(pair):
        if pair not in spelled[number]:  # an earlier merge took one of its two tokens
            continue
        word = spelled[number] = spelled[number].replace(pair, new)
        n, last, at = times[number], len(word) - 1, word.find(new)
        here = set()
        while at >= 0:
            if at > 0:  # x left right -> x new; when x is new too, its last token was `right`
                x = word[at - 1]
                counts[(right if x == new else x) + left] -= n
                counts[x + new] += n
                here.add(x + new)
            if at < last and (y := word[at + 1]) != new:  # left right y -> new y; two new side by side: done above
                counts[right + y] -= n
                counts[new + y] += n
                here.add(new + y)
            at = word.find(new, at + 1)
        for found in here:
            places[found].append(number)
        made |= here
    counts[pair] = 0
    return made


# ---- 5. Counting the words of texts larger than memory ---------------------------------------------------------------


def count_words(
    texts: Iterable[str], categories: bool = True, processes: int = 1, max_words: int = MAX_WORDS
) -> dict[bytes, int]:
    """Word -> how often it occurs in `texts`, read as a stream: a few megabytes of text are held at a time.

    `processes` workers count different parts; the result is the same for any number. Memory is bounded by the number of
    *different* words, about 0.7 kB each until training ends. When they pass `max_words`, the rarest are dropped until
    half are left, and a warning says so; only rare words are affected. Below that limit every count is exact.

    Raises:
        TypeError: `texts` is one string, or holds something that is not a string.
        ValueError: a lone surrogate, `processes` below 1, or more than `max_words` lines with `categories=False`.
    """
    if isinstance(texts, (str, bytes)):
        raise TypeError("texts is a single string, but should hold strings, one a document: pass [text]")
    if processes < 1:
        raise ValueError(f"processes is {processes}; it must be at least 1")
    counts: Counter[str] = Counter()
    count = functools.partial(_count_batch, categories=categories)
    for part in _map_in_order(count, _batches(texts, categories), processes):
        counts.update(part)
        if len(counts) > max_words:
            if not categories:  # most lines occur once: nothing would be left
                raise ValueError(f"more than {max_words:,} different lines; with categories=False train on a sample")
            counts = _drop_rare(counts, max_words)
    return {word.encode(): times for word, times in counts.items()}


def _count_batch(batch: list[str], categories: bool) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in batch:
        counts.update(split_words(text, categories))
    return counts


def _drop_rare(counts: Counter[str], max_words: int) -> Counter[str]:
    floor, before = 0, len(counts)
    while len(counts) > max_words // 2:
        floor += 1
        counts = Counter({word: times for word, times in counts.items() if times > floor})
    warnings.warn(
        f"more than {max_words:,} different words: dropped the {before - len(counts):,} seen up to {floor} times, "
        "so rare words are counted too low; a larger max_words counts all",
        stacklevel=3,
    )
    return counts


def _batches(texts: Iterable[str], categories: bool, size: int = 1 << 20) -> Iterator[list[str]]:
    """Texts in groups of about `size` characters. A longer text is cut where a word ends in any case."""
    cut = _compiled(r"(?<=\S)\s" if categories else r"(?<=\n)[^\n]|(?<=\n)\n")
    batch, held = [], 0
    for text in texts:
        check_text(text)
        start = 0
        while start < len(text):
            found = cut.search(text, start + size)
            end = found.start() if found else len(text)
            batch.append(text[start:end])
            held += end - start
            start = end
            if held >= size:
                yield batch
                batch, held = [], 0
    if batch:
        yield batch


def _map_in_order(function: Callable, items: Iterable, processes: int) -> Iterator:
    """`map`, on several processes. Only a few items are under way at a time, so `items` may be endless."""
    if processes == 1:
        yield from map(function, items)
        return
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    waiting: deque = deque()
    try:
        with ProcessPoolExecutor(processes) as pool:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > 2 * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
    except BrokenProcessPool:
        raise ChildProcessError(
            "a worker process ended early; in a script, train under `if __name__ == '__main__':`, or use processes=1"
        ) from None


# ---- 6. From words to tokens, showing the work -----------------------------------------------------------------------


class Step(NamedTuple):
    """One step of encoding a word: which merge was applied, and the tokens after it. The first step has no merge."""

    rank: int | None
    pair: tuple[bytes, bytes] | None
    tokens: list[bytes]


def merge_steps(word: bytes, ranks: Mapping[tuple[bytes, bytes], int]) -> list[Step]:
    """Encode one word step by step: of all neighbours the pair that was learned first is merged, until none is known.

    >>> for step in merge_steps(b"aab", {(b"a", b"b"): 0, (b"a", b"ab"): 1}):
    ...     print(step.rank, step.tokens)
    None [b'a', b'a', b'b']
    0 [b'a', b'ab']
    1 [b'aab']
    """
    tokens = [word[i : i + 1] for i in range(len(word))]
    steps = [Step(None, None, tokens)]
    while known := [pair for pair in zip(tokens, tokens[1:]) if pair in ranks]:
        best = min(known, key=ranks.__getitem__)
        merged, i = [], 0
        while i < len(tokens):
            here = tuple(tokens[i : i + 2]) == best
            merged.append(best[0] + best[1] if here else tokens[i])
            i += 2 if here else 1
        tokens = merged
        steps.append(Step(ranks[best], best, tokens))
    return steps


# ---- 7. The tokenizer ------------------------------------------------------------------------------------------------

# The same words as WORD_PATTERN, written so that the matcher never has to go back (++ gives nothing back once taken).
_FAST_WORD_PATTERN = r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
_LONG_GAP = 10_000


class Tokenizer:
    """Text to token ids and back. Make one with `gpt2`, `train`, `from_chars` or `load`; it does not change afterwards.

    A byte-level BPE tokenizer has the ids 0 to 255 for the bytes (in GPT-2's order), 256 + k for the token that merge k
    makes, and last `<|endoftext|>`: vocab_size = 256 + merges + 1. It encodes any text, and decodes to the same text.
    A character tokenizer (`from_chars`) has one id for each character it was made from, and nothing else.

    Encoding is done by tiktoken, which looks up the bytes of a token where BPE looks up a pair. That is the same: where
    a stretch of bytes becomes a token, its ends were ends of tokens all along, so what happened between them depended
    on these bytes alone, and each token comes about in one way only.
    """

    def __init__(
        self,
        merges: Iterable[tuple[bytes, bytes]] = (),
        *,
        categories: bool = True,
        characters: str | None = None,
    ) -> None:
        self.merges = list(merges)
        self.categories = categories
        self.characters = characters
        if characters is not None:
            self.tokens = [character.encode() for character in characters]
            self._char_ids = {character: i for i, character in enumerate(characters)}
            return
        self.tokens = [bytes([byte]) for byte in BYTE_ORDER]
        known = set(self.tokens)
        for rank, (left, right) in enumerate(self.merges):
            if left not in known or right not in known or left + right in known:
                spelled = f"{spell(left)} {spell(right)}"
                raise ValueError(f"merge {rank} ({spelled}) does not make a new token of two known ones")
            known.add(left + right)
            self.tokens.append(left + right)
        self.tokens.append(END_OF_TEXT.encode())

    @classmethod
    def gpt2(cls) -> Tokenizer:
        """GPT-2's own tokenizer, 50,257 tokens, from the merges that OpenAI published; they come with the package.

        >>> Tokenizer.gpt2().vocab_size
        50257
        """
        return _gpt2()

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocab_size: int,
        *,
        categories: bool = True,
        processes: int = 1,
        max_words: int = MAX_WORDS,
    ) -> Tokenizer:
        """Learn a byte-level BPE from `texts`, an iterable of documents, with the method of GPT-2. Paper: section 2.2.

        Args:
            texts: read once, as a stream; see `count_words` for how memory stays bounded. Merges never cross documents.
            vocab_size: 256 bytes + merges + `<|endoftext|>`, so at least 257.
            categories: the paper's rule that no merge crosses a character category. False: a merge may cross anything
                within a line, so that "dog." and "of the" become tokens; for experiments, on some megabytes of text.
            processes: how many processes count words; the result does not depend on it.

        Raises:
            ValueError: `vocab_size` is out of range, the text is empty, or it is too small for that many merges. (A
                smaller vocabulary instead would silently not be the one that the model was configured for.)

        >>> tok = Tokenizer.train(["low lower lowest", "new newer newest"], 262)
        >>> [spell(token) for token in tok.tokens[256:]]
        ['we', 'lo', 'ne', 'st', 'Ġlo', '<|endoftext|>']
        """
        if not 257 <= vocab_size <= 0x110000:
            raise ValueError(
                f"vocab_size is {vocab_size}; it must be at least 257 (256 bytes and {END_OF_TEXT}), at most 1,114,112"
            )
        words = count_words(texts, categories, processes, max_words)
        if not words:
            raise ValueError("there is no text to train a tokenizer on: all texts are empty")
        pairs = train_merges(words, vocab_size - 257)
        if len(pairs) < vocab_size - 257:
            raise ValueError(
                f"this text is too small for a vocabulary of {vocab_size}: it yields {len(pairs)} merges; "
                f"use vocab_size {len(pairs) + 257} or less, or more text"
            )
        tokens = [bytes([byte]) for byte in BYTE_ORDER]
        for left, right in pairs:
            tokens.append(tokens[left] + tokens[right])
        return cls([(tokens[left], tokens[right]) for left, right in pairs], categories=categories)

    @classmethod
    def from_chars(cls, text: str) -> Tokenizer:
        """A character tokenizer: one id for each different character of `text`, in the order of their code points.

        >>> tok = Tokenizer.from_chars("hello")
        >>> tok.encode("hole"), tok.vocab_size, tok.eot
        ([1, 3, 2, 0], 4, None)
        """
        check_text(text)
        if not text:
            raise ValueError("there is no text to take characters from: it is empty")
        return cls(characters="".join(sorted(set(text))))

    @property
    def kind(self) -> str:
        """ "bpe" or "char"."""
        return "bpe" if self.characters is None else "char"

    @property
    def vocab_size(self) -> int:
        """The number of ids; they run from 0 to vocab_size - 1."""
        return len(self.tokens)

    @property
    def eot(self) -> int | None:
        """The id of `<|endoftext|>`, the last one; None for a character tokenizer."""
        return len(self.tokens) - 1 if self.characters is None else None

    def encode(self, text: str, allow_special: bool = False) -> list[int]:
        """The ids of `text`. `<|endoftext|>` in it is text like any other; `allow_special` makes it the id `eot`.

        Raises:
            ValueError: `text` holds a lone surrogate, or a character that a character tokenizer does not have.

        >>> tok = Tokenizer.gpt2()
        >>> tok.encode("Hi<|endoftext|>"), tok.encode("Hi<|endoftext|>", allow_special=True)
        ([17250, 27, 91, 437, 1659, 5239, 91, 29], [17250, 50256])
        """
        check_text(text)
        if self.characters is not None:
            return self._encode_characters(text)
        first, *others = text.split(END_OF_TEXT) if allow_special else [text]
        ids = self._encode_ordinary(first)
        for part in others:
            ids.append(len(self.tokens) - 1)
            ids += self._encode_ordinary(part)
        return ids

    def _encode_ordinary(self, text: str) -> list[int]:
        first, *others = _cut_long_gaps(text) if self.categories else [text]
        ids = self._encoding.encode_ordinary(first)
        for piece in others:
            ids += self._encoding.encode_ordinary(piece)
        return ids

    def _encode_characters(self, text: str) -> list[int]:
        try:
            return [self._char_ids[character] for character in text]
        except KeyError as error:
            character = error.args[0]
            raise ValueError(
                f"the character {character!r} (U+{ord(character):04X}) is not among the {len(self.tokens)} of this "
                "character tokenizer; leave it out, or use a BPE tokenizer, which knows every character"
            ) from None

    @functools.cached_property
    def _encoding(self):
        import tiktoken

        return tiktoken.Encoding(
            "minigpt",
            pat_str=_FAST_WORD_PATTERN if self.categories else LINE_PATTERN,
            mergeable_ranks={token: i for i, token in enumerate(self.tokens[:-1])},
            special_tokens={END_OF_TEXT: len(self.tokens) - 1},
        )

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids` (a list, array or tensor of one dimension). Bytes that are not UTF-8 become U+FFFD.

        >>> tok = Tokenizer.gpt2()
        >>> tok.decode(tok.encode("猫")[:1])
        '\\ufffd'
        """
        return self.decode_bytes(ids).decode("utf-8", errors="replace")

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The exact bytes of `ids`, also where they are only a part of a character.

        Raises:
            ValueError: an id is not in the vocabulary.
        """
        numbers = ids.tolist() if hasattr(ids, "tolist") else list(ids)
        try:
            if numbers and (min(numbers) < 0 or max(numbers) >= len(self.tokens)):
                bad = next(i for i in numbers if not 0 <= i < len(self.tokens))
                raise ValueError(
                    f"token id {bad} is not in the vocabulary: its ids run from 0 to {len(self.tokens) - 1}"
                )
            return b"".join([self.tokens[i] for i in numbers])
        except TypeError:
            raise TypeError("ids must be a flat sequence of whole numbers") from None

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one token. Raises ValueError when the id is not in the vocabulary."""
        return self.decode_bytes([token])

    def steps(self, text: str) -> list[list[Step]]:
        """How each word of `text` becomes tokens, merge by merge; slow, to look at. Ends with the tokens of `encode`.

        (`encode` and this one take their character classes from two libraries; for characters that were added to
        Unicode in the last few years, one may know them as letters before the other does.)
        """
        if self.characters is not None:
            raise ValueError("a character tokenizer has no merges to show")
        check_text(text)
        return [merge_steps(word.encode(), self._ranks) for word in split_words(text, self.categories)]

    def show_work(self, text: str) -> str:
        """`steps` in words, ready to print: the merges by rank, and the tokens as GPT-2's files spell them.

        >>> print(Tokenizer.gpt2().show_work("newest"))
        newest
            bytes         n e w e s t
            merge    18   n e w es t
            merge   139   n e w est
            merge   157   n ew est
            merge  3349   new est
        """
        lines = []
        for word in self.steps(text):
            lines.append(spell(b"".join(word[0].tokens)))
            for step in word:
                name = "bytes      " if step.rank is None else f"merge {step.rank:5d}"
                lines.append(f"    {name}   {' '.join(map(spell, step.tokens))}")
        return "\n".join(lines)

    @functools.cached_property
    def _ranks(self) -> dict[tuple[bytes, bytes], int]:
        return {pair: rank for rank, pair in enumerate(self.merges)}

    def save(self, path: str | os.PathLike) -> Path:
        """Write the tokenizer to `path`, a .json file or a folder (there, `minigpt_tokenizer.json`); return the file.

        The file appears whole or not at all. It is JSON to read: merges in their order, spelled as in GPT-2's files.
        """
        path = Path(path)
        file = path if path.suffix == ".json" and not path.is_dir() else path / FILE_NAME
        content: dict = {"format": _FORMAT, "version": _VERSION, "kind": self.kind, "vocab_size": self.vocab_size}
        if self.characters is not None:
            content["characters"] = self.characters
        else:
            content["categories"] = self.categories
            content["merges"] = [f"{spell(left)} {spell(right)}" for left, right in self.merges]
        write_atomic(file, json.dumps(content, indent=0, ensure_ascii=False) + "\n")
        return file

    @classmethod
    def load(cls, path: str | os.PathLike) -> Tokenizer:
        """The tokenizer that `save` wrote to `path` (the file, or the folder it is in).

        Raises:
            FileNotFoundError: there is none.
            ValueError: the file is damaged, or something else.
        """
        file = Path(path) / FILE_NAME if Path(path).is_dir() else Path(path)
        if not file.is_file():
            raise FileNotFoundError(f"there is no tokenizer at {file}; give a {FILE_NAME} or a folder that holds one")
        try:
            return cls._from_content(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            reason = str(error) if isinstance(error, _Refused) else "it is damaged, or another kind of file"
            raise ValueError(f"{file} is no tokenizer that can be read: {reason}") from None

    @classmethod
    def _from_content(cls, content: dict) -> Tokenizer:
        if content["format"] != _FORMAT:
            raise ValueError("another format")
        if content["version"] != _VERSION:
            raise _Refused(f"its version is {content['version']}, and this minigpt reads version {_VERSION}")
        if content["kind"] == "char":
            characters = content["characters"]
            if not isinstance(characters, str) or not characters or len(set(characters)) != len(characters):
                raise _Refused("its characters are none, or not all different")
            tokenizer = cls(characters=characters)
        elif content["kind"] == "bpe":
            pairs = [line.split(" ") for line in content["merges"]]
            merges = [(unspell(left), unspell(right)) for left, right in pairs]
            if not isinstance(content["categories"], bool):
                raise _Refused("'categories' is neither true nor false")
            tokenizer = cls(merges, categories=content["categories"])
        else:
            raise _Refused(f"its kind is {content['kind']!r}, not 'bpe' or 'char'")
        if content["vocab_size"] != tokenizer.vocab_size:
            raise _Refused(f"it should have {content['vocab_size']} tokens and has {tokenizer.vocab_size}")
        return tokenizer

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tokenizer):
            return NotImplemented
        return (self.characters, self.categories, self.merges) == (other.characters, other.categories, other.merges)

    def __hash__(self) -> int:
        return hash((self.characters, self.categories, len(self.merges)))

    def __repr__(self) -> str:
        rule = "" if self.categories else ", categories=False"
        return f"Tokenizer(kind={self.kind!r}, vocab_size={self.vocab_size}{rule})"


# ---- 8. Helpers ------------------------------------------------------------------------------------------------------


class _Refused(ValueError):
    """A tokenizer file with a fault that can be named."""


def check_text(text: str) -> None:
    """Raise where `text` is no text: TypeError if no string, ValueError at a lone surrogate (no UTF-8 holds it)."""
    if not isinstance(text, str):
        raise TypeError(f"a text must be a string, not {type(text).__name__}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"the text has a lone surrogate, U+{ord(text[error.start]):04X}, at position {error.start}: half a "
            "character, which UTF-8 cannot hold; "
            "text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace') mends it"
        ) from None


def _cut_long_gaps(text: str) -> list[str]:
    r"""`text` cut around runs of more than about 20,000 white-space characters, at places where words end anyway.

    tiktoken's matcher keeps a note for every character of such a run while it looks for the end, and gives up at a
    million. A run is a word without its last character, which belongs to the next word; alone in a text it is matched
    whole. Testing one block in each stretch of `_LONG_GAP` characters finds every run twice as long, at no cost.
    """
    if not any(text[at : at + _LONG_GAP].isspace() for at in range(0, len(text), _LONG_GAP)):
        return [text]
    parts, start = [], 0
    for run in _compiled(rf"\s{{{_LONG_GAP},}}").finditer(text):
        end = run.end() if run.end() == len(text) else run.end() - 1
        parts += [text[start : run.start()], text[run.start() : end]]
        start = end
    return [*parts, text[start:]]


@functools.cache
def _gpt2() -> Tokenizer:
    data = lzma.decompress(_MERGES_FILE.read_bytes())
    if hashlib.sha256(data).hexdigest() != _MERGES_SHA256:
        raise ValueError(f"GPT-2's merges in {_MERGES_FILE} are damaged (wrong sha256); install the package again")
    _version, *lines = data.decode("utf-8").splitlines()
    pairs = [line.split(" ") for line in lines]
    return Tokenizer([(unspell(left), unspell(right)) for left, right in pairs])
