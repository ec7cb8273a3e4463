"""The trainer: settings, shards, windows, optimizer, loop, and runs that are killed."""

from __future__ import annotations

import dataclasses
import errno
import math
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from minigpt.config import GPTConfig
from minigpt.model import GPT
from minigpt.tokenizer import Tokenizer
from minigpt.training import (
    Settings,
    SettingsError,
    Trainer,
    TrainingStopped,
    Windows,
    checkpoint,
    corpus,
    evaluate,
    learning_rate_at,
    load_settings,
    loop,
    make_optimizer,
    perf,
    read_log,
    read_shard,
    train,
    write_shard,
)
from minigpt.training.settings import preset_names
from minigpt.training.shards import HEADER, read_shards, write_shards

TINY = dict(
    n_layer=1, n_head=2, n_embd=16, block_size=8, batch_size=3, max_steps=12, warmup_steps=3, learning_rate=1e-2,
    min_learning_rate=1e-3, eval_every=6, save_every=4, device="cpu", threads=1, seed=5,
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MINIGPT_DATA", raising=False)


@pytest.fixture
def text_file(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(some_text(2000), encoding="utf-8")
    return path


def some_text(words: int, seed: int = 0) -> str:
    draw = np.random.RandomState(seed)
    vocabulary = ["the", "cat", "sat", "on", "a", "mat", "naïve", "猫", "🙂", "12", "it's", "\n\n", "end."]
    return " ".join(vocabulary[i] for i in draw.randint(0, len(vocabulary), words)) + "\n"


def losses(out) -> list[tuple[int, float, float | None]]:
    return [(line["step"], line["loss"], line.get("val_loss")) for line in read_log(out)]


# ---- settings


def test_presets_load_and_name_real_models():
    assert {"shakespeare-char", "shakespeare-bpe", "tinyweb-0.67M"} <= set(preset_names())
    for name in preset_names():
        settings = load_settings(name)
        assert settings.model_config(1024).n_params > 0
        assert load_settings_from_text(settings.to_toml()) == settings


def load_settings_from_text(text: str) -> Settings:
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        return load_settings(file.name)


def test_settings_read_strings_as_the_types_of_the_keys():
    settings = load_settings(None, {"max_steps": "1e3", "learning_rate": "3e-4", "compile": True, "batch_size": "7"})
    assert (settings.max_steps, settings.learning_rate, settings.compile, settings.batch_size) == (
        1000,
        3e-4,
        "true",
        7,
    )
    quoted = dataclasses.replace(settings, data='a "b"\\c\nd')
    assert load_settings_from_text(quoted.to_toml()) == quoted


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"n_layers": 4}, "did you mean 'n_layer'"),
        ({"max_stps": 4}, "did you mean 'max_steps'"),
        ({"n_layer": "four"}, "n_layer must be a whole number, not 'four'"),
        ({"n_layer": 2.5}, "n_layer must be a whole number"),
        ({"n_layer": True}, "n_layer must be a whole number"),
        ({"learning_rate": "nan"}, "learning_rate must be a number"),
        ({"learning_rate": 0}, "learning_rate must be above 0"),
        ({"data": 3}, "data must be text"),
        ({"data": ""}, "data is empty"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"n_head": 3}, "multiple of n_head"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1"),
        ({"dtype": "float8"}, "dtype must be one of"),
        ({"compile": "maybe"}, "compile must be one of"),
        ({"tokenizer": "bpe", "vocab_size": 256}, "at least 257"),
        ({"min_learning_rate": 1.0}, "must not be above learning_rate"),
        ({"model": {"n_layer": 3}}, "there is no key 'model'"),
    ],
)
def test_bad_settings_are_refused_by_name(changes, says):
    with pytest.raises(SettingsError, match=says):
        load_settings(None, changes)


