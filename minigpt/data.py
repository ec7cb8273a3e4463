"""Public data sets by name: where they come from, what they may be used for, and downloads that are checked.

Nothing is taken on trust: each file has a sha256, and a file that does not match is not used. `MINIGPT_DATA` may name a
folder of files that are there already (`NAME/FILE` in it); whatever is found there and matches is not downloaded.
"""

from __future__ import annotations

import bz2
import hashlib
import os
import shutil
import struct
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from minigpt.errors import UsageError, unknown
from minigpt.lock import Locked, locked

STALL_SECONDS = 30.0  # with no byte for so long, a download counts as stalled
TRIES = 3  # at each address; a later try goes on where the last one ended
_CHUNK = 2**16
_GITHUB = "https://raw.githubusercontent.com/"


class DownloadError(OSError):
    """A file could not be had; the message says why, and what to do."""


@dataclass(frozen=True)
class RemoteFile:
    """One file of a data set.

    Args:
        name: under which it is kept.
        sha256, size: of the file as it is kept.
        urls: where it can be had, in the order in which they are tried.
        unpack: turns what is downloaded into what is kept, where they differ; `raw_sha256` is that of the download.
    """

    name: str
    size: int
    sha256: str
    urls: tuple[str, ...]
    unpack: Callable[[bytes], bytes] | None = None
    raw_sha256: str = ""


@dataclass(frozen=True)
class DataSet:
    """A data set of the registry; `train` names the files that may be trained on, and where there are none, `use` says
    what it is for."""

    name: str
    what: str
    licence: str
    files: tuple[RemoteFile, ...]
    train: tuple[str, ...] = ()
    use: str = "a benchmark"


def strings_of_rda(data: bytes) -> bytes:
    """The first column of text in an R data file (bzip2, XDR), one string a line.

    R writes a vector of strings as the type 16 and a length, and each string as the type 9 with flags, a length in
    bytes, and the bytes; -1 is a missing one. All numbers are big-endian.
    """
    data = bz2.decompress(data)
    at = 0
    while (at := data.find(b"\x00\x00\x00\x10", at)) >= 0:
        (count,) = struct.unpack_from(">i", data, at + 4)
        lines, here = [], at + 8
        while len(lines) < count and data[here + 3 : here + 4] == b"\x09":
            (length,) = struct.unpack_from(">i", data, here + 4)
            lines.append(data[here + 8 : here + 8 + max(0, length)])
            here += 8 + max(0, length)
        if count > 100 and len(lines) == count:
            return b"\n".join(lines)
        at += 1
    raise ValueError("no column of text in this R data file")


def _github(repository: str, commit: str, path: str) -> tuple[str, ...]:
    return (f"{_GITHUB}{repository}/{commit}/{path}",)


