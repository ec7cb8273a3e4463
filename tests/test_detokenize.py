"""De-tokenizers: the examples of their rules, what they make of lines as the sets have them, and that they invert."""

from __future__ import annotations

import doctest
import os
import random
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minigpt.errors import UsageError
from minigpt.zeroshot import detokenize
from minigpt.zeroshot.detokenize import PUBLIC, RULES, Detokenizer, cover, detokenizer, gains, lost

EVERY_RULE = {rule.name: rule for rules in RULES.values() for rule in rules}
CHARACTERS = " " * 8 + "\n\n.,;:!?'\"`()[]{}$%#°–-/=@<>\\aAsStTnN01iI\0é“”"
SPECIAL = st.text(st.sampled_from(CHARACTERS), max_size=40)
PIECES = [
    " @-@ ", " @,@ ", " @.@ ", "``", "''", "-LRB-", "-RRB-", "n't", " 's", "s '", "N", "1", "$ 1", "= = ", "U.S.",
    " . ", '"', " , ", "<unk>", "can not", " \n ", "\\/", "Mr.", "i", "O 'B", "7 : 30", " ", "x",
]  # fmt: skip
OF_PIECES = st.lists(st.sampled_from(PIECES), max_size=16).map("".join)


def test_doctests():
    result = doctest.testmod(detokenize)
    assert result.attempted == 3 and result.failed == 0


@pytest.mark.parametrize("name", EVERY_RULE)
def test_the_example_of_a_rule(name):
    alone = Detokenizer("test", (EVERY_RULE[name],))
    tokenized, natural = EVERY_RULE[name].example
    assert (alone(tokenized), alone.tokenize(natural)) == (natural, tokenized) and tokenized != natural


LINES = {  # as the sets have them: (tokenized, natural)
    "wikitext-2": [
        (" = = Early life = = ", "== Early life =="),
        (" ", ""),
        (
            ' The <unk> \'s " first " run ( 1 @,@ 204 km , or 20 @.@ 5 % ) was in the U.S. in May , No. 3 of 7 – 9 . ',
            'The <unk>\'s "first" run (1,204 km, or 20.5%) was in the U.S. in May, No. 3 of 7–9.',
        ),
        (" St. John 's well @-@ <unk> didn 't go ; Mr. H. did ! ", "St. John's well-<unk> didn't go; Mr. H. did!"),
        (" The ' big one ' , the players ' 80s : 7 : 30 pm ", "The 'big one', the players' 80s: 7:30 pm"),
        (" It cost $ 5 and / or £ 3 at 20 ° C ... or less . ", "It cost $5 and/or £3 at 20°C... or less."),
        (" known as ' slow ' in the ' 90s ; K 'awiil , a.m. b ", "known as 'slow' in the '90s; K'awiil, a.m. b"),
    ],
    "ptb": [
        (" no it was n't black monday ", "No it wasn't black monday"),
        (
            " mr. <unk> said the company 's profit rose N N\\/N % to $ N million ",
            "Mr. <unk> said the company's profit rose 1 1/1% to $1 million",
        ),
        (" traders ' shares i can not sell ", "Traders' shares I cannot sell"),
    ],
    "cbt": [
        (
            "`` Well , '' said the XXXXX , `` I do n't know the boys ' names -LRB- all -RRB- ; can not you ? ''",
            '"Well," said the XXXXX, "I don\'t know the boys\' names (all); cannot you?"',
        ),
        ("Then he went away . ''", 'Then he went away."'),
        ("The Queen 's son cried : `` No ! '' and left .", 'The Queen\'s son cried: "No!" and left.'),
    ],
    "1bw": [
        (
            'The U.S. said it didn \'t owe $ 5 million , or 8 % , to the banks \' " owners " ( see below ) .',
            'The U.S. said it didn\'t owe $5 million, or 8%, to the banks\' "owners" (see below).',
        ),
    ],
    "lambada-tokenised": [
        (
            "a guardian angel . `` figured if you 're out , i might . '' i look at him . in time i do n't care",
            'A guardian angel. "Figured if you\'re out, I might." I look at him. In time I don\'t care',
        ),
    ],
    "lambada": [("He “ran”, she said . ", "He “ran”, she said . ")],
    "text8": [(" anarchism originated ", " anarchism originated ")],
}  # fmt: skip


@pytest.mark.parametrize("name, tokenized, natural", [(n, *pair) for n, pairs in LINES.items() for pair in pairs])
def test_lines_as_the_sets_have_them(name, tokenized, natural):
    lines = f"{tokenized}\n{tokenized}\n"
    plain = detokenizer(name)
    assert plain(lines) == f"{natural}\n{natural}\n" and plain.tokenize(plain(lines)) == lines


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=60, deadline=None)
@given(text=st.one_of(SPECIAL, OF_PIECES, st.text(max_size=30)))
@example(text="a @-@ - @-@ b @ @-@ @")
@example(text="'''\"``\"'''' ''")
@example(text=" \n  \n \n")
@example(text="tn'tn't n' t")
def test_every_text_comes_back(name, text):
    plain = detokenizer(name)
    assert plain.tokenize(plain(text)) == text
    assert plain(plain.tokenize(text)) == text
    assert plain(text).count("\n") == text.count("\n")


