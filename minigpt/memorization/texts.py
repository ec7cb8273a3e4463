"""Documents from files: plain text or JSON lines, as they are or packed by gzip, bzip2, xz or Zstandard; and folders.

A file of plain text is one document. Of a file whose name says .jsonl or .ndjson (before .gz and the like), each line
that is an object with a `text` is one. Nothing is read into memory as a whole but a line of JSON.
"""

from __future__ import annotations

import codecs
import json
import lzma
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from minigpt.webtext.posts import open_packed

LINES = (".jsonl", ".ndjson")
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zstd")
MAX_LINE = 2**28  # bytes of a JSON line
_READ = 2**16


def find_files(paths: Iterable[str | Path]) -> list[Path]:
    """The files that are named, and those in named folders and below, in order; hidden ones are left out there.

    Raises:
        FileNotFoundError: a name leads nowhere, or to a folder without files.
    """
    files = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
            if not inside:
                raise FileNotFoundError(f"the folder {path} holds no file; name the files, or their folder")
            files += inside
        elif path.exists():
            files.append(path)
        else:
            raise FileNotFoundError(f"there is no file or folder {path}; check the path")
    return files


def read_documents(files: Iterable[Path], broken: Counter | None = None) -> Iterator[tuple[str, Iterable[str]]]:
    """The documents of some files as (name, parts of the text); a name is the file's, and the line's number if it has.

    Args:
        broken: counts, by file, the lines that are no JSON object with a text. They are left out.

    Raises:
        ValueError: a file that is no text in UTF-8, that is damaged, or of JSON lines without a single text.
        OSError: it cannot be read.
    """
    for path in files:
        if is_lines(path):
            yield from _json_documents(path, Counter() if broken is None else broken)
        else:
            yield str(path), _plain_parts(path)


def is_lines(path: Path) -> bool:
    """Whether the name of a file says that it holds JSON lines.

    >>> is_lines(Path("test.jsonl.gz")), is_lines(Path("test.txt"))
    (True, False)
    """
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in PACKED]
    return bool(suffixes) and suffixes[-1] in LINES


def _json_documents(path: Path, broken: Counter) -> Iterator[tuple[str, list[str]]]:
    read = 0
    with open_packed(path) as file:
        for number, line in enumerate(iter(lambda: _guarded(file.readline, path, MAX_LINE), b""), start=1):
            if len(line) == MAX_LINE:
                raise ValueError(f"{path}, line {number}: longer than {MAX_LINE:,} bytes; is it of JSON lines?")
            try:
                text = json.loads(line)["text"]
            except (ValueError, KeyError, TypeError, RecursionError):
                text = None
            if isinstance(text, str):
                read += 1
                yield f"{path}:{number}", [text]
            elif line.strip():
                broken[str(path)] += 1
    if not read and broken[str(path)]:
        raise ValueError(f"{path} holds no text: each of its lines must be a JSON object with the key \"text\"")


def _plain_parts(path: Path) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()  # the mark that some editors write first is no text
    at = 0
    with open_packed(path) as file:
        while True:
            data = _guarded(file.read, path, _READ)
            if at == 0 and data.startswith(b"WARC/"):
                raise ValueError(f"{path} is an archive of web pages; take their text out of it with `minigpt webtext`")
            if 0 in data:
                raise ValueError(f"{path} is not text: it holds a zero byte; give text, or JSON lines with a text each")
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                raise ValueError(
                    f"{path} is not UTF-8 text: byte 0x{error.object[error.start]:02x} near byte {at + error.start:,} "
                    "is not part of a character; convert it to UTF-8"
                ) from error
            if text:
                yield text
            if not data:
                return
            at += len(data)


def _guarded(read, path: Path, size: int) -> bytes:
    """What `read` gives; a packed file that cannot be unpacked to its end is refused, for it would count too little."""
    try:
        return read(size)
    except (EOFError, lzma.LZMAError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # the disk's failure, not the file's
            raise
        raise ValueError(f"{path} is cut short or damaged: it cannot be unpacked ({error}); get it again") from error
