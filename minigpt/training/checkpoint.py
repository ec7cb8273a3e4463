"""The folder of a run: its checkpoint, its log, and the lock that keeps two runs apart.

    config.json, model.safetensors, minigpt_tokenizer.json    the model, as `GPT.from_pretrained` reads it
    train.toml               the settings
    log.jsonl                one line a step
    checkpoint.safetensors   all that is needed to go on: weights, AdamW's averages, random numbers, the step

Each file is written under another name and then renamed, which the operating system does at once or not at all:
whenever a run is killed, every file in its folder is whole, the old one or the new one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from minigpt.errors import UsageError
from minigpt.lock import Locked, locked
from minigpt.recorded import write_atomic

CHECKPOINT, LOG, SETTINGS, LOCK = "checkpoint.safetensors", "log.jsonl", "train.toml", ".lock"
PARTS = "checkpoint"  # the folder of a checkpoint that several processes write: see minigpt.training.distributed
RUN_FILES = ("config.json", "model.safetensors", "minigpt_tokenizer.json", SETTINGS, LOG, CHECKPOINT)


def save_checkpoint(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, progress: dict[str, Any]) -> None:
    """Everything that the next step depends on, in one file.

    Args:
        path: of the file; the old one stays until the new one is complete.
        model, optimizer: their tensors are saved by the names of the parameters.
        progress: what else to remember, as JSON: the step, the settings.

    Raises:
        OSError: the disk is full, or the folder cannot be written to; the old checkpoint is still there.
    """
    tensors = {}
    for name, parameter in model.named_parameters():
        tensors[f"model.{name}"] = parameter.detach()
        for key, value in optimizer.state[parameter].items():  # exp_avg, exp_avg_sq, step
            tensors[f"optimizer.{key}.{name}"] = value
    tensors["random.cpu"] = torch.get_rng_state()  # dropout draws from it
    if torch.cuda.is_initialized():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    write_tensors(path, tensors, {"progress": json.dumps(progress)})


def load_checkpoint(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Puts everything back as `save_checkpoint` found it; returns its `progress`.

    Raises:
        ValueError: the file is cut short, damaged, or of a model of another shape.
    """
    tensors, progress = read_tensors(path)
    state: dict[int, dict[str, Tensor]] = {}
    names = {parameter: name for name, parameter in model.named_parameters()}
    ordered = [names[p] for group in optimizer.param_groups for p in group["params"]]
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            saved = tensors.get(f"model.{name}")
            if saved is None or saved.shape != parameter.shape:
                raise ValueError(
                    f"{path} is of a model of another shape: {name} does not fit; resume with the run's own settings"
                )
            parameter.copy_(saved)
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            _, what, name = key.split(".", 2)
            state.setdefault(ordered.index(name), {})[what] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])
    return progress


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """A safetensors file that is there whole or not at all. Raises OSError, also where safetensors has its own."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        save_file(
            {name: tensor.to("cpu").contiguous() for name, tensor in tensors.items()}, temporary, metadata=metadata
        )
        os.chmod(temporary, path.parent.stat().st_mode & 0o666)  # safetensors lets only its owner read it
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        kept = "the last checkpoint is kept" if path.exists() else "nothing was written"
        raise OSError(f"{path} cannot be written: {reason}; {kept}, free some space and go on with --resume") from error
    finally:
        temporary.unlink(missing_ok=True)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the progress of a checkpoint."""
    progress = read_progress(path)
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, progress


def read_progress(path: Path) -> dict[str, Any]:
    """What `save_checkpoint` was given as `progress`, without reading the tensors."""
    open(path, "rb").close()  # safetensors calls a file that may not be read missing
    try:
        with safe_open(path, framework="pt") as file:
            return json.loads((file.metadata() or {})["progress"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(
            f"{path} is not a whole checkpoint of minigpt ({error}); "
            "restore it from a copy, or start a new run in another folder"
        ) from error


def read_log(folder: str | os.PathLike) -> list[dict[str, Any]]:
    """The log of a run, one dictionary a step.

    Its keys: step, loss, learning_rate, tokens, tokens_per_second, and val_loss where it was measured.

    A line that a killed run left half written is not counted.

    Raises:
        FileNotFoundError: there is no log in that folder.
        ValueError: a line of it is not JSON.
    """
    path = Path(folder) / LOG
    if not path.is_file():
        raise FileNotFoundError(f"there is no {LOG} in {folder}; give the folder of a training run")
    lines = path.read_bytes().split(b"\n")[:-1]  # what follows the last line end is not a line
    try:
        return [json.loads(line) for line in lines]
    except ValueError as error:
        raise ValueError(f"{path} is damaged: a line of it is not JSON; restore it, or delete that line") from error


class Log:
    """Appends to log.jsonl, a whole line at a time.

    Args:
        folder: of the run.
        last_step: lines of later steps are cut off, for a resumed run will write them again.
    """

    def __init__(self, folder: Path, last_step: int) -> None:
        self.path = folder / LOG
        kept = [line for line in (read_log(folder) if self.path.exists() else []) if line["step"] <= last_step]
        write_atomic(self.path, "".join(json.dumps(line) + "\n" for line in kept))
        self.file = open(self.path, "ab", buffering=0)

    def write(self, line: dict[str, Any]) -> None:
        whole = self.file.tell() or self.path.stat().st_size
        data = json.dumps(line).encode() + b"\n"
        try:
            if self.file.write(data) != len(data):  # a nearly full disk takes a part
                self.file.write(data)  # and says so now, by an error
        except OSError as error:
            os.truncate(self.path, whole)
            raise OSError(
                f"{self.path} cannot be written: {error.strerror}; free some space and go on with --resume"
            ) from error

    def close(self) -> None:
        os.fsync(self.file.fileno())
        self.file.close()


@contextmanager
def run_folder(out: Path, resume: bool) -> Iterator[None]:
    """Makes the folder of a run and keeps other runs out of it until the end.

    Raises:
        UsageError: it holds another run and `resume` is not set.
        OSError: it cannot be made or written to, or another process is training into it.
    """
    refuse_other_run(out, resume)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with locked(out / LOCK):
            refuse_other_run(out, resume)
            for rest in out.glob(".*.tmp"):  # half written by a run that was killed; nobody else is writing here
                rest.unlink()
            yield
    except Locked:
        raise OSError(f"another process is training into {out} just now; choose another folder for --out") from None


def refuse_other_run(out: Path, resume: bool) -> None:
    """Raises UsageError if files of a run would be overwritten, OSError if the folder cannot be one."""
    there = next((name for name in RUN_FILES if (out / name).exists()), None)
    if there and not resume:
        raise UsageError(
            f"{out} holds another run or model ({there}); choose another --out, or go on with it by --resume"
        )
    parent = next((place for place in (out, *out.parents) if place.exists()), out)
    if not parent.is_dir():
        raise NotADirectoryError(f"{parent} is a file and cannot hold the folder of a run; choose another --out")
    if not os.access(parent, os.W_OK):
        raise PermissionError(f"{parent} cannot be written to; choose another --out, or change its permissions")
