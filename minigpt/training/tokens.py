"""Token shards of any texts, made by all cores: for runs of a size at which training should not wait for its tokenizer.

| a file | its texts |
|---|---|
| .txt | one |
| .jsonl | one a line: a JSON object with the text in one of its fields |

either also as .gz, .bz2, .xz or .zst. The input is cut into parts of about 256 MB, and each part becomes one shard,
whichever process makes it: the same bytes for any number of them. A part that is done is not done again.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from minigpt.data import sha256_of
from minigpt.errors import UsageError
from minigpt.lock import Locked, locked
from minigpt.recorded import write_atomic
from minigpt.tokenizer import FILE_NAME, Tokenizer
from minigpt.training.corpus import Span
from minigpt.training.shards import write_shard
from minigpt.webtext.posts import open_packed

FORMAT = 1  # of what is written; another number makes it be written anew
PART = 2**28  # bytes of text: about 60 million tokens of GPT-2
KINDS = (".txt", ".jsonl")
PACKED = (".gz", ".xz", ".zst", ".bz2")
RECEIPT = "parts.json"


@dataclass(frozen=True)
class Piece:
    """The bytes `start` to `end` of a file; of a packed one, all of them."""

    path: Path
    start: int
    end: int


def make_tokens(
    inputs: Iterable[str | os.PathLike], out: str | os.PathLike, *, tokenizer: str = "gpt2", field: str = "text",
    validation: float = 0.005, processes: int = 0, report: Callable[[str], None] = lambda line: None,
) -> dict[str, int]:  # fmt: skip
    """Writes train-*.tokens, val-*.tokens and the tokenizer to `out`: what `minigpt train --data` takes.

    Args:
        inputs: files, and folders, of which all .txt and .jsonl files are taken, in the order of their names.
        out: a new folder, or that of an earlier call, which then goes on.
        tokenizer: "gpt2", or a saved one that has <|endoftext|>, which ends each text.
        field: of a JSON line, the one with the text.
        validation: share of the texts that are to validate on. Their hash decides: always the same ones.
        processes: 0: one a core.

    Returns:
        {"documents": texts, "train": tokens, "val": tokens}

    Raises:
        UsageError: nothing to read, or `out` holds shards of other texts.
        ValueError: a text is not UTF-8, or a line not JSON with that field.
    """
    files, out = list(find_files(inputs)), Path(out)
    if not 0 < validation < 1:
        raise UsageError(f"validation is a share of the texts, above 0 and below 1, not {validation}")
    if load_tokenizer(tokenizer).eot is None:
        raise UsageError(f"{tokenizer} is a tokenizer of characters and has no <|endoftext|>; give gpt2 or a saved bpe")
    parts = list(cut_into_parts(files))
    names = [(path.name, path.stat().st_size) for path in files]
    told = (FORMAT, PART, names, _tokenizer_key(tokenizer), field, validation)
    key = hashlib.sha256(repr(told).encode()).hexdigest()
    out.mkdir(parents=True, exist_ok=True)
    try:
        with locked(out / ".lock"):
            done = _read_receipt(out, key)
            for old in out.glob(".*.tmp"):  # half written by a run that was killed
                old.unlink()
            work = {number: part for number, part in enumerate(parts) if str(number) not in done}
            if done:
                report(f"{len(done)} of {len(parts)} parts were done before")
            jobs = [(number, part, out, tokenizer, field, validation) for number, part in work.items()]
            for number, count in _by_processes(jobs, processes or os.cpu_count() or 1):
                done[str(number)] = count
                write_atomic(out / RECEIPT, json.dumps({"key": key, "done": done}) + "\n")
            load_tokenizer(tokenizer).save(out)  # last: a folder that has it is whole
    except Locked:
        raise ValueError(f"another process is at work in {out}; wait for it, or give another --out") from None
    return {name: sum(count[name] for count in done.values()) for name in ("documents", "train", "val")}


def find_files(inputs: Iterable[str | os.PathLike]) -> Iterator[Path]:
    """The files that inputs name, those of a folder in the order of their names."""
    for given in map(Path, inputs):
        if given.is_dir():
            found = sorted(path for path in given.rglob("*") if path.is_file() and file_kind(path) in KINDS)
            if not found:
                raise UsageError(f"the folder {given} has no .txt or .jsonl file")
            yield from found
        elif not given.is_file():
            raise UsageError(f"{given} is not there; check the path")
        elif file_kind(given) not in KINDS:
            raise UsageError(f"{given} is neither .txt nor .jsonl (nor one of these packed, as .jsonl.gz); rename it")
        else:
            yield given


def file_kind(path: Path) -> str:
    """.txt or .jsonl, whether packed or not; another ending as it is."""
    return path.with_suffix("").suffix if path.suffix in PACKED else path.suffix


def cut_into_parts(files: list[Path]) -> Iterator[list[Piece]]:
    """Lists of pieces of about `PART` bytes. Only unpacked .jsonl can be cut; a line belongs where it begins."""
    part, room = [], PART
    for path in files:
        size = path.stat().st_size
        whole = path.suffix in PACKED or file_kind(path) == ".txt"
        cuts = [0, size] if whole else [*range(0, size, PART), size]
        for start, end in zip(cuts, cuts[1:]):
            if part and end - start > room:
                yield part
                part, room = [], PART
            part.append(Piece(path, start, end))
            room -= end - start
    if part:
        yield part


def _by_processes(jobs: list[tuple], processes: int) -> Iterator[tuple[int, dict[str, int]]]:
    """The parts' numbers and counts, as they are done."""
    from tqdm import tqdm

    with tqdm(total=len(jobs), desc="tokens", unit="part", disable=not jobs, mininterval=1) as bar:
        if min(processes, len(jobs)) <= 1:
            for job in jobs:
                yield write_part(*job)
                bar.update()
            return
        with ProcessPoolExecutor(min(processes, len(jobs))) as pool:
            waiting = [pool.submit(write_part, *job) for job in jobs]
            try:
                for one in as_completed(waiting):
                    yield one.result()
                    bar.update()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def write_part(
    number: int, part: list[Piece], out: Path, tokenizer: str, field: str, validation: float
) -> tuple[int, dict[str, int]]:
    """One shard of each split from the texts of a part."""
    tok, held_out = load_tokenizer(tokenizer), []
    count = {"documents": 0, "train": 0, "val": 0}

    def to_train() -> Iterator[np.ndarray]:
        for digest, pieces in texts(part, field):
            count["documents"] += 1
            ids = (np.asarray(tok.encode(piece), dtype=np.uint32) for piece in pieces)
            if int.from_bytes(digest[:4], "big") < validation * 2**32:
                held_out.extend([*ids, np.array([tok.eot], dtype=np.uint32)])
            else:
                yield from ids
                yield np.array([tok.eot], dtype=np.uint32)

    count["train"] = write_shard(out / f"train-{number:05d}.tokens", to_train(), tok.vocab_size)
    count["val"] = write_shard(out / f"val-{number:05d}.tokens", held_out, tok.vocab_size)
    return number, count


