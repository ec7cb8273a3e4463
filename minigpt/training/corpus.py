"""From a text to token shards: what to train on, what to validate on, and by which tokenizer.

| `data` is | to train on | to validate on |
|---|---|---|
| a file, or a name of `minigpt data list` | the first nine tenths of its bytes | the last tenth |
| a folder with val.txt, valid.txt or validation.txt | its other .txt files, in the order of their names | that file |
| a folder without | the first nine tenths of all its .txt files, in the order of their names | the last tenth |
| a folder of shards: of `minigpt tokens`, `tokens` of `minigpt webtext` | train-*, by its own tokenizer | val-* |
| `tinyweb` | pages of its split "train" | pages of its split "test" |

A file is a document (of tinyweb, each page): where the tokenizer has <|endoftext|>, that token ends each. A folder's
test.txt is left out. Texts are read in pieces, so they may be larger than memory.
"""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minigpt import data as datasets
from minigpt.errors import UsageError, unknown
from minigpt.tokenizer import FILE_NAME, Tokenizer
from minigpt.training.settings import Settings
from minigpt.training.shards import read_shard, read_shards, shard_checksum, write_shards

SPLITS = ("train", "val")
VALIDATION_FILES = ("val.txt", "valid.txt", "validation.txt")
TINYWEB_PAGES = {"train": 300_000, "val": 2_000}
FORMAT = 1  # of what is kept in the cache; another number makes it be written anew
_READ = 2**20


@dataclass(frozen=True)
class Span:
    """The bytes `start` to `end` of a text file."""

    path: Path
    start: int
    end: int

    def pieces(self) -> Iterator[str]:
        """The text, in pieces of about a megabyte.

        A piece ends between a letter and white space where it can: there GPT-2's rule cuts words anyway, so the pieces
        give the same tokens as the whole. (Where a megabyte has no white space, its end is as good as any.)
        """
        # utf-8-sig takes away the mark that some editors write before a text; it is no character of it.
        decode = codecs.getincrementaldecoder("utf-8" if self.start else "utf-8-sig")().decode
        at, held = self.start, ""
        with open(self.path, "rb") as file:
            file.seek(self.start)
            while at < self.end:
                chunk = file.read(min(_READ, self.end - at))
                if not chunk:
                    raise ValueError(
                        f"{self.path} became shorter while it was read; try again when nothing writes to it"
                    )
                if 0 in chunk:
                    raise ValueError(f"{self.path} is not text: it holds a zero byte; give a text file in UTF-8")
                try:
                    text = held + decode(chunk, final=at + len(chunk) == self.end)
                except UnicodeDecodeError as error:
                    raise ValueError(
                        f"{self.path} is not UTF-8 text: byte 0x{error.object[error.start]:02x} near byte "
                        f"{at + error.start:,} is not part of a character; convert it to UTF-8"
                    ) from error
                at += len(chunk)
                cut = _last_word_end(text) if at < self.end else len(text)
                if cut:
                    yield text[:cut]
                held = text[cut:]


@dataclass(frozen=True)
class Corpus:
    """A text to train on and one to validate on.

    Args:
        documents: "train" or "val" -> its documents, each as a pair: its pieces, and whether the last of them ends it.
        checksum: changes with the text.
    """

    documents: Callable[[str], Iterator[tuple[Iterator[str], bool]]]
    checksum: str


def open_corpus(data: str) -> Corpus:
    """The text that the key `data` names; see the table at the head of this module.

    Raises:
        FileNotFoundError, ValueError, OSError: it is not there, empty, not text, or cannot be read or downloaded.
    """
    path = Path(data)
    if path.is_dir():
        return _corpus_of_files(*_split_folder(path))
    if path.exists():
        return _corpus_of_files([path], None)
    if data == "tinyweb":
        return _corpus_of_tinyweb()
    if data not in datasets.REGISTRY:
        if path.suffix or os.sep in data:
            raise FileNotFoundError(f"there is no file or folder {data}; check the path")
        raise UsageError(f"{unknown('file, folder or data set', data, [*datasets.REGISTRY, 'tinyweb'])}")
    entry = datasets.find(data)
    if not entry.train:
        raise UsageError(
            f"{data} is {entry.use} ({entry.what}) and is not trained on; choose another, or name a file of yours"
        )
    return _corpus_of_files([path for path in datasets.get(data) if path.name in entry.train], None)


