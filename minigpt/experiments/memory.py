"""The memory that training takes, measured on the CPU, beside what the calculator says.

    python -m minigpt.experiments.memory [--quick]

Each run is a fresh process that takes two steps; the highest resident set of the second, less what was there before the
model, is its memory. Written to book/results/memory.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from minigpt import recorded
from minigpt.training.calculator import memory_of
from minigpt.training.settings import Settings

BASE = {"n_layer": 6, "n_head": 6, "n_embd": 384, "block_size": 256, "batch_size": 8}
QUICK = {"n_layer": 4, "n_head": 4, "n_embd": 256, "block_size": 128, "batch_size": 8}
# What is varied: the vocabulary, and keys of the settings.
RUNS = {
    "small vocabulary": (512, {}),
    "GPT-2's vocabulary": (50257, {"batch_size": 4}),
    "accumulated": (8192, {"grad_accum": 2}),
    "recomputed": (512, {"recompute": "true", "batch_size": 16}),
    "bfloat16": (8192, {"dtype": "bfloat16"}),
    "bfloat16, recomputed, accumulated": (512, {"dtype": "bfloat16", "recompute": "true", "grad_accum": 2}),
    "124M": (50257, {"n_layer": 12, "n_head": 12, "n_embd": 768, "block_size": 1024, "batch_size": 1}),
}


def measure(settings: Settings, vocab_size: int) -> float:
    """Bytes that two steps of training take at most, in a process of its own. Linux only.

    Raises:
        OSError: the process failed.
    """
    command = [sys.executable, "-m", "minigpt.experiments.memory", "--child", settings.to_toml(), str(vocab_size)]
    paths = [str(Path(__file__).resolve().parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    # What is freed goes back to the system at once, so that the resident set is what is in use.
    fixed = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **fixed, "PYTHONPATH": os.pathsep.join(paths)}
    )
    if done.returncode:
        raise OSError(f"the measurement failed: {(done.stderr.strip() or 'no message').splitlines()[-1]}")
    return float(done.stdout)


def child(toml: str, vocab_size: int) -> float:
    import dataclasses

    import numpy as np
    import torch

    from minigpt.tokenizer import Tokenizer
    from minigpt.training.corpus import Tokens
    from minigpt.training.loop import Trainer, choose_dtype
    from minigpt.training.settings import load_settings

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "s.toml").write_text(toml)
        settings = load_settings(Path(folder) / "s.toml")
    torch.set_num_threads(1)

    class Vocabulary(Tokenizer):
        vocab_size = 0  # the trainer asks for no more

        def __init__(self, size: int) -> None:
            self.vocab_size = size

    def trainer(settings: Settings, size: int) -> Trainer:
        length = settings.batch_size * settings.grad_accum * settings.block_size * 4
        text = [np.random.RandomState(0).randint(0, size, length + 1).astype("<u2")]
        tokens = Tokens(Vocabulary(size), text, text, "")
        return Trainer(settings, tokens, Path("none"), torch.device("cpu"), choose_dtype(settings))

    small = {"n_layer": 1, "n_head": 1, "n_embd": 16, "block_size": 16, "batch_size": 1}
    warm = trainer(dataclasses.replace(settings, **small), 300)
    warm.train_step(1)  # libraries load what they need
    del warm
    before = _status("VmRSS")
    training = trainer(settings, vocab_size)
    training.train_step(1)  # AdamW's averages come to be
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    training.train_step(2)
    return _status("VmHWM") - before


def _status(what: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024.0 * next(int(line.split()[1]) for line in lines if line.startswith(what))


def compare(shape: dict, vocab_size: int, changes: dict) -> dict:
    import torch

    settings = Settings(device="cpu", **{**shape, **changes})
    calculated = memory_of(settings, vocab_size, getattr(torch, settings.dtype.replace("auto", "float32"))).total
    measured = measure(settings, vocab_size)
    return {"calculated": calculated, "measured": measured, "ratio": round(calculated / measured, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small models, nothing is written")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(child(arguments.child[0], int(arguments.child[1])))
        return
    runs = {}
    for name, (vocab_size, changes) in RUNS.items():
        if arguments.quick and name == "124M":
            continue
        runs[name] = compare(QUICK if arguments.quick else BASE, vocab_size, changes)
        row = runs[name]
        both = f"{row['calculated'] / 1e6:8.0f} MB calculated {row['measured'] / 1e6:8.0f} measured"
        print(f"{name:<36} {both}  {row['ratio']}", flush=True)
    if not arguments.quick:
        print(recorded.save("memory", {"base": BASE, "runs": runs, "provenance": recorded.provenance(0)}))


if __name__ == "__main__":
    main()
