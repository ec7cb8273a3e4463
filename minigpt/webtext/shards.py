"""Step 11: the texts as token shards, ready to train on: `OUT/tokens/`, with the tokenizer beside them.

A text goes to the validation part if its hash says so: one in twenty, the same ones whatever else is in the corpus (the
paper held out 5 % of WebText, section 3). `<|endoftext|>` ends each.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from minigpt.data import sha256_of
from minigpt.errors import UsageError
from minigpt.lock import locked
from minigpt.tokenizer import FILE_NAME, Tokenizer
from minigpt.training.shards import write_shards
from minigpt.webtext import pipeline
from minigpt.webtext.dedup import text_hash
from minigpt.webtext.records import Page, read_records

VALIDATION = 0.05


def is_validation(text: str) -> bool:
    """Whether a text belongs to the validation part."""
    return int.from_bytes(text_hash(text)[:4], "big") < VALIDATION * 2**32


def write_tokens(
    out: Path, source: Path, tokenizer: str = "gpt2", vocab_size: int = 4096,
    report: Callable[[str], None] = lambda line: None,
) -> dict:  # fmt: skip
    """Tokens of the pages in `source`, a step's file, written to `OUT/tokens/` unless they are there already.

    Args:
        tokenizer: "gpt2", "bpe" (merges learned from the training part, `vocab_size` tokens), or a saved one's path.

    Returns:
        {"train": tokens, "val": tokens, "documents": ..., "bytes": of text in UTF-8, "vocab_size": ...}
    """
    out, source = Path(out), Path(source)
    folder, receipt = out / "tokens", out / "steps" / "11_tokens.json"
    key = hashlib.sha256(
        f"{pipeline.FORMAT} {sha256_of(source)} {_tokenizer_key(tokenizer, vocab_size)} {VALIDATION}".encode()
    ).hexdigest()
    with locked(out / ".lock"):
        done = pipeline.read_receipt(receipt, key)
        if done and folder.is_dir() and folder_hash(folder) == done["sha256"]:
            report("tokens: done before")
            return done["count"]
        began, cpu = time.perf_counter(), time.process_time()
        temporary = out / ".tokens.tmp"
        shutil.rmtree(temporary, ignore_errors=True)  # of a process that was killed
        temporary.mkdir()
        count = _write(source, temporary, _make_tokenizer(tokenizer, vocab_size, source))
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(temporary, folder)
        pipeline.write_receipt(receipt, {"key": key, "sha256": folder_hash(folder), "count": count})
        seconds = time.perf_counter() - began
        cpu = round(time.process_time() - cpu, 3)
        pipeline.log(out / "steps", {"step": "tokens", **count, "seconds": round(seconds, 3), "cpu": cpu})
        report(f"tokens: {count['train']:,} to train on and {count['val']:,} to validate on, {seconds:.1f} s")
    return count


def texts(source: Path, split: str) -> Iterator[str]:
    """The texts of one part, in order."""
    for page in read_records(source, Page):
        if is_validation(page.text) == (split == "val"):
            yield page.text


def _write(source: Path, folder: Path, tokenizer: Tokenizer) -> dict:
    count = {"train": 0, "val": 0, "documents": 0, "bytes": 0, "vocab_size": tokenizer.vocab_size}

    def encoded(split: str) -> Iterator[np.ndarray]:
        for text in texts(source, split):
            count["documents"] += 1
            count["bytes"] += len(text.encode())
            yield np.asarray([*tokenizer.encode(text), tokenizer.eot], dtype=np.int64)

    for split in ("train", "val"):
        count[split] = write_shards(folder, split, encoded(split), tokenizer.vocab_size)
    tokenizer.save(folder)
    return count


def _make_tokenizer(name: str, vocab_size: int, source: Path) -> Tokenizer:
    if name == "gpt2":
        return Tokenizer.gpt2()
    if name == "bpe":
        return Tokenizer.train(texts(source, "train"), vocab_size)
    tokenizer = Tokenizer.load(name)
    if tokenizer.eot is None:
        raise UsageError(f"{name} is a tokenizer of characters and has no <|endoftext|>; give a byte pair encoding")
    return tokenizer


def _tokenizer_key(name: str, vocab_size: int) -> str:
    if name in ("gpt2", "bpe"):
        return f"{name} {vocab_size}" if name == "bpe" else name
    path = Path(name) / FILE_NAME if Path(name).is_dir() else Path(name)
    if not path.is_file():
        raise UsageError(f"there is no tokenizer {name!r}; give gpt2, bpe, or a saved tokenizer's file or folder")
    return sha256_of(path)


def folder_hash(folder: Path) -> str:
    """One checksum of the files in a folder, names and bytes."""
    lines = [f"{path.name} {sha256_of(path)}\n" for path in sorted(folder.iterdir())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
