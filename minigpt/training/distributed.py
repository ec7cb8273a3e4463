"""The same training by several processes, one a GPU, on one machine or many.

    torchrun --standalone --nproc-per-node 8 -m minigpt train gpt2-124M --out runs/a --resume

The settings mean what they mean to one process: a step is `grad_accum` batches of `batch_size` rows, and the processes
share these batches out. Number r of W takes batches r, r + W, ... and reads nothing else, so data, order and learning
rates are the same for any W, and the losses too, up to the order in which numbers are added.

| `parallel` | a process holds | they exchange, once a step |
|---|---|---|
| ddp | all of weights, gradients, AdamW's averages | gradients |
| fsdp | its W-th part of them, and a block's weights while it is at work | gradients; and weights, once a batch |

ddp is DistributedDataParallel, fsdp is PyTorch's `fully_shard`. A checkpoint is written by all, each its part, and may
be read by any number of processes:

    DIR/checkpoint/0000100/*.safetensors    weights and AdamW's averages, by torch.distributed.checkpoint
    DIR/checkpoint/0000100/progress.json    written last: a folder that has it is whole

A process that dies takes the others with it (torchrun sees to that). The same command with --resume goes on from the
last checkpoint, bit for bit if the number of processes is the same.
"""

from __future__ import annotations

import gc
import json
import math
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

from minigpt.model import GPT, IGNORE
from minigpt.recorded import write_atomic
from minigpt.training.calculator import memory_of
from minigpt.training.checkpoint import CHECKPOINT, PARTS, refuse_other_run, run_folder
from minigpt.training.corpus import Tokens, prepare
from minigpt.training.loop import (
    EVAL_WINDOWS,
    Run,
    Trainer,
    TrainingStopped,
    check_same_run,
    choose_device,
    choose_dtype,
    mean_loss,
    say,
    wants_compiling,
    with_absolute_paths,
)
from minigpt.training.optim import learning_rate_at
from minigpt.training.settings import Settings, SettingsError
from minigpt.training.shards import Documents, Windows

PROGRESS = "progress.json"
PATIENCE = timedelta(minutes=10)  # for the slowest of the others, say while one of them tokenizes a text
AVERAGES = ("exp_avg", "exp_avg_sq")  # AdamW's, one of each a weight


@dataclass(frozen=True)
class Place:
    """Which of how many processes this one is, in all and on its machine."""

    rank: int
    world: int
    local_rank: int
    local_world: int

    @classmethod
    def from_environment(cls) -> Place:
        """As torchrun tells it."""
        return cls(*(int(os.environ[name]) for name in VARIABLES))


VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")


def is_launched() -> bool:
    """Whether torchrun started this process."""
    return all(name in os.environ for name in VARIABLES)


def train_together(settings: Settings, out: str | Path, resume: bool = False, progress: bool = True) -> Run:
    """What `train` does, as one of the processes that torchrun started. Arguments and errors are those of `train`.

    Args:
        out: a folder that all processes see.

    Raises:
        SettingsError: also if `grad_accum` is not a multiple of the number of processes.
        SystemExit: the run was stopped, which process 0 tells.

    When another process is lost, this one says so and ends at once.
    """
    out, place = Path(out), Place.from_environment()
    settings = with_absolute_paths(settings)
    refuse_other_run(out, resume)
    if (out / CHECKPOINT).exists():
        raise SettingsError(
            f"the run in {out} was begun by a single process; go on with it without torchrun: "
            f"minigpt train --resume --out {out}"
        )
    device, dtype = choose_place(settings, place)
    check_shares(settings, place, dtype)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    report = say if progress and place.rank == 0 else lambda line: None
    with process_group(device, place, out):
        tokens = prepare_in_turn(settings, place)
        torch.manual_seed(settings.seed)
        trainer = SharedTrainer(place, settings, tokens, out, device, dtype, report)
        with run_folder(out, resume) if place.rank == 0 else nullcontext():
            dist.barrier()
            if not out.is_dir():
                raise FileNotFoundError(f"process {place.rank} does not see {out}; give --out a folder that all share")
            run = trainer.run(resume, progress and place.rank == 0)
        # DDP must go before the process group: as its last owner it would wait for its threads, on the way out, for ever.
        trainer.forward = None
        gc.collect()
        return run