REGISTRY: dict[str, DataSet] = {
    entry.name: entry
    for entry in (
        DataSet(
            "tinyshakespeare", "plays of Shakespeare, 1.1 MB of text", "public domain",
            (RemoteFile(
                "input.txt", 1_115_394, "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
                _github("karpathy/char-rnn", "6f9487a6fe5b", "data/tinyshakespeare/input.txt"),
            ),),
            train=("input.txt",),
        ),
        DataSet(
            "moby-dick", "Moby-Dick, the novel, 1.2 MB of text", "public domain",
            (RemoteFile(
                "moby-dick.txt", 1_204_997, "fe282a57094ed62e7144fb7c804a9748fc1c909bf3b49d06e7276015f9f67240",
                _github("stdlib-js/datasets-moby-dick", "235160635e0a", "data/data.txt"),
            ),),
            train=("moby-dick.txt",),
        ),
        DataSet(
            "hcandersen", "fairy tales of Andersen in English, 2.2 MB of text",
            "public domain originals; translations unchecked",
            (RemoteFile(
                "hcandersen_en.txt", 2_212_841, "96c784c50b36cb738acc042c045adb25f2337e005d2fabd35eb31e3ee0e55b62",
                _github("EmilHvitfeldt/hcandersenr", "a40ebfba0f37", "data/hcandersen_en.rda"),
                unpack=strings_of_rda,
                raw_sha256="6f02fa91f2f389d3c748465d8baafbc51d4a114603b666598e771134a381a68d",
            ),),
            train=("hcandersen_en.txt",),
        ),
        DataSet(
            "tinystories-sample", "short stories in a small child's words, 0.9 MB of text", "CDLA-Sharing-1.0",
            (RemoteFile(
                "tiny_stories.txt", 944_426, "c56cfd24fb1c542b141a396184b822a4db3672abdb4c49c6aa843171c5e822a5",
                _github("s-ajaykumar/smallGPT", "b8b899265a55", "data/tiny_stories.txt"),
            ),),
            train=("tiny_stories.txt",),
        ),
        DataSet(
            "wikitext-2", "the validation and test parts of WikiText-2, tokenised", "CC BY-SA 3.0",
            (
                RemoteFile(
                    "test.txt", 1_256_449, "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
                    _github("pytorch/examples", "77f55b912142", "word_language_model/data/wikitext-2/test.txt"),
                ),
                RemoteFile(
                    "valid.txt", 1_121_681, "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
                    _github("pytorch/examples", "77f55b912142", "word_language_model/data/wikitext-2/valid.txt"),
                ),
            ),
        ),
        DataSet(
            "lambada", "the LAMBADA test set, OpenAI's version", "CC BY 4.0",
            (RemoteFile(
                "lambada_test.jsonl", 1_819_752, "4aa8d02cd17c719165fc8a7887fddd641f43fcafa4b1c806ca8abc31fabdb226",
                _github("cybertronai/bflm", "620fff70127e", "lambada_test.jsonl"),
            ),),
        ),
        DataSet(
            "gpt2-samples", "500 samples of the 1.5B model by each of six settings, published by OpenAI", "MIT",
            (
                RemoteFile(
                    "unconditional.txt", 2_349_038,
                    "d4e13b24475c773e80df603bb91b11811d0e98d053d7f9076da9d93a6ad12b3d",
                    _github("openai/gpt-2", "a3aa7de9e11b", "gpt-2-samples/unconditional.txt"),
                ),
                RemoteFile(
                    "unconditional-t07.txt", 2_282_469,
                    "d78140cd57c855eeec07c4dba38798153317c244c2e15d731fb261278cc4e206",
                    _github("openai/gpt-2", "a3aa7de9e11b", "gpt-2-samples/unconditional-t07.txt"),
                ),
                RemoteFile(
                    "unconditional-topk40.txt", 2_383_809,
                    "001e444c73bcedd6035c8e3dcf5c51c8a9007b18474b81f160ffab52d2a756f3",
                    _github("openai/gpt-2", "a3aa7de9e11b", "gpt-2-samples/unconditional-topk40.txt"),
                ),
                RemoteFile(
                    "conditional.txt", 2_299_599,
                    "5c5e7ca4d372b891c5edcca039a7868d04e5c2174e8054ee1f33fa83d03c8761",
                    _github("openai/gpt-2", "a3aa7de9e11b", "gpt-2-samples/conditional.txt"),
                ),
                RemoteFile(
                    "conditional-t07.txt", 2_215_772,
                    "bdd45eb67d866e6b17de7bbdd435cbda63a8890f7e7eac5d6ce06ad89c83e3e4",
                    _github("openai/gpt-2", "a3aa7de9e11b", "gpt-2-samples/conditional-t07.txt"),
                ),
                RemoteFile(
                    "conditional-topk40.txt", 2_278_357,
                    "933f6bcae74ce369f5a11c23724b4a9349983b1d3f5665ae9bf21601dcb2cea7",
                    _github("openai/gpt-2", "a3aa7de9e11b", "gpt-2-samples/conditional-topk40.txt"),
                ),
            ),
        ),
        DataSet(
            "reddit-submissions", "submissions to Reddit of June and July 2005, monthly dumps",
            "none stated; posts are their authors'",
            (
                RemoteFile(
                    "RS_v2_2005-06.xz", 17_376, "42c54710220eba6b729699cde94c2b151f0ee2df9e1ee569183c1da554a2e62c",
                    _github("jcpeterson/openwebtext", "2e3f21d3d26b", "pushshift_dumps/RS_v2_2005-06.xz"),
                ),
                RemoteFile(
                    "RS_v2_2005-07.xz", 93_156, "5f568b76006ce7dce51b7edcc68151c0d5ed28891fba19a3aac11e52a69f2e53",
                    _github("jcpeterson/openwebtext", "2e3f21d3d26b", "pushshift_dumps/RS_v2_2005-07.xz"),
                ),
            ),
            use="input of minigpt webtext",
        ),
        DataSet(
            "warc", "two small archives of the web: example.com, and the front page of Common Crawl", "Apache 2.0",
            (
                RemoteFile(
                    "cc.warc.gz", 5_392, "68ecb486138ac84a95a0ab543a3895e13987004a478a3a4dd0cedfcf1440bdae",
                    _github("iipc/jwarc", "9b5df862d35f", "test-resources/org/netpreserve/jwarc/cc.warc.gz"),
                ),
                RemoteFile(
                    "example.warc.gz", 3_816, "5144459799b3bcb894d5143e0d8171c20c591a41733608e8392346e95e0bcf6b",
                    _github("webrecorder/warcio", "2a797aa8c6d6", "test/data/example.warc.gz"),
                ),
            ),
            use="input of minigpt webtext",
        ),
        DataSet(
            "gpt2-domains", "the thousand most frequent sites of WebText, published with GPT-2", "MIT",
            (RemoteFile(
                "domains.txt", 14_754, "84b7eb3d611444b154e2b041254746e97e772bb52411fc3e9e190cdbdd000dc5",
                _github("openai/gpt-2", "9b63575ef427", "domains.txt"),
            ),),
            use="a list of sites",
        ),
    )
}  # fmt: skip
# Where a mirror laid out as the project's own keeps a set under another folder than its name.
_MIRROR_FOLDERS = {"moby-dick": "books"}