def test_bad_training_files(tmp_path):
    broken = tmp_path / "broken.toml"
    broken.write_text("n_layer = = 3")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    marked = tmp_path / "marked.toml"
    marked.write_bytes(b"\xef\xbb\xbfn_layer = 3\n")  # as Windows' Notepad may write it
    assert load_settings(marked).n_layer == 3
    for source, says in [(broken, "not valid TOML"), (binary, "not UTF-8"), (tmp_path / "no.toml", "no training file"),
                         ("shakespear-char", "mean 'shakespeare-char'"), (tmp_path, "is a folder")]:  # fmt: skip
        with pytest.raises(SettingsError, match=says):
            load_settings(source)


# ---- shards and windows


@pytest.mark.parametrize("vocab_size, width", [(50257, 2), (65536, 2), (65537, 4)])
def test_shard_round_trip(tmp_path, vocab_size, width):
    ids = np.random.RandomState(0).randint(0, vocab_size, 1000)
    ids[0] = vocab_size - 1
    path = tmp_path / "a.tokens"
    assert write_shard(path, np.split(ids, [10, 10, 400]), vocab_size) == 1000
    shard = read_shard(path, vocab_size, check=True)
    assert isinstance(shard, np.memmap) and not shard.flags.writeable
    assert shard.itemsize == width and np.array_equal(shard, ids)
    assert path.stat().st_size == HEADER.size + 1000 * width


def test_broken_shards_are_refused(tmp_path):
    path = tmp_path / "a.tokens"
    with pytest.raises(ValueError, match="do not fit a vocabulary of 10"):
        write_shard(path, [np.array([3, 10])], 10)
    assert list(tmp_path.iterdir()) == []  # nothing half written
    write_shard(path, [np.arange(10)], 10)
    good = path.read_bytes()

    def refused(data: bytes, says: str, **how) -> None:
        path.write_bytes(data)
        with pytest.raises(ValueError, match=says):
            read_shard(path, **how)

    refused(b"", "not a token shard")
    refused(b"something else" * 10, "not a token shard")
    refused(good[:-1], "cut short")
    refused(good + b"x", "cut short")
    refused(good[:8] + b"\x09" + good[9:], "version 9")
    refused(good[:-1] + b"\x07", "checksum", check=True)
    refused(good, "vocabulary of 10, not 11", vocab_size=11)


def test_a_long_text_goes_into_several_shards(tmp_path, monkeypatch):
    monkeypatch.setattr("minigpt.training.shards.SHARD_TOKENS", 100)
    ids = np.arange(350) % 7
    assert write_shards(tmp_path, "train", np.split(ids, range(30, 350, 30)), 7) == 350
    shards = read_shards(tmp_path, "train", 7)
    assert len(shards) == 3 and np.array_equal(np.concatenate(shards), ids)


def test_every_window_comes_once_an_epoch_in_an_order_by_seed():
    shards = [np.arange(1000), np.arange(5000, 5045), np.arange(3)]  # the last has no window
    windows = Windows(shards, block_size=10, seed=3)
    assert len(windows) == 99 + 4
    for epoch in range(3):
        order, offsets = windows.epoch(epoch)
        assert sorted(order) == list(range(103))
        starts = windows.get(order, offsets)[0][:, 0].tolist()
        assert len(set(starts)) == 103
        covered = sorted(t for s in starts for t in range(s, s + 10))
        assert len(covered) == len(set(covered)) == 1030
    again, other = Windows(shards, 10, seed=3), Windows(shards, 10, seed=4)
    assert np.array_equal(again.epoch(1)[0], windows.epoch(1)[0])
    assert not np.array_equal(other.epoch(1)[0], windows.epoch(1)[0])
    assert not np.array_equal(windows.epoch(0)[0], windows.epoch(1)[0])


