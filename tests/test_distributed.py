"""Training by several processes, on the CPU over gloo: losses, checkpoints that any number reads, and deaths."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from minigpt.model import GPT
from minigpt.tokenizer import Tokenizer
from minigpt.training import Settings, SettingsError, Windows, corpus, evaluate, loop, read_log, train
from minigpt.training.checkpoint import PARTS
from minigpt.training.distributed import Place, check_shares, is_loss_of_a_process, newest
from minigpt.training.shards import HEADER, write_shards

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.xdist_group("distributed"),  # of two cores, one process at a time
]
ROOT = Path(__file__).resolve().parent.parent
KEYS = dict(
    n_layer=2, n_head=2, n_embd=32, block_size=16, batch_size=3, grad_accum=4, max_steps=6, warmup_steps=2,
    learning_rate=1e-2, min_learning_rate=1e-3, eval_every=3, eval_batches=3, save_every=0, device="cpu", threads=1,
    seed=5,
)  # fmt: skip


def environment(cache: Path) -> dict[str, str]:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "MINIGPT_CACHE": str(cache), "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}


def write_text(path: Path, words: int = 3000) -> None:
    draw = np.random.RandomState(0)
    vocabulary = ["the", "cat", "sat", "on", "a", "mat", "naïve", "猫", "12", "it's", "\n\n", "end."]
    path.write_text(" ".join(vocabulary[i] for i in draw.randint(0, len(vocabulary), words)), encoding="utf-8")


def argv(folder: Path, name: str, *more: str, **changes) -> list[str]:
    keys = {**KEYS, "data": folder / "text.txt", **changes}
    options = [word for key, value in keys.items() for word in (f"--{key}", str(value))]
    return ["train", "shakespeare-char", *options, "--out", str(folder / name), *more]


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict:
    """A folder of runs: one process; two by DDP, with dropout and without; two by FSDP, whole, stopped, gone on with."""
    folder = tmp_path_factory.mktemp("runs")
    write_text(folder / "text.txt")
    fsdp = {"parallel": "fsdp", "recompute": "true"}
    commands = [
        {"processes": 0, "argv": argv(folder, "one")},
        {"processes": 2, "argv": argv(folder, "ddp")},
        {"processes": 2, "argv": argv(folder, "fsdp", **fsdp)},
        {"processes": 2, "argv": argv(folder, "parts", **fsdp), "stop": 3},  # right after a validation
        {"copy": [str(folder / "parts"), str(folder / "by_one")]},
        {"processes": 2, "argv": argv(folder, "parts", "--resume", **fsdp)},
        {"processes": 1, "argv": argv(folder, "by_one", "--resume", **fsdp)},
        {"processes": 2, "argv": argv(folder, "dropout2", dropout=0.2, max_steps=2)},
        {"processes": 1, "argv": argv(folder, "dropout1", dropout=0.2, max_steps=2)},
        {"processes": 0, "argv": argv(folder, "by_one", "--resume")},
        {"processes": 2, "argv": argv(folder, "uneven", grad_accum=3)},
    ]
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "several.py"), json.dumps(commands), str(folder)],
        stdout=subprocess.PIPE, text=True, timeout=1800, env=environment(folder / "cache"), check=False,
    )  # fmt: skip
    said = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.[01]")}
    assert done.returncode == 0, said
    return {"folder": folder, "statuses": json.loads(done.stdout.splitlines()[-1]), "said": said}


def losses(folder: Path) -> list[tuple]:
    return [(line["step"], line["loss"], line.get("val_loss"), line["tokens"]) for line in read_log(folder)]


def apart(a: Path, b: Path) -> float:
    """The largest difference of two runs' losses, which must be of the same steps and tokens."""
    one, other = losses(a), losses(b)
    assert [(step, tokens) for step, _, _, tokens in one] == [(step, tokens) for step, _, _, tokens in other]
    pairs = [(x, y) for p, q in zip(one, other) for x, y in zip(p[1:3], q[1:3]) if x is not None]
    return max(abs(x - y) for x, y in pairs)


def test_two_processes_have_the_losses_of_one(runs):
    assert runs["statuses"][:3] == [[0], [0, 0], [0, 0]], runs["said"]
    assert losses(runs["folder"] / "one")[0][1] - losses(runs["folder"] / "one")[-1][1] > 0.2  # it learned
    assert apart(runs["folder"] / "one", runs["folder"] / "ddp") < 1e-4


