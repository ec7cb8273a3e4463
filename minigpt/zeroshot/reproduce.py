"""A table or figure of the paper again: its numbers, ours with their intervals, the difference, and how ours were got.

    minigpt reproduce table3 --size 124M

Where the paper leaves the protocol open, the rung of ours that comes nearest to its number is named as well: that says
what the paper may have done, not what is right. Paper: Tables 3 to 5, Figures 1 and 3.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import NamedTuple

from minigpt import paper
from minigpt.config import GPT2_SIZES
from minigpt.errors import UsageError, unknown
from minigpt.zeroshot.questions import most_confident


class Column(NamedTuple):
    """One number of the paper, by size, and where ours stands in the results.

    Attributes:
        value: the paper's name of a size -> its number, None where it has none.
        metric: of the task; `scale` times it has the paper's unit.
        others: key of `paper.OTHERS`: what others measured with the same protocol or one like it.
        ladder: what the names of the metrics begin with that are other protocols for the same number.
    """

    name: str
    task: str
    metric: str
    value: Callable[[str], float | None]
    scale: float = 100
    others: str = ""
    ladder: str = ""


def _table_3(column: str) -> Callable[[str], float | None]:
    return lambda size: paper.TABLE_3.value(size, column)


def _figure_1(panel: str) -> Callable[[str], float | None]:
    return lambda size: paper.FIGURE_1[panel].value(size, "value")


def _largest(value: float) -> Callable[[str], float | None]:
    """A number that the paper gives for its largest model alone."""
    return lambda size: value if size == "1542M" else None


def _table_4(row: str, column: str) -> Callable[[str], float | None]:
    value = paper.TABLE_4.value(row, column)
    return _largest(value) if row.startswith("GPT-2") else lambda size: value


TABLE_3 = (
    Column("LAMBADA PPL", "lambada", "perplexity", _table_3("LAMBADA PPL"), 1, "lambada perplexity", "perplexity/"),
    Column("LAMBADA ACC, as the text says: the word, stop words filtered", "lambada", "accuracy/raw/word, stop words",
           _table_3("LAMBADA ACC"), ladder="accuracy/"),
    Column("LAMBADA ACC, as others come near to it: the last token", "lambada", "accuracy/raw/last token",
           _table_3("LAMBADA ACC"), others="lambada last token"),
    Column("LAMBADA ACC without a filter (section 3.3)", "lambada", "accuracy",
           _largest(paper.RESULTS["lambada_plain"].value), others="lambada word accuracy"),
    Column("CBT-CN", "cbt-cn", "accuracy", _table_3("CBT-CN"), others="cbt common nouns"),
    Column("CBT-NE", "cbt-ne", "accuracy", _table_3("CBT-NE"), others="cbt named entities"),
    Column("WikiText2", "wikitext2", "perplexity", _table_3("WikiText2"), 1, "openai wikitext2", "perplexity/"),
    Column("PTB", "ptb", "perplexity", _table_3("PTB"), 1, "openai ptb", "perplexity/"),
    Column("enwik8", "enwik8", "bits_per_byte", _table_3("enwik8"), 1, ladder="bits_per_byte/"),
    Column("text8", "text8", "bits_per_character", _table_3("text8"), 1, ladder="bits_per_character/"),
    Column("WikiText103", "wikitext103", "perplexity", _table_3("WikiText103"), 1, "wikitext word perplexity",
           "perplexity/"),
    Column("1BW", "1bw", "perplexity", _table_3("1BW"), 1, ladder="perplexity/"),
)  # fmt: skip
_ROUGE = {"R-1": "rouge1", "R-2": "rouge2", "R-L": "rougeL", "AVG": "average"}
_WAYS = {"GPT-2 TL;DR:": "", "GPT-2 no hint": "/no hint", "Lede-3": "/lead", "Random-3": "/random"}
TARGETS: dict[str, tuple[str, tuple[Column, ...]]] = {
    "table3": (paper.TABLE_3.where, TABLE_3),
    "table4": (
        paper.TABLE_4.where,
        tuple(
            Column(f"{row}, {column}", "cnn_dm", metric + behind, _table_4(row, column))
            for row, behind in _WAYS.items()
            for column, metric in _ROUGE.items()
        ),
    ),
    "table5": (
        paper.TABLE_5_WHERE,
        (
            Column("right among the most confident 1 %", "nq", "exact_match/most confident 1 %",
                   _largest(paper.RESULTS["questions_confident"].value)),
            Column("right among all", "nq", "exact_match", _figure_1("questions")),
        ),
    ),
    "figure1": (
        "Figure 1, page 2 (sections 3.5 to 3.8)",
        (
            Column("CoQA, F1", "coqa", "f1", _figure_1("reading"), others="coqa"),
            Column("WMT14 French to English, BLEU", "wmt14-fr-en", "bleu", _figure_1("translation"), 1),
            Column("CNN and Daily Mail, mean of ROUGE", "cnn_dm", "average", _figure_1("summarization")),
            Column("Natural Questions, % right", "nq", "exact_match", _figure_1("questions")),
        ),
    ),
    "figure3": (
        paper.FIGURE_3_CORRECT.where,
        tuple(
            Column(f"Winograd, {how}", "wsc273", how, lambda size, how=how: paper.winograd_percent(size, how))
            for how in ("partial", "full")
        ),
    ),
}  # fmt: skip


def size_of(name: str) -> paper.Size:
    """A size by its released name, "124M".

    Raises:
        UsageError: there is none; the message has the nearest.
    """
    for size in paper.TABLE_2:
        if size.released == name:
            return size
    raise UsageError(unknown("size of GPT-2", name, GPT2_SIZES))


def task_names(target: str) -> list[str]:
    """The tasks of a table or figure.

    Raises:
        UsageError: there is none of that name.
    """
    if target not in TARGETS:
        raise UsageError(unknown("table or figure to reproduce", target, TARGETS))
    return list(dict.fromkeys(column.task for column in TARGETS[target][1]))


def report(target: str, size: str, result: dict, limit: int | None = None) -> str:
    """The table to be printed: paper, ours, interval, difference; under the columns of a task its protocol in words.

    Args:
        result: as `evaluate` returns it; tasks that it lacks are shown as not run.
        limit: with which it was made: a warning goes with numbers of a part.
    """
    where, columns = TARGETS[target]
    named = size_of(size).paper
    lines = [f"{where}; GPT-2 {size} (the paper's {named}); model: {result['model']}"]
    if limit is not None:
        lines.append(f"Of the first {limit} examples of each set only: this tries the path, and is no result.")
    lines += ["", f"{'':<60}{'paper':>8}{'ours':>12}  {'95 % interval':<24}{'difference':>12}"]
    for i, column in enumerate(columns):
        lines += _lines(column, named, size, result)
        if i + 1 == len(columns) or columns[i + 1].task != column.task:
            how = result.get("provenance", {}).get("tasks", {}).get(column.task)
            told = f"how: {how['protocol']}; {how['examples']:,} {how['unit']}s." if how else "not run."
            lines += [textwrap.fill(told, 110, initial_indent="    ", subsequent_indent="    "), ""]
    return "\n".join(lines).rstrip()


def _lines(column: Column, named: str, size: str, result: dict) -> list[str]:
    """A number's line, the nearest rung of its ladder, and what others measured."""
    theirs, metrics = column.value(named), result["tasks"].get(column.task, {})
    line, lines = f"{column.name:<60}{'-' if theirs is None else f'{theirs:.2f}':>8}", []
    if column.metric in metrics:
        low, high = (column.scale * end for end in metrics[column.metric]["ci95"])
        ours = column.scale * metrics[column.metric]["value"]
        line += f"{ours:>12,.2f}  {f'[{low:,.2f}, {high:,.2f}]':<24}"
        line += "" if theirs is None else f"{ours - theirs:>+12,.2f}"
        rungs = {name: column.scale * one["value"] for name, one in metrics.items() if name.startswith(column.ladder)}
        if column.ladder and rungs and theirs is not None:
            nearest = min(rungs, key=lambda name: abs(rungs[name] - theirs))
            lines.append(f"    nearest of {len(rungs)} protocols: {rungs[nearest]:,.2f} ({nearest})")
    other = paper.OTHERS.get(column.others)
    if other and other.value(size) is not None:
        lines.append(f"    others: {other.value(size):g}, {other.what} ({other.source})")
    return [line.rstrip(), *lines]


def confident_answers(records: list[dict], n: int = 30) -> str:
    """Table 5 from the records of nq: the n answers that the model trusts most, with its probability."""
    chosen = most_confident(records, n)
    right = sum(record["right"] for record in chosen)
    stated = 100 * sum(record["probability"] for record in chosen) / len(chosen)
    lines = [f"{'question':<64}{'answer':<36}{'right':<7}probability"]
    for one in chosen:
        asked, written, mark = one["question"][:62], one["written"][:34], "yes" if one["right"] else "no"
        lines.append(f"{asked:<64}{written:<36}{mark:<7}{100 * one['probability']:.1f} %")
    lines.append(
        f"{right:.0f} of {len(chosen)} right, mean stated probability {stated:.1f} % "
        f"(the paper's largest model: {paper.TABLE_5['right']} of {paper.TABLE_5['answers']}, "
        f"{paper.TABLE_5['mean_probability']} %)"
    )
    return "\n".join(lines)