def choose_place(settings: Settings, place: Place) -> tuple[torch.device, torch.dtype]:
    """The device of this process, of GPUs the one of its number, and the type of the matrix products."""
    device = choose_device(settings)
    if device.type == "cuda":
        if place.local_world > torch.cuda.device_count():
            raise SettingsError(
                f"{place.local_world} processes share {torch.cuda.device_count()} GPUs; "
                "give torchrun --nproc-per-node as many as there are GPUs"
            )
        device = torch.device("cuda", place.local_rank)
        torch.cuda.set_device(device)
    elif device.type == "mps":
        device = torch.device("cpu")  # there is one, and no way for processes to share it
    return device, choose_dtype(replace(settings, device=str(device)))


def check_shares(settings: Settings, place: Place, dtype: torch.dtype) -> None:
    """Raises SettingsError for what cannot be shared out."""
    if settings.grad_accum % place.world:
        raise SettingsError(
            f"{place.world} processes cannot share the grad_accum = {settings.grad_accum} batches of a step; "
            f"make it a multiple of {place.world} (with batch_size so that batch_size x grad_accum stays the same)"
        )
    if settings.parallel == "fsdp" and dtype == torch.float16:
        raise SettingsError("parallel = fsdp does not work in float16; take dtype bfloat16 or float32, or ddp")


@contextmanager
def process_group(device: torch.device, place: Place, out: Path) -> Iterator[None]:
    """The processes, connected: over NCCL where their tensors are on GPUs, over gloo on CPUs.

    When another one is lost, whatever this one was waiting for fails; that is told in one line.
    """
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield
    except (RuntimeError, dcp.CheckpointException) as error:
        if not is_loss_of_a_process(error):
            raise
        step = last_step(out)
        saved = "nothing was saved" if step is None else f"the checkpoint of step {step:,} is kept"
        print(
            f"minigpt: process {place.rank} of {place.world} lost the connection to another one, which was ended or "
            f"does not answer, so the job stops; {saved}: start the same command again, with --resume",
            file=sys.stderr, flush=True,
        )  # fmt: skip
        os._exit(1)  # at once: to take leave of the others in order would be to wait for them
    dist.destroy_process_group()


def is_loss_of_a_process(error: BaseException) -> bool:
    """Whether an error means that the others cannot be reached; PyTorch has no one class for that."""
    if isinstance(error, dcp.CheckpointException):
        return any(is_loss_of_a_process(failure) for failure, _ in error.failures.values())
    if isinstance(error, dist.DistError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in ("gloo", "NCCL", "Connection closed"))


def prepare_in_turn(settings: Settings, place: Place) -> Tokens:
    """The tokens: made by the first process of each machine, then read by the others; of shards, each checks its part.

    A large text is better tokenized beforehand, by `minigpt tokens`: the others wait only for `PATIENCE`.

    Raises:
        ValueError: a machine has other data than the first.
    """
    share = (place.local_rank, place.local_world)
    if place.local_rank == 0:
        tokens = prepare(settings, share)
    dist.barrier()
    if place.local_rank:
        tokens = prepare(settings, share)
    mine = torch.frombuffer(bytearray(bytes.fromhex(tokens.checksum)), dtype=torch.uint8)
    first = mine.clone()
    dist.broadcast(first, src=0)
    if not torch.equal(mine, first):
        raise ValueError(f"{settings.data} is not the same on all machines: process {place.rank} has another; copy it")
    return tokens