def test_shared_weights_have_the_losses_of_whole_copies(runs):
    assert apart(runs["folder"] / "ddp", runs["folder"] / "fsdp") < 1e-4
    assert "fsdp by 2 processes" in runs["said"]["2.0"] and runs["said"]["2.1"] == ""


def test_a_signal_to_one_stops_all_at_the_same_step(runs):
    assert runs["statuses"][3] == [1, 1]
    assert "stopped after step 3 of 6, all of it saved; go on with the same command, with" in runs["said"]["3.0"]


def test_a_stopped_run_goes_on_bit_for_bit(runs):
    assert runs["statuses"][5] == [0, 0], runs["said"]["5.0"]
    assert losses(runs["folder"] / "parts") == losses(runs["folder"] / "fsdp")
    weights = [(runs["folder"] / name / "model.safetensors").read_bytes() for name in ("parts", "fsdp")]
    assert weights[0] == weights[1]


def test_what_two_saved_one_goes_on_with(runs):
    assert runs["statuses"][6] == [0], runs["said"]["6.0"]
    assert apart(runs["folder"] / "by_one", runs["folder"] / "fsdp") < 1e-4


def test_dropout_is_the_same_for_any_number_of_processes(runs):
    assert runs["statuses"][7:9] == [[0, 0], [0]]
    assert apart(runs["folder"] / "dropout1", runs["folder"] / "dropout2") < 1e-4
    assert apart_from_start(runs["folder"] / "dropout1", runs["folder"] / "one") > 1e-3


def apart_from_start(a: Path, b: Path) -> float:
    return abs(losses(a)[0][1] - losses(b)[0][1])


def test_one_whole_checkpoint_is_kept_and_no_pickle(runs):
    out = runs["folder"] / "fsdp"
    assert [path.name for path in (out / PARTS).iterdir()] == ["0000006"] == [newest(out).name]
    assert {path.suffix for path in newest(out).iterdir()} == {".safetensors", ".json"}
    assert len(list(newest(out).glob("*.safetensors"))) == 2  # each process wrote its part


def test_the_export_is_the_model_that_was_validated(runs, monkeypatch):
    for name in ("ddp", "fsdp"):
        out = runs["folder"] / name
        settings = loop.with_absolute_paths(Settings(**{**KEYS, "data": str(runs["folder"] / "text.txt")}))
        monkeypatch.setenv("MINIGPT_CACHE", str(runs["folder"] / "cache"))
        tokens = corpus.prepare(settings)
        windows = loop.validation_windows(tokens.val, settings.block_size)
        assert evaluate(GPT.from_pretrained(out), windows, batches=3) == pytest.approx(losses(out)[-1][2], abs=1e-5)


def test_transformers_loads_the_export(runs):
    transformers = pytest.importorskip("transformers")
    theirs = transformers.GPT2LMHeadModel.from_pretrained(runs["folder"] / "fsdp").eval()
    ours, ids = GPT.from_pretrained(runs["folder"] / "fsdp"), torch.tensor([[1, 2, 3, 4]])
    with torch.no_grad():
        assert torch.allclose(theirs(ids).logits, ours(ids)[0], atol=1e-5)


def test_what_cannot_be_meant_is_told_in_one_sentence(runs):
    assert runs["statuses"][9] == [2] and "was begun under torchrun; go on with it by torchrun" in runs["said"]["9.0"]
    assert runs["statuses"][10] == [2, 2] and runs["said"]["10.0"].count("\n") == 1
    assert "2 processes cannot share the grad_accum = 3 batches of a step; make it a" in runs["said"]["10.0"]
    assert runs["said"]["10.1"].startswith("minigpt: process 1: ")  # after the first has spoken
    with pytest.raises(SettingsError, match="fsdp does not work in float16"):
        check_shares(Settings(parallel="fsdp"), Place(0, 1, 0, 1), torch.float16)


# ---- torchrun itself


def torchrun(folder: Path, *command: str, processes: int = 2) -> subprocess.Popen:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    return subprocess.Popen(
        [*launch, "-m", "minigpt", *command], env=environment(folder / "cache"), cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=open(folder / "stderr", "w"), start_new_session=True,
    )  # fmt: skip


