"""`make requirements`: resolve the dependencies of pyproject.toml, for every Python from 3.10 on, into requirements.txt."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# Everything that builds and checks the book, pinned. Made by `make requirements` from pyproject.toml; do not edit.
# What torch itself brings along for a graphics card is left to torch.
"""


def main() -> None:
    command = [sys.executable, "-m", "uv", "pip", "compile", "--universal", "--python-version", "3.10", "--extra", "dev"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--quiet", "pyproject.toml"]
    pins = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for_gpu = re.compile(r"^(nvidia-|cuda-|triton)")
    lines = [line for line in pins.splitlines() if line and not for_gpu.match(line)]
    path = ROOT / "requirements.txt"
    temporary = path.with_suffix(".tmp")
    temporary.write_text(HEADER + "\n".join(lines) + "\n")
    temporary.replace(path)
    print(f"{len(lines)} packages pinned in {path.name}")


if __name__ == "__main__":
    main()