def cache_dir() -> Path:
    """Where downloads and tokenised texts are kept: $MINIGPT_CACHE, or `minigpt` in the user's cache folder."""
    if os.environ.get("MINIGPT_CACHE"):
        return Path(os.environ["MINIGPT_CACHE"])
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "minigpt"
    except RuntimeError:
        raise OSError("this user has no home folder to keep texts in; set MINIGPT_CACHE to a folder for them") from None


def make_cache_folder(folder: Path) -> None:
    """Makes a folder within the cache. Raises OSError, saying what to set, where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"the cache folder {folder} cannot be made: {error.strerror}; set MINIGPT_CACHE to a folder of yours"
        ) from error


def get(name: str, report: Callable[[str], None] | None = None) -> list[Path]:
    """The files of a data set, from MINIGPT_DATA, from an earlier download, or downloaded now.

    Args:
        name: of the registry.
        report: is called with one line for each file, saying where it came from.

    Raises:
        UsageError: no such data set; the message names the nearest.
        DownloadError: a file could not be had, or is not what it should be.
    """
    entry = find(name)
    return [_get_file(entry, file, report or (lambda line: None)) for file in entry.files]


def find(name: str) -> DataSet:
    """The registry's entry of that name."""
    if name not in REGISTRY:
        raise UsageError(f"{unknown('data set', name, list(REGISTRY))}; `minigpt data list` shows all")
    return REGISTRY[name]


def present(name: str) -> bool:
    """Whether every file of the set is at hand, without reading them."""
    entry = find(name)
    return all(any(path.is_file() for path in _places(entry, file)) for file in entry.files)


def _places(entry: DataSet, file: RemoteFile) -> list[Path]:
    """Where a file may be already: the mirror, then the cache."""
    places = [cache_dir() / "data" / entry.name / file.name]
    if os.environ.get("MINIGPT_DATA"):
        folder = _MIRROR_FOLDERS.get(entry.name, entry.name)
        places = [Path(os.environ["MINIGPT_DATA"]) / folder / file.name, *places]
    return places