def children(pid: int) -> list[int]:
    """The processes that torchrun started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's list of children")
def test_a_killed_process_ends_the_job_and_the_next_goes_on(runs, tmp_path):
    write_text(tmp_path / "text.txt")
    command = argv(tmp_path, "run", "--resume", max_steps=4000, save_every=3, eval_every=0)
    job = torchrun(tmp_path, *command)
    try:
        wait(lambda: (tmp_path / "run" / "log.jsonl").exists() and len(read_log(tmp_path / "run")) > 8, 600)
        os.kill(children(job.pid)[1], signal.SIGKILL)
        began = time.monotonic()
        assert job.wait(60) == 1 and time.monotonic() - began < 60
    finally:
        if job.poll() is None:
            os.killpg(job.pid, signal.SIGKILL)
    said = (tmp_path / "stderr").read_text()
    assert "process 0 of 2 lost the connection to another one" in said
    assert "start the same command again, with --resume" in said and "SIGKILL" in said  # the latter is torchrun's
    saved = int(newest(tmp_path / "run").name)
    assert saved and saved % 3 == 0
    before = losses(tmp_path / "run")
    job = torchrun(tmp_path, *command)
    try:
        wait(lambda: len(read_log(tmp_path / "run")) > len(before) + 3, 600)
        job.send_signal(signal.SIGTERM)  # as Slurm does when the time is up
        assert job.wait(60) != 0
    finally:
        if job.poll() is None:
            os.killpg(job.pid, signal.SIGKILL)
    assert f"going on in {tmp_path / 'run'} after step {saved}" in (tmp_path / "stderr").read_text()
    again = losses(tmp_path / "run")
    assert again[: len(before)] == before and len(again) > len(before)  # steps done twice had the same losses
    assert int(newest(tmp_path / "run").name) == len(again)  # and it was saved where it stopped


def wait(until, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def test_which_errors_are_a_loss_of_a_process():
    assert is_loss_of_a_process(RuntimeError("[pair.cc:534] Connection closed by peer [127.0.0.1]:1"))
    assert is_loss_of_a_process(torch.distributed.DistNetworkError("timed out"))
    assert not is_loss_of_a_process(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_loss_of_a_process(ValueError("gloo"))


# ---- data


def test_each_process_reads_its_part_and_all_windows_come_once():
    windows = Windows([np.arange(1000), np.arange(5000, 5045)], block_size=10, seed=3)  # 99 + 4 windows
    alone = [windows.batch(number, 1)[0][0, 0].item() for number in range(103 * 2)]
    assert len(set(alone[:103])) == len(set(alone[103:])) == 103
    for world in (1, 2, 4):
        seen = {}
        for rank in range(world):  # as train_step goes through them, in steps of four batches
            for step in range(25):
                for part in range(rank, 4, world):
                    seen[step * 4 + part] = windows.batch(step * 4 + part, 1)[0][0, 0].item()
        assert [seen[number] for number in range(100)] == alone[:100]


def test_damaged_shards_are_found_before_a_run_and_each_process_checks_its_part(tmp_path, monkeypatch):
    monkeypatch.setattr("minigpt.training.shards.SHARD_TOKENS", 500)
    tokenizer = Tokenizer.train(["a text " * 100], 260)
    ids = np.random.RandomState(0).randint(0, 260, 2000)
    for split in ("train", "val"):
        write_shards(tmp_path, split, np.split(ids, 40), 260)
    tokenizer.save(tmp_path)
    settings = Settings(data=str(tmp_path), block_size=8)
    first = corpus.prepare(settings)
    assert len(first) == 2000 and corpus.prepare(settings, (1, 2)).checksum == first.checksum
    paths = sorted(tmp_path.glob("*.tokens"))
    damaged = bytearray(paths[1].read_bytes())
    damaged[HEADER.size + 7] ^= 1
    paths[1].write_bytes(damaged)
    with pytest.raises(ValueError, match="train-00001.tokens is damaged"):
        train(settings, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
    corpus.prepare(settings, (0, 2))  # looks at 0, 2, ...
    with pytest.raises(ValueError, match="train-00001.tokens is damaged"):
        corpus.prepare(settings, (1, 2))


# ---- one process


def test_recomputed_activations_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGPT_CACHE", str(tmp_path / "cache"))
    write_text(tmp_path / "text.txt", 500)
    for recompute in ("false", "true"):
        keys = {**KEYS, "data": str(tmp_path / "text.txt"), "max_steps": 3, "dropout": 0.1, "recompute": recompute}
        train(Settings(**keys), tmp_path / recompute, progress=False)
    assert losses(tmp_path / "true") == losses(tmp_path / "false")
