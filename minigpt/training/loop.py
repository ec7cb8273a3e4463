"""The training loop: from settings to a folder with a trained model."""

from __future__ import annotations

import dataclasses
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from minigpt.config import GPTConfig
from minigpt.model import GPT, IGNORE, init_weights
from minigpt.recorded import write_atomic
from minigpt.tokenizer import Tokenizer
from minigpt.training.checkpoint import (
    CHECKPOINT,
    PARTS,
    SETTINGS,
    Log,
    load_checkpoint,
    read_log,
    read_progress,
    refuse_other_run,
    run_folder,
    save_checkpoint,
)
from minigpt.training.corpus import Tokens, prepare
from minigpt.training.optim import learning_rate_at, make_optimizer
from minigpt.training.perf import flops_per_token, peak_flops
from minigpt.training.settings import TOKENIZERS, Settings, SettingsError
from minigpt.training.shards import Documents, Windows

EVAL_WINDOWS = (
    16  # of one evaluation batch; not batch_size, so that the loss is the same, bit for bit, whatever that is
)
# Keys that may change when a run goes on: they decide what is measured and kept, or where it runs, not what is learned.
# (`data` is compared by the checksum of the text instead.)
FREE_KEYS = (
    "data", "tokenizer", "eval_every", "eval_batches", "save_every", "keep_every", "device", "compile", "threads",
    "recompute", "parallel",
)  # fmt: skip