def test_batches_are_a_function_of_their_number_and_cross_epochs():
    windows = Windows([np.arange(51)], block_size=5, seed=1)  # 10 windows
    inputs = torch.cat([windows.batch(number, 4)[0] for number in range(5)])  # 20 rows: two epochs
    for rows in (inputs[:10], inputs[10:]):
        assert sorted(rows[:, 0].tolist()) == list(range(0, 50, 5))
    assert torch.equal(Windows([np.arange(51)], 5, seed=1).batch(2, 4)[0], inputs[8:12])
    big = windows.batch(0, 25)  # larger than an epoch
    assert big[0].shape == (25, 5) and torch.equal(big[0] + 1, big[1])
    with pytest.raises(ValueError, match="at least 6"):
        Windows([np.arange(5)], 5, seed=1)


# ---- texts


def test_pieces_of_a_file_give_the_tokens_of_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "_READ", 64)
    path = tmp_path / "t.txt"
    text = some_text(500) + "  two  spaces\n\n\n new" + "x" * 300 + "  " + "猫" * 50 + "🙂🙂"
    path.write_text(text, encoding="utf-8")
    pieces = list(corpus.Span(path, 0, path.stat().st_size).pieces())
    assert len(pieces) > 10 and "".join(pieces) == text
    tokenizer = Tokenizer.train([text], 300)
    # the long words without white space may be cut anywhere; leave them out of the comparison of tokens
    head = text[: text.index("x" * 300)]
    path.write_text(head, encoding="utf-8")
    ids = [i for piece in corpus.Span(path, 0, path.stat().st_size).pieces() for i in tokenizer.encode(piece)]
    assert ids == tokenizer.encode(head)


def test_file_folder_and_validation_file(tmp_path):
    def split(data, name="train"):
        return "".join("".join(pieces) for pieces, _ in corpus.open_corpus(str(data)).documents(name))

    text = some_text(800)
    (tmp_path / "one.txt").write_text(text, encoding="utf-8")
    train_text, val_text = split(tmp_path / "one.txt"), split(tmp_path / "one.txt", "val")
    assert train_text + val_text == text and abs(len(val_text.encode()) / len(text.encode()) - 0.1) < 0.01
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.txt").write_text(text + name, encoding="utf-8")
    (folder / "notes.md").write_text("not text")
    assert split(folder) + split(folder, "val") == text + "a" + text + "b"
    (folder / "valid.txt").write_text("validation " * 5)
    (folder / "test.txt").write_text("test " * 5)
    assert split(folder) == text + "a" + text + "b" and split(folder, "val") == "validation " * 5


