"""Rows that are documents: every document once an epoch, its own tokens counted, runs as exact as with windows."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pytest
import torch

from minigpt.model import GPT, IGNORE
from minigpt.training import Settings, SettingsError, evaluate, loop, read_log, train
from minigpt.training.shards import Documents

EOT = 0
SETTINGS = Settings(
    data="text", tokenizer="bpe", vocab_size=262, rows="documents", n_layer=1, n_head=2, n_embd=16, block_size=16,
    batch_size=4, max_steps=12, warmup_steps=3, eval_every=6, save_every=4, device="cpu", threads=1,
)  # fmt: skip


def some_shards(documents: int = 200, seed: int = 0) -> list[np.ndarray]:
    draw = np.random.RandomState(seed)
    pages = [np.append(draw.randint(1, 50, draw.randint(1, 40)), EOT) for _ in range(documents)]
    return [np.concatenate(pages[: documents // 2]), np.concatenate(pages[documents // 2 :])]


def rows_of(batch) -> list[tuple[int, ...]]:
    """What each row reads and predicts, without what fills it up."""
    inputs, targets = batch
    return [
        (*row[: int((goal != IGNORE).sum())].tolist(), int(goal[goal != IGNORE][-1]))
        for row, goal in zip(inputs, targets)
    ]


def test_every_document_comes_once_an_epoch_and_whole():
    shards = some_shards()
    rows = Documents(shards, EOT, block_size=16, room=64, seed=3)
    read = [row for k in range(len(rows.batches)) for row in rows_of(rows.batch(k))]
    wanted = []
    for shard in shards:
        page = [EOT]
        for token in shard.tolist():
            page.append(token)
            if token == EOT:
                wanted += [tuple(page[i : i + 17]) for i in range(0, len(page) - 1, 16)]
                page = [EOT]
    assert sorted(read) == sorted(wanted)
    assert sum(len(row) - 1 for row in read) == sum(map(len, shards)) == rows.tokens_until(len(rows.batches))


def test_a_batch_keeps_to_its_room_and_fills_little():
    rows = Documents(some_shards(2000), EOT, block_size=16, room=64, seed=3)
    sizes = [rows.batch(k)[0].numel() for k in range(len(rows.batches))]
    assert max(sizes) <= 64
    assert rows.tokens.sum() > 0.9 * sum(sizes)


def test_what_fills_a_row_up_is_neither_seen_nor_counted():
    rows = Documents([np.array([5, 6, 7, 0, 9, 0])], EOT, block_size=8, room=16, seed=None)
    inputs, targets = rows.get([0, 1])
    assert targets.tolist() == [[5, 6, 7, 0], [9, 0, IGNORE, IGNORE]]
    torch.manual_seed(0)
    model = GPT(SETTINGS.model_config(262))
    both = evaluate(model, rows)
    alone = [evaluate(model, Documents([page], EOT, 8, 16, None)) for page in (np.array([5, 6, 7, 0]), np.array([9, 0]))]
    assert both == pytest.approx((4 * alone[0] + 2 * alone[1]) / 6, rel=1e-6)


def test_epochs_differ_in_order_and_seeds_in_batches():
    shards = some_shards()
    rows, other = (Documents(shards, EOT, 16, 64, seed) for seed in (1, 2))
    n = len(rows.batches)
    epochs = [[rows_of(rows.batch(k)) for k in range(e * n, (e + 1) * n)] for e in (0, 1)]
    assert epochs[0] != epochs[1] and sorted(map(sorted, epochs[0])) == sorted(map(sorted, epochs[1]))
    assert rows_of(rows.batch(n + 2)) == epochs[1][2]
    assert [rows_of(other.batch(k)) for k in range(n)] != epochs[0]


@pytest.mark.parametrize(
    "shards, room, says",
    [([np.array([1, 2, 3])], 64, "no documents"), ([], 64, "no documents"), ([np.array([1, 0])], 8, "enlarge batch_size")],
)
def test_texts_without_documents_are_refused(shards, room, says):
    with pytest.raises(ValueError, match=says):
        Documents(shards, EOT, block_size=16, room=room, seed=0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGPT_CACHE", str(tmp_path / "cache"))
    text = tmp_path / "texts"
    text.mkdir()
    draw = np.random.RandomState(0)
    for i in range(300):
        (text / f"{i:03}.txt").write_text(" ".join(["cat", "mat", "sat", "猫"][j] for j in draw.randint(0, 4, draw.randint(1, 4))))
    return text


def test_a_run_counts_its_tokens_and_goes_on_bit_for_bit(folder, tmp_path, monkeypatch):
    settings = dataclasses.replace(SETTINGS, data=str(folder), init_std=0.1, keep_every=4)
    train(settings, tmp_path / "whole", progress=False)
    log = read_log(tmp_path / "whole")
    assert log[-1]["tokens"] < settings.max_steps * settings.tokens_per_step
    assert all(0 < b["tokens"] - a["tokens"] <= settings.tokens_per_step for a, b in zip(log, log[1:]))
    stopped, save = tmp_path / "stopped", loop.Trainer.save

    class Stop(Exception):
        pass

    def save_and_stop(self):
        save(self)
        if self.step == 8:
            raise Stop

    monkeypatch.setattr(loop.Trainer, "save", save_and_stop)
    with pytest.raises(Stop):
        train(settings, stopped, progress=False)
    monkeypatch.setattr(loop.Trainer, "save", save)
    train(settings, stopped, resume=True, progress=False)
    assert [line["loss"] for line in read_log(stopped)] == [line["loss"] for line in log]
    assert (stopped / "model.safetensors").read_bytes() == (tmp_path / "whole" / "model.safetensors").read_bytes()
    assert sorted(os.listdir(stopped / "steps")) == ["0000004", "0000008", "0000012"]


def test_first_weights_have_the_size_asked_for(folder, tmp_path):
    for std in (0.02, 0.2):
        settings = dataclasses.replace(SETTINGS, data=str(folder), init_std=std, n_embd=64)
        rows = loop.prepare(settings)
        trainer = loop.Trainer(settings, rows, tmp_path, torch.device("cpu"), torch.float32)
        assert trainer.model.wte.weight.std().item() == pytest.approx(std, rel=0.05)
        assert trainer.model.h[0].attn.c_proj.weight.std().item() == pytest.approx(std / 2**0.5, rel=0.05)


def test_characters_have_no_documents(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGPT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "text.txt").write_text("to be or not to be " * 50)
    settings = dataclasses.replace(SETTINGS, data=str(tmp_path / "text.txt"), tokenizer="char")
    with pytest.raises(SettingsError, match="needs a tokenizer with <|endoftext|>"):
        train(settings, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