def _split_folder(folder: Path) -> tuple[list[Path], Path | None]:
    """The files to train on, and the one to validate on if the folder has it."""
    files = sorted(path for path in folder.iterdir() if path.name.endswith(".txt") and path.is_file())
    validation = next((path for path in files if path.name in VALIDATION_FILES), None)
    train = [path for path in files if path.name not in (*VALIDATION_FILES, "test.txt")]
    if not train:
        raise FileNotFoundError(f"the folder {folder} has no .txt file to train on; put the text there, or name a file")
    return train, validation


def _corpus_of_files(files: list[Path], validation: Path | None) -> Corpus:
    spans = [Span(path, 0, path.stat().st_size) for path in files]
    total = sum(span.end for span in spans)
    if not total:
        raise ValueError(
            f"{', '.join(map(str, files))} {'is' if len(files) == 1 else 'are'} empty; give a file with text in it"
        )
    if validation is not None:
        splits = {"train": spans, "val": [Span(validation, 0, validation.stat().st_size)]}
    else:
        splits = {"train": [], "val": []}
        left = total * 9 // 10
        for span in spans:
            cut = _character_start(span.path, min(left, span.end))
            left -= min(left, span.end)
            splits["train"] += [Span(span.path, 0, cut)] if cut else []
            splits["val"] += [Span(span.path, cut, span.end)] if cut < span.end else []

    def documents(split: str) -> Iterator[tuple[Iterator[str], bool]]:
        for span in splits[split]:
            yield span.pieces(), span.end == span.path.stat().st_size

    digest = hashlib.sha256()
    for split in SPLITS:
        for span in splits[split]:
            digest.update(f"{split} {span.start} {span.end} {datasets.sha256_of(span.path)}\n".encode())
    return Corpus(documents, digest.hexdigest())