def texts(part: list[Piece], field: str) -> Iterator[tuple[bytes, Iterable[str]]]:
    """Each text's sha256 and the text, which may come in pieces; empty ones are left out."""
    for piece in part:
        if file_kind(piece.path) == ".jsonl":
            for text in json_lines(piece, field):
                yield hashlib.sha256(text.encode()).digest(), [text]
        elif piece.path.suffix in PACKED:
            with open_packed(piece.path) as file:
                text = _decoded(file.read(), piece.path)
            if text:
                yield hashlib.sha256(text.encode()).digest(), [text]
        elif piece.end:
            yield bytes.fromhex(sha256_of(piece.path)), Span(piece.path, 0, piece.end).pieces()


def json_lines(piece: Piece, field: str) -> Iterator[str]:
    """The texts of the lines that begin within the piece."""
    with open_packed(piece.path) as file:
        if piece.start:
            file.seek(piece.start - 1)
            file.readline()  # the rest of a line that begins before, or of the one that just ended
        at_end = (lambda: False) if piece.path.suffix in PACKED else (lambda: file.tell() >= piece.end)
        while not at_end() and (line := file.readline()):
            if line.isspace():
                continue
            text = _field_of(line, field, piece.path)
            if text:
                yield text


def _field_of(line: bytes, field: str, path: Path) -> str:
    try:
        record = json.loads(_decoded(line, path))
    except ValueError as error:
        raise ValueError(f"{path}: a line is not JSON ({line[:40]!r} ...): {error}; mend it or leave it out") from error
    text = record.get(field) if isinstance(record, dict) else None
    if not isinstance(text, str):
        raise ValueError(f"{path}: a line has no text in {field!r} ({line[:40]!r} ...); name its field with --field")
    return text.encode("utf-8", "replace").decode()  # JSON may hold half of a surrogate pair, which is no character


def _decoded(data: bytes, path: Path) -> str:
    try:
        return codecs.decode(data, "utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"{error.reason} at byte {error.start}"
        raise ValueError(f"{path} is not UTF-8 text: {where}; convert it to UTF-8") from error


@lru_cache
def load_tokenizer(name: str) -> Tokenizer:
    return Tokenizer.gpt2() if name == "gpt2" else Tokenizer.load(name)


def _tokenizer_key(name: str) -> str:
    if name == "gpt2":
        return name
    path = Path(name)
    return sha256_of(path / FILE_NAME if path.is_dir() else path)


def _read_receipt(out: Path, key: str) -> dict[str, dict[str, int]]:
    """What was done before in `out`, by the number of the part.

    Raises:
        UsageError: it was something else.
    """
    path = out / RECEIPT
    if not path.exists():
        if any(out.glob("*.tokens")):
            raise UsageError(f"{out} holds shards that were not made by `minigpt tokens`; give --out a new folder")
        return {}
    receipt = json.loads(path.read_text(encoding="utf-8"))
    if receipt["key"] != key:
        raise UsageError(f"{out} holds shards of other texts, or by another tokenizer; give --out a new folder")
    whole = lambda n: all((out / f"{split}-{int(n):05d}.tokens").is_file() for split in ("train", "val"))  # noqa: E731
    return {number: count for number, count in receipt["done"].items() if whole(number)}
