"""The one shape of every task: examples, what is asked of the model about each, a record of each, metrics of all.

    class Last(Task):
        name, what, paper, recipe = "last", "the last word of a line", "none", "nats of the last word"

        def examples(self, reader, limit):          # what there is to ask about: anything with a plain repr
            return ["the dog and the cat", "salt and pepper"][:limit]

        def requests(self, example, reader):        # rows to score, or prompts to be written on
            before, _, word = example.rpartition(" ")
            return [reader.row(before, " " + word)]

        def record(self, example, asked, got, reader):    # from the model's answers to what is kept of the example
            return {"nats": sum(got[0].nats)}

        def metrics(self, examples, records):
            return {"nats": mean([record["nats"] for record in records])}

Whatever the paper leaves open is an `Option` with a name, a default and a reason, and is told in `protocol()`.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minigpt.errors import UsageError, unknown
from minigpt.metrics import bootstrap_interval, ratio_of_sums, wilson_interval
from minigpt.tokenizer import Tokenizer
from minigpt.zeroshot.scoring import Prompt, Row, Scored, Written


class Option(NamedTuple):
    """A choice that the paper leaves open.

    Args:
        name, default: a value of `choices`, or a whole number if there are none; a tuple of values if several are run.
        why: the reason for the default, and what hangs on it.
        words: of a number, with {} in its place: "{} example pairs".
        choices: value -> the same in words.
        least: smallest number.
    """

    name: str
    default: Any
    why: str
    words: str = "{}"
    choices: dict[str, str] = {}
    least: int = 0

    def parse(self, given: Any) -> Any:
        """The value meant by what stands on a command line, "a" or "a,b", or in a call.

        Raises:
            UsageError: it is none of the choices, or no number.
        """
        several = isinstance(self.default, tuple)
        parts = given.split(",") if isinstance(given, str) else given if isinstance(given, (tuple, list)) else [given]
        if not parts or (len(parts) > 1 and not several):
            raise UsageError(f"the option {self.name} takes {'at least one value' if several else 'one value'}")
        values = tuple(self._one(part) for part in parts)
        return values if several else values[0]

    def _one(self, part: Any) -> Any:
        part = part.strip() if isinstance(part, str) else part
        if self.choices:
            if part not in self.choices:
                raise UsageError(unknown(f"value of the option {self.name}", str(part), self.choices))
            return part
        try:
            number = int(part)
        except (TypeError, ValueError):
            raise UsageError(f"the option {self.name} is a whole number, not {part!r}") from None
        if number < self.least:
            raise UsageError(f"the option {self.name} is at least {self.least}, not {number}")
        return number

    def spoken(self, value: Any) -> str:
        """The value in words."""
        values = value if isinstance(value, tuple) else (value,)
        if self.choices:
            return " and ".join(self.choices[one] for one in values)
        return self.words.format(" and ".join(map(str, values)))


class Reader:
    """Turns texts into what fits into a model: its tokenizer, its context, and whether a text follows <|endoftext|>.

    Texts that are too long lose their beginning; `cut` counts them.
    """

    def __init__(self, tokenizer: Tokenizer, block_size: int, start: bool = False) -> None:
        self.tokenizer, self.block_size, self.cut = tokenizer, block_size, 0
        if start and tokenizer.eot is None:
            raise ValueError("this model's tokenizer has no <|endoftext|> with which a text starts; set start=nothing")
        self.begin = [tokenizer.eot] if start else []

    def row(self, before: str, after: str, *, whole: bool = False, ahead: bool = False) -> Row:
        """`after` to be scored as it follows `before`; it is the row's part.

        Args:
            whole: score `before` as well, but for its first token.
            ahead: score one more token after the end, whatever it is: its `best` is what the model would go on with.

        Raises:
            ValueError: what is to be scored does not fit into the context, is empty, or begins its text.
        """
        head, tail = self.begin + self.tokenizer.encode(before), self.tokenizer.encode(after)
        if not tail:
            raise ValueError(f"there is nothing to score after {before[-40:]!r}: the answer is empty")
        if not head:
            raise ValueError(f"nothing stands before {after[:40]!r} to predict it from; set start=endoftext")
        over = max(0, len(head) + len(tail) + ahead - self.block_size - 1)
        if over >= len(head):
            raise ValueError(
                f"the {len(tail)} tokens of {after[:40]!r} are to be scored, more than the context of "
                f"{self.block_size} holds with one before them; take a model with a larger context"
            )
        self.cut += over > 0
        head = head[over:]
        return Row(head + tail + tail[:1] * ahead, 1 if whole else len(head), len(head))

    def prompt(
        self, text: str, new: int, *, fixed: str = "", line: bool = True, top_k: int = 1, seed: int = 0
    ) -> Prompt:
        """A prompt to write `new` tokens on from: `text`, then `fixed`. The others are those of `Prompt`.

        What is too long loses the end of `text`, so that `fixed` follows; without `fixed` it loses its beginning.

        Raises:
            ValueError: the new tokens alone fill the context.
        """
        room = self.block_size - new
        tail = self.tokenizer.encode(fixed) if fixed else []
        ids = self.begin + self.tokenizer.encode(text)
        if room <= len(tail) or not (ids or tail):
            raise ValueError(
                f"a prompt's last {len(tail)} tokens and {new} new ones leave no room for a text in a context of "
                f"{self.block_size}, or the text is empty: {(text + fixed)[-60:]!r}; take a larger context"
            )
        self.cut += len(ids) + len(tail) > room
        ids = ids[: room - len(tail)] + tail if fixed else ids[-room:]
        return Prompt(ids, new, line, top_k, seed)


START = Option(
    "start", "nothing",
    "GPT-2 read <|endoftext|> before each page; the paper does not say whether its tests did. Others' code does not.",
    choices={"nothing": "nothing before the text", "endoftext": "<|endoftext|> before the text"},
)  # fmt: skip
STARTED = START._replace(default="endoftext")


class Task(ABC):
    """A task with its choices made.

    Attributes:
        name, what: what it is called, and is, in a few words.
        paper: where in the paper.
        recipe: the protocol in words, but for the options.
        options: the choices that are open.
        headline: the metrics that are printed; the others are in the file.
        unit: what an example is.
    """

    name: str
    what: str
    paper: str
    recipe: str
    options: tuple[Option, ...] = ()
    headline: tuple[str, ...] = ()
    unit: str = "example"

    def __init__(self, **chosen: Any) -> None:
        known = {option.name: option for option in self.options}
        for name in chosen:
            if name not in known:
                raise UsageError(unknown(f"option of {self.name} called", name, known))
        self.choice = {
            name: option.parse(chosen[name]) if name in chosen else option.default for name, option in known.items()
        }

    @abstractmethod
    def examples(self, reader: Reader, limit: int | None) -> Sequence:
        """The examples, always in the same order; the first `limit` of them."""

    @abstractmethod
    def requests(self, example: Any, reader: Reader) -> list[Row] | list[Prompt]:
        """What is asked of the model about an example."""

    @abstractmethod
    def record(
        self, example: Any, asked: list[Row] | list[Prompt], got: list[Scored] | list[Written], reader: Reader
    ) -> dict:
        """What is kept of an example: all that its metrics need, as plain numbers and words."""

    @abstractmethod
    def metrics(self, examples: Sequence, records: list[dict]) -> dict[str, dict]:
        """Name -> value with its interval, of all examples together."""

    def text(self, example: Any) -> str:
        """An example with its answer, as it may stand in training text: what `minigpt overlap --scores` looks up.

        Raises:
            UsageError: the task is of whole texts, not of examples.
        """
        raise UsageError(f"{self.name} has no examples to look up one by one; give its file with --test")

    def banned(self, tokenizer: Tokenizer) -> list[int]:
        """Ids that `Scored.allowed` may not be."""
        return []

    def together(self, example: Any) -> Hashable:
        """Prompts of examples for which this is equal are read together, and what they all begin with only once."""
        return None

    def reader(self, tokenizer: Tokenizer, block_size: int) -> Reader:
        """The reader that the option `start` asks for."""
        return Reader(tokenizer, block_size, self.choice.get("start", "nothing") == "endoftext")

    def protocol(self) -> str:
        """All that was done, in words."""
        return "; ".join([self.recipe, *(option.spoken(self.choice[option.name]) for option in self.options)])


# ---- Metrics, each with how far to trust it ----


def share(hits: Sequence[float]) -> dict:
    """The share of hits, 0 or 1 each, with its 95 % interval (Wilson)."""
    low, high = wilson_interval(round(sum(hits)), len(hits))
    return measure(sum(hits) / len(hits), low, high, len(hits))


def mean(values: Sequence[float]) -> dict:
    """The mean, with its 95 % interval (bootstrap over the values)."""
    return measure(float(np.mean(values)), *bootstrap_interval(values), len(values))


def ratio(rows: Sequence[tuple[float, float]], turn: Callable[[float], float] = float) -> dict:
    """`turn` of sum over sum, with its 95 % interval (bootstrap over the rows): a perplexity with `math.exp`."""
    table = np.asarray(rows, dtype=np.float64)
    low, high = bootstrap_interval(table, ratio_of_sums)
    return measure(turn(ratio_of_sums(table)), turn(low), turn(high), len(table))


def measure(value: float, low: float, high: float, n: int) -> dict:
    """A number as results.json holds it."""
    return {"value": round(value, 6), "ci95": [round(low, 6), round(high, 6)], "n": n}


def by_rung(metric: str, rungs: Sequence[str], hits: Sequence[float], of: Callable = share) -> dict[str, dict]:
    """A metric for each rung apart, named "metric/rung"."""
    return {
        f"{metric}/{rung}": of([hit for hit, one in zip(hits, rungs) if one == rung]) for rung in dict.fromkeys(rungs)
    }


# ---- Files ----


def json_lines(path: Path, *fields: str) -> Iterator[tuple[int, dict]]:
    """(number, object) of each line of a JSON lines file, from 1.

    Raises:
        ValueError: a line is no JSON object or lacks a field; it is named by its number.
    """
    with open(path, encoding="utf-8") as lines:
        try:
            for number, line in enumerate(lines, 1):
                try:
                    found = json.loads(line)
                except ValueError:
                    found = None
                if not isinstance(found, dict):
                    raise ValueError(f"{path}, line {number}: this is no JSON object; get the file again")
                lacking = [name for name in fields if not found.get(name)]
                if lacking:
                    raise ValueError(f"{path}, line {number}: {lacking[0]!r} is missing or empty; get the file again")
                yield number, found
        except UnicodeDecodeError:
            raise ValueError(f"{path} is not UTF-8 text; get the file again") from None


def text_of(path: Path, encoding: str = "utf-8") -> str:
    """A whole text file, its line ends as they are. Raises ValueError where it is in another encoding."""
    try:
        with open(path, encoding=encoding, newline="") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not {encoding} text (byte {error.start}); get the file again") from None