def test_documents_end_with_end_of_text(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(f"text of {name} <|endoftext|> ", encoding="utf-8")
    (tmp_path / "val.txt").write_text("validation", encoding="utf-8")
    tokens = corpus.prepare(Settings(data=str(tmp_path), tokenizer="gpt2", block_size=4))
    ids = tokens.train[0].tolist()
    assert ids.count(50256) == 3 and ids[-1] == 50256  # the words "<|endoftext|>" in a text are text


def test_tokens_are_kept_and_made_anew_when_the_text_changes(text_file, monkeypatch):
    settings = Settings(data=str(text_file), tokenizer="bpe", vocab_size=270, block_size=8)
    first = corpus.prepare(settings)
    monkeypatch.setattr(corpus, "_write_tokens", lambda *a: pytest.fail("tokenised again"))
    assert corpus.prepare(settings).checksum == first.checksum
    monkeypatch.undo()
    monkeypatch.setenv("MINIGPT_CACHE", str(text_file.parent / "cache"))
    text_file.write_text(text_file.read_text(encoding="utf-8") + " more", encoding="utf-8")
    assert corpus.prepare(settings).checksum != first.checksum


def test_tokens_of_which_a_part_was_lost_are_made_anew(text_file):
    settings = Settings(data=str(text_file), block_size=8)
    first = corpus.prepare(settings)
    for part in ("train-*.tokens", "val-*.tokens", "minigpt_tokenizer.json"):
        for path in (text_file.parent / "cache" / "tokens").glob(f"*/{part}"):
            path.unlink()
        assert len(corpus.prepare(settings)) == len(first)
    assert len(list((text_file.parent / "cache" / "tokens").iterdir())) == 1


def test_a_full_disk_under_the_cache_is_named(text_file, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(corpus, "write_shards", full)
    with pytest.raises(OSError, match="cannot be written to .*cache.tokens: No space left .* set MINIGPT_CACHE"):
        corpus.prepare(Settings(data=str(text_file), block_size=8))
    assert not any((text_file.parent / "cache" / "tokens").iterdir())


# ---- optimizer and schedule


def test_learning_rate_rises_and_falls():
    settings = Settings(max_steps=1000, warmup_steps=100, learning_rate=1e-3, min_learning_rate=1e-4)
    rates = [learning_rate_at(step, settings) for step in range(1, 1001)]
    assert rates[0] == pytest.approx(1e-5) and rates[99] == max(rates) == 1e-3 and rates[-1] == pytest.approx(1e-4)
    assert all(a < b for a, b in zip(rates[:99], rates[1:100])) and all(a > b for a, b in zip(rates[99:], rates[100:]))
    assert learning_rate_at(1, dataclasses.replace(settings, warmup_steps=0)) < 1e-3
    assert learning_rate_at(1, dataclasses.replace(settings, warmup_steps=2000)) == pytest.approx(5e-7)


def test_decay_on_matrices_only():
    model = GPT(GPTConfig(vocab_size=20, block_size=8, n_layer=2, n_head=2, n_embd=16))
    optimizer = make_optimizer(model, Settings(weight_decay=0.3))
    names = {p: name for name, p in model.named_parameters()}
    decayed = {names[p] for group in optimizer.param_groups if group["weight_decay"] == 0.3 for p in group["params"]}
    plain = {names[p] for group in optimizer.param_groups if group["weight_decay"] == 0.0 for p in group["params"]}
    assert decayed | plain == set(names.values()) and not decayed & plain
    assert all(name.endswith("bias") or "ln_" in name for name in plain)
    assert not any(name.endswith("bias") or "ln_" in name for name in decayed)


def trainer_of(text_file, tmp_path, **changes) -> Trainer:
    settings = Settings(**{**TINY, "data": str(text_file), **changes})
    torch.manual_seed(settings.seed)
    return Trainer(settings, corpus.prepare(settings), tmp_path / "none", torch.device("cpu"), torch.float32)


def test_accumulation_gives_the_gradient_of_one_big_batch(text_file, tmp_path):
    big = trainer_of(text_file, tmp_path, batch_size=6)
    small = trainer_of(text_file, tmp_path, batch_size=2, grad_accum=3)
    small.model.load_state_dict(big.model.state_dict())
    seen = []
    for trainer in (big, small):
        trainer.optimizer.step = lambda trainer=trainer: seen.append(
            [p.grad.clone() for p in trainer.model.parameters()]
        )
        trainer.train_step(1)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*seen))


def test_gradients_are_clipped(text_file, tmp_path):
    for clip in (0.05, 0.0):
        trainer = trainer_of(text_file, tmp_path, grad_clip=clip)
        norms = []
        trainer.optimizer.step = lambda t=trainer, n=norms: n.append(
            math.sqrt(sum(float(p.grad.double().square().sum()) for p in t.model.parameters()))
        )
        trainer.train_step(1)
        assert norms[0] == pytest.approx(0.05, rel=1e-3) if clip else norms[0] > 0.2


# ---- validation loss


def test_validation_loss_does_not_depend_on_the_batch_size():
    torch.manual_seed(0)
    model = GPT(GPTConfig(vocab_size=20, block_size=8, n_layer=1, n_head=2, n_embd=16, dropout=0.5)).train()
    windows = Windows([np.random.RandomState(0).randint(0, 20, 1000)], 8, seed=None)
    got = [evaluate(model, windows, batch_size=size) for size in (1, 3, 16, 124, 1000)]
    assert max(got) - min(got) < 1e-6 and model.training
    inputs, targets = windows.get(range(len(windows)))
    exact = F.cross_entropy(model.eval()(inputs)[0].detach().double().flatten(0, 1), targets.flatten())
    assert got[0] == pytest.approx(float(exact), abs=1e-6)


