"""The experiments on recitation and on real data: what they plant, how they count, and what is kept after a kill."""

from __future__ import annotations

import doctest
import sys
from collections import Counter

import pytest

from minigpt import GPT, GPTConfig, Tokenizer
from minigpt.experiments import realdata, recitation
from minigpt.training.settings import Settings
from minigpt.webtext.dedup import normal_words


def test_examples_in_docstrings():
    assert doctest.testmod(recitation).failed == 0


def test_after_eight_seeds_each_page_had_every_number():
    runs = [recitation.planted(seed) for seed in range(8)]
    assert len({plant.page for plant in runs[0]}) == len(runs[0]) == recitation.STORIES + 4
    for run in runs:
        assert Counter(plant.count for plant in run if plant.kind == "story") == dict.fromkeys(recitation.COUNTS, 2)
    for place in range(len(runs[0])):
        assert sorted(run[place].count for run in runs) == list(recitation.COUNTS)
    speech = [plant.count for run in runs[:2] for plant in run if plant.kind == "speech"]
    assert sorted(speech) == list(recitation.COUNTS)


def test_a_beginning_has_its_words_and_is_a_beginning():
    for page in [*recitation.stories(), *recitation.SPEECH]:
        start = recitation.beginning(page)
        assert page.startswith(start) and len(normal_words(start)) == recitation.GIVEN


def test_counting_stops_at_the_first_word_that_differs():
    page = " ".join(f"w{i}" for i in range(40))
    rest = [f"w{i}" for i in range(16, 40)]
    assert recitation.recited(page, " ".join(rest))["words"] == 24
    assert recitation.recited(page, " ".join([*rest[:5], "x", *rest[6:]])) == {
        "words": 5, "of": 24, "share": 0.2083, "ngrams": 0.6471
    }  # fmt: skip
    assert recitation.recited(page, "")["share"] == 0 == recitation.recited(page, "")["ngrams"]


@pytest.fixture
def small(monkeypatch):
    """A page that repeats, a model and settings with which it is learned in seconds."""
    tokenizer = Tokenizer.train(["the hen sat on a very old egg for nine days and then some more "] * 4, 290)
    model = GPT(GPTConfig(tokenizer.vocab_size, 64, 2, 2, 32))
    settings = Settings(block_size=64, batch_size=2, learning_rate=0.01, min_learning_rate=0.001, warmup_steps=2)
    monkeypatch.setattr(recitation, "GIVEN", 4)
    monkeypatch.setattr(recitation, "DRAWS", 2)
    return model, tokenizer, settings


def test_what_is_read_often_is_recited_and_what_never_is_not(small):
    model, tokenizer, settings = small
    often = "The hen sat on a very old egg for nine days, and then some more days, and flew."
    never = "Some old days then sat on the very nine hen eggs and for more."
    before = recitation.ask(model, tokenizer, often)
    steps = recitation.read_on(model, tokenizer, [often] * 200, settings)
    after, other = recitation.ask(model, tokenizer, often), recitation.ask(model, tokenizer, never)
    assert 20 < steps <= 200 and not model.training
    assert after["greedy"]["share"] == 1 and after["nats"] < before["nats"] / 4
    assert other["greedy"]["share"] < 1 and after["drawn"]["share"] <= 1


def test_means_are_over_pages_and_seeds():
    plant = lambda count, share: {  # noqa: E731
        "kind": "story", "count": count, "greedy": {"share": share, "words": round(10 * share), "of": 10},
        "drawn": {"share": share / 2}, "nats": 1.0,
    }  # fmt: skip
    runs = [{"size": "0.25M", "plants": [plant(c, share) for c in recitation.COUNTS]} for share in (0.5, 1.0)]
    rows = recitation.table(runs)
    assert [row["count"] for row in rows] == list(recitation.COUNTS) and {row["n"] for row in rows} == {2}
    assert rows[0]["greedy"]["value"] == 0.75 and rows[0]["whole"]["value"] == 0.5 and rows[0]["drawn"]["value"] == 0.375
    assert rows[0]["greedy"]["ci95"] == [0.5, 1.0]


# ---- real data ----


def test_a_command_is_measured_and_killed_once_it_has_its_records(tmp_path, monkeypatch):
    cost = realdata.command("data", "list")
    assert "wikitext-2" in cost["told"] and cost["seconds"] > 0 and 10 < cost["megabytes"] < 10_000
    with pytest.raises(OSError, match="minigpt eval failed: minigpt: .*MODEL is missing"):
        realdata.command("eval")
    script = "import time, sys\nfor i in range(400):\n    print(i, file=open(sys.argv[-1], 'a'))\n    time.sleep(0.05)"
    (tmp_path / "minigpt.py").write_text(script)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    realdata.command(str(tmp_path / "r"), until=5, records=tmp_path / "r")
    assert 5 <= realdata.lines(tmp_path / "r") < 400 and realdata.lines(tmp_path / "none") == 0