def choose_parallel(settings: Settings, model: GPT, place: Place, device: torch.device, dtype: torch.dtype) -> str:
    """ddp or fsdp as the settings say; auto: fsdp if whole copies do not fit into the GPU's memory."""
    if settings.parallel != "auto" or device.type != "cuda" or place.world == 1 or dtype == torch.float16:
        return settings.parallel.replace("auto", "ddp")
    room = torch.cuda.get_device_properties(device).total_memory
    needs = memory_of(settings, model.config.vocab_size, dtype, "ddp", place.world).total
    return "ddp" if needs < 0.9 * room else "fsdp"


class SharedTrainer(Trainer):
    """A `Trainer` that is one of several: what differs when others hold a part of the work."""

    def __init__(self, place: Place, *arguments) -> None:
        self.place, self.processes = place, place.world
        self.leads = place.rank == 0  # the first writes what is written once
        super().__init__(*arguments)

    def set_up(self) -> nn.Module:
        self.parallel = choose_parallel(self.settings, self.model, self.place, self.device, self.dtype)
        if self.parallel == "fsdp":
            compiles = wants_compiling(self.settings, self.model.config, self.device)
            shard_out(self.model, self.place.world, self.device, self.dtype, compiles)
            return self.model
        forward = super().set_up()
        if self.place.world == 1:
            return forward
        # Gradients live in the buffers that are sent, not beside them.
        return DistributedDataParallel(forward, gradient_as_bucket_view=True)

    def how(self) -> str:
        return f"{self.parallel} by {self.place.world} process{'es' if self.place.world > 1 else ''}"

    # ---- a step

    def train_step(self, step: int) -> float:
        s, W = self.settings, self.place.world
        total, first = torch.zeros((), device=self.device), (step - 1) * s.grad_accum
        counts = [self.rows.tokens_until(first + part, s.batch_size) for part in range(s.grad_accum + 1)]
        for part in range(self.place.rank, s.grad_accum, W):
            if s.dropout:  # by the batch's number: the same for any number of processes, and after a restart
                torch.manual_seed(s.seed * 1_000_003 + first + part)
            inputs, targets = self.rows.batch(first + part, s.batch_size)  # (B, T) each
            share = (counts[part + 1] - counts[part]) / (counts[-1] - counts[0])  # of the step's tokens
            with self.exchange(last=part + W >= s.grad_accum):
                with self.autocast():
                    loss = mean_loss(self.forward, inputs.to(self.device), targets.to(self.device))
                self.scaler.scale(loss * (share * W)).backward()  # W: the exchange takes the mean of W sums
            total += loss.detach() * share
        dist.all_reduce(total)
        self.update(step, float(total))
        return float(total)

    @contextmanager
    def exchange(self, last: bool) -> Iterator[None]:
        """Gradients are exchanged in the `last` backward pass of a step; before, each process adds up its own."""
        if self.parallel == "fsdp":
            self.model.set_requires_gradient_sync(last)
            yield
        elif last or self.place.world == 1:
            yield
        else:
            with self.forward.no_sync():
                yield

    def update(self, step: int, loss: float) -> None:
        """What `Trainer.train_step` does with a gradient that has come together."""
        self.scaler.unscale_(self.optimizer)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.grad_clip or math.inf)
        norm = norm.full_tensor() if isinstance(norm, DTensor) else norm
        self._check_finite(step, loss, float(norm))
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate_at(step, self.settings)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)

    def validate(self) -> float:
        return evaluate_together(self.forward, self.val_rows, self.device, self.settings.eval_batches, self.place)

    # ---- the run and its folder

    def run(self, resume: bool, progress: bool) -> Run:
        try:
            return super().run(resume, progress)
        except TrainingStopped:
            if self.leads:
                raise
            raise SystemExit(1) from None

    def agree(self, stop: bool) -> bool:
        asked = torch.tensor(int(stop))
        dist.all_reduce(asked)
        return bool(asked)

    def open_log(self):
        return super().open_log() if self.leads else _NoLog()

    def result(self) -> Run:
        return super().result() if self.leads else Run(self.out, self.step, math.nan, None)

    def write_what_stays(self) -> None:
        if self.leads:
            super().write_what_stays()

    def load(self) -> bool:
        folder = newest(self.out)
        if folder is None:
            return False
        saved = read_progress(folder)
        check_same_run(self.settings, self.tokens.checksum, self.out, saved)
        self.step = saved["step"]
        self.scaler.load_state_dict(saved["scaler"])
        load_parts(folder, self.model, self.optimizer, self.step)
        return True

    def save(self) -> None:
        """As `Trainer.save`: first the model for others to load, then the checkpoint; the old one goes last."""
        self.export(self.out)
        folder = self.out / PARTS / f"{self.step:07d}"
        if self.leads:
            shutil.rmtree(folder, ignore_errors=True)  # what a lost run left half written
        dist.barrier()
        save_parts(folder, self.model, self.optimizer)
        dist.barrier()
        if self.leads:
            write_atomic(folder / PROGRESS, json.dumps(self.progress()) + "\n")
            for other in folder.parent.iterdir():
                if other != folder:
                    shutil.rmtree(other)

    def keep(self) -> None:
        folder = self.out / "steps" / f"{self.step:07d}"
        self.export(folder, torch.float16)
        if self.leads:
            self.tokens.tokenizer.save(folder)

    def export(self, folder: Path, dtype: torch.dtype | None = None) -> None:
        """The whole model as one folder that `from_pretrained` and transformers load, written by the first process."""
        weights = {}
        for name, parameter in self.model.named_parameters():
            whole = parameter.detach()
            if isinstance(whole, DTensor):
                whole = whole.full_tensor()  # all take part in this
            if self.leads:
                weights[name] = whole.cpu()
        if self.leads:
            with torch.device("meta"):  # a model without room for weights: it is given them
                model = GPT(self.model.config)
            model.load_state_dict(weights, assign=True)
            model.save_pretrained(folder, dtype)

    def saved_step(self) -> int | None:
        return last_step(self.out)

    def _how_to_resume(self) -> str:
        return (
            f"stopped after step {self.step:,} of {self.settings.max_steps:,}, all of it saved; "
            "go on with the same command, with --resume"
        )


