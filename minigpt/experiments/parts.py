"""Results of a long run so far, in a file: a run that was cut off goes on where it ended."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minigpt.recorded import write_atomic
from minigpt.tinyweb import model_folder


class Parts:
    """What has been measured, by name; asked again, it is read and not measured.

    Args:
        path: of the file, which grows with every part.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        self.found: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}

    @property
    def cpu_seconds(self) -> float:
        """What all parts have cost, in this run and those before it."""
        return self.found.get("cpu_seconds", 0.0)

    def get(self, name: str, measure: Callable[..., Any], *arguments: Any) -> Any:
        """The part of that name: from the file, or measured now, by `measure(*arguments)`, and kept."""
        if name not in self.found:
            begun = time.process_time()
            self.found[name] = json.loads(json.dumps(measure(*arguments)))  # the same whether it was kept or not
            self.found["cpu_seconds"] = round(self.cpu_seconds + time.process_time() - begun, 1)
            write_atomic(self.path, json.dumps(self.found))
        return self.found[name]


def weights_of(size: str) -> str:
    """Eight digits that change with the weights of the model that ships in this size."""
    return hashlib.sha256((model_folder(size) / "model.safetensors").read_bytes()).hexdigest()[:8]
