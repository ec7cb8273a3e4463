"""De-tokenizers that invert: text as people write it from the text of a benchmark, and back to the last character.

Benchmarks are split into tokens: " the dog 's bone , 1 @,@ 000 years old . ". To a model that learned from the web this
is strange, and the paper undoes it with "invertible de-tokenizers", which it does not show (section 3.1); they gain 2.5
to 5 of perplexity. That they invert is what makes the comparison fair: the probability of the natural text is then that
of the original. The public ones do not (see `PUBLIC` and `lost`). Ours do for every text, by two ideas:

**Flip, don't delete.** A rule says where tokenized text has a space and natural text has none, say before a comma.
There it takes the space away *if there is one, and puts one there if there is none*. Doing it twice changes nothing, so
the rule is its own inverse, provided that where it applies does not depend on what it changes. Hence a rule looks at a
text in which every space that some rule could flip is covered up: "·" stands for a gap with or without a space.

**Apply, or leave alone.** What exchanges two spellings ("@-@" and "-") is its own inverse on nearly all texts. It is
applied to a line only if applying it twice gives the line back. Any function becomes its own inverse in this way.

Both work on lines. A de-tokenizer exchanges spellings first, one after another, then flips all gaps at once; its
inverse flips first and exchanges in the opposite order.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import regex

from minigpt.errors import UsageError, unknown

HIDDEN = "\0"  # a covered gap; a line that holds this character is left as it is
BEFORE, AFTER = r".,;:!?)\]}%'\"/–°′″=", r"(\[{$£€#'\"/–°:="  # a gap before, or after, one of these may be flipped
GAP = regex.compile(
    rf"(?<=[^ ]) ?(?=[{BEFORE}\n])|(?<=[{AFTER}\n]) ?(?=[^ ])"
    r"|(?<=[A-Za-z]) ?(?=n ?' ?t\b)|(?<=\b[Cc]an) ?(?=not\b)"
)
SUFFIX = "(?:s|re|ve|m|ll|d|S|RE|VE|M|LL|D)"  # what may follow an apostrophe within a word, beside t


@dataclass(frozen=True)
class Rule:
    """One difference between tokenized and natural text.

    Args:
        name, example: for tables; the example is (tokenized, natural).
        gaps: gives the places of the gaps to flip in a line whose gaps are covered; or
        swap: exchanges two spellings in a line.
    """

    name: str
    example: tuple[str, str]
    gaps: Callable[[str], Iterable[int]] | None = None
    swap: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Detokenizer:
    """Rules that are undone as easily as they are applied; called with a tokenized text it gives the natural one.

    >>> plain = detokenizer("wikitext-2")
    >>> plain(" In 1990 , the dog 's bone ( 1 @,@ 000 years old ) was \\" well @-@ kept \\" . ")
    'In 1990, the dog\\'s bone (1,000 years old) was "well-kept".'
    >>> plain.tokenize(plain(" any text , really ; even this,one ! ")) == " any text , really ; even this,one ! "
    True
    """

    name: str
    rules: tuple[Rule, ...]

    def __call__(self, text: str) -> str:
        """The natural text of a tokenized one, of one line or of many."""
        swaps = [rule.swap for rule in self.rules if rule.swap]
        return _by_line(text, [functools.partial(_unless_lost, swap) for swap in swaps] + [self._flip])

    def tokenize(self, text: str) -> str:
        """The tokenized text of a natural one: `tokenize(self(x)) == x` for every x."""
        swaps = [rule.swap for rule in reversed(self.rules) if rule.swap]
        return _by_line(text, [self._flip] + [functools.partial(_unless_lost, swap) for swap in swaps])

    def _flip(self, line: str) -> str:
        finders = [rule.gaps for rule in self.rules if rule.gaps]
        return _unless_lost(functools.partial(_flip, finders), line)


def detokenizer(name: str) -> Detokenizer:
    """The de-tokenizer of a data set, by the name that `minigpt data list` has for it.

    Raises:
        UsageError: the set needs none, or there is no such set.
    """
    if name not in RULES:
        raise UsageError(unknown("de-tokenizer", name, list(RULES)))
    return Detokenizer(name, RULES[name])


# ---- What makes it invert ----


def _by_line(text: str, steps: Sequence[Callable[[str], str]]) -> str:
    """Takes each line through the steps; what follows the last line end only if it is a line, not nothing or spaces."""
    *lines, last = text.split("\n")
    lines = lines + [last] if last.strip(" ") else lines
    done = [functools.reduce(lambda line, step: step(line), steps, line) for line in lines]
    return "\n".join(done if last.strip(" ") else [*done, last])


def _unless_lost(function: Callable[[str], str], line: str) -> str:
    """The function of a line if it is its own inverse there, else the line. This is its own inverse everywhere.

    For if f(f(x)) = x, then y = f(x) has f(f(y)) = y and is taken back to x; and if not, x stays and is left again.
    """
    changed = function(line)
    return changed if function(changed) == line else line


def cover(line: str) -> tuple[str, list[bool]]:
    """A line between two line ends with its gaps covered, and of each gap whether it is a space."""
    spaces: list[bool] = []

    def covered(gap) -> str:
        spaces.append(gap[0] == " ")
        return HIDDEN

    return GAP.sub(covered, f"\n{line}\n"), spaces


def _flip(finders: Sequence[Callable[[str], Iterable[int]]], line: str) -> str:
    """The line with the gaps flipped that a finder names."""
    if HIDDEN in line:
        return line
    text, spaces = cover(line)
    chosen = {at for find in finders for at in find(text)}
    pieces, at = text.split(HIDDEN), -1
    out = [pieces[0]]
    for before, after, space in zip(pieces, pieces[1:], spaces):
        at += len(before) + 1
        out += [" " if space != (at in chosen) else "", after]
    return "".join(out)[1:-1]


# ---- Kinds of rules ----


def where(pattern: str) -> Callable[[str], Iterator[int]]:
    """A finder: the gaps that the groups of a pattern match; "·" in it stands for a covered gap."""
    compiled = regex.compile(pattern.replace("·", HIDDEN))

    def find(text: str) -> Iterator[int]:
        for found in compiled.finditer(text):
            yield from (found.start(i) for i in range(1, compiled.groups + 1) if found.start(i) >= 0)

    return find


def _opens_first(before: str, marks: int) -> bool:
    """Whether the first of a line's quotation marks opens: not if one is left over and it follows a sentence's end."""
    return marks % 2 == 0 or before[-1:] not in (".", ",", "!", "?")


def quotes(text: str) -> Iterator[int]:
    """A finder: the gaps behind opening quotation marks and before closing ones, which take turns in a line."""
    places = [at for at, character in enumerate(text) if character == '"']
    opening = bool(places) and _opens_first(text[: places[0]].rstrip(HIDDEN), len(places))
    for at in places:
        gap = at + 1 if opening else at - 1
        if text[gap] == HIDDEN:
            yield gap
        opening = not opening


_APOSTROPHE = regex.compile(rf"(?<=\0)'(?=\0)(?!\0(?:[tT]|{SUFFIX})\b)(?<!\b[B-HJ-Zb-z]\0'(?=\0\p{{L}}))")

_NO_PLURAL = regex.compile(r"\b(?:as|has|his|is|its|says|this|was)\Z")


def apostrophes(text: str) -> Iterator[int]:
    """A finder for apostrophes that stand alone: single quotes, which take turns, and plurals (the dogs ' bones)."""
    opened = False
    for at in (found.start() for found in _APOSTROPHE.finditer(text)):
        behind = text[at - 2]
        plural = behind in "sS" and not _NO_PLURAL.search(text, max(0, at - 9), at - 1)
        if opened or plural or behind.isdigit():
            yield at - 1
            opened = False
        else:
            yield at + 1
            opened = not regex.match(r"\d\ds\b", text[at + 2 : at + 6])  # the ' 80s


def exchange(pattern: str, one: str, other: str) -> Callable[[str], str]:
    """A swap of two spellings; the pattern matches either, where they are to be exchanged."""
    compiled = regex.compile(pattern)
    return lambda line: compiled.sub(lambda found: other if found[0] == one else one, line)


def directed(opener: str, closer: str) -> Callable[[str], str]:
    """A swap of the straight quotation mark with an opening and a closing one, which take turns in a line."""
    compiled = regex.compile("|".join(map(regex.escape, (opener, closer, '"'))))

    def swap(line: str) -> str:
        marks = list(compiled.finditer(line))
        opening = bool(marks) and _opens_first(line[: marks[0].start()].rstrip(" "), len(marks))
        turns = iter([(opener, closer)[(i + (not opening)) % 2] for i in range(len(marks))])

        def turned(found) -> str:
            expected = next(turns)
            return {expected: '"', '"': expected}.get(found[0], found[0])

        return compiled.sub(turned, line)

    return swap


def other_case(pattern: str) -> Callable[[str], str]:
    """A swap of small and capital letters."""
    compiled = regex.compile(pattern)
    return lambda line: compiled.sub(lambda found: found[0].swapcase(), line)


# ---- The rules ----

# Words that keep their full stop in WikiText, as its tokenizer's list has them (Moses, Koehn et al. 2007); initials;
# parts of U.S. and a.m.
_SHORT = "Adm|Brig|Bros|Capt|Cmdr|Col|Cpl|Corp|Dr|Gen|Gov|Hon|Insp|Lt|Maj|Messrs|Mme|Mr|Mrs|Ms|Ph|Prof|Pvt|Rep|Rev|Sen"
_SHORT = rf"(?<!'·)\b[A-Z]|\.[A-Za-z]|\b(?:{_SHORT}|Sgt|Sr|St|Supt|v|vs)"
_NUMBERED = r"\b(?:Art|No|Nos|pp)"  # these only before a number
_STOP = r"(?=\.(?:·| (?![a-z{}])))"  # not before a small letter

EDGES = Rule("edges", (" a line ", "a line"), where(r"(?<=\n)(·)|(·)(?=\n)"))
COMMAS = Rule("commas", ("so , yes ; no !", "so, yes; no!"), where(r"(·)(?=[,;!?][ ·])"))
STOPS = Rule(
    "full stops", ("Mr. H. Lee left the U.S. in May .", "Mr. H. Lee left the U.S. in May."),
    where(
        rf"(?<![.\n]|{_SHORT}|{_NUMBERED})(·){_STOP.format('')}|(?<={_NUMBERED})(·){_STOP.format('0-9')}"
        r"|(?<![.\n])(·)(?=\.·\.)"
    ),
)  # fmt: skip
COLONS = Rule("colons", ("one : at 7 : 30", "one: at 7:30"), where(r"(?<=\d)(·):(·)(?=\d)|(·)(?=:[ ·])"))
BRACKETS = Rule("brackets", ("a ( b ) [ c ]", "a (b) [c]"), where(r"(?<=[(\[{])(·)|(·)(?=[)\]}])"))
QUOTES = Rule("quotation marks", ('the " big " one', 'the "big" one'), quotes)
SUFFIXES = Rule("'s, 'll", ("the dog 's", "the dog's"), where(rf"(?<=[\w>)\]\"])(·)(?='·{SUFFIX}\b)"))
MOSES_NOT = Rule("didn 't", ("didn 't", "didn't"), where(r"(?<=[nN])(·)(?='·[tT]\b)"))
NOT = Rule(
    "n't", ("did n't , can not", "didn't , cannot"),
    where(r"(?<=[A-Za-z])(·)(?=n·'·t\b)|(?<=\b[Cc]an)(·)(?=not\b)"),
)  # fmt: skip
NAMES = Rule(
    "O'Brien", ("O 'Brien", "O'Brien"), where(rf"(?<=\b[B-HJ-Zb-z])(·)(?='·\p{{L}})(?!'·(?:[tT]|{SUFFIX})\b)")
)  # fmt: skip
APOSTROPHES = Rule("apostrophes", ("dogs ' bones : ' oh '", "dogs' bones : 'oh'"), apostrophes)
MONEY = Rule("$, #, %", ("$ 5 , # 1 , 8 %", "$5 , #1 , 8%"), where(r"(?<=[$£€#])(·)(?=[\dN<])|(?<=[\dN>])(·)(?=%)"))
RANGES = Rule("ranges", ("1990 – 95", "1990–95"), where(r"(?<=\d)(·)–(·)(?=\d)"))
SLASHES = Rule("slashes", ("and / or", "and/or"), where(r"(?<=[\w>])(·)/(·)(?=[\w<])"))
DEGREES = Rule("degrees", ("20 ° C , 5 ′", "20°C , 5′"), where(r"(?<=\d)(·)(?=[°′″])|(?<=\d·°)(·)(?=[CFKNSEW\d])"))
HEADINGS = Rule("headings", ("= = Plot = =", "== Plot =="), where(r"(?<==)(·)(?==)"))
HYPHENS = Rule(
    "@-@", ("well @-@ kept", "well-kept"), swap=exchange(r"(?<=[^\s@-])(?: @-@ |-)(?=[^\s@-])", " @-@ ", "-")
)  # fmt: skip
DECIMALS = Rule("@.@", ("0 @.@ 7", "0.7"), swap=exchange(r"(?<=[\d>])(?: @\.@ |\.)(?=[\d<])", " @.@ ", "."))
THOUSANDS = Rule("@,@", ("1 @,@ 000", "1,000"), swap=exchange(r"(?<=[\d>])(?: @,@ |,)(?=[\d<])", " @,@ ", ","))
TEX_QUOTES = Rule("`` and ''", ("`` oh '' he said", '" oh " he said'), swap=directed("``", "''"))
ROUND = Rule("-LRB-", ("-LRB- a -RRB-", "( a )"), swap=lambda line: _RRB(_LRB(line)))
_LRB, _RRB = exchange(r"-LRB-|\(", "-LRB-", "("), exchange(r"-RRB-|\)", "-RRB-", ")")
ESCAPED = Rule("\\/", ("1\\/2", "1/2"), swap=exchange(r"(?<=\w)\\?/(?=\w)", "\\/", "/"))
NUMBERS = Rule("N", ("N years", "1 years"), swap=exchange(r"(?<![\w.,])[N1](?![\w.,])", "N", "1"))
LONE_I = Rule("i", ("that i am", "that I am"), swap=other_case(r"(?<![\w'.-])[iI](?![\w.-])"))
_WORD = r"[^\w<]*\K(?:[A-Za-z](?=[\w-])|[Aa](?= ))"  # its first letter
LINE_CAPITALS = Rule("capitals", ("the end", "The end"), swap=other_case(f"^{_WORD}"))
CAPITALS = Rule(
    "capitals", ("the end . and so", "The end . And so"), swap=other_case(rf"(?:^|(?<= )[.!?] ){_WORD}")
)  # fmt: skip

_SENTENCES = (COMMAS, STOPS, COLONS, BRACKETS, QUOTES, SUFFIXES, APOSTROPHES)
_WIKITEXT = (
    HYPHENS, THOUSANDS, DECIMALS, EDGES, *_SENTENCES, MOSES_NOT, NAMES, MONEY, RANGES, SLASHES, DEGREES, HEADINGS,
)  # fmt: skip
RULES: dict[str, tuple[Rule, ...]] = {
    "wikitext-2": _WIKITEXT,
    "wikitext-103": _WIKITEXT,
    # Mikolov's version: small letters, numbers N, no punctuation; "<unk>" stays, as in the paper.
    "ptb": (ESCAPED, NUMBERS, LONE_I, LINE_CAPITALS, EDGES, SUFFIXES, APOSTROPHES, NOT, MONEY),
    "cbt": (TEX_QUOTES, ROUND, *_SENTENCES, NOT),
    "1bw": (*_SENTENCES, MOSES_NOT, NAMES, MONEY, SLASHES),
    "lambada-tokenised": (TEX_QUOTES, LONE_I, CAPITALS, *_SENTENCES, NOT),
    # These are natural text, or meant to be as they are.
    "lambada": (),
    "enwik8": (),
    "text8": (),
}


# ---- What each rule gains ----


def gains(lines: Sequence[str], nats_of: Callable[[list[str]], float], name: str = "wikitext-2") -> list[dict]:
    """How many nats each rule of a de-tokenizer saves a model.

    Args:
        lines: of the data set, tokenized.
        nats_of: minus the log-likelihood of a list of lines; it is called twice for each rule and once more.
        name: of the data set.

    Returns:
        A row for the text as it is ("none"), for each rule, and for all: how many `lines` the rule changes by itself,
        `nats` and `perplexity` with the rules up to this one, `saved` by it after those before it, and `worth`: what
        the text costs more without it, but with all others. Perplexities are per token of the original, a line's end
        being one.
    """
    rules = detokenizer(name).rules
    count = sum(len(line.split()) + 1 for line in lines)

    def row(called: str, kept: Sequence[Rule], changed: int, **more: float) -> dict:
        nats = nats_of([Detokenizer(name, tuple(kept))(line) for line in lines])
        return {"rule": called, "lines": changed, "nats": nats, "perplexity": math.exp(nats / count), **more}

    rows = [row("none", (), 0)]
    for i, rule in enumerate(rules):
        alone = Detokenizer(name, (rule,))
        rows.append(row(rule.name, rules[: i + 1], sum(alone(line) != line for line in lines)))
        rows[-1]["saved"] = rows[-2]["nats"] - rows[-1]["nats"]
    last = rows[-1]["nats"]
    for i, entry in enumerate(rows[1:]):
        entry["worth"] = row("", rules[:i] + rules[i + 1 :], 0)["nats"] - last
    changed = sum(detokenizer(name)(line) != line for line in lines)
    return [*rows, {**rows[-1], "rule": "all", "lines": changed, "saved": rows[0]["nats"] - last, "worth": 0.0}]


# ---- The public ones, for comparison ----


LINE_ENDS, EQUALS = ("\n",), ("=",)


@dataclass(frozen=True)
class Public:
    """A published de-tokenizer, rebuilt from its description: replacements, one after another.

    Args:
        where: it was published.
        steps: pairs (what is replaced, by what), marks closed up around what they enclose: ("(", None, ")"), or
            `LINE_ENDS`: no space before and after a line end, or `EQUALS`: none between two of them.
    """

    where: str
    steps: tuple[tuple[str, ...] | tuple[str, None, str], ...]

    def __call__(self, text: str) -> str:
        for step in self.steps:
            if step == LINE_ENDS:
                text = text.replace(" \n", "\n").replace("\n ", "\n")
            elif step == EQUALS:
                text = text.replace("= = = =", "====").replace("= = =", "===").replace("= =", "==")
            elif len(step) == 2:
                text = text.replace(*step)
            else:
                opener, closer = regex.escape(step[0]), regex.escape(step[2])
                pattern = rf"{opener}\s*([^{closer}]*?)\s*{closer}"
                text = regex.sub(pattern, lambda found, s=step: f"{s[0]}{found[1]}{s[2]}", text)
        return text

    def undo(self, text: str) -> str:
        """The steps backwards, each undone where it may have been done: where no space is now, a number's mark between
        digits."""
        for step in reversed(self.steps):
            if step == LINE_ENDS:
                text = "\n".join(f" {line} " if line else " " for line in text.split("\n"))
            elif step == EQUALS:
                text = regex.sub("(?<==)(?==)", " ", text)
            elif len(step) == 2:
                inside = r"\d" if step[1] in (".", ",") else r"\S"
                before = f"(?<={inside})" if step[0][0] == " " != step[1][0] else ""
                after = f"(?={inside})" if step[0][-1] == " " != step[1][-1] else ""
                text = regex.sub(before + regex.escape(step[1]) + after, lambda found, s=step: s[0], text)
            else:
                opener, closer = regex.escape(step[0]), regex.escape(step[2])
                pattern = rf"{opener}([^{closer}]*){closer}"
                text = regex.sub(pattern, lambda found, s=step: f"{s[0]} {found[1]} {s[2]}", text)
        return text


def _closed(marks: str) -> list[tuple[str, str]]:
    return [(f" {mark} ", f"{mark} ") for mark in marks]


PUBLIC: dict[str, Public] = {
    "wikitext-2": Public(
        "Megatron-LM, tasks/zeroshot_gpt/detokenizer.py; the same in lm-evaluation-harness",
        # One step more, /' [0-9]/, never matches: its slashes are those of another language's notation.
        (
            ("s '", "s'"), (" @-@ ", "-"), (" @,@ ", ","), (" @.@ ", "."), *_closed(":;.!?,"), ("(", None, ")"),
            ("[", None, "]"), ("{", None, "}"), ('"', None, '"'), ("'", None, "'"), EQUALS,
            (" ° ", "°"), LINE_ENDS, (" N ", " 1 "), (" 's", "'s"),
        ),
    ),
    "ptb": Public(
        "Megatron-LM, tasks/zeroshot_gpt/detokenizer.py",
        ((" '", "'"), LINE_ENDS, (" n't", "n't"), (" N ", "1 "), ("$ 1", "$1"), ("# 1", "#1")),
    ),
    "cbt": Public(
        "instruct-eval, lm_eval/tasks/cbt.py",
        (
            (" '", "'"), (" n't", "n't"), ("`` ", '"'), ("''", '"'),
            *((f" {mark}", mark) for mark in ":;!?,."),
        ),
    ),
}  # fmt: skip
PUBLIC["wikitext-103"] = PUBLIC["wikitext-2"]


def lost(lines: Sequence[str], public: Public) -> dict:
    """On how many lines a public de-tokenizer loses something: its steps backwards do not give the line back.

    Returns:
        `lines`, how many of them are `lost`, how many of those because of characters that are not spaces (`other`), and
        an `example`: (line, what came back).
    """
    found = {"lines": len(lines), "lost": 0, "other": 0, "example": None}
    for line in lines:
        back = public.undo(public(f"\n{line}\n")).split("\n")[1]
        if back != line:
            found["lost"] += 1
            found["other"] += back.replace(" ", "") != line.replace(" ", "")
            found["example"] = found["example"] or (line, back)
    return found
