"""Long runs, recorded once: the files of `book/results/` and how they come about.

What takes too long for a notebook is run by a command, and that command writes what it found, with its provenance, to
`book/results/NAME.json`. A chapter reads the file with `load("NAME")` and says so. A number with no such file is not in
the book.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_PACKAGE = Path(__file__).resolve().parent


def results_dir() -> Path:
    """Where the recorded runs lie: `book/results` in a checkout, `minigpt/results` in an installed wheel."""
    checkout = _PACKAGE.parent / "book" / "results"
    return checkout if checkout.is_dir() else _PACKAGE / "results"


def load(name: str) -> dict:
    """The recorded run `name`, as a dictionary with a `provenance` entry.

    Raises:
        FileNotFoundError: no run of that name is recorded; the message lists those that are.
    """
    path = results_dir() / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in results_dir().glob("*.json"))) or "none"
        raise FileNotFoundError(f"no recorded run is called {name!r}; there are: {known}")
    return json.loads(path.read_text(encoding="utf-8"))


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """A file to write bytes to, under a temporary name beside `path`, that takes its name once all is on the disk."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:  # a full disk does not say which file it was
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_atomic(path: str | os.PathLike, text: str) -> None:
    """Write `text` to a temporary name beside `path`, then rename it: a reader sees the old file or the new one."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(text.encode())


def provenance(seed: int | None = None, **more) -> dict:
    """What someone needs to run it again: command, commit, date, versions, hardware, seed, and whatever `more` holds."""
    import torch

    words = [word for word in sys.orig_argv[1:] if word != "-u"]  # an unbuffered run gives the same result
    command = " ".join(["python", *words])
    return {
        "command": command.replace(str(_PACKAGE.parent) + os.sep, ""),
        "commit": _commit(),
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "hardware": _hardware(),
        "seed": seed,
        **more,
    }


def save(name: str, result: dict, out: str | os.PathLike | None = None) -> Path:
    """Write `result` (which must hold a `provenance`) to `out`, or to `NAME.json` among the recorded runs."""
    if "provenance" not in result:
        raise ValueError(f"the result {name!r} has no 'provenance'; add provenance(seed=...) to it")
    path = Path(out) if out else results_dir() / f"{name}.json"
    write_atomic(path, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return path


def _commit() -> str:
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=_PACKAGE, capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return answer.stdout.strip() or "unknown"


def _hardware() -> str:
    """Instruction set and core count: what a speed depends on, and nothing that names a machine."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"CPU {torch.backends.cpu.get_cpu_capability()}, {os.cpu_count()} cores, {platform.machine()}"