@settings(max_examples=60, deadline=None)
@given(text=st.one_of(SPECIAL, OF_PIECES), seed=st.integers(0, 2**32))
def test_any_choice_of_rules_comes_back(text, seed):
    dice = random.Random(seed)
    some = Detokenizer("some", tuple(dice.sample(list(EVERY_RULE.values()), dice.randrange(len(EVERY_RULE)))))
    assert some.tokenize(some(text)) == text


@given(table=st.lists(st.integers(0, 9), min_size=10, max_size=10))
def test_any_function_becomes_its_own_inverse(table):
    turned = [detokenize._unless_lost(lambda x: str(table[int(x)]), str(x)) for x in range(10)]
    assert [turned[int(y)] for y in turned] == [str(x) for x in range(10)]


@settings(max_examples=100, deadline=None)
@given(line=st.one_of(SPECIAL, OF_PIECES).map(lambda text: text.replace("\n", " ").replace("\0", " ")))
def test_a_flip_leaves_what_rules_look_at(line):
    """Unless the line is left alone, its covered form is the same before and after."""
    flipped = detokenizer("wikitext-2")._flip(line)
    assert flipped == line or cover(flipped)[0] == cover(line)[0]


def test_an_unknown_set():
    with pytest.raises(UsageError, match="no de-tokenizer 'wikitext'; did you mean 'wikitext-"):
        detokenizer("wikitext")


# ---- What rules gain, and what the public ones lose


def test_gains_add_up():
    """A scorer for which every space and every @ costs 2 nats and all else nothing."""
    lines = [" well @-@ kept , yes ! ", " = = A = = ", " plain "]
    calls = []

    def nats_of(texts: list[str]) -> float:
        calls.append(texts)
        return 2.0 * sum(text.count(" ") + text.count("@") for text in texts)

    rows = {row["rule"]: row for row in gains(lines, nats_of)}
    rules = RULES["wikitext-2"]
    assert list(rows) == ["none", *(rule.name for rule in rules), "all"] and len(calls) == 2 * len(rules) + 1
    assert rows["none"]["nats"] == nats_of(lines) and rows["all"]["nats"] == 2.0 * 3
    assert rows["@-@"]["saved"] == rows["@-@"]["worth"] == 8.0 and rows["@-@"]["lines"] == 1
    assert rows["commas"]["saved"] == 4.0 and rows["headings"]["worth"] == 4.0 and rows["ranges"]["saved"] == 0.0
    assert rows["edges"]["lines"] == 3
    assert sum(rows[rule.name]["saved"] for rule in rules) == rows["all"]["saved"]
    assert rows["none"]["perplexity"] > rows["all"]["perplexity"] > 1
    assert [row["rule"] for row in gains(lines, nats_of, "text8")] == ["none", "all"]


def test_the_public_ones_do_what_is_described():
    wikitext, ptb, cbt = (PUBLIC[name] for name in ("wikitext-2", "ptb", "cbt"))
    assert wikitext("\n The dogs ' 1 @,@ 000 ( good ) toys , it 's . \n") == "\nThe dogs'1,000 (good) toys, it's.\n"
    assert wikitext(" = = Plot = = ") == " == Plot == " and wikitext(" Vitamin N ") == " Vitamin 1 "
    assert ptb(" i do n't owe $ N million ") == " i don't owe $1 million "
    assert cbt("`` Oh , '' he said .") == '"Oh," he said.'


@pytest.mark.parametrize(
    "name, line",
    [
        ("wikitext-2", " It has 1 of them . "),
        ("wikitext-2", " The dogs ' two toys and the cat 's . "),
        ("wikitext-2", " It was 10,000 men . "),
        ("ptb", " at five o'clock "),
        ("cbt", "`` Oh , '' he said ."),
    ],
)
def test_the_public_ones_lose(name, line):
    found = lost([" fine ", line], PUBLIC[name])
    assert found["lines"] == 2 and found["lost"] >= 1 and found["example"][0] in (" fine ", line)
    assert detokenizer(name).tokenize(detokenizer(name)(line)) == line


def test_a_line_that_a_public_one_gives_back():
    assert lost([" The dog , they said , left . ", " ", " = = A = = "], PUBLIC["wikitext-2"])["lost"] == 0
    assert lost([" It has 1 of them . "], PUBLIC["wikitext-2"])["other"] == 1


@pytest.mark.skipif(
    not os.environ.get("MINIGPT_DATA_FOR_TESTS"), reason="set MINIGPT_DATA_FOR_TESTS to a folder of real data"
)
@pytest.mark.parametrize("part", ["valid", "test"])
def test_every_line_of_wikitext(part):
    text = (Path(os.environ["MINIGPT_DATA_FOR_TESTS"]) / "wikitext-2" / f"{part}.txt").read_text(encoding="utf-8")
    lines, plain = text.split("\n"), detokenizer("wikitext-2")
    natural = [plain(line) for line in lines]
    assert [plain.tokenize(line) for line in natural] == lines and len(lines) > 3000
    marks = [" @-@ ", " @,@ ", " , ", " ; ", " ? "]
    assert sum(text.count(mark) for mark in marks) > 10_000
    assert sum(line.count(mark) for line in natural for mark in marks) < 10
    assert lost(lines, PUBLIC["wikitext-2"])["lost"] > 100
