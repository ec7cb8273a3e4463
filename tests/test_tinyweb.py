"""tinyweb: the same bytes everywhere, train and test apart, quick, and polite about wrong arguments."""

from __future__ import annotations

import doctest
import hashlib
import re
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest
import torch

import minigpt.tinyweb as tinyweb
from minigpt.tinyweb import (
    KINDS, dice, documents, encyclopedia, facts, pages, quiz, reading, unseen, wobblish, world
)  # fmt: skip
from minigpt.training import load_settings

PINNED = {
    "train": "d47ef72955d742e7d1909b9cdd92135b174c894098077fc754f9233b80992943",
    "test": "1318e54b37de2c1d85c7a59f18e1b734f7c358e36f5764a8ef3fb1446ec5b50f",
}
PACKAGE = Path(tinyweb.__file__).resolve().parent.parent

# Loads minigpt.tinyweb with the standard library alone in sight: `minigpt` itself, which needs torch, is a stand-in.
ALONE = f"""
import sys, types, hashlib
stand_in = types.ModuleType("minigpt")
stand_in.__path__ = [{str(PACKAGE)!r}]
sys.modules["minigpt"] = stand_in
from minigpt.tinyweb import documents
for split in ("train", "test"):
    print(hashlib.sha256("\\0".join(documents(1000, 0, split)).encode()).hexdigest())
"""


@cache
def many(split: str = "train", n: int = 20_000) -> list[tinyweb.Page]:
    return list(pages(n, split=split))


def digest(texts) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@pytest.mark.parametrize("split", ["train", "test"])
def test_same_bytes_as_ever(split):
    assert digest(documents(1000, split=split)) == PINNED[split]