def _get_file(entry: DataSet, file: RemoteFile, report: Callable[[str], None]) -> Path:
    for place in _places(entry, file):
        if not place.is_file():
            continue
        if sha256_of(place) == file.sha256:
            report(f"{entry.name}: {place}, checked")
            return place
        report(f"{entry.name}: {place} does not match its checksum and is not used")
    target = _places(entry, file)[-1]
    report(f"{entry.name}: downloading {file.name} ({file.size / 1e6:.1f} MB)")
    download(file, target)
    report(f"{entry.name}: {target}, downloaded and checked")
    return target


def sha256_of(path: str | os.PathLike) -> str:
    """The sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def download(file: RemoteFile, target: Path) -> None:
    """Brings a file to `target`, or nothing: it is put there only when complete and of the right sha256.

    What has arrived is kept beside it under the name `.part`; a later try, also after a kill, asks for the rest only.

    Raises:
        DownloadError: it stalled, broke off, was refused, or has changed, at every address; the last reason is told.
    """
    make_cache_folder(target.parent)
    part = target.with_name(target.name + ".part")
    try:
        with locked(target.with_name(f".{target.name}.lock")):
            reasons = []
            for url in file.urls:
                try:
                    _fetch_verified(url, part, file)
                    _finish(part, target, file)
                    return
                except DownloadError as error:
                    reasons.append(f"{url} {error}")
    except Locked:
        raise DownloadError(f"another process is downloading {target} just now; wait for it, then try again") from None
    raise DownloadError(
        f"{file.name} could not be downloaded: {'; '.join(reasons)}. Try again later, or put the file at {target}"
    )


def _fetch_verified(url: str, part: Path, file: RemoteFile) -> None:
    """Downloads to `part` until its checksum is right."""
    wanted = file.raw_sha256 or file.sha256
    for attempt in range(TRIES):
        began_empty = not part.exists()
        try:
            _fetch(url, part)
        except DownloadError as error:
            if attempt + 1 == TRIES or not error.args[0].startswith(("stalled", "broke off")):
                raise
            time.sleep(0.2 * attempt)
            continue
        if sha256_of(part) == wanted:
            return
        size = part.stat().st_size
        part.unlink()  # perhaps it began with another file's bytes: once more, from the start
        if began_empty:
            raise DownloadError(f"has changed: {size:,} bytes arrived that do not match the sha256 {wanted[:12]}...")
    raise DownloadError("has changed: what arrived does not match its sha256")


def _fetch(url: str, part: Path) -> None:
    """Asks for the bytes that `part` does not have yet and appends them."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(
        url, headers={"User-Agent": "minigpt", **({"Range": f"bytes={have}-"} if have else {})}
    )
    try:
        with urllib.request.urlopen(request, timeout=STALL_SECONDS) as answer:
            if have and answer.status != 206:  # a server that knows no ranges sends all of it again
                have = 0
            length = answer.headers.get("Content-Length")
            expected = have + int(length) if length else None
            with open(part, "ab" if have else "wb") as out:
                shutil.copyfileobj(answer, out, _CHUNK)
        if expected is not None and part.stat().st_size < expected:
            raise DownloadError(f"broke off after {part.stat().st_size:,} of {expected:,} bytes")
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to send: the checksum will tell
            return
        raise DownloadError(f"answered {error.code} {error.reason}") from error
    except TimeoutError as error:
        raise DownloadError(f"stalled: no byte came for {STALL_SECONDS:g} s") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise DownloadError(f"stalled: no answer came for {STALL_SECONDS:g} s") from error
        raise DownloadError(f"cannot be reached ({error.reason})") from error
    except (ConnectionError, EOFError) as error:
        raise DownloadError(f"broke off ({error})") from error


def _finish(part: Path, target: Path, file: RemoteFile) -> None:
    """Moves what was downloaded to its place, unpacked if need be."""
    if file.unpack is not None:
        unpacked = part.with_name(part.name + ".unpacked")
        unpacked.write_bytes(file.unpack(part.read_bytes()))
        if sha256_of(unpacked) != file.sha256:
            unpacked.unlink()
            raise DownloadError("was unpacked to something else than expected; please report it")
        os.replace(unpacked, target)
        part.unlink()
    else:
        os.replace(part, target)