def test_a_part_of_the_validation_is_the_same_windows_for_any_training_batch(text_file, tmp_path):
    runs = [train(Settings(**{**TINY, "data": str(text_file), "eval_batches": 2, "max_steps": 1, "learning_rate": 1e-9,
                              "min_learning_rate": 0, "batch_size": size}), tmp_path / str(size), progress=False)
            for size in (1, 5)]  # fmt: skip
    assert runs[0].val_loss == pytest.approx(runs[1].val_loss, abs=1e-6)


# ---- runs


def test_a_run_learns_and_leaves_a_model_folder(text_file, tmp_path, capfd):
    out = tmp_path / "run"
    run = train(Settings(**{**TINY, "data": str(text_file), "max_steps": 150}), out, progress=True)
    log = run.log()
    assert [line["step"] for line in log] == list(range(1, 151))
    assert set(log[0]) == {"step", "loss", "learning_rate", "tokens", "tokens_per_second"}
    assert log[0]["tokens"] == 24 and ("val_loss" in log[5]) and ("val_loss" not in log[6])
    assert log[0]["loss"] > 2.5 > run.val_loss and run.val_loss == log[-1]["val_loss"]
    model, tokenizer = run.load()
    assert model.config.vocab_size == tokenizer.vocab_size and load_settings(out / "train.toml").max_steps == 150
    assert sorted(p.name for p in out.iterdir() if p.name != ".lock") == sorted(checkpoint.RUN_FILES)
    shown = capfd.readouterr().err
    assert "tok/s" in shown and "of peak" in shown and "parameters" in shown


def test_training_leaves_the_random_numbers_and_threads_of_the_caller_alone(text_file, tmp_path):
    torch.manual_seed(9)
    want, threads = torch.rand(3), torch.get_num_threads()
    torch.manual_seed(9)
    train(Settings(**{**TINY, "data": str(text_file)}), tmp_path / "run", progress=False)
    assert torch.equal(torch.rand(3), want) and torch.get_num_threads() == threads


def test_16_bit_training_on_a_cpu(text_file, tmp_path):
    run = train(
        Settings(**{**TINY, "data": str(text_file), "dtype": "bfloat16", "max_steps": 60}),
        tmp_path / "run",
        progress=False,
    )
    assert run.val_loss < 2.8
    with pytest.raises(SettingsError, match="float16 needs a CUDA GPU"):
        train(Settings(**{**TINY, "data": str(text_file), "dtype": "float16"}), tmp_path / "b", progress=False)


def test_a_compiler_that_fails_is_announced_and_done_without(text_file, tmp_path, monkeypatch, capfd):
    def no_compiler(*args, **kwargs):
        raise RuntimeError("no C++ compiler\nlong story")

    monkeypatch.setattr(torch, "compile", no_compiler)
    settings = Settings(**{**TINY, "data": str(text_file), "compile": "true", "dropout": 0.1})
    train(settings, tmp_path / "a", progress=True)
    assert "torch.compile does not work here, going on without it: no C++ compiler" in capfd.readouterr().err
    train(dataclasses.replace(settings, compile="false"), tmp_path / "b", progress=False)
    assert losses(tmp_path / "a") == losses(tmp_path / "b")


def test_another_run_is_not_overwritten(text_file, tmp_path):
    settings = Settings(**{**TINY, "data": str(text_file)})
    out = tmp_path / "run"
    train(settings, out, progress=False)
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    with pytest.raises(SettingsError.__base__, match="holds another run"):
        train(settings, out, progress=False)
    with pytest.raises(SettingsError, match="n_embd is 16 in it and 32 now"):
        train(dataclasses.replace(settings, n_embd=32), out, resume=True, progress=False)
    with pytest.raises(SettingsError, match="max_steps is 12 in it and 99 now"):
        train(dataclasses.replace(settings, max_steps=99), out, resume=True, progress=False)
    text_file.write_text(some_text(2000, seed=8), encoding="utf-8")
    with pytest.raises(SettingsError, match="another text or tokenizer"):
        train(settings, out, resume=True, progress=False)
    after = {p.name: p.read_bytes() for p in out.iterdir()}
    assert {k: v for k, v in before.items() if k != "train.toml"} == {
        k: v for k, v in after.items() if k != "train.toml"
    }
    assert load_settings(out / "train.toml") == loop.with_absolute_paths(settings)


