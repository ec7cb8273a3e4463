"""The calculator: parameters and arithmetic by hand, memory against what is measured, and what it advises."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
import torch

from minigpt import cli
from minigpt.config import GPT2_SIZES, GPTConfig
from minigpt.errors import UsageError
from minigpt.experiments.memory import compare
from minigpt.model import GPT
from minigpt.training import Settings, calculator, load_settings
from minigpt.training.calculator import activation_bytes, cost, duration, memory_of, out_of_memory, size, table
from minigpt.training.perf import flops_per_token

SHAPE = {"n_layer": 4, "n_head": 4, "n_embd": 256, "block_size": 128, "batch_size": 8}
XL = Settings(
    n_layer=48, n_head=25, n_embd=1600, block_size=1024, batch_size=8, grad_accum=64, max_steps=1000, tokenizer="gpt2"
)
LACK = (torch.OutOfMemoryError("CUDA out of memory"), MemoryError(), RuntimeError("can't allocate memory"))


def test_weights_gradients_and_optimizer_are_16_bytes_a_parameter():
    n = GPTConfig.gpt2("1558M").n_params
    m = memory_of(XL, 50257)
    assert m.weights + m.gradients + m.optimizer == 16 * n
    assert m.copies == 0 and memory_of(XL, 50257, torch.bfloat16).copies == 2 * 48 * 12 * 1600**2
    eighth = memory_of(XL, 50257, parallel="fsdp", world=8)
    assert eighth.weights == m.weights / 8 and eighth.optimizer == m.optimizer / 8
    assert 0.8 * 12 * n < m.total - eighth.total < 12 * n


@pytest.mark.parametrize("half, recompute", [(False, False), (True, False), (False, True)])
def test_activations_are_those_that_autograd_keeps(half, recompute):
    """Counted by a hook on what is saved for the backward pass, each storage once; weights and the head left out."""
    from minigpt.training.loop import recompute_blocks

    config = GPTConfig(vocab_size=50, block_size=32, n_layer=3, n_head=4, n_embd=64)
    model, kept = GPT(config), {}
    if recompute:
        recompute_blocks(model)
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    shapes = {shape for p in model.parameters() for shape in (p.shape, p.shape[::-1])}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights and tensor.shape not in shapes:  # nor their 16-bit copies
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    ids = torch.randint(50, (4, 32))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            _, loss = model(ids, ids, logits="none")
    counted = sum(nbytes for nbytes, tensor in kept.values() if tensor.numel() >= 4 * 32)
    assert counted / (4 * 32) == pytest.approx(activation_bytes(config, half, recompute), rel=0.03)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells how much memory a process had at most")
@pytest.mark.parametrize("vocab_size, changes", [(512, {}), (8192, {"grad_accum": 2, "recompute": "true"})])
def test_memory_is_within_a_tenth_of_what_is_measured(vocab_size, changes):
    found = compare(SHAPE, vocab_size, changes)
    assert abs(found["ratio"] - 1) < 0.1, found


def test_cost_is_its_arithmetic():
    run = cost(XL, 50257, "A100", 8, utilization=0.5, price=2.0)
    assert run.tokens == 1000 * 8 * 64 * 1024
    assert run.flops == run.tokens * flops_per_token(GPTConfig.gpt2("1558M"))
    assert run.seconds == pytest.approx(run.flops / (8 * 312e12 * 0.5))
    assert run.dollars == pytest.approx(run.seconds / 3600 * 8 * 2.0)
    assert cost(replace(XL, recompute="true"), 50257, "A100", 8).seconds == pytest.approx(
        4 / 3 * cost(XL, 50257, "A100", 8).seconds
    )
    assert cost(XL, 50257, "L4").dollars is None
    for wrong in ({"gpu": "H1000"}, {"gpus": 0}, {"utilization": 1.5}, {"price": -1.0}):
        with pytest.raises(UsageError):
            cost(XL, 50257, **wrong)


def test_advice_says_what_each_change_leaves():
    advice = out_of_memory(XL, torch.bfloat16)
    halved = replace(XL, batch_size=4, grad_accum=128)
    now, less = memory_of(XL, 50257, torch.bfloat16), memory_of(halved, 50257, torch.bfloat16)
    assert "lower batch_size from 8 to 4 and raise grad_accum from 64 to 128" in advice
    assert f"({size(less.total)} instead of {size(now.total)})" in advice and less.total < now.total
    assert "recompute = true" in advice and "parallel = fsdp" in advice and advice.count("\n") == 0
    smallest = out_of_memory(replace(XL, batch_size=1, recompute="true"), parallel="fsdp", world=8)
    assert smallest == "out of memory: take a smaller model"


@pytest.mark.parametrize("error", LACK)
def test_lack_of_memory_ends_in_advice(error, capsys, monkeypatch):
    def fails(*arguments, **more):
        raise error

    monkeypatch.setattr("minigpt.training.loop.train", fails)
    assert cli.main(["train", "shakespeare-char", "--out", "x"]) == 1
    assert "out of memory: lower batch_size from 12 to 6 and raise grad_accum from 1 to 2" in capsys.readouterr().err


@pytest.mark.parametrize("share, begins", [(0.4, False), (0.9, True), (1.1, True)])
def test_a_run_that_does_not_fit_is_not_begun(capsys, monkeypatch, share, begins):
    needs = memory_of(load_settings("shakespeare-char"), calculator.CHARACTERS).total
    monkeypatch.setattr(calculator, "free_memory", lambda: share * needs)
    monkeypatch.setattr("minigpt.training.loop.train", lambda *a, **k: (_ for _ in ()).throw(ValueError("begun")))
    assert cli.main(["train", "shakespeare-char", "--device", "cpu", "--out", "x"]) == 1
    said = capsys.readouterr().err
    assert ("begun" in said) == begins and ("out of memory: lower batch_size" in said) != begins
    assert ("this run needs about" in said) == (share < 1)


def test_the_command(capsys):
    assert cli.main(["cost", "gpt2-124M", "--gpu", "A100", "--gpus", "8", "--price", "2"]) == 0
    shown = capsys.readouterr().out
    assert "124,439,808" in shown and "855,166,464 FLOP a token" in shown and "at $2 an hour each" in shown
    assert cli.main(["cost", "gpt2-1558M", "--gpu", "T4", "--gpus", "8"]) == 0
    assert "fsdp" in capsys.readouterr().out  # whole copies do not fit there
    assert cli.main(["cost", "gpt2-124M", "--gpu", "H1000"]) == 2
    assert "did you mean 'H100'" in capsys.readouterr().err


def test_the_table_and_the_words():
    assert "no price is known here" in table(load_settings("shakespeare-char"), "T4", 1)
    assert (size(123e9), size(5e5)) == ("123.0 GB", "0 MB")
    assert duration(30) == "0.5 minutes" and duration(3 * 86400) == "3.0 days"
    assert {GPTConfig.gpt2(name).n_params for name in GPT2_SIZES} >= {124439808, 1557611200}