class TrainingStopped(KeyboardInterrupt):
    """Ctrl-C (or SIGTERM) ended the run; everything is saved, and the message says how to go on."""


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, the steps done, the last training and validation loss (nats a token)."""

    out: Path
    steps: int
    loss: float
    val_loss: float | None

    def log(self) -> list[dict[str, Any]]:
        return read_log(self.out)

    def load(self) -> tuple[GPT, Tokenizer]:
        """The trained model, in evaluation mode, and its tokenizer."""
        return GPT.from_pretrained(self.out), Tokenizer.load(self.out)


def train(settings: Settings, out: str | Path, resume: bool = False, progress: bool = True) -> Run:
    """Trains a model from scratch into the folder `out`, or goes on where a run in it ended.

    With `resume`, the run continues as if it had never stopped, bit for bit on the same CPU and number of threads: the
    same batches, learning rates, dropout and losses. If `out` holds nothing to resume, it starts at the beginning.

    Args:
        settings: what to do; see `Settings`.
        out: a new or empty folder; see `minigpt.training.checkpoint` for what is written to it.
        resume: go on from the checkpoint in `out`. All settings but `FREE_KEYS` must be those that it began with.
        progress: show a progress bar and a few lines on standard error.

    Raises:
        SettingsError: `out` holds another run, or one with other settings; a device that is not there.
        FileNotFoundError, ValueError: no usable text; see `minigpt.training.corpus`.
        OSError: a full disk, a folder that cannot be written to or that another process trains into.
        FloatingPointError: the loss is no longer a number; the last checkpoint is kept.
        TrainingStopped: Ctrl-C, after saving.
    """
    out = Path(out)
    report = say if progress else lambda line: None
    settings = with_absolute_paths(settings)
    refuse_other_run(out, resume)
    if (out / PARTS).is_dir():
        raise SettingsError(
            f"the run in {out} was begun under torchrun; go on with it by torchrun -m minigpt train --resume --out DIR"
        )
    device, dtype = choose_device(settings), choose_dtype(settings)
    tokens = prepare(settings)
    threads = torch.get_num_threads()
    try:
        if settings.threads:
            torch.set_num_threads(settings.threads)
        with torch.random.fork_rng(enabled=device.type != "mps"):
            torch.manual_seed(settings.seed)
            trainer = Trainer(settings, tokens, out, device, dtype, report)
            with run_folder(out, resume):  # only now: what cannot be trained leaves no folder behind
                return trainer.run(resume, progress)
    finally:
        torch.set_num_threads(threads)


class Trainer:
    """A run in progress. `train` makes one; the methods are the loop, from the whole to the single step."""

    processes = 1  # that share the work; see minigpt.training.distributed for more

    def __init__(
        self, settings: Settings, tokens: Tokens, out: Path, device: torch.device, dtype: torch.dtype,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:  # fmt: skip
        self.settings, self.tokens, self.out, self.device, self.dtype = settings, tokens, out, device, dtype
        self.report = report
        self.rows, self.val_rows = make_rows(settings, tokens)
        self.model = GPT(settings.model_config(tokens.tokenizer.vocab_size))
        if settings.init_std != 0.02:
            with torch.no_grad():
                init_weights(self.model, settings.init_std)
        if settings.recompute == "true":
            recompute_blocks(self.model)
        self.forward = self.set_up()
        self.optimizer = make_optimizer(self.model, settings)
        self.scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)
        self.step = 0

    def set_up(self) -> nn.Module:
        """The model on its device; returns what the loop calls for a loss: the model, compiled where that pays."""
        self.model.to(self.device)
        return compiled(self.model, self.settings, self.device, self.autocast, self.report)

    def how(self) -> str:
        """A word or two on how the model is run."""
        return "compiled" if self.forward is not self.model else "eager"

    def autocast(self):
        """16-bit products where `dtype` asks for them; the weights and the sums stay in 32 bit."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)

    def run(self, resume: bool, progress: bool) -> Run:
        """All steps that are left, with what belongs around them."""
        self.begin(resume)
        log = self.open_log()
        bar = _ProgressBar(self, progress)
        try:
            with stop_signals(self.report) as stop:
                while self.step < self.settings.max_steps:
                    line = self.logged_step(bar)
                    log.write(line)
                    stopped = self.agree(stop.is_set())
                    ends = stopped or self.step == self.settings.max_steps
                    if is_due(self.step, self.settings.keep_every):
                        self.keep()
                    if ends or is_due(self.step, self.settings.save_every):
                        self.save()
                    if stopped:
                        raise TrainingStopped(self._how_to_resume())
        finally:
            bar.close()
            log.close()
        return self.result()

    def open_log(self) -> Log:
        return Log(self.out, self.step)

    def agree(self, stop: bool) -> bool:
        """Whether to stop now; of several processes (`minigpt.training.distributed`), all at the same step."""
        return stop

    def result(self) -> Run:
        lines = read_log(self.out)
        if not lines:
            raise ValueError(f"{self.out} has all its steps, but its log was lost; use its model, or train it anew")
        losses = [line["val_loss"] for line in lines if "val_loss" in line]
        return Run(self.out, self.step, lines[-1]["loss"], losses[-1] if losses else None)

    def begin(self, resume: bool) -> None:
        """Puts the folder in order: a complete model folder and checkpoint of step 0, or what was saved, loaded."""
        if resume and self.load():
            self.report(f"going on in {self.out} after step {self.step:,} of {self.settings.max_steps:,}")
        elif resume:
            self.report(f"{self.out} holds no checkpoint yet: starting at step 0")
        self.report(
            f"{self.model.config.n_params:,} parameters, vocabulary {self.model.config.vocab_size:,}, "
            f"{len(self.tokens):,} tokens to train on; {self.device}, {str(self.dtype).removeprefix('torch.')}, "
            + self.how()
        )
        self.write_what_stays()
        if self.step == 0:
            self.save()

    def write_what_stays(self) -> None:
        """The files of the folder that do not change with the steps, and an empty log at the start."""
        write_atomic(self.out / SETTINGS, self.settings.to_toml())
        if self.step == 0:
            self.tokens.tokenizer.save(self.out)
            Log(self.out, 0).close()

    def load(self) -> bool:
        """Goes back to what was saved last, if anything was."""
        path = self.out / CHECKPOINT
        if not path.exists():
            return False
        check_same_run(self.settings, self.tokens.checksum, self.out, read_progress(path))
        saved = load_checkpoint(path, self.model, self.optimizer)
        self.step = saved["step"]
        self.scaler.load_state_dict(saved["scaler"])
        return True

    def save(self) -> None:
        """First the model for others to load, then the checkpoint: cut off anywhere, a run can go on."""
        self.model.save_pretrained(self.out)
        save_checkpoint(self.out / CHECKPOINT, self.model, self.optimizer, self.progress())

    def progress(self) -> dict[str, Any]:
        """What a checkpoint says of the run, besides its tensors."""
        return {
            "step": self.step,
            "settings": dataclasses.asdict(self.settings),
            "text": self.tokens.checksum,
            "scaler": self.scaler.state_dict(),
        }

    def keep(self) -> None:
        """The model of this step in a folder of its own, in 16 bit, with its tokenizer."""
        folder = self.out / "steps" / f"{self.step:07d}"
        self.model.save_pretrained(folder, dtype=torch.float16)
        self.tokens.tokenizer.save(folder)

    def logged_step(self, bar: _ProgressBar) -> dict[str, Any]:
        """The next step, and the validation if it is due; returns the line of the log."""
        s, began = self.settings, time.perf_counter()
        loss = self.train_step(self.step + 1)
        seconds = time.perf_counter() - began
        before = self.rows.tokens_until(self.step * s.grad_accum, s.batch_size)
        self.step += 1
        tokens = self.rows.tokens_until(self.step * s.grad_accum, s.batch_size)
        line = {
            "step": self.step,
            "loss": loss,
            "learning_rate": learning_rate_at(self.step, s),
            "tokens": tokens,
            "tokens_per_second": round((tokens - before) / seconds, 1),
        }
        if self.step == s.max_steps or is_due(self.step, s.eval_every):
            with self.autocast():
                line["val_loss"] = self.validate()
        bar.show(line)
        return line

    def validate(self) -> float:
        return evaluate(self.forward, self.val_rows, self.device, self.settings.eval_batches)

    def train_step(self, step: int) -> float:
        """One step of the optimizer (they count from 1): returns the mean loss of its batches, nats a token.

        Raises:
            FloatingPointError: loss or gradient are not finite. The weights are then still those of the step before.
        """
        s, total, first = self.settings, 0.0, (step - 1) * self.settings.grad_accum
        counts = [self.rows.tokens_until(first + part, s.batch_size) for part in range(s.grad_accum + 1)]
        for part in range(s.grad_accum):
            inputs, targets = self.rows.batch(first + part, s.batch_size)  # (B, T) each
            with self.autocast():
                loss = mean_loss(self.forward, inputs.to(self.device), targets.to(self.device))
            share = (counts[part + 1] - counts[part]) / (counts[-1] - counts[0])  # of the step's tokens
            self.scaler.scale(loss * share).backward()
            total += loss.detach() * share
        self.scaler.unscale_(self.optimizer)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), s.grad_clip or math.inf)
        self._check_finite(step, float(total), float(norm))
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate_at(step, s)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        return float(total)

    def _check_finite(self, step: int, loss: float, norm: float) -> None:
        if math.isfinite(loss) and (math.isfinite(norm) or self.scaler.is_enabled()):
            return  # in float16 a gradient may overflow: the scaler leaves out that step and scales less
        saved = self.saved_step()
        kept = "nothing is kept" if saved is None else f"{self.out} keeps the checkpoint of step {saved}"
        what = f"loss is {loss}" if not math.isfinite(loss) else f"gradient's length is {norm}"
        raise FloatingPointError(
            f"the {what} at step {step}, so training stops and {kept}: "
            f"start anew with a lower learning_rate (now {self.settings.learning_rate:g}) or a longer warmup_steps"
        )

    def saved_step(self) -> int | None:
        """The step of the last checkpoint."""
        path = self.out / CHECKPOINT
        return read_progress(path)["step"] if path.exists() else None

    def _how_to_resume(self) -> str:
        return (
            f"stopped after step {self.step:,} of {self.settings.max_steps:,}, all of it saved; "
            f"go on with: minigpt train --resume --out {self.out}"
        )