def _corpus_of_tinyweb() -> Corpus:
    """The book's small world. Its checksum is that of its generator: the same code gives the same pages."""
    from minigpt import tinyweb

    written: dict[str, list[str]] = {}  # by the dice once, read twice: for the tokenizer and for the tokens

    def documents(split: str) -> Iterator[tuple[Iterator[str], bool]]:
        if split not in written:
            part = {"train": "train", "val": "test"}[split]
            written[split] = list(tinyweb.documents(TINYWEB_PAGES[split], split=part))
        for page in written[split]:
            yield iter([page]), True

    digest = hashlib.sha256(repr(sorted(TINYWEB_PAGES.items())).encode())
    for path in sorted(Path(tinyweb.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return Corpus(documents, digest.hexdigest())


def _character_start(path: Path, at: int) -> int:
    """The first byte from `at` on that begins a character of UTF-8."""
    with open(path, "rb") as file:
        file.seek(at)
        ahead = file.read(4)
    return at + next((i for i, byte in enumerate(ahead) if byte & 0xC0 != 0x80), 0)


def _last_word_end(text: str) -> int:
    """The last place where a non-space is followed by a blank or line break; the whole length if there is none."""
    for i in range(len(text) - 1, 0, -1):
        if text[i] in "\n\r\t " and not text[i - 1].isspace():
            return i
    return len(text)


@dataclass(frozen=True)
class Tokens:
    """A corpus as tokens.

    Args:
        train, val: shards, each (count,).
        checksum: of the text and the tokenizer.
    """

    tokenizer: Tokenizer
    train: list[np.ndarray]
    val: list[np.ndarray]
    checksum: str

    def __len__(self) -> int:
        return sum(len(shard) for shard in self.train)


def prepare(settings: Settings, share: tuple[int, int] = (0, 1)) -> Tokens:
    """The text of `settings.data` as token shards. They are kept in the cache: a second run on the text starts at once.

    Where `settings.data` is a folder of shards, their tokens are compared with the checksums in their headers.

    Args:
        share: (r, n): of such shards check only number r, r + n, ...; the others are for other processes.

    Raises:
        FileNotFoundError, ValueError, OSError: as `open_corpus`, and for a tokenizer that does not load or fit.
    """
    if _is_whole(Path(settings.data)):
        return _read_checked(Path(settings.data), share)
    corpus = open_corpus(settings.data)
    key = hashlib.sha256(f"{FORMAT} {corpus.checksum} {_tokenizer_key(settings)}".encode()).hexdigest()[:32]
    folder = datasets.cache_dir() / "tokens" / key
    if not _is_whole(folder):
        datasets.make_cache_folder(folder.parent)
        _write_tokens(corpus, make_tokenizer(settings, corpus), folder)
    return _read_tokens(folder, key)


def _read_checked(folder: Path, share: tuple[int, int]) -> Tokens:
    """The shards of a folder that is named as data, read through once. Raises ValueError if one is damaged."""
    from tqdm import tqdm

    tokenizer, paths = Tokenizer.load(folder), sorted(folder.glob("*.tokens"))
    mine = paths[share[0] :: share[1]]
    large = share[0] == 0 and sum(path.stat().st_size for path in mine) > 2**30
    for path in tqdm(mine, desc="checking the tokens", unit="file", disable=not large):
        read_shard(path, tokenizer.vocab_size, check=True)
    known = [datasets.sha256_of(folder / FILE_NAME), *(f"{path.name} {shard_checksum(path)}" for path in paths)]
    return _read_tokens(folder, hashlib.sha256(" ".join(known).encode()).hexdigest()[:32])


def _read_tokens(folder: Path, key: str) -> Tokens:
    """The shards of a folder and the tokenizer that wrote them."""
    tokenizer = Tokenizer.load(folder)
    train, val = (read_shards(folder, split, tokenizer.vocab_size) for split in SPLITS)
    return Tokens(tokenizer, train, val, key)


def _is_whole(folder: Path) -> bool:
    """Whether all is there; something that tidies caches may have taken a part."""
    return (folder / FILE_NAME).is_file() and all(any(folder.glob(f"{split}-*.tokens")) for split in SPLITS)


def _write_tokens(corpus: Corpus, tokenizer: Tokenizer, folder: Path) -> None:
    """Writes the tokens to a temporary folder, which is then renamed."""
    temporary = None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        _write_splits(corpus, tokenizer, temporary)
        if not _is_whole(folder):  # else another process was quicker, with the same
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(temporary, folder)
    except OSError as error:
        if _is_whole(folder):
            return
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS) and temporary is not None:
            raise
        raise OSError(
            f"the tokens of the text cannot be written to {folder.parent}: {error.strerror}; "
            "free some space there, or set MINIGPT_CACHE to another folder"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _write_splits(corpus: Corpus, tokenizer: Tokenizer, folder: Path) -> None:
    for split in SPLITS:
        write_shards(folder, split, encode_documents(corpus, split, tokenizer), tokenizer.vocab_size)
    tokenizer.save(folder)


def encode_documents(corpus: Corpus, split: str, tokenizer: Tokenizer) -> Iterator[np.ndarray]:
    """The tokens of a split, piece by piece, with <|endoftext|> after each document where the tokenizer has it."""
    for pieces, ends in corpus.documents(split):
        for piece in pieces:
            yield np.asarray(tokenizer.encode(piece), dtype=np.int64)
        if ends and tokenizer.eot is not None:
            yield np.asarray([tokenizer.eot], dtype=np.int64)


def make_tokenizer(settings: Settings, corpus: Corpus) -> Tokenizer:
    """The tokenizer that the settings name. A BPE learns its merges from the training text alone."""
    if settings.tokenizer == "gpt2":
        return Tokenizer.gpt2()
    if settings.tokenizer == "char":
        characters: set[str] = set()  # of all the text: a character that has no id could not even be validated
        for split in SPLITS:
            for pieces, _ in corpus.documents(split):
                characters.update(*pieces)
        return Tokenizer.from_chars("".join(sorted(characters)))
    if settings.tokenizer == "bpe":
        texts = (piece for pieces, _ in corpus.documents("train") for piece in pieces)
        return Tokenizer.train(texts, settings.vocab_size)
    return Tokenizer.load(settings.tokenizer)


def _tokenizer_key(settings: Settings) -> str:
    """What the tokens depend on besides the text."""
    if settings.tokenizer == "bpe":
        return f"bpe {settings.vocab_size}"
    if settings.tokenizer in ("gpt2", "char"):
        return settings.tokenizer
    path = Path(settings.tokenizer)
    path = path / FILE_NAME if path.is_dir() else path
    if not path.is_file():
        raise UsageError(
            f"there is no tokenizer {settings.tokenizer!r}; give char, gpt2, bpe, or a saved tokenizer's file or folder"
        )
    return datasets.sha256_of(path)
