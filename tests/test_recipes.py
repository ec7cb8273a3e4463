"""The recipes for GPT-2 at full size: what their headers say, and that each script runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minigpt.config import GPT2_SIZES, GPTConfig
from minigpt.model import GPT
from minigpt.tokenizer import Tokenizer
from minigpt.training import load_settings, read_log, recipes
from minigpt.training.references import BELOW, LLMC_124M, REFERENCES, band
from minigpt.training.settings import RECIPES
from minigpt.training.shards import write_shards

ROOT = Path(__file__).resolve().parent.parent
SLURM = {"SLURM_JOB_NODELIST": "a", "SLURM_NNODES": "1", "SLURM_JOB_ID": "7"}
SCRIPTS = ("one_gpu.sh", "one_node.sh", "nodes.sh", "slurm.sh")


def test_the_files_are_what_the_calculator_says():
    for path, text in recipes.files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path} is out of date: python -m minigpt.training.recipes"
    scripts = {path for path in RECIPES.glob("gpt2-*/*")}
    assert scripts == {RECIPES / f"gpt2-{size}" / name for size in GPT2_SIZES for name in SCRIPTS}


@pytest.mark.parametrize("size", GPT2_SIZES)
def test_a_recipe_is_the_paper_s_model_and_batch(size):
    settings = load_settings(f"gpt2-{size}")
    assert settings == recipes.settings(size)
    assert settings.model_config(50257) == GPTConfig.gpt2(size)
    assert settings.batch_size * settings.grad_accum == 512 and settings.grad_accum % 32 == 0


def test_the_header_by_hand():
    """124M: 6 (N - 1024 x 768) + 12 x 12 x 768 x 1024 FLOP a token, 18,865 steps of 2^19 tokens, 40 % of 989e12."""
    text = (RECIPES / "gpt2-124M" / "one_node.sh").read_text(encoding="utf-8")
    flop = 6 * (124439808 - 1024 * 768) + 12 * 12 * 768 * 1024
    hours = flop * 18865 * 2**19 / (8 * 989e12 * 0.4) / 3600
    assert f"{flop:,} FLOP a token" in text and f"{18865 * 2**19:,} tokens" in text
    assert f"{hours * 60:.0f} minutes" in text and f"${hours * 8 * 3.5:,.0f} at $3.5" in text
    assert "2.82 to 3.37" in text and "not measured" in text


def test_references():
    assert {r.size for r in REFERENCES} == set(GPT2_SIZES)
    for reference in REFERENCES:
        low, high = band(reference.size)
        assert low <= reference.loss <= high
    steps, curve = list(LLMC_124M), list(LLMC_124M.values())
    assert steps == sorted(steps) and curve == sorted(curve, reverse=True) and BELOW > 0


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_shell_can_read_each_script(name):
    for size in GPT2_SIZES:
        subprocess.run(["sh", "-n", RECIPES / f"gpt2-{size}" / name], check=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with token shards, and programs that stand for Slurm's and for torchrun."""
    folder = tmp_path_factory.mktemp("recipes")
    tokens = folder / "tokens"
    tokens.mkdir()
    draw = np.random.RandomState(0)
    for split, count in (("train", 4000), ("val", 1000)):
        write_shards(tokens, split, [draw.randint(0, 50257, count)], 50257)
    Tokenizer.gpt2().save(tokens)
    programs = {
        "torchrun": f'exec "{sys.executable}" -m torch.distributed.run "$@"',
        "scontrol": "echo 127.0.0.1; echo other",
        "srun": 'exec "$@"',
    }
    for name, body in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
@pytest.mark.xdist_group("distributed")
@pytest.mark.parametrize(
    "size, name, nodes, more",
    [
        ("124M", "one_gpu.sh", 1, {}),
        ("355M", "one_node.sh", 1, {"GPUS": "2"}),
        ("774M", "nodes.sh", 2, {"GPUS": "1", "NODES": "2", "HEAD_NODE": "127.0.0.1", "PORT": "29617"}),
        ("1558M", "slurm.sh", 1, {"GPUS": "1", "PORT": "29618", **SLURM}),
    ],
)
def test_a_script_runs_in_miniature(place, tmp_path, size, name, nodes, more):
    """End to end on the CPU; this machine plays all the nodes."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {
        **os.environ, "PATH": f"{place}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(paths),
        "OMP_NUM_THREADS": "1", "OUT": str(tmp_path / "run"), **more,
    }  # fmt: skip
    command = ["sh", RECIPES / f"gpt2-{size}" / name, "--small", "--data", str(place / "tokens"), "--device", "cpu"]
    started = []
    for node in range(nodes):
        with open(tmp_path / f"stderr{node}", "w") as stderr:
            started.append(subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=stderr))
    said = [job.communicate(timeout=900)[0].decode() for job in started]
    assert [job.returncode for job in started] == [0] * nodes, (tmp_path / "stderr0").read_text()
    assert "".join(said).count("6 steps, loss ") == 1  # the first process of all tells
    log = read_log(tmp_path / "run")
    assert [line["step"] for line in log] == list(range(1, 7)) and log[0]["tokens"] == 8 * 32
    assert GPT.from_pretrained(tmp_path / "run").config == GPTConfig(block_size=32, n_layer=2, n_head=2, n_embd=32)
