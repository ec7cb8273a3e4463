"""What a training run is told: the keys of a training file, checked.

A training file is TOML, one key a line; a preset is such a file that comes with the package (`minigpt/recipes`). Each
key is also an option of the command line with the same spelling.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minigpt.config import GPTConfig
from minigpt.errors import UsageError, unknown

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOKENIZERS = ("char", "gpt2", "bpe")
RECIPES = Path(__file__).resolve().parent.parent / "recipes"


# A run so small that it takes seconds on a laptop: what is tried is everything but the learning. A step still takes as many
# batches as eight processes can share out.
MINIATURE = {
    "n_layer": 2, "n_head": 2, "n_embd": 32, "block_size": 32, "batch_size": 1, "grad_accum": 8, "max_steps": 6,
    "warmup_steps": 2, "eval_every": 3, "eval_batches": 1, "save_every": 2, "threads": 1,
}  # fmt: skip


class SettingsError(UsageError):
    """A training file or an option that cannot be meant so."""


def key(default: Any, what: str) -> Any:
    """A key of a training file: its default, and what it means (shown by `minigpt train --help`)."""
    return field(default=default, metadata={"what": what})


@dataclass(frozen=True)
class Settings:
    """All that decides a run, and nothing else: the same settings on the same machine give the same run, bit for bit.

    Raises:
        SettingsError: a value of the wrong type or out of its range, in one sentence that names it.

    >>> Settings(data="tinyshakespeare", batch_size=32).tokens_per_step
    2048
    """

    data: str = key("tinyshakespeare", "a text file, a folder of .txt files, or a name of `minigpt data list`")
    tokenizer: str = key("char", "char, gpt2, bpe (trained on the data), or a saved tokenizer")
    vocab_size: int = key(1024, "tokens of the tokenizer bpe; the others bring their own")
    n_layer: int = key(4, "blocks")
    n_head: int = key(4, "attention heads a block")
    n_embd: int = key(128, "width of the residual stream")
    block_size: int = key(64, "context in tokens")
    dropout: float = key(0.0, "share of activations dropped in training")
    init_std: float = key(0.02, "size of the first weights; 0.02 is GPT-2's, and narrow models learn sooner with more")
    rows: str = key("windows", "what is a row of a batch: windows of the text, or its documents, one a row")
    batch_size: int = key(12, "windows that go through the model at once, or documents of as many tokens")
    grad_accum: int = key(1, "batches whose gradients are added before one step")
    max_steps: int = key(2000, "steps of the optimizer")
    learning_rate: float = key(1e-3, "its peak")
    min_learning_rate: float = key(1e-4, "its value at the last step")
    warmup_steps: int = key(100, "steps in which it rises from 0 to the peak")
    weight_decay: float = key(0.1, "AdamW's, on matrices only")
    beta1: float = key(0.9, "AdamW's memory of the gradient")
    beta2: float = key(0.99, "AdamW's memory of its square")
    grad_clip: float = key(1.0, "longest gradient let through; 0: any")
    eval_every: int = key(250, "steps between two validation losses; 0: only after the last step")
    eval_batches: int = key(0, "16 windows each, spread evenly over the validation text; 0: all of it")
    save_every: int = key(250, "steps between two checkpoints; 0: only after the last step")
    keep_every: int = key(0, "steps between two models kept in DIR/steps, to see how abilities come; 0: none")
    seed: int = key(0, "of the first weights, the order of the data, and dropout")
    device: str = key("auto", "auto, cpu, cuda, cuda:1, mps")
    dtype: str = key("auto", "auto (16 bit where the device is made for it), float32, bfloat16, float16")
    compile: str = key("auto", "torch.compile: auto (where the run is long enough to repay it), true, false")
    threads: int = key(0, "of the CPU; 0: as many as PyTorch finds")
    recompute: str = key("false", "compute activations again in the backward pass instead of keeping them: true, false")
    parallel: str = key("auto", "under torchrun: ddp (whole copies), fsdp (shared out), auto (fsdp if ddp does not fit)")

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            object.__setattr__(self, f.name, _convert(f.name, f.type, getattr(self, f.name)))
        for name, (least, words) in _LEAST.items():
            if not getattr(self, name) >= least:  # written so that NaN is caught too
                raise SettingsError(f"{name} must be {words}, not {getattr(self, name)!r}")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise SettingsError(f"{name} must be one of {', '.join(choices)}, not {getattr(self, name)!r}")
        for name in ("beta1", "beta2", "dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingsError(f"{name} must be at least 0 and below 1, not {getattr(self, name)!r}")
        if self.n_embd % self.n_head:
            raise SettingsError(f"n_embd={self.n_embd} must be a multiple of n_head={self.n_head}")
        if self.min_learning_rate > self.learning_rate:
            raise SettingsError(
                f"min_learning_rate={self.min_learning_rate:g} must not be above learning_rate={self.learning_rate:g}"
            )
        if self.tokenizer == "bpe" and self.vocab_size < 257:
            raise SettingsError(f"vocab_size must be at least 257 (256 bytes and <|endoftext|>), not {self.vocab_size}")
        for name, (most, words) in _MOST.items():
            if getattr(self, name) > most:
                raise SettingsError(f"{name} must be {words}, not {getattr(self, name)!r}")
        if not self.data:
            raise SettingsError("data is empty; give a text file, a folder or a name of `minigpt data list`")
        if not self.tokenizer:
            raise SettingsError("tokenizer is empty; give char, gpt2, bpe, or a saved tokenizer's file or folder")
        for name in ("data", "tokenizer"):  # they are kept in train.toml, which is UTF-8
            if any("\ud800" <= character <= "\udfff" for character in getattr(self, name)):
                raise SettingsError(
                    f"{name} = {getattr(self, name)!a} is not a name in UTF-8; rename it, or set PYTHONUTF8=1"
                )

    @property
    def tokens_per_step(self) -> int:
        return self.batch_size * self.grad_accum * self.block_size

    def model_config(self, vocab_size: int) -> GPTConfig:
        """The model's shape, once the tokenizer has said how many tokens there are."""
        return GPTConfig(vocab_size, self.block_size, self.n_layer, self.n_head, self.n_embd, self.dropout)

    def to_toml(self) -> str:
        """A training file that gives these settings again."""
        lines = []
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)
            lines.append(f"{f.name} = {_toml_string(value) if isinstance(value, str) else repr(value)}\n")
        return "".join(lines)