@pytest.mark.parametrize("python", ["this", "python3.10", "python3.11", "python3.12", "python3.13"])
def test_same_bytes_in_every_python_without_torch(python):
    path = sys.executable if python == "this" else shutil.which(python)
    if path is None or subprocess.run([path, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"{python} is not on this machine")
    run = subprocess.run([path, "-I", "-S", "-B", "-c", ALONE], capture_output=True, text=True, timeout=60)
    assert run.stdout.split() == [PINNED["train"], PINNED["test"]], run.stderr


def test_no_pick_but_through_dice():
    for path in (PACKAGE / "tinyweb").glob("*.py"):
        code = path.read_text(encoding="utf-8")
        assert path.name == "dice.py" or "import random" not in code, path.name
        assert not re.search(r"\bhash\(|\bset\(|random\.(choice|shuffle|sample|randint)", code), path.name


def test_number_prefix_and_seeds():
    assert list(documents(0)) == []
    fifty = list(documents(50, seed=4))
    assert len(fifty) == 50 and list(documents(20, seed=4)) == fifty[:20]
    assert list(documents(50, seed=5)) != fifty
    assert len(set(documents(2000))) > 1980


def test_every_kind_comes_in_its_share():
    assert sum(share for _, share in KINDS.values()) == 100
    kinds = [page.kind for page in pages(5000)]
    for kind, (_, share) in KINDS.items():
        assert abs(kinds.count(kind) / 50 - share) < 2.5, kind
        assert {page.kind for page in pages(5, kind=kind)} == {kind}


def test_splits_are_apart():
    train, test = many(), many("test", 4000)
    for kind in KINDS:
        known = {key for page in train if page.kind == kind for key in page.keys}
        asked = {key for page in test if page.kind == kind for key in page.keys}
        assert known and asked and not known & asked, kind
        apart = quiz.never_asked if kind == "quiz" else dice.held_out
        assert not any(apart(key) for key in known) and all(apart(key) for key in asked)
    assert not {page.text for page in train} & {page.text for page in test}


def test_both_splits_know_every_word():
    """Combinations are held out, words are not: each name, thing, animal and town is on pages of both splits."""
    names = [p.name for p in world.CAST] + [entry[0] for entry in world.THINGS + world.ANIMALS + world.TOWNS]
    for split, n, known in (("test", 4000, names), ("train", 20_000, names + [p.full for p in world.PEOPLE])):
        words = " ".join(page.text for page in many(split, n))
        assert [name for name in known if name not in words] == []


def test_a_page_names_what_it_is_about():
    for kind in ("chat", "quotes", "forum", "story", "news", "lists"):
        for page in pages(200, seed=2, kind=kind):
            for who, thing, town in page.keys:
                for word in (world.CAST[who].name, world.THINGS[thing][0], world.TOWNS[town].name):
                    assert word.lower() in page.text.lower() or kind == "story", (word, page.text)
    for page in pages(200, seed=2, kind="reading"):
        for who, did, thing in page.keys:
            for word in (world.CAST[who].name, world.THINGS[thing][0]):
                assert word in page.text, (word, page.text)
            assert any(form in page.text for form in reading._DID[did]), page.text


def test_held_out_questions_are_never_asked_in_train():
    """Read off the text, not the keys: wherever on a train page a question stands, it is none of the held-out ones."""
    keys = {}
    for who, person in enumerate(world.PEOPLE):
        for what, attribute in enumerate(facts.ATTRIBUTES):
            keys.update((question.format(a=person.full), (who, what)) for question in facts.questions(attribute))
    for i, town in enumerate(world.TOWNS):
        for what, (questions, _) in enumerate(quiz._ABOUT_TOWNS):
            keys.update((question.format(name=town.name), (len(world.PEOPLE) + i, what)) for question in questions)

    def asked(split, n):
        texts = "\n".join(page.text for page in many(split, n))
        return {keys[question] for question in re.findall(r"[A-Z][^?\n:]*\?", texts) if question in keys}

    train, test, held_out = asked("train", 20_000), asked("test", 4000), {*quiz.held_out_keys()}
    assert len(train) > 650 and len(test) > 250 and not train & test
    assert not train & held_out and test <= held_out


def test_every_fact_is_told_in_train():
    """Also those that nobody asks for: 960 facts, each on a page of the encyclopedia within 1.8 million tokens."""
    told = {}
    for page in many():
        if page.kind == "encyclopedia":
            for name in re.findall(r"[A-Z][a-z]+ [A-Z][a-z]+", page.text):
                told[name] = told.get(name, "") + page.text.lower()
    missing = [
        (person.full, attribute)
        for person in world.PEOPLE
        for attribute in facts.ATTRIBUTES
        if str(facts.value(person, attribute)).lower() not in told.get(person.full, "")
    ]
    assert len(facts.ATTRIBUTES) * len(world.PEOPLE) == 960 and not missing, missing


def test_facts_agree_everywhere():
    """Whoever says where someone lives says the same, on every page."""
    towns = {person.full: person.town for person in world.PEOPLE}
    lives = re.findall(r"(\w+ \w+) lives in ([A-Z][\w ]+)\.", "\n".join(page.text for page in many()))
    told = {(name, town) for name, town in lives if name in towns}
    assert len(told) > 75 and told <= set(towns.items())
    for person in world.PEOPLE:  # neighbours are neighbours of each other, in one town
        (other,) = [p for p in world.PEOPLE if p.full == person.neighbour]
        assert other.neighbour == person.full and other.town == person.town


def test_traits_are_told_and_never_denied():
    for noun, traits in world.TRAITS.items():
        assert len({*traits}) == 3 and not any(world.OPPOSITE[trait] in traits for trait in traits), noun
    assert {*world.TRAITS} == {entry[0] for entry in world.THINGS + world.ANIMALS}
    text = "\n".join(page.text for page in pages(9000, kind="encyclopedia"))
    for noun, traits in world.TRAITS.items():
        (page,) = [" ".join(re.findall(rf"(?m)^{noun.capitalize()}\n(.*)", text))]
        assert all(re.search(rf"\b{trait}\b", page) for trait in traits), noun


def test_look_ups_are_answered_from_their_own_page():
    """What is answered stands above it as well."""
    answers = 0
    for page in pages(400, seed=2, kind="lookup"):
        for answer in re.findall(r"\nA: (.*?)\.?(?=\n|$)", page.text):
            word, answers = answer.removesuffix(" points").split()[-1].lower(), answers + 1
            assert page.text.lower().count(word) >= 2, (answer, page.text)
    assert answers > 100


def test_wobblish_follows_its_grammar():
    assert len(set(wobblish.LEXICON.values())) == len(wobblish.LEXICON)
    roll = dice.Dice(8)
    verbs = [wobblish.LEXICON[verb[0]] for verb in wobblish.VERBS]
    adjectives = [wobblish.LEXICON[adjective] for adjective in wobblish.ADJECTIVES]
    for rung in wobblish.RUNGS * 300:
        english, wobbled, key, said = wobblish.sentence(roll, "train", rung)
        words = wobbled.removesuffix(" ka?").split()
        assert said == rung and english.endswith("?") == wobbled.endswith(" ka?") and not dice.held_out(key)
        assert words[-1] in verbs or words[-1][0] == "e" and words[-1][1:] in verbs
        assert ("nu" in words) == (" not " in english) and words.count("lu") == english.count(" of ")
        for before, word in zip(words, words[1:]):  # an adjective ends as its noun does
            stem = re.sub("[ai]m?$", "", word)
            if stem in adjectives and before not in wobblish.IRREGULAR.values():
                assert before.endswith(word[len(stem) :]), (english, wobbled)
    plain = wobblish.sentence(roll, "train", "plain")
    assert wobblish.word_by_word(plain.english).split() != plain.wobblish.split()


def test_unseen_kinds_are_of_this_world_and_on_no_page():
    assert len(unseen.KINDS) == 6 and not {*unseen.KINDS} & {*KINDS}
    texts = list(unseen.documents(600))
    assert texts[:60] == list(unseen.documents(60)) and len({*texts}) == 600
    known = {line for page in many() for line in page.text.split("\n")}
    first = [text.split("\n")[0] for text in texts]
    assert not {*texts} & known and len([line for line in first if line in known]) < 0.1 * len(first)
    for text in texts:
        assert any(entry[0] in text for entry in world.THINGS + world.ANIMALS + world.TOWNS) or any(
            person.name in text for person in world.CAST
        ), text


SLIP = re.compile(
    r"[{}@]|  |\b[Aa] (?!use|one)[aeiou]|\b[Aa]n (?!hour|honest)[^aeiou]|\b(\w+) \1\b|,,|(?<!\.)\.\.(?!\.)|\?\.|\.,|,\."
)


def test_no_slips_of_the_pen():
    for text in [*(page.text for page in many()), *documents(5000, seed=6, split="test"), *unseen.documents(3000, seed=6)]:
        assert not SLIP.search(text), (SLIP.search(text), text)
        assert text.isascii() and text == text.strip() and 40 < len(text) < 850, text


def test_pages_are_of_the_length_of_a_context():
    for kind in KINDS:
        lengths = [len(page.text) for page in pages(300, seed=3, kind=kind)]
        assert 200 < sum(lengths) / len(lengths) < 420, kind  # some 3.4 characters a token


def test_speed():
    started, size = time.process_time(), sum(map(len, documents(5000)))
    megabytes_a_minute = size / 1e6 / (time.process_time() - started) * 60
    assert megabytes_a_minute > 60, megabytes_a_minute  # ten times that on a quiet machine; 20 are asked for


@pytest.mark.parametrize(
    "arguments, names",
    [
        ({"n": -1}, "for n"), ({"n": 2.5}, "for n"), ({"n": True}, "for n"), ({"n": 3, "seed": -1}, "for seed"),
        ({"n": 3, "seed": "a"}, "for seed"), ({"n": 3, "split": "dev"}, "'train' and 'test'"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused_at_once_in_one_sentence(arguments, names):
    with pytest.raises(ValueError, match=names) as refusal:
        documents(**arguments)
    assert "\n" not in str(refusal.value)


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="encyclopedia"):
        pages(3, kind="poem")


def test_missing_model_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(tinyweb, "MODEL_FOLDER", tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="minigpt train tinyweb-0.67M"):
        tinyweb.load_model()


@pytest.mark.parametrize("size", ["", "3M", "0.67", "../tinyweb", "gpt2"])
def test_wrong_size_of_model_is_refused_by_name(size):
    with pytest.raises(ValueError, match="there are: 0.25M, 0.67M, 1.5M, 2.8M") as refusal:
        tinyweb.load_model(size)
    assert repr(size) in str(refusal.value)


@pytest.mark.parametrize("size", tinyweb.SIZES)
def test_models_that_ship(size):
    model, tokenizer = tinyweb.load_model(size)
    card, recipe = tinyweb.load_card(size), load_settings(f"tinyweb-{size}")
    assert not model.training and model.config == recipe.model_config(tokenizer.vocab_size)
    assert card["n_params"] == model.config.n_params and card["command"].startswith(f"minigpt train tinyweb-{size} ")
    assert abs(card["n_params"] / 1e6 - float(size[:-1])) < 0.05
    ids = torch.tensor([[tokenizer.eot, *tokenizer.encode(next(documents(1, 5, "test")))][: model.config.block_size]])
    with torch.inference_mode():
        _, loss = model(ids[:, :-1], ids[:, 1:])
    assert loss < card["curve"]["val_loss"][-1][1] + 1.5  # weights and tokenizer are of one run


def test_models_together_are_small():
    assert sum(path.stat().st_size for path in tinyweb.MODEL_FOLDER.rglob("*") if path.is_file()) < 12e6
    assert {path.name for path in tinyweb.MODEL_FOLDER.iterdir()} == {*tinyweb.SIZES, "minigpt_tokenizer.json"}


def test_command_prints_pages(capsys, monkeypatch):
    from minigpt.tinyweb.__main__ import main

    monkeypatch.setattr(sys, "argv", ["tinyweb", "--n", "2", "--seed", "1"])
    assert main() == 0
    assert capsys.readouterr().out == "\n\n----\n\n".join(documents(2, seed=1)) + "\n"
    monkeypatch.setattr(sys, "argv", ["tinyweb", "--n", "-2"])
    assert main() == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("module", [tinyweb, dice, world, facts, wobblish, quiz, unseen, encyclopedia])
def test_examples_in_docstrings(module):
    assert doctest.testmod(module).failed == 0
