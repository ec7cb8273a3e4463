"""tinyweb: the same bytes everywhere, train and test apart, quick, and polite about wrong arguments."""

from __future__ import annotations

import doctest
import hashlib
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import minigpt.tinyweb as tinyweb
from minigpt.tinyweb import KINDS, dice, documents, facts, pages, wobblish, world

PINNED = {
    "train": "f99e69ee38be7cfc22e8e75dc0611c50736f285b1796498604452274b123d0f8",
    "test": "2ca600ebb9b1ec835306dc8801bc5204ef08fe8424992c75b0662cd8a846edb4",
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
    train, test = list(pages(20_000, seed=0)), list(pages(4_000, seed=0, split="test"))
    for kind in KINDS:
        known = {key for page in train if page.kind == kind for key in page.keys}
        asked = {key for page in test if page.kind == kind for key in page.keys}
        assert known and asked and not known & asked, kind
        assert not any(dice.held_out(key) for key in known) and all(dice.held_out(key) for key in asked)
    assert not {page.text for page in train} & {page.text for page in test}


def test_both_splits_know_every_word():
    """Combinations are held out, words are not: each name, thing and town is on pages of both splits."""
    names = [p.name for p in world.PEOPLE] + [t[0] for t in world.THINGS] + [t.name for t in world.TOWNS]
    for split in ("train", "test"):
        words = " ".join(documents(6000, split=split))
        assert [name for name in names if name not in words] == []


def test_a_page_names_what_it_is_about():
    for kind in ("chat", "quotes", "forum", "story", "news", "lists", "reading"):
        for page in pages(200, seed=2, kind=kind):
            for who, thing, town in page.keys:
                for word in (world.PEOPLE[who].name, world.THINGS[thing][0], world.TOWNS[town].name):
                    assert word.lower() in page.text.lower(), (word, page.text)


def test_held_out_questions_are_never_asked_in_train():
    """Read off the text, not the keys: no question about a person and a fact stands in both splits."""

    def asked(split):
        found = set()
        for page in pages(3000, seed=1, split=split, kind="quiz"):
            for question in re.findall(r"Q: (.*)", page.text):
                (name,) = [p.name for p in world.PEOPLE if re.search(rf"\b{p.name}\b", question)]
                template = question.replace(name, "{a}")
                (fact,) = [fact for fact, (questions, _) in facts._ASK.items() if template in questions]
                found.add((name, fact))
        return found

    train, test = asked("train"), asked("test")
    assert len(train) > 600 and len(test) > 50 and not train & test


def test_facts_agree_everywhere():
    """Whoever says where someone lives says the same, on every page."""
    towns = {person.name: person.town for person in world.PEOPLE}
    lives = re.findall(r"(\w+) lives in ([A-Z][\w ]+)\.", "\n".join(documents(20_000, seed=9)))
    told = {(name, town) for name, town in lives if name in towns}
    assert len(told) > 100 and told <= set(towns.items())


def test_wobblish_follows_its_grammar():
    assert len(set(wobblish.LEXICON.values())) == len(wobblish.LEXICON)
    roll = dice.Dice(8)
    nouns, verbs = ({wobblish.LEXICON[w] for w in part} for part in (wobblish.NOUNS, [v[0] for v in wobblish.VERBS]))
    for _ in range(500):
        english, words, (subject, verb, obj) = wobblish.sentence(roll, "train")
        first, *_, last = words.split()
        assert first in nouns or first[:-1] in nouns
        assert last in verbs or last[1:] in verbs
        assert wobblish.LEXICON[wobblish.NOUNS[subject]] == first.removesuffix("m")
        assert ("nu" in words.split()) == (" not " in english) and english.startswith("the ")


def test_no_slips_of_the_pen():
    slip = re.compile(r"[{}]|  |\b[Aa] (?!use)[aeiou]|\b[Aa]n (?!hour)[^aeiou]|\b(\w+) \1\b|,,|\.\.")
    for page in pages(20_000, seed=6):
        assert not slip.search(page.text), page.text
        assert page.text.isascii() and page.text == page.text.strip() and 50 < len(page.text) < 500, page.text


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
    with pytest.raises(FileNotFoundError, match="minigpt train tinyweb"):
        tinyweb.load_model()


def test_command_prints_pages(capsys, monkeypatch):
    from minigpt.tinyweb.__main__ import main

    monkeypatch.setattr(sys, "argv", ["tinyweb", "--n", "2", "--seed", "1"])
    assert main() == 0
    assert capsys.readouterr().out == "\n\n----\n\n".join(documents(2, seed=1)) + "\n"
    monkeypatch.setattr(sys, "argv", ["tinyweb", "--n", "-2"])
    assert main() == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("module", [tinyweb, dice, world])
def test_examples_in_docstrings(module):
    assert doctest.testmod(module).failed == 0
