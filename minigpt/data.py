"""Public data sets and weights by name: `minigpt data list` and `minigpt data get NAME`.

What there is stands in `minigpt.registry`, how a file is downloaded and checked in `minigpt.download`. `MINIGPT_DATA`
may name a folder of files that are there already (`NAME/FILE` in it); whatever is found there and matches is used.
"""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from minigpt.download import DownloadError, RemoteFile, check, download, expected_sha256, sha256_of
from minigpt.errors import UsageError, unknown
from minigpt.registry import REGISTRY, DataSet

__all__ = ["REGISTRY", "DataSet", "DownloadError", "RemoteFile", "cache_dir", "find", "get", "present", "sha256_of"]


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
    paths = [_get_file(entry, file, report or (lambda line: None)) for file in entry.files]
    for archive in {archive for file in entry.files for archive in file.made_of}:
        (cache_folder(entry) / archive.name).unlink(missing_ok=True)  # what was wanted of it is unpacked
    return paths


def find(name: str) -> DataSet:
    """The registry's entry of that name."""
    if name not in REGISTRY:
        raise UsageError(f"{unknown('data set', name, list(REGISTRY))}; `minigpt data list` shows all")
    return REGISTRY[name]


def present(name: str) -> bool:
    """Whether every file of the set is at hand, without reading them."""
    entry = find(name)
    return all(any(place.is_file() for place in _places(entry, file)) for file in entry.files)


def cache_folder(entry: DataSet) -> Path:
    """Where the files of a set are kept when they were downloaded."""
    return cache_dir() / "data" / (entry.folder or entry.name)


def _places(entry: DataSet, file: RemoteFile) -> list[Path]:
    """Where a file may be already: the mirror, then the cache."""
    places = [cache_folder(entry) / file.name]
    if os.environ.get("MINIGPT_DATA"):
        places = [Path(os.environ["MINIGPT_DATA"]) / (entry.folder or entry.name) / file.name, *places]
    return places


def _get_file(entry: DataSet, file: RemoteFile, report: Callable[[str], None]) -> Path:
    target = cache_folder(entry) / file.name
    for place in _places(entry, file):
        if place.is_file():
            wrong = check(place, file, target)
            if not wrong:
                report(f"{entry.name}: {place}, checked")
                return place
            report(f"{entry.name}: {place} is not used: it holds {wrong}")
    if not file.urls and not file.made_of:
        place = Path("$MINIGPT_DATA") / (entry.folder or entry.name) / file.name
        raise DownloadError(f"{file.name} of {entry.name} cannot be downloaded: {entry.how}. Put it at {place}")
    make_cache_folder(target.parent)
    if file.made_of:
        _unpack(entry, file, target, report)
    else:
        report(f"{entry.name}: downloading {file.name}{size_in_words(file.size, ' (%s)')}")
        download(file, target)
    report(f"{entry.name}: {target}, {'unpacked' if file.made_of else 'downloaded'} and checked")
    return target


def _unpack(entry: DataSet, file: RemoteFile, target: Path, report: Callable[[str], None]) -> None:
    """Takes a file out of what it is made of, under a temporary name until it is whole and right."""
    sources = [_get_file(entry, source, report) for source in file.made_of]
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as out:
            out.writelines(file.make(*sources))
        wrong = check(temporary, file, target)
        if not wrong:
            os.replace(temporary, target)
    except (KeyError, ValueError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
        wrong = f"something else ({type(error).__name__}: {error})"
    finally:
        temporary.unlink(missing_ok=True)
    if wrong:
        archives = ", ".join(source.name for source in file.made_of)
        raise DownloadError(f"{file.name} was unpacked from {archives} to {wrong}; please report it")


# ---- For people ----


def size_in_words(size: int, form: str = "%s") -> str:
    """A size in MB or GB; "" for 0, which stands for "not known".

    >>> size_in_words(1_819_752), size_in_words(6_430_000_000), size_in_words(14_754), size_in_words(0)
    ('1.8 MB', '6.43 GB', '0.01 MB', '')
    """
    if not size:
        return ""
    if size >= 1e9:
        return form % f"{size / 1e9:.2f} GB"
    return form % (f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e6:.2f} MB")


def describe(name: str) -> str:
    """Everything that is known of a set, in lines: what, licence, the paper's use, files, checksums and addresses."""
    entry = find(name)
    folder = entry.folder or entry.name
    rows = [
        ("what", entry.what),
        ("licence", entry.licence),
        ("for", "training" if entry.train else entry.use),
        ("paper", entry.paper or "not used"),
        ("here", "yes" if present(name) else "no"),
    ]
    lines = [name] + [f"  {key.ljust(8)} {value}" for key, value in rows]
    for file in entry.files:
        target = cache_folder(entry) / file.name
        lines += ["", f"  {file.name}{size_in_words(file.size, ', %s')}", *_about(file, target)]
    archives = [download for download in entry.downloads if download not in entry.files]
    for archive in archives:
        lines += ["", f"  unpacked from {archive.name}{size_in_words(archive.size, ', %s')}", *_about(archive)]
    if entry.how:
        lines += ["", f"  It cannot be downloaded: {entry.how}.", f"  Put the files into $MINIGPT_DATA/{folder}."]
    return "\n".join(lines)


def _about(file: RemoteFile, target: Path | None = None) -> list[str]:
    """The lines on one file: its checksum, or how it is checked instead, and its addresses."""
    words = f"sha256 {file.sha256}"
    if not file.sha256:
        pinned = target and expected_sha256(file, target)
        words = f"sha256 {pinned}, pinned when it first came" if pinned else "no sha256 is published: pinned at first"
    return [f"    {words}", *(f"    {url}" for url in file.urls)]