# name: (least value, in words)
_LEAST = {
    **{name: (1, "at least 1") for name in ("n_layer", "n_head", "n_embd", "block_size", "batch_size", "grad_accum")},
    **{name: (1, "at least 1") for name in ("max_steps",)},
    **{name: (0, "at least 0") for name in ("min_learning_rate", "warmup_steps", "weight_decay", "grad_clip")},
    **{name: (0, "at least 0") for name in ("eval_every", "eval_batches", "save_every", "keep_every", "seed", "threads")},
    "learning_rate": (1e-12, "above 0"),
    "init_std": (1e-12, "above 0"),
}
# More would not be another run: PyTorch's generator on the CPU takes 32 bits of a seed. More threads crash it.
_MOST = {"seed": (2**32 - 1, "at most 4294967295"), "threads": (1024, "at most 1024")}
_CHOICES = {
    "rows": ("windows", "documents"),
    "dtype": ("auto", "float32", "bfloat16", "float16"),
    "compile": ("auto", "true", "false"),
    "recompute": ("true", "false"),
    "parallel": ("auto", "ddp", "fsdp"),
}


def load_settings(source: str | os.PathLike | None, changes: dict[str, Any] | None = None) -> Settings:
    """Settings from a preset's name or a TOML file, with `changes` on top.

    Args:
        source: a name of `preset_names()`, the path of a training file, or None for the defaults.
        changes: values by key; a string is read as the key's type, so a command line's options will do.

    Raises:
        SettingsError: no such preset, a broken file, an unknown key (the message names the nearest), or a bad value.

    >>> load_settings("shakespeare-char", {"max_steps": "10"}).max_steps
    10
    """
    values = {} if source is None else read_training_file(find_training_file(source))
    values.update(changes or {})
    known = [f.name for f in dataclasses.fields(Settings)]
    for name in values:
        if name not in known:
            raise SettingsError(f"{unknown('key', name, known)}; `minigpt train --help` lists all")
    return Settings(**values)


def find_training_file(source: str | os.PathLike) -> Path:
    """The path of a preset or of a file, whichever `source` names."""
    preset = RECIPES / f"{source}.toml"
    if os.fspath(source) in preset_names():
        return preset
    path = Path(source)
    if path.is_file():
        return path
    if path.is_dir():
        raise SettingsError(f"{source} is a folder; give a preset ({', '.join(preset_names())}) or a .toml file")
    if path.suffix == ".toml":
        raise SettingsError(f"there is no training file {source}")
    raise SettingsError(f"{unknown('preset', os.fspath(source), preset_names())}; or give the path of a .toml file")


def preset_names() -> list[str]:
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def read_training_file(path: Path) -> dict[str, Any]:
    """The keys and values of a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows' Notepad may write a byte order mark
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not a text file: byte {error.start} is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}; give a file with one `key = value` a line") from error


def _convert(name: str, kind: str, value: Any) -> Any:
    """`value` as the type of the key; a string is read, a whole float may stand for an int."""
    try:
        if kind == "str":
            if isinstance(value, bool):
                return str(value).lower()  # compile = true, unquoted
            if isinstance(value, str):
                return value.lower() if name in _CHOICES else value
            raise TypeError
        if isinstance(value, bool):
            raise TypeError
        number = float(value)
        if kind == "float":
            if number != number or number in (float("inf"), float("-inf")):
                raise ValueError
            return number
        if number != int(number):
            raise ValueError
        return int(value) if isinstance(value, (int, str)) and "e" not in str(value).lower() else int(number)
    except (TypeError, ValueError, OverflowError):
        words = {"int": "a whole number", "float": "a number", "str": "text"}[kind]
        raise SettingsError(f"{name} must be {words}, not {value!r}") from None


def _toml_string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
