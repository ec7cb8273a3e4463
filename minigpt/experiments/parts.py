"""Results of a long run so far, in a file: a run that was cut off goes on where it ended."""

from __future__ import annotations

import hashlib
import json
import os
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

    def get(self, name: str, measure: Callable[[], Any]) -> Any:
        """The part of that name: from the file, or measured now and kept."""
        if name not in self.found:
            self.found[name] = json.loads(json.dumps(measure()))  # the same whether it was kept or not
            write_atomic(self.path, json.dumps(self.found))
        return self.found[name]


def weights_of(size: str) -> str:
    """Eight digits that change with the weights of the model that ships in this size."""
    return hashlib.sha256((model_folder(size) / "model.safetensors").read_bytes()).hexdigest()[:8]
