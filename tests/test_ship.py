"""minigpt.experiments.ship: finished runs become the models of the package, and nothing else does."""

from __future__ import annotations

import json
import shutil
import sys

import pytest
import torch

from minigpt import GPT, Tokenizer, cli, recorded, tinyweb
from minigpt.experiments import ship
from minigpt.training import load_settings, train

RECIPE = """
data = "tinyweb"
rows = "documents"
tokenizer = "bpe"
vocab_size = 300
n_head = 1
n_embd = 8
block_size = 32
batch_size = 2
max_steps = 4
eval_every = 2
save_every = 2
threads = 1
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Tiny recipes of the four sizes, a finished run of two, and a package's folder with the models of another time."""
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINIGPT_CACHE", str(folder / "cache"))
        patch.setattr("minigpt.training.corpus.TINYWEB_PAGES", {"train": 60, "val": 20})
        patch.setattr("minigpt.training.settings.RECIPES", folder)
        patch.setattr(tinyweb, "MODEL_FOLDER", folder / "assets" / "tinyweb")
        patch.setattr(recorded, "results_dir", lambda: folder)
        for layers, size in enumerate(tinyweb.SIZES, 1):
            (folder / f"tinyweb-{size}.toml").write_text(RECIPE + f"n_layer = {layers}\n")
        for size in ("0.25M", "1.5M"):
            train(load_settings(f"tinyweb-{size}", {"save_every": 4}), folder / "runs" / size, progress=False)
        abilities = {"1.5M": {"n_params": 1, "cloze": {"value": 0.5, "ci95": [0.4, 0.6], "n": 9, "rungs": {}}}}
        (folder / "abilities.json").write_text(json.dumps({"models": abilities}))
        yield folder


def ships(monkeypatch, *arguments) -> None:
    monkeypatch.setattr(sys, "argv", ["ship", *map(str, arguments)])
    ship.main()


def test_runs_become_the_models_of_the_package(world, monkeypatch, capsys):
    (world / "assets" / "tinyweb" / "2.8M").mkdir(parents=True)
    (world / "assets" / "tinyweb" / "model.safetensors").write_text("stale")
    ships(monkeypatch, world / "runs" / "1.5M", world / "runs" / "0.25M", "--hardware", "an abacus")
    made = sorted(str(path.relative_to(world / "assets")) for path in (world / "assets").rglob("*.*") if path.is_file())
    files = ("card.json", "config.json", "model.safetensors")
    assert made == sorted(
        ["tinyweb/minigpt_tokenizer.json", *(f"tinyweb/{size}/{file}" for size in ("0.25M", "1.5M") for file in files)]
    )
    model, tokenizer = tinyweb.load_model("1.5M")
    run = GPT.from_pretrained(world / "runs" / "1.5M")
    assert tokenizer.tokens == Tokenizer.load(world / "runs" / "1.5M").tokens
    for name, parameter in run.named_parameters():
        assert torch.equal(parameter.half().float(), model.get_parameter(name)), name
    card = tinyweb.load_card("1.5M")
    assert card["command"] == "minigpt train tinyweb-1.5M --out runs/1.5M" and card["hardware"] == "an abacus"
    assert card["n_params"] == model.config.n_params and card["seed"] == 0
    log = [json.loads(line) for line in (world / "runs" / "1.5M" / "log.jsonl").read_text().splitlines()]
    assert card["tokens_read"] == log[-1]["tokens"] == card["curve"]["loss"][-1][0]
    rounded, before = card["nats_per_token_on_unseen_pages"].values()
    assert before == round(log[-1]["val_loss"], 4) and rounded == pytest.approx(before, abs=0.01)
    assert card["scores"] == {"cloze": {"value": 0.5, "ci95": [0.4, 0.6], "n": 9}}
    assert tinyweb.load_card("0.25M")["scores"] is None
    assert capsys.readouterr().out.count("\n") == 2


def test_shipped_models_have_names(world, monkeypatch, capsys):
    ships(monkeypatch, world / "runs" / "1.5M")
    assert GPT.from_pretrained("tinyweb-1.5M").config.n_layer == 3
    capsys.readouterr()
    assert cli.main(["sample", "tinyweb-1.5M", "--prompt", "The", "--max-new-tokens", "3"]) == 0
    assert capsys.readouterr().out.startswith("The")
    for name, said in (("tinyweb-3M", "there are: 0.25M, 0.67M"), ("tinyweb-0.67M", "tinyweb-0.67M is missing")):
        assert cli.main(["sample", name]) == 1
        assert said in (err := capsys.readouterr().err) and err.count("\n") == 1
    with pytest.raises(FileNotFoundError, match="tinyweb-0.67M is missing"):
        GPT.from_pretrained("tinyweb")


def test_what_does_not_belong_there_is_refused(world, monkeypatch, tmp_path):
    good, other = world / "runs" / "0.25M", tmp_path / "other"
    shutil.copytree(world / "runs" / "1.5M", other)
    ships(monkeypatch, good)
    log = (other / "log.jsonl").read_text().splitlines(keepends=True)
    (other / "log.jsonl").write_text("".join(log[:3]))
    refused(monkeypatch, "has gone 3 of 4 steps", good, other)
    (other / "log.jsonl").write_text("".join(log))
    (other / "train.toml").write_text((other / "train.toml").read_text().replace("seed = 0", "seed = 7"))
    refused(monkeypatch, "no run of a recipe", good, other)
    (other / "train.toml").write_text((other / "train.toml").read_text().replace("seed = 7", "seed = 0"))
    Tokenizer.train(tinyweb.documents(50, seed=5), 300).save(other)
    refused(monkeypatch, "has another tokenizer than", good, other)
    refused(monkeypatch, "its pages have changed", other)
    refused(monkeypatch, "a second run of tinyweb-0.25M", good, good)
    monkeypatch.setattr(ship, "MOST_BYTES", 1000)
    refused(monkeypatch, "1,000 is the most that ships", good)


def refused(monkeypatch, said: str, *arguments) -> None:
    with pytest.raises(ValueError, match=said):
        ships(monkeypatch, *arguments)
    assert tinyweb.load_model("0.25M")  # what was there stays, and nothing is left beside it
    assert [path.name for path in tinyweb.MODEL_FOLDER.parent.iterdir()] == ["tinyweb"]
