"""Training loops watched from outside, for `minigpt.experiments.bench`: ours, and nanoGPT's own train.py.

Both are run as they are. A hook on the optimizer's step, which both loops call, takes the time and ends the loop.
"""

from __future__ import annotations

import hashlib
import os
import runpy
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from minigpt import Tokenizer, data
from minigpt.training import loop
from minigpt.training.corpus import prepare
from minigpt.training.settings import Settings, load_settings

NANOGPT = "https://github.com/karpathy/nanoGPT"
# As nanoGPT's README says for a CPU; its own evaluations are left out, for both loops are evaluated by ours, untimed.
NANOGPT_ON_CPU = (
    "--device=cpu", "--dtype=float32", "--log_interval=1", "--dropout=0.0", "--eval_interval=1000000000",
    "--eval_iters=1",
)  # fmt: skip


class NotMeasured(Exception):
    """What cannot be measured here; the message says why."""


def fetch_nanogpt(copy: Path, folder: Path | None) -> str:
    """Copies nanoGPT from `folder`, else from its repository, prepares its data, and returns its version.

    By character, tiny Shakespeare is prepared by nanoGPT's own script; by GPT-2's tokenizer, by ours.

    Raises:
        NotMeasured: it is not in `folder`, or cannot be cloned.
    """
    if folder is not None:
        if not (folder / "train.py").is_file():
            raise NotMeasured(f"there is no nanoGPT in {folder}")
        shutil.copytree(folder, copy)
    else:
        clone = ["git", "clone", "--quiet", "--depth=1", NANOGPT, str(copy)]
        try:
            subprocess.run(clone, check=True, timeout=120, env={**os.environ, "GIT_TERMINAL_PROMPT": "0"})
        except (OSError, subprocess.SubprocessError):
            raise NotMeasured(f"{NANOGPT} cannot be cloned; give a copy of it with --nanogpt FOLDER") from None
    text = data.get("tinyshakespeare")[0]
    shutil.copy(text, copy / "data/shakespeare_char/input.txt")
    subprocess.run([sys.executable, "data/shakespeare_char/prepare.py"], cwd=copy, check=True, capture_output=True)
    ids = np.array(Tokenizer.gpt2().encode(text.read_text(encoding="utf-8")), dtype=np.uint16)
    for name, part in (("train", ids[: len(ids) * 9 // 10]), ("val", ids[len(ids) * 9 // 10 :])):
        part.tofile(copy / f"data/shakespeare/{name}.bin")
    if (copy / ".git").exists():
        answer = subprocess.run(["git", "rev-parse", "HEAD"], cwd=copy, capture_output=True, text=True)
        return f"commit {answer.stdout.strip()}"
    sources = (copy / "model.py").read_bytes() + (copy / "train.py").read_bytes()
    return f"no commit known; model.py and train.py have the sha256 {hashlib.sha256(sources).hexdigest()}"


class Enough(Exception):
    """Ends a loop that has been watched for long enough."""


class Clock:
    """Watches a training loop from outside: called after each step of its optimizer, it takes the time since the last.

    The first step, with which a loop sets up, is not counted. Every `every` steps the validation loss is measured, the
    same way for each loop, while the clock stands still.
    """

    def __init__(self, steps: int, every: int = 0, until: float = 0.0, block_size: int = 64) -> None:
        self.steps, self.every, self.until = steps, every, until
        self.times: list[float] = []
        self.cpu: list[float] = []  # the process's own seconds: what else the machine does is not in them
        self.losses: list[tuple[int, float, float]] = []  # step, seconds, nats a token
        self.model: nn.Module | None = None
        self.started: tuple[float, float] | None = None
        if every:
            settings = Settings(data="tinyshakespeare", tokenizer="char")
            self.windows = loop.validation_windows(prepare(settings).val, block_size)

    def watched(self, model_class: type) -> type:
        """The class, but for that the clock knows the model that is made of it."""

        def init(model, *args):
            super(subclass, model).__init__(*args)
            self.model = model

        subclass = type(model_class.__name__, (model_class,), {"__init__": init})
        return subclass

    def __call__(self, *_) -> None:
        now, own = time.perf_counter(), time.process_time()
        if self.started is not None:
            self.times.append(now - self.started[0])
            self.cpu.append(own - self.started[1])
        step = len(self.times) + 1
        if self.every and step % self.every == 0:
            loss = loop.evaluate(LossOnly(self.model), self.windows, batch_size=64)
            self.losses.append((step, round(sum(self.times), 3), round(loss, 4)))
        if step > self.steps or self.losses and self.losses[-1][2] <= self.until:
            raise Enough
        self.started = time.perf_counter(), time.process_time()


class LossOnly(nn.Module):
    """nanoGPT's model or ours, called as `evaluate` calls a model."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, targets: Tensor, logits: str) -> tuple[None, Tensor]:
        return None, self.model(ids.contiguous(), targets.contiguous())[1]


def our_loop(clock: dict, preset: str | None = None, settings: dict | None = None) -> dict:
    """Child process: `minigpt train` of a preset or of settings, watched."""
    watch = Clock(**clock)
    register_optimizer_step_post_hook(watch)
    loop.GPT = watch.watched(loop.GPT)
    chosen = load_settings(preset, settings) if preset else Settings(**settings)
    with tempfile.TemporaryDirectory() as folder:
        try:
            loop.train(chosen, Path(folder) / "run", progress=False)
        except Enough:
            pass
    return {"times": watch.times, "cpu": watch.cpu, "losses": watch.losses}


def nanogpt_loop(clock: dict, arguments: list[str]) -> dict:
    """Child process, in nanoGPT's folder: its train.py, watched."""
    sys.path.insert(0, os.getcwd())
    import model  # nanoGPT's

    watch = Clock(**clock)
    register_optimizer_step_post_hook(watch)
    model.GPT = watch.watched(model.GPT)
    sys.argv = ["train.py", *arguments, *NANOGPT_ON_CPU]
    try:
        runpy.run_path("train.py", run_name="__main__")
    except Enough:
        pass
    return {"times": watch.times, "cpu": watch.cpu, "losses": watch.losses}


def products_of_a_step(rows: int, vocab_size: int, n_layer: int, width: int) -> float:
    """Seconds of a training step's products with weights alone, one forward and two backward for each matrix.

    Args:
        rows: tokens of the step.
        vocab_size, n_layer, width: of the model.
    """
    shapes = {(width, 3 * width): n_layer, (width, width): n_layer, (width, 4 * width): n_layer}
    shapes |= {(4 * width, width): n_layer, (width, vocab_size): 1}  # inputs, outputs: how many such matrices
    total = 0.0
    for (inputs, outputs), count in shapes.items():
        x, weight, grad = torch.rand(rows, inputs), torch.rand(outputs, inputs), torch.rand(rows, outputs)
        y, grad_x, grad_weight = torch.empty_like(grad), torch.empty_like(x), torch.empty_like(weight)
        times = []
        for _ in range(6):
            start = time.perf_counter()
            torch.mm(x, weight.t(), out=y)
            torch.mm(grad, weight, out=grad_x)
            torch.mm(grad.t(), x, out=grad_weight)
            times.append(time.perf_counter() - start)
        total += count * statistics.median(times[1:])
    return total
