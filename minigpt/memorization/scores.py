"""What overlap does to a score: a task's score on all examples, and on those that training text has nothing of.

Paper, section 4: without the LAMBADA passages that overlap with WebText, the perplexity goes from 8.6 to 8.7 and the
accuracy from 63.2 to 62.9 %. The scores come from the records that `minigpt eval` keeps, so no model is asked again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from minigpt.errors import UsageError
from minigpt.memorization.bloom import BloomFilter
from minigpt.memorization.compare import Overlap, find
from minigpt.memorization.files import aligned

MUCH = 0.15  # of an example's n-grams; the paper looks at LAMBADA above it
GROUPS: dict[str, Callable[[float], bool]] = {
    "all examples": lambda share: True,
    "without any overlap": lambda share: share == 0,
    "with some": lambda share: share > 0,
    f"with more than {MUCH:.0%}": lambda share: share > MUCH,
}


@dataclass
class Scores:
    """A task's metrics for each of GROUPS."""

    task: str
    found: Overlap
    metrics: dict[str, dict[str, dict]]  # group -> metric -> value, ci95, n; a group without examples is empty

    def to_dict(self) -> dict:
        return {
            "mean_overlap": round(self.found.mean_share, 6), "overlap": round(self.found.share, 6),
            "too_short": len(self.found.short), "groups": self.metrics,
        }  # fmt: skip


def compare_scores(known: BloomFilter, results: str | os.PathLike, task: str, n: int = 8) -> Scores:
    """The scores of a task in a results file of `minigpt eval`, with and without what the filter has n-grams of.

    Args:
        known: the training text's n-grams.
        results: the file; its records must lie beside it.
        task: one that the file has.

    Raises:
        UsageError: the task is of whole texts, not of examples.
        ValueError, OSError: the file is no such file, or its data is missing.
    """
    from minigpt import zeroshot
    from minigpt.zeroshot.run import read_records

    how = tasks_of(results)[task]
    made = zeroshot.make(task, **how["options"])
    examples = made.examples(None, how["examples"])
    records = read_records(results, task)[: len(examples)]
    if len(records) < how["examples"]:
        raise ValueError(f"{results} has {how['examples']:,} examples of {task}, and {len(records):,} records are there")
    texts = ((str(number), [made.text(example)]) for number, example in enumerate(examples, start=1))
    found = Overlap(n, list(find(known, texts, n)))
    metrics = {}
    for group, belongs in GROUPS.items():
        chosen = [i for i, document in enumerate(found.documents) if belongs(document.share)]
        metrics[group] = made.metrics([examples[i] for i in chosen], [records[i] for i in chosen]) if chosen else {}
    return Scores(task, found, metrics)


def tasks_of(results: str | os.PathLike) -> dict[str, dict]:
    """The tasks of a results file, and how each was run.

    Raises:
        ValueError: it is no results file of `minigpt eval`.
    """
    try:
        return json.loads(Path(results).read_text(encoding="utf-8"))["provenance"]["tasks"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{results} is no file of results; make one with `minigpt eval MODEL --tasks A --out FILE`") from None


def chosen_tasks(results: str | os.PathLike, names: str | None) -> list[str]:
    """The tasks that are asked for, "a,b"; if none is named, all of the file whose examples can be looked up.

    Raises:
        UsageError: the file has no such task, or none that has examples.
    """
    from minigpt.zeroshot import kind
    from minigpt.zeroshot.task import Task

    there = tasks_of(results)
    wanted = [name.strip() for name in names.split(",")] if names else list(there)
    if missing := next((name for name in wanted if name not in there), None):
        raise UsageError(f"{results} has no results of {missing!r}; it has {', '.join(there)}")
    chosen = [name for name in wanted if kind(name).text is not Task.text]
    if not chosen or (names and chosen != wanted):
        whole = next((name for name in wanted if name not in chosen), "the file")
        raise UsageError(f"{whole} has no examples to be looked up one by one; give its text with --test")
    return chosen


def table(scores: Scores) -> str:
    """A line for each group of examples, its headline metrics with their intervals."""
    from minigpt.zeroshot import kind

    names = [name for name in kind(scores.task).headline if name in scores.metrics["all examples"]]
    rows = [(scores.task, "examples", *names)]
    for group, metrics in scores.metrics.items():
        count = sum(1 for document in scores.found.documents if GROUPS[group](document.share))
        cells = (_cell(metrics[name]) if name in metrics else "-" for name in names)
        rows.append((group, f"{count:,}", *cells))
    mean = f"mean overlap {100 * scores.found.mean_share:.2f} % of an example's {scores.found.n}-grams"
    return "\n".join([*aligned(rows), mean])


def _cell(metric: dict) -> str:
    low, high = metric["ci95"]
    return f"{metric['value']:,.4g} [{low:,.4g}, {high:,.4g}]"