class _NoLog:
    """Of the processes that write none."""

    def write(self, line: dict[str, Any]) -> None:
        pass

    def close(self) -> None:
        pass


def shard_out(model: GPT, world: int, device: torch.device, dtype: torch.dtype, compiles: bool) -> None:
    """Leaves in each process its part of every weight, and lets a block's weights come together when it is at work.

    In 16 bit the blocks' weights travel as such; embeddings and what is not in a block stay in 32 bit, and gradients
    are added in 32 bit. (On a CPU all travels in 32 bit: its LayerNorm takes no weights in 16.)
    """
    mesh, policy = init_device_mesh(device.type, (world,)), MixedPrecisionPolicy()
    if device.type == "cuda" and dtype == torch.bfloat16:
        policy = MixedPrecisionPolicy(param_dtype=dtype, reduce_dtype=torch.float32, cast_forward_inputs=False)
    torch._dynamo.config.suppress_errors |= compiles  # a block that cannot be compiled is run as it is
    for block in model.h:
        if compiles:
            block.compile()
        fully_shard(block, mesh=mesh, mp_policy=policy)
    fully_shard(model, mesh=mesh)


@torch.no_grad()
def evaluate_together(
    model: nn.Module, windows: Windows | Documents, device: torch.device, batches: int, place: Place
) -> float:
    """`evaluate`, of which each process does its part: the same windows in the same batches, added in float64."""
    chosen = np.arange(len(windows))
    if batches and batches * EVAL_WINDOWS < len(windows):
        chosen = np.linspace(0, len(windows) - 1, batches * EVAL_WINDOWS).round().astype(int)
    training, sums = model.training, torch.zeros(2, dtype=torch.float64)
    model.eval()
    for start in range(0, len(chosen), EVAL_WINDOWS * place.world):
        mine = chosen[start + place.rank * EVAL_WINDOWS :][:EVAL_WINDOWS]
        # Who has none left computes along, uncounted: sharded weights come together only if all take part.
        inputs, targets = windows.get(mine if len(mine) else chosen[:1])  # (B, T) each
        loss = mean_loss(model, inputs.to(device), targets.to(device))
        if len(mine):
            counted = int((targets != IGNORE).sum())
            sums += torch.tensor([float(loss) * counted, counted], dtype=torch.float64)
    model.train(training)
    dist.all_reduce(sums)
    return float(sums[0] / sums[1])


