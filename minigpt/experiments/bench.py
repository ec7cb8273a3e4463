"""The speeds that the book promises, each measured against another program in one run. `make bench`

    python -m minigpt.experiments.bench [--only ROW ...] [--nanogpt FOLDER] [--quick]

Ours and the other are measured in turn, A B A B ..., so that whatever else the machine does meets both; a ratio is the
median over these pairs, with the lowest and the highest. The results are written to book/results/bench.json; rows that
are not measured again stay as they were recorded. The loops are watched from outside, by a hook on the optimizer's
step, so it is nanoGPT's own train.py that runs. It comes from --nanogpt, or is cloned from its repository.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import math
import os
import runpy
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from minigpt import GPT, GPTConfig, Tokenizer, data, generate, recorded
from minigpt.training.corpus import prepare
from minigpt.training.loop import evaluate, validation_windows
from minigpt.training.settings import Settings, load_settings

NANOGPT = "https://github.com/karpathy/nanoGPT"
# The arguments of nanoGPT's README for a CPU; its own evaluation is left out, ours is made of both and not timed.
NANOGPT_ON_CPU = ("--device=cpu", "--dtype=float32", "--log_interval=1", "--dropout=0.0", "--eval_interval=1000000000")
SHAPE = {"n_layer": 6, "n_head": 6, "n_embd": 384, "block_size": 256, "batch_size": 12}
SMALL_SHAPE = {"n_layer": 4, "n_head": 4, "n_embd": 128, "block_size": 64, "batch_size": 12}
QUICK_SHAPE = {"n_layer": 1, "n_head": 2, "n_embd": 16, "block_size": 16, "batch_size": 4}
TARGET_LOSS = 1.88


class NotMeasured(Exception):
    """A row that cannot be measured here; the message says why."""


@dataclass
class Bench:
    """What the rows share: how much to do, and nanoGPT, fetched when it is first asked for."""

    quick: bool
    nanogpt_folder: Path | None
    scratch: Path
    versions: dict[str, str] = field(default_factory=dict)

    def rounds(self, wanted: int) -> int:
        return 1 if self.quick else wanted

    def nanogpt(self) -> Path:
        """A copy of nanoGPT with tiny Shakespeare prepared in it, by its own script and by GPT-2's tokenizer."""
        copy = self.scratch / "nanoGPT"
        if copy.exists():
            return copy
        if self.nanogpt_folder:
            if not (self.nanogpt_folder / "train.py").is_file():
                raise NotMeasured(f"there is no nanoGPT in {self.nanogpt_folder}")
            shutil.copytree(self.nanogpt_folder, copy)
        else:
            clone = ["git", "clone", "--quiet", "--depth=1", NANOGPT, str(copy)]
            try:
                subprocess.run(clone, check=True, timeout=120, env={**os.environ, "GIT_TERMINAL_PROMPT": "0"})
            except (OSError, subprocess.SubprocessError):
                shutil.rmtree(copy, ignore_errors=True)
                raise NotMeasured(f"{NANOGPT} cannot be reached; give a copy of it with --nanogpt FOLDER") from None
        sources = (copy / "model.py").read_bytes() + (copy / "train.py").read_bytes()
        self.versions["nanoGPT"] = f"sha256 of model.py and train.py: {hashlib.sha256(sources).hexdigest()[:16]}"
        text = data.get("tinyshakespeare")[0]
        shutil.copy(text, copy / "data/shakespeare_char/input.txt")
        subprocess.run([sys.executable, "data/shakespeare_char/prepare.py"], cwd=copy, check=True, capture_output=True)
        ids = np.array(Tokenizer.gpt2().encode(text.read_text(encoding="utf-8")), dtype=np.uint16)
        for name, part in (("train", ids[: len(ids) * 9 // 10]), ("val", ids[len(ids) * 9 // 10 :])):
            part.tofile(copy / f"data/shakespeare/{name}.bin")
        return copy


# ---- How it is measured ----------------------------------------------------------------------------------------------


def alternate(rounds: int, **sides: Callable[[], Any]) -> dict[str, list]:
    """Calls the sides in turn, `rounds` times each; returns what they measured, round by round."""
    measured: dict[str, list] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, measure in sides.items():
            measured[name].append(measure())
    return measured


def compared(ours: list[float], theirs: list[float], digits: int = 3) -> dict:
    """The medians of both, and the ratio of each pair: median, lowest, highest."""
    ratios = sorted(a / b for a, b in zip(ours, theirs))
    return {
        "ours": significant(statistics.median(ours)),
        "theirs": significant(statistics.median(theirs)),
        "ratio": round(statistics.median(ratios), digits),
        "ratio_range": [round(ratios[0], digits), round(ratios[-1], digits)],
        "rounds": {"ours": [significant(a) for a in ours], "theirs": [significant(b) for b in theirs]},
    }


def significant(value: float) -> float:
    return float(f"{value:.4g}")


def seconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def in_a_process(what: str, cwd: Path | None = None, env: dict[str, str] | None = None, **arguments: Any) -> Any:
    """Runs `CHILDREN[what](**arguments)` in a fresh interpreter, and returns what it returns."""
    command = [sys.executable, "-m", "minigpt.experiments.bench", "--child", what, json.dumps(arguments)]
    paths = [str(Path(__file__).resolve().parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **(env or {})}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise NotMeasured(f"{what} with {arguments} failed: {(done.stderr.strip() or 'no message').splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


class Enough(Exception):
    """Ends a loop that has been watched for long enough."""


class Clock:
    """Watches a training loop from outside: called after each step of its optimizer, it takes the time since the last.

    The first step, with which a loop sets up, is not counted. Every `every` steps the validation loss is measured, the
    same way for each loop, while the clock stands still.
    """

    def __init__(self, steps: int, every: int = 0, until: float = 0.0) -> None:
        self.steps, self.every, self.until = steps, every, until
        self.times: list[float] = []
        self.losses: list[tuple[int, float, float]] = []  # step, seconds, nats a token
        self.model: nn.Module | None = None
        self.started: float | None = None
        if every:
            settings = Settings(data="tinyshakespeare", tokenizer="char")
            self.windows = validation_windows(prepare(settings).val, SMALL_SHAPE["block_size"])

    def watched(self, model_class: type) -> type:
        """The class, but for that the clock knows the model that is made of it."""

        def init(model, *args):
            super(subclass, model).__init__(*args)
            self.model = model

        subclass = type(model_class.__name__, (model_class,), {"__init__": init})
        return subclass

    def __call__(self, *_) -> None:
        now = time.perf_counter()
        if self.started is not None:
            self.times.append(now - self.started)
        step = len(self.times) + 1
        if self.every and step % self.every == 0:
            loss = evaluate(LossOnly(self.model), self.windows, batch_size=64)
            self.losses.append((step, round(sum(self.times), 3), round(loss, 4)))
        if step > self.steps or self.losses and self.losses[-1][2] <= self.until:
            raise Enough
        self.started = time.perf_counter()


class LossOnly(nn.Module):
    """nanoGPT's model or ours, called as `evaluate` calls a model."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, targets: Tensor, logits: str) -> tuple[None, Tensor]:
        return None, self.model(ids.contiguous(), targets.contiguous())[1]


def our_loop(clock: dict, preset: str | None = None, settings: dict | None = None) -> dict:
    """Child process: `minigpt train` of a preset or of settings, watched."""
    from minigpt.training import loop

    watch = Clock(**clock)
    register_optimizer_step_post_hook(watch)
    loop.GPT = watch.watched(loop.GPT)
    chosen = load_settings(preset, settings) if preset else Settings(**settings)
    with tempfile.TemporaryDirectory() as folder:
        try:
            loop.train(chosen, Path(folder) / "run", progress=False)
        except Enough:
            pass
    return {"times": watch.times, "losses": watch.losses}


def nanogpt_loop(clock: dict, arguments: list[str]) -> dict:
    """Child process, in nanoGPT's folder: its train.py, watched."""
    sys.path.insert(0, os.getcwd())
    import model  # nanoGPT's

    watch = Clock(**clock)
    register_optimizer_step_post_hook(watch)
    model.GPT = watch.watched(model.GPT)
    sys.argv = ["train.py", *arguments, *NANOGPT_ON_CPU, "--eval_iters=1"]
    try:
        runpy.run_path("train.py", run_name="__main__")
    except Enough:
        pass
    return {"times": watch.times, "losses": watch.losses}


# ---- The rows --------------------------------------------------------------------------------------------------------


def time_to_loss(bench: Bench) -> dict:
    """Seconds of training until the loss on the whole validation text is TARGET_LOSS."""
    folder = bench.nanogpt()
    clock = {"steps": 20 if bench.quick else 2001, "every": 10 if bench.quick else 25, "until": TARGET_LOSS}
    recipe = [
        "config/train_shakespeare_char.py", "--compile=False", "--max_iters=2000", "--lr_decay_iters=2000",
        *(f"--{key}={value}" for key, value in SMALL_SHAPE.items()),
    ]  # fmt: skip
    seeds = iter(range(100))
    quiet = {"eval_every": "0", "save_every": "0"}
    runs = alternate(
        bench.rounds(3),
        ours=lambda: in_a_process(
            "our_loop", clock=clock, preset="shakespeare-char", settings={**quiet, "seed": str(next(seeds))}
        ),
        theirs=lambda: in_a_process("nanogpt_loop", folder, clock=clock, arguments=recipe),
    )
    ends = {side: [run["losses"][-1] for run in found] for side, found in runs.items()}
    return {
        **compared(*([seconds for _, seconds, _ in ends[side]] for side in ("ours", "theirs"))),
        "steps": {side: [step for step, _, _ in found] for side, found in ends.items()},
        "last_loss": {side: [loss for _, _, loss in found] for side, found in ends.items()},
        "curves": {side: found[0]["losses"] for side, found in runs.items()},  # step, seconds, loss
    }


def training_speed(bench: Bench, tokenizer: str) -> dict:
    """Tokens a second of both loops, as they are on a CPU (theirs without torch.compile) and with torch.compile."""
    folder = bench.nanogpt()
    shape = QUICK_SHAPE if bench.quick else SHAPE
    clock = {"steps": 6 if bench.quick else 12 if tokenizer == "char" else 6}
    dataset = {"char": "shakespeare_char", "gpt2": "shakespeare"}[tokenizer]
    arguments = ["config/train_shakespeare_char.py", f"--dataset={dataset}", *(f"--{k}={v}" for k, v in shape.items())]
    settings = {**shape, "data": "tinyshakespeare", "tokenizer": tokenizer, "max_steps": 5000}

    def ours(**more) -> float:
        return speed(in_a_process("our_loop", clock=clock, settings={**settings, **more}), shape)

    def theirs(compiled: bool) -> float:
        run = in_a_process("nanogpt_loop", folder, clock=clock, arguments=[*arguments, f"--compile={compiled}"])
        return speed(run, shape)

    found = alternate(bench.rounds(5), ours=lambda: ours(compile="false"), theirs=lambda: theirs(False))
    more = alternate(
        bench.rounds(2),
        ours_compiled=lambda: ours(compile="true"),
        theirs_compiled=lambda: theirs(True),
        ours_bfloat16=lambda: ours(compile="false", dtype="bfloat16"),
    )
    vocab_size = {"char": 65, "gpt2": 50257}[tokenizer]
    products = shape["batch_size"] * shape["block_size"] / products_of_a_step(vocab_size, shape)
    return {
        **compared(found["ours"], found["theirs"]),
        "others": {name: significant(statistics.median(values)) for name, values in more.items()},
        "products_alone": significant(products),  # tokens/s if all but the weights' products took no time
    }


def speed(run: dict, shape: dict) -> float:
    """Tokens a second, by the median step."""
    return shape["batch_size"] * shape["block_size"] / statistics.median(run["times"][1:])


def products_of_a_step(vocab_size: int, shape: dict) -> float:
    """Seconds of one step's products with weights alone: one forward and two backward for each matrix of the model."""
    rows, C = shape["batch_size"] * shape["block_size"], shape["n_embd"]
    total = 0.0
    for count, inputs, outputs in (
        (shape["n_layer"], C, 3 * C), (shape["n_layer"], C, C), (shape["n_layer"], C, 4 * C),
        (shape["n_layer"], 4 * C, C), (1, C, vocab_size),
    ):  # fmt: skip
        x, weight, gradient = torch.rand(rows, inputs), torch.rand(outputs, inputs), torch.rand(rows, outputs)
        room = torch.empty(rows, outputs), torch.empty(rows, inputs), torch.empty(outputs, inputs)

        def products():
            torch.mm(x, weight.t(), out=room[0])
            torch.mm(gradient, weight, out=room[1])
            torch.mm(gradient.t(), x, out=room[2])

        products()
        total += count * statistics.median(seconds(products) for _ in range(5))
    return total


def sampling_speed(bench: Bench, batch_size: int) -> dict:
    """New tokens a second of GPT-2 124M, greedy, with a cache, by ours and by transformers; the same tokens."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    new = 4 if bench.quick else 256
    config = GPTConfig(vocab_size=300, block_size=64, n_layer=2, n_head=2, n_embd=32) if bench.quick else GPTConfig()
    model = GPT(config).eval()
    model.save_pretrained(bench.scratch / "124M")
    other = transformers.GPT2LMHeadModel.from_pretrained(bench.scratch / "124M").eval()
    prompt = torch.randint(config.vocab_size, (batch_size, 16))
    options = {"max_new_tokens": new, "min_new_tokens": new, "do_sample": False, "use_cache": True, "pad_token_id": 0}

    def theirs() -> Tensor:
        with torch.inference_mode():
            return other.generate(prompt, attention_mask=torch.ones_like(prompt), **options)

    same = torch.equal(generate(model, prompt, new, temperature=0), theirs())  # and both have warmed up
    weights = 4 * (config.n_params - config.block_size * config.n_embd)  # bytes read for each token
    found = alternate(
        bench.rounds(5 if batch_size == 1 else 3),
        ours=lambda: batch_size * new / seconds(lambda: generate(model, prompt, new, temperature=0)),
        theirs=lambda: batch_size * new / seconds(theirs),
        limit=lambda: batch_size * read_speed(weights) / weights,
    )
    share = statistics.median(ours / limit for ours, limit in zip(found["ours"], found["limit"]))
    return {
        **compared(found["ours"], found["theirs"]),
        "limit": significant(statistics.median(found["limit"])),  # tokens/s if nothing but reading the weights took time
        "share_of_limit": round(share, 3),
        "same_tokens": same,
    }


def read_speed(size: int) -> float:
    """Bytes a second that the processor reads from `size` bytes of memory, at its best of several tries."""
    numbers = torch.ones(size // 4)
    return size / min(seconds(numbers.sum) for _ in range(8))


def bpe_training(bench: Bench) -> dict:
    """Seconds to train a byte-level BPE of 4,096 entries on WikiText-2's validation and test text, 2.4 MB."""
    arguments = {"entries": 300 if bench.quick else 4096}
    one_thread = {"RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    found = alternate(
        bench.rounds(5),
        ours=lambda: in_a_process("train_bpe", env=one_thread, who="ours", **arguments),
        theirs=lambda: in_a_process("train_bpe", env=one_thread, who="tokenizers", **arguments),
    )
    return compared(found["ours"], found["theirs"])


def train_bpe(who: str, entries: int) -> float:
    """Child process: seconds to train a BPE."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in data.get("wikitext-2"))
    if who == "ours":
        return seconds(lambda: Tokenizer.train([text], entries))
    import tokenizers

    byte_level = tokenizers.pre_tokenizers.ByteLevel
    other = tokenizers.Tokenizer(tokenizers.models.BPE())
    other.pre_tokenizer = byte_level(add_prefix_space=False)
    # one entry fewer, as ours counts <|endoftext|>
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=entries - 1, initial_alphabet=byte_level.alphabet(), show_progress=False
    )
    return seconds(lambda: other.train_from_iterator([text], trainer))


def encoding(bench: Bench) -> dict:
    """Tokens a second of GPT-2's tokenizer on WikiText-2's validation and test text."""
    import tiktoken

    text = "\n".join(path.read_text(encoding="utf-8") for path in data.get("wikitext-2"))
    ours = Tokenizer.gpt2()
    other = tiktoken.Encoding(
        "gpt2", pat_str=r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        mergeable_ranks={ours.token_bytes(i): i for i in range(ours.eot)}, special_tokens={"<|endoftext|>": ours.eot},
    )  # fmt: skip
    ids = ours.encode(text)
    same = ids == other.encode_ordinary(text)
    found = alternate(
        bench.rounds(9),
        ours=lambda: len(ids) / seconds(lambda: ours.encode(text)),
        theirs=lambda: len(ids) / seconds(lambda: other.encode_ordinary(text)),
    )
    return {**compared(found["ours"], found["theirs"]), "same_tokens": same}


def import_time(bench: Bench) -> dict:
    """Seconds of a fresh Python that imports minigpt, and of one that imports torch."""

    def start(module: str) -> float:
        return seconds(lambda: subprocess.run([sys.executable, "-c", f"import {module}"], check=True))

    found = alternate(bench.rounds(9), ours=lambda: start("minigpt"), theirs=lambda: start("torch"))
    more = statistics.median(ours - theirs for ours, theirs in zip(found["ours"], found["theirs"]))
    return {**compared(found["ours"], found["theirs"]), "seconds_more": round(more, 3)}


@dataclass(frozen=True)
class Row:
    """A figure of the table: what is measured against what, and when the target is met."""

    what: str
    against: str
    unit: str
    target: str
    meets: Callable[[dict], bool]
    measure: Callable[[Bench], dict]
    why_not: str = ""  # where the time goes, for a row whose target is not met


ROWS = {
    "time_to_loss": Row(
        f"time to validation loss {TARGET_LOSS}, tiny Shakespeare by character", "nanoGPT's CPU recipe", "seconds",
        "0.7 times or less", lambda r: r["ratio"] <= 0.7 and max(r["last_loss"]["ours"]) <= TARGET_LOSS, time_to_loss,
    ),
    "training_large_vocabulary": Row(
        "training, 6 layers, width 384, context 256, batch 12, vocabulary 50,257, float32",
        "nanoGPT's loop without torch.compile (it pads the vocabulary to 50,304)", "tokens/s", "1.2 times or more",
        lambda r: r["ratio"] >= 1.2, lambda bench: training_speed(bench, "gpt2"),
    ),
    "training_characters": Row(
        "training, 6 layers, width 384, context 256, batch 12, vocabulary 65, float32",
        "nanoGPT's loop without torch.compile", "tokens/s", "1.2 times or more",
        lambda r: r["ratio"] >= 1.2, lambda bench: training_speed(bench, "char"),
    ),
    "sampling_one": Row(
        "sampling, 124M, 1 sequence, 256 new tokens, float32",
        "transformers with its cache; the limit set by reading the weights from memory", "tokens/s",
        "1.2 times or more, or 0.85 of the limit", lambda r: r["ratio"] >= 1.2 or r["share_of_limit"] >= 0.85,
        lambda bench: sampling_speed(bench, 1),
    ),
    "sampling_sixteen": Row(
        "sampling, 124M, 16 sequences, 256 new tokens, float32", "transformers with its cache", "tokens/s",
        "1.2 times or more", lambda r: r["ratio"] >= 1.2, lambda bench: sampling_speed(bench, 16),
    ),
    "bpe_training": Row(
        "training a BPE of 4,096 entries on 2.4 MB", "Hugging Face tokenizers, one thread", "seconds",
        "3 times or less", lambda r: r["ratio"] <= 3, bpe_training,
    ),
    "encoding": Row(
        "encoding 2.4 MB with GPT-2's tokenizer", "tiktoken", "tokens/s", "0.95 times or more",
        lambda r: r["ratio"] >= 0.95, encoding,
    ),
    "import": Row(
        "import minigpt", "import torch", "seconds", "at most 0.3 seconds more",
        lambda r: r["seconds_more"] <= 0.3, import_time,
    ),
}  # fmt: skip
CHILDREN = {"our_loop": our_loop, "nanogpt_loop": nanogpt_loop, "train_bpe": train_bpe}


def measured(row: Row, bench: Bench) -> dict:
    """The row with what was measured, and with the reason where its target is not met."""
    result = row.measure(bench)
    met = bool(row.meets(result))
    note = {} if met or not row.why_not else {"note": row.why_not}
    head = {"what": row.what, "against": row.against, "unit": row.unit, "target": row.target, "met": met}
    return {**head, **note, **result, "load": [round(load, 1) for load in os.getloadavg()]}


def line(row: dict) -> str:
    """A row in one line."""
    low, high = row["ratio_range"]
    share = f", {row['share_of_limit']:.0%} of the limit" if "share_of_limit" in row else ""
    return (
        f"{row['what']}: {row['ours']:g} {row['unit']}, theirs {row['theirs']:g}, ratio {row['ratio']:.2f} "
        f"({low:.2f} to {high:.2f}){share}; target {row['target']}: {'met' if row['met'] else 'NOT met'}"
    )


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=ROWS, metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--nanogpt", type=Path, metavar="FOLDER", help="a copy of nanoGPT; without it, it is cloned")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round: tries the bench, measures nothing")
    parser.add_argument("--out", type=Path, help="default: bench.json among the recorded runs")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.child:
        print(json.dumps(CHILDREN[args.child[0]](**json.loads(args.child[1]))))
        return
    out = args.out or recorded.results_dir() / "bench.json"
    rows = json.loads(out.read_text(encoding="utf-8"))["rows"] if out.is_file() else {}
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(args.quick, args.nanogpt, Path(scratch))
        for package in ("transformers", "tokenizers", "tiktoken"):
            bench.versions[package] = importlib.metadata.version(package)
        for name in args.only or ROWS:
            try:
                rows[name] = measured(ROWS[name], bench)
                print(line(rows[name]), flush=True)
            except NotMeasured as error:
                kept = "its recorded values stay" if name in rows else "it has no recorded values yet"
                print(f"{ROWS[name].what}: not measured, {kept}: {error}", flush=True)
                continue
            if args.quick and not args.out:
                continue
            result = {"rows": {key: rows[key] for key in ROWS if key in rows}}
            recorded.save("bench", {**result, "provenance": recorded.provenance(versions=bench.versions)}, out)


if __name__ == "__main__":
    main()