def mean_loss(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Mean cross entropy of inputs and targets, both (B, T): a scalar, nats a token."""
    _, loss = model(inputs, targets, logits="none")  # by the call: a compiled model is compiled only there
    return loss


@torch.no_grad()
def evaluate(
    model: nn.Module,
    windows: Windows | Documents,
    device: torch.device | str = "cpu",
    batches: int = 0,
    batch_size: int = EVAL_WINDOWS,
) -> float:
    """Mean loss a token, in nats, over windows of a text.

    The sum over tokens is kept in float64, and not as a mean of batches' means, so it does not depend on `batch_size`
    (but for the rounding inside a batch).

    Args:
        model: a GPT; left in the mode, training or evaluation, that it is in.
        windows: of the text, in order; or its documents.
        device: the model's.
        batches: take only `EVAL_WINDOWS` times so many windows, spread evenly over the text; 0: all.
        batch_size: windows at a time.
    """
    chosen = np.arange(len(windows))
    if batches and batches * EVAL_WINDOWS < len(windows):
        chosen = np.linspace(0, len(windows) - 1, batches * EVAL_WINDOWS).round().astype(int)
    training, total, count = model.training, 0.0, 0
    model.eval()
    for start in range(0, len(chosen), batch_size):
        inputs, targets = windows.get(chosen[start : start + batch_size])  # (B, T) each
        loss = mean_loss(model, inputs.to(device), targets.to(device))
        counted = int((targets != IGNORE).sum())
        total += float(loss) * counted  # Python's float has 64 bits
        count += counted
    model.train(training)
    return total / count


def make_rows(settings: Settings, tokens: Tokens) -> tuple[Windows | Documents, Windows | Documents]:
    """What the settings call a row: to train on, shuffled by the seed, and to validate on, in the order of the text.

    Raises:
        SettingsError: documents are wanted, and the tokenizer has no <|endoftext|> to tell where one ends.
    """
    T, seed = settings.block_size, settings.seed
    if settings.rows == "windows":
        return Windows(tokens.train, T, seed), validation_windows(tokens.val, T)
    eot = tokens.tokenizer.eot
    if eot is None:
        raise SettingsError(
            f"rows = documents needs a tokenizer with <|endoftext|>, and {settings.tokenizer} has none; use bpe or gpt2"
        )
    room = settings.batch_size * T
    return Documents(tokens.train, eot, T, room, seed), Documents(tokens.val, eot, T, room, None)


def validation_windows(shards: list[np.ndarray], block_size: int) -> Windows:
    """Windows in the order of the text; shorter ones if the text is shorter than one window.

    Raises:
        ValueError: fewer than two tokens: nothing can be predicted.
    """
    longest = max((len(shard) for shard in shards), default=0)
    if longest < 2:
        raise ValueError(f"the validation text has {longest} tokens, and at least 2 are needed; give more text")
    return Windows(shards, min(block_size, longest - 1), seed=None)


def is_due(step: int, every: int) -> bool:
    return every > 0 and step % every == 0


def check_same_run(settings: Settings, text: str, out: Path, saved: dict[str, Any]) -> None:
    """Raises SettingsError, naming the keys, if a run to be resumed began with other settings or another text.

    Args:
        saved: what the checkpoint in `out` says of the run: `Trainer.progress`.
    """
    now = dataclasses.asdict(settings)
    other = [
        f"{key} is {saved['settings'][key]} in it and {now[key]} now"
        for key in now
        if key not in FREE_KEYS and saved["settings"].get(key) != now[key]
    ]
    if other:
        raise SettingsError(
            f"the run in {out} began with other settings: {', '.join(other)}; "
            "resume it with its own, or choose another --out"
        )
    if saved["text"] != text:
        raise SettingsError(
            f"the run in {out} began with another text or tokenizer (data = {saved['settings']['data']}, tokenizer = "
            f"{saved['settings']['tokenizer']}); resume it with the same, or choose another --out"
        )


def choose_device(settings: Settings) -> torch.device:
    """The device that the settings name; auto: a CUDA GPU, else Apple's, else the CPU."""
    if settings.device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(settings.device)
    except RuntimeError:
        raise SettingsError(
            f"there is no kind of device {settings.device!r}; use auto, cpu, cuda, cuda:1, or mps"
        ) from None
    there = {
        "cpu": True,
        "cuda": (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(device.type, False):
        raise SettingsError(f"this machine has no device {settings.device!r} that PyTorch can use; try --device auto")
    return device


def choose_dtype(settings: Settings) -> torch.dtype:
    """The type of the matrix products. auto: bfloat16 on a GPU made for it, float16 on an older one, else float32.

    bfloat16 has the range of float32 and needs no care; float16 overflows, so its gradients are scaled. A CPU
    gains by bfloat16 only with instructions for it and on wide models, and Apple's GPU has given NaN: float32 there.
    """
    device = choose_device(settings)
    if settings.dtype == "auto":
        if device.type != "cuda":
            return torch.float32
        major, _ = torch.cuda.get_device_capability(device)  # is_bf16_supported() counts emulation
        return torch.bfloat16 if major >= 8 else torch.float16
    if settings.dtype == "float16" and device.type != "cuda":
        raise SettingsError(f"dtype float16 needs a CUDA GPU, and the device is {device.type}; use float32 or bfloat16")
    return getattr(torch, settings.dtype)


def recompute_blocks(model: GPT) -> None:
    """Lets each block keep only its input for the backward pass, and compute the rest again when it is needed there.

    Of the 16 n_embd numbers a token that a block keeps, one n_embd is left, for a third more arithmetic (Chen et al.,
    2016, "Training deep nets with sublinear memory cost").
    """
    for block in model.h:
        block.forward = partial(checkpoint, block.forward, use_reentrant=False)


def wants_compiling(settings: Settings, config: GPTConfig, device: torch.device) -> bool:
    """Whether the settings ask for torch.compile, or leave it open and it pays."""
    pays_from = {"cuda": 1e15}  # FLOP of the whole run: ten times what compiling costs; a CPU gains nothing by it
    work = flops_per_token(config) * settings.tokens_per_step * settings.max_steps
    return settings.compile == "true" or settings.compile == "auto" and work >= pays_from.get(device.type, math.inf)


def compiled(
    model: nn.Module, settings: Settings, device: torch.device, autocast: Callable, report: Callable[[str], None]
) -> nn.Module:
    """The model through torch.compile where that pays and works, else the model itself; a failure is one line."""
    if not wants_compiling(settings, model.config, device):
        return model
    report("compiling the model (about a minute)")
    random = torch.get_rng_state()
    try:
        forward = torch.compile(model)
        ids = torch.zeros(settings.batch_size, settings.block_size, dtype=torch.int64, device=device)
        with autocast():
            loss = mean_loss(forward, ids, ids)
        loss.backward()  # the backward pass is compiled only here
    except Exception as error:  # whatever a compiler can raise: none of it is worth losing the run
        reason = str(error).strip().splitlines()[0][:150] if str(error).strip() else type(error).__name__
        report(f"torch.compile does not work here, going on without it: {reason}")
        forward = model
    model.zero_grad(set_to_none=True)
    torch.set_rng_state(random)
    return forward


@contextmanager
def stop_signals(report: Callable[[str], None]) -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, so that the step is ended and saved; a second Ctrl-C stops at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread hears signals
        yield stop
        return

    def on_signal(number, frame) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        report("stopping after this step (press Ctrl-C again to stop at once)")

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _ProgressBar:
    """Loss, tokens a second, share of the machine's peak; tqdm adds the time left."""

    def __init__(self, trainer: Trainer, shown: bool) -> None:
        from tqdm.auto import tqdm

        self.flops = flops_per_token(trainer.model.config)
        self.peak = trainer.processes * peak_flops(trainer.device, trainer.dtype) if shown else math.inf
        self.val_loss, self.speed, self.step = None, None, trainer.step
        self.bar = tqdm(
            total=trainer.settings.max_steps, initial=trainer.step, disable=not shown, unit="step", dynamic_ncols=True,
            mininterval=0.2 if sys.stderr.isatty() else 10,
        )  # fmt: skip

    def show(self, line: dict[str, Any]) -> None:
        self.val_loss = line.get("val_loss", self.val_loss)
        speed = line["tokens_per_second"]
        self.speed = speed if self.speed is None else 0.9 * self.speed + 0.1 * speed
        val = "" if self.val_loss is None else f", val {self.val_loss:.3f}"
        share = self.flops * self.speed / self.peak
        self.bar.set_postfix_str(
            f"loss {line['loss']:.3f}{val}, {self.speed:,.0f} tok/s, {share:.0%} of peak", refresh=False
        )
        self.bar.update(line["step"] - self.step)
        self.step = line["step"]

    def close(self) -> None:
        self.bar.close()


def say(line: str) -> None:
    from tqdm import tqdm

    tqdm.write(line, file=sys.stderr)


def with_absolute_paths(settings: Settings) -> Settings:
    """`data` and `tokenizer` as absolute paths where they are files, so that the run can be resumed from any folder."""
    values = {"data": settings.data, "tokenizer": settings.tokenizer}
    paths = {
        key: str(Path(value).resolve())
        for key, value in values.items()
        if value not in TOKENIZERS and Path(value).exists()
    }
    return dataclasses.replace(settings, **paths)