def test_two_runs_cannot_share_a_folder(text_file, tmp_path):
    settings = Settings(**{**TINY, "data": str(text_file)})
    with checkpoint.run_folder(tmp_path / "run", resume=False):
        with pytest.raises(OSError, match="another process is training into"):
            train(settings, tmp_path / "run", resume=True, progress=False)
    train(settings, tmp_path / "run", progress=False)  # the lock that was left behind is nobody's


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_a_stopped_run_goes_on_bit_for_bit(text_file, tmp_path, dropout, monkeypatch):
    settings = Settings(**{**TINY, "data": str(text_file), "dropout": dropout, "max_steps": 40, "grad_accum": 2})
    train(settings, tmp_path / "whole", progress=False)
    real = Trainer.train_step

    def interrupted(self, step):
        if step in (9, 22):
            os.kill(os.getpid(), signal.SIGINT)
        return real(self, step)

    monkeypatch.setattr(Trainer, "train_step", interrupted)
    with pytest.raises(TrainingStopped, match="stopped after step 9 of 40.*--resume --out"):
        train(settings, tmp_path / "parts", progress=False)
    assert [line["step"] for line in read_log(tmp_path / "parts")] == list(range(1, 10))
    with pytest.raises(TrainingStopped, match="step 22"):
        train(settings, tmp_path / "parts", resume=True, progress=False)
    monkeypatch.undo()
    train(dataclasses.replace(settings, save_every=7), tmp_path / "parts", resume=True, progress=False)
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")
    weights = [(tmp_path / part / "model.safetensors").read_bytes() for part in ("parts", "whole")]
    assert weights[0] == weights[1]