def newest(out: Path) -> Path | None:
    """The folder of the last whole checkpoint of a run."""
    whole = sorted(path.parent for path in (out / PARTS).glob(f"*/{PROGRESS}"))
    return whole[-1] if whole else None


def last_step(out: Path) -> int | None:
    folder = newest(out)
    return int(folder.name) if folder else None


def read_progress(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{folder / PROGRESS} is damaged; restore it from a copy, or start a new run") from error


def save_parts(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Weights and AdamW's averages, each process its part, as safetensors.

    Raises:
        OSError: the disk is full, or the folder cannot be written to; the last checkpoint is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        dcp.save(state_tensors(model, optimizer), storage_writer=_storage("Writer")(str(folder), save_distributed=True))
    except dcp.CheckpointException as error:
        raise OSError(
            f"{folder} cannot be written: {_first_failure(error)}; the last checkpoint is kept, free some space and go "
            "on with --resume"
        ) from error


def load_parts(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Puts back what `save_parts` saved at `step`, whatever the number of processes was then.

    Raises:
        ValueError: a file of it is missing or damaged.
    """
    if step:  # at step 0 AdamW has no averages yet
        for parameter in model.parameters():
            averages = {name: torch.zeros_like(parameter, requires_grad=False) for name in AVERAGES}
            optimizer.state[parameter] = {"step": torch.zeros((), device=parameter.device), **averages}
    tensors = state_tensors(model, optimizer)
    try:
        dcp.load(tensors, storage_reader=_storage("Reader")(str(folder)))
    except dcp.CheckpointException as error:
        raise ValueError(
            f"{folder} is not a whole checkpoint ({_first_failure(error)}); restore it from a copy, or start a new run "
            "in another folder"
        ) from error
    for state in optimizer.state.values():
        state["step"].fill_(float(tensors["optimizer.step"]))


def state_tensors(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """By name all tensors that the next step depends on; a sharded one stands for this process's part of it."""
    for part in model.modules():
        if isinstance(part, FSDPModule):
            part.reshard()  # a validation leaves some weights whole, and these are not the optimizer's
    tensors = {f"model.{name}": parameter.detach() for name, parameter in model.named_parameters()}
    for name, parameter in model.named_parameters():
        if state := optimizer.state.get(parameter):
            tensors |= {f"optimizer.{key}.{name}": state[key] for key in AVERAGES}
            tensors["optimizer.step"] = state["step"].detach().reshape(1).clone()  # of all weights the same
    return tensors


def _storage(what: str) -> type:
    """DCP's "Reader" or "Writer" of safetensors; what it writes otherwise is a pickle."""
    try:
        return getattr(dcp, f"HuggingFaceStorage{what}")
    except AttributeError:
        raise ValueError(f"PyTorch {torch.__version__} writes no checkpoints of several processes; take 2.9 or later")


def _first_failure(error: dcp.CheckpointException) -> str:
    failure, _ = next(iter(error.failures.values()))
    if is_loss_of_a_process(failure):
        raise error
    return (str(failure).strip().splitlines() or [type(failure).__name__])[0]
