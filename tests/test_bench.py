"""The bench: what it makes of measurements, what it keeps, and its rows at tiny sizes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from minigpt.experiments import bench, loops


def test_sides_are_called_in_turn():
    calls = []
    found = bench.alternate(2, ours=lambda: calls.append("a") or 1, theirs=lambda: calls.append("b") or 2)
    assert calls == ["a", "b", "a", "b"] and found == {"ours": [1, 1], "theirs": [2, 2]}


def test_the_ratio_is_that_of_the_pairs():
    """A slow round meets both sides of its pair, and does not move the ratio."""
    result = bench.compared([1.0, 10.0, 1.1], [2.0, 20.0, 2.0])
    assert result["ratio"] == 0.5 and result["ratio_range"] == [0.5, 0.55] and result["ours"] == 1.1


@pytest.mark.parametrize(
    "name, result, met",
    [
        ("time_to_loss", {"ratio": 0.7, "last_loss": {"ours": [1.87, 1.88]}}, True),
        ("time_to_loss", {"ratio": 0.5, "last_loss": {"ours": [1.87, 1.90]}}, False),  # fast, but never there
        ("training_characters", {"ratio": 1.19}, False),
        ("sampling_one", {"ratio": 1.1, "share_of_limit": 0.85}, True),
        ("sampling_one", {"ratio": 1.1, "share_of_limit": 0.84}, False),
        ("bpe_training", {"ratio": 3.1}, False),
        ("overlap", {"ratio": 2.0, "memory_ratio": 1.1, "same_count": True}, True),
        ("overlap", {"ratio": 3.0, "memory_ratio": 1.2, "same_count": True}, False),
        ("overlap", {"ratio": 3.0, "memory_ratio": 1.0, "same_count": False}, False),
        ("import", {"seconds_more": 0.3}, True),
    ],
)
def test_targets(name, result, met):
    assert bench.ROWS[name].meets(result) is met


def test_the_clock_stops_while_it_evaluates_and_ends_at_the_loss(monkeypatch):
    clock = loops.Clock(steps=100)
    clock.every, clock.until, clock.windows = 2, 1.5, None
    model = torch.nn.Linear(2, 2)
    clock.model = model
    losses = iter([2.0, 1.4])

    def evaluate(*args, **kwargs):
        loops.time.sleep(0.2)
        return next(losses)

    monkeypatch.setattr(loops.loop, "evaluate", evaluate)
    handle = register_optimizer_step_post_hook(clock)
    try:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with pytest.raises(loops.Enough):
            for _ in range(10):
                optimizer.step()
    finally:
        handle.remove()
    assert [(step, loss) for step, _, loss in clock.losses] == [(2, 2.0), (4, 1.4)]
    assert len(clock.times) == 3 and sum(clock.times) < 0.2


def test_our_loop_is_watched_in_a_process_of_its_own(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("to be or not to be " * 50)
    settings = {**bench.QUICK_SHAPE, "data": str(text), "compile": "false", "threads": 1}
    run = bench.in_a_process("our_loop", clock={"steps": 3}, settings=settings)
    assert len(run["times"]) == 3 and min(run["times"]) > 0


def test_a_row_that_cannot_be_measured_keeps_its_values(tmp_path, capsys):
    out = tmp_path / "bench.json"
    rows = {"training_characters": {"ratio": 1.0}}
    out.write_text(json.dumps({"rows": rows, "provenance": {}}))
    bench.main(["--quick", "--only", "training_characters", "--nanogpt", str(tmp_path), "--out", str(out)])
    assert f"its recorded values stay: there is no nanoGPT in {tmp_path}" in capsys.readouterr().out
    assert json.loads(out.read_text())["rows"] == rows


def test_sampling_at_a_tiny_size(tmp_path, capsys):
    pytest.importorskip("transformers")
    out = tmp_path / "bench.json"
    bench.main(["--quick", "--only", "sampling_sixteen", "--out", str(out)])
    result = json.loads(out.read_text())
    row = result["rows"]["sampling_sixteen"]
    assert row["same_tokens"] and row["ratio"] > 0 and row["what"] in capsys.readouterr().out
    assert set(result["provenance"]["versions"]) == {"transformers", "tokenizers", "tiktoken"}


def test_a_quick_run_records_nothing(tmp_path, monkeypatch):
    pytest.importorskip("transformers")
    monkeypatch.setattr(bench.recorded, "results_dir", lambda: tmp_path)
    bench.main(["--quick", "--only", "sampling_one"])
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_row_is_refused():
    command = [sys.executable, "-m", "minigpt.experiments.bench", "--only", "nonsense"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "training_characters" in done.stderr


def test_overlap_at_a_tiny_size(tmp_path, monkeypatch):
    pytest.importorskip("rbloom")
    text = " ".join(f"word{i}" for i in range(9000))
    monkeypatch.setattr(bench.data, "get", lambda name: [tmp_path / "text.txt"])
    (tmp_path / "text.txt").write_text(text)
    assert sum(len(piece.split()) for piece in bench.real_words(20_000)) == 20_000
    found = [bench.fill_and_ask(who, 3000) for who in ("ours", "rbloom")]
    for one in found:
        assert one["found"] == one["ngrams"] == sum(len(piece.split()) - 7 for piece in bench.real_words(3000))
    assert found[0]["filter"] == pytest.approx(found[1]["filter"], rel=0.01)