# Imports once, then forks: each child trains until its parent kills it, at another step and moment of a step.
KILLER = """
import os, random, signal, sys, time
from minigpt.training import load_settings, read_log, train
settings, out = load_settings(sys.argv[1]), sys.argv[2]

def steps():
    return len(read_log(out)) if os.path.exists(os.path.join(out, "log.jsonl")) else -1

for target in (-1, 0, 31, 62, 93):
    child = os.fork()
    if not child:
        train(settings, out, resume=True, progress=False)
        os._exit(0)
    while steps() < target:
        time.sleep(0.001)
    time.sleep(random.random() * 0.03)
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    print("killed" if os.WIFSIGNALED(status) else "over", steps())
train(settings, out, resume=True, progress=False)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_run_killed_at_any_moment_goes_on_bit_for_bit(text_file, tmp_path):
    settings = Settings(
        **{**TINY, "data": str(text_file), "dropout": 0.1, "max_steps": 140, "save_every": 10, "n_layer": 2}
    )
    train(settings, tmp_path / "whole", progress=False)
    out = tmp_path / "killed"
    (tmp_path / "s.toml").write_text(settings.to_toml())
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(tmp_path / "s.toml"), str(out)], capture_output=True, text=True, timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("killed") >= 4, f"it was over before it could be killed: {done.stdout}"
    assert losses(out) == losses(tmp_path / "whole")
    weights = [(tmp_path / part / "model.safetensors").read_bytes() for part in ("killed", "whole")]
    assert weights[0] == weights[1]
    assert not list(out.glob(".*.tmp"))  # what the killed ones left half written


def test_the_end_of_a_log_that_was_cut_off_is_not_read(text_file, tmp_path):
    train(Settings(**{**TINY, "data": str(text_file)}), tmp_path / "run", progress=False)
    with open(tmp_path / "run" / "log.jsonl", "a") as file:
        file.write('{"step": 13, "lo')
    assert len(read_log(tmp_path / "run")) == 12
    with pytest.raises(FileNotFoundError, match="no log.jsonl"):
        read_log(tmp_path)


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_checkpoint(text_file, tmp_path, monkeypatch):
    settings = Settings(**{**TINY, "data": str(text_file)})
    real, calls = loop.mean_loss, []

    def poisoned(model, inputs, targets):
        calls.extend([1] if model.training else [])
        return real(model, inputs, targets) * (math.nan if model.training and len(calls) == 10 else 1.0)

    monkeypatch.setattr(loop, "mean_loss", poisoned)
    with pytest.raises(FloatingPointError, match="loss is nan at step 10, so .*checkpoint of step 8.*lower learning_rate"):
        train(settings, tmp_path / "run", progress=False)
    assert [line["step"] for line in read_log(tmp_path / "run")] == list(range(1, 10))
    assert all(p.isfinite().all() for p in GPT.from_pretrained(tmp_path / "run").parameters())
    assert checkpoint.read_progress(tmp_path / "run" / "checkpoint.safetensors")["step"] == 8


def test_a_full_disk_loses_nothing(text_file, tmp_path, monkeypatch):
    settings = Settings(**{**TINY, "data": str(text_file), "max_steps": 20})
    real = checkpoint.save_file

    def full(tensors, path, metadata=None):
        if int(tensors["optimizer.step.wte.weight"]) == 8 if "optimizer.step.wte.weight" in tensors else False:
            open(path, "wb").write(b"half a file")
            raise OSError(errno.ENOSPC, "No space left on device")
        real(tensors, path, metadata=metadata)

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(OSError, match="No space left on device; the last checkpoint is kept, free some space"):
        train(settings, tmp_path / "run", progress=False)
    assert checkpoint.read_progress(tmp_path / "run" / "checkpoint.safetensors")["step"] == 4
    assert not list((tmp_path / "run").glob("*.tmp")) and not list((tmp_path / "run").glob(".*.tmp"))
    monkeypatch.undo()
    monkeypatch.setenv("MINIGPT_CACHE", str(tmp_path / "cache"))
    train(settings, tmp_path / "run", resume=True, progress=False)
    train(settings, tmp_path / "whole", progress=False)
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_log_on_a_full_disk_says_so(tmp_path):
    log = checkpoint.Log(tmp_path, 0)
    log.write({"step": 1})
    log.file = open("/dev/full", "ab", buffering=0)
    with pytest.raises(OSError, match="log.jsonl cannot be written: No space left on device; free some space"):
        log.write({"step": 2})


@pytest.mark.parametrize(
    "damage, says",
    [
        (lambda b: b[:1000], "not a whole checkpoint"),
        (lambda b: b"", "not a whole checkpoint"),
        (lambda b: b"\x80\x02}" * 99, "not a whole"),
    ],
)
def test_a_damaged_checkpoint_is_refused(text_file, tmp_path, damage, says):
    settings = Settings(**{**TINY, "data": str(text_file)})
    train(settings, tmp_path / "run", progress=False)
    path = tmp_path / "run" / "checkpoint.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=says):
        train(settings, tmp_path / "run", resume=True, progress=False)


# ---- arithmetic of speed


def test_flop_per_token_of_gpt2():
    assert perf.flops_per_token(GPTConfig.gpt2("124M")) == pytest.approx(8.55e8, rel=1e-3)
    assert 1e8 < perf.peak_flops(torch.device("cpu"), torch.float32) < 1e15


def test_the_mark_before_a_text_is_no_character_of_it(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGPT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "text.txt").write_bytes("\ufeffto be or not to be, 猫 ".encode() + b"to be " * 50)
    from minigpt.training.corpus import prepare

    tokens = prepare(Settings(data=str(tmp_path / "text.txt"), tokenizer="char", block_size=4))
    assert tokens.tokenizer.decode(tokens.train[0][:5].tolist()) == "to be"
