"""The paper's numbers agree with each other: sums, means, bold print, and counts that follow from a formula."""

from __future__ import annotations

import doctest
import math
import re

import pytest

from minigpt import paper
from minigpt.paper import (
    FIGURE_1,
    FIGURE_2,
    FIGURE_3_CORRECT,
    FIGURE_4,
    SIZES,
    TABLE_2,
    TABLE_3,
    TABLE_4,
    TABLE_5,
    TABLE_6,
)

TABLES = [TABLE_3, TABLE_4, TABLE_6, FIGURE_3_CORRECT, FIGURE_4, paper.FIGURE_5, *FIGURE_1.values(), *FIGURE_2.values()]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.where + ", " + table.title)
def test_tables_are_whole(table):
    for name, row in table.rows.items():
        assert len(row) == len(table.columns), name
        assert all(isinstance(value, (int, float)) for value in row), name
    assert all(len(marks) == len(table.columns) and set(marks) <= {"*", "."} for marks in table.bold.values())
    assert set(table.lower_is_better) <= set(table.columns)
    assert re.search(r"(Table|Figure) \d, page \d+ \(section", table.where)


@pytest.mark.parametrize("size", TABLE_2, ids=lambda size: size.paper)
def test_parameter_counts(size):
    assert paper.parameters(size.layers, size.d_model) == size.parameters
    assert f"{round(size.parameters / 1e6)}M" == size.released
    assert size.d_model == 64 * size.heads
    with_old_vocabulary = paper.parameters(size.layers, size.d_model, vocabulary=paper.GPT1_VOCABULARY)
    assert f"{round(with_old_vocabulary / 1e6)}M" == size.paper


def test_counts_with_512_positions_would_not_fit():
    counts = [paper.parameters(s.layers, s.d_model, paper.GPT1_VOCABULARY, positions=512) for s in TABLE_2]
    assert [round(count / 1e6, 1) for count in counts] == [116.5, 344.3, 760.9, 1541.1]


def test_bold_is_better_than_the_state_of_the_art():
    for column in TABLE_3.columns:
        best = TABLE_3.value("SOTA", column)
        beaten = []
        for size in SIZES:
            value = TABLE_3.value(size, column)
            better = value < best if column in TABLE_3.lower_is_better else value > best
            assert TABLE_3.is_bold(size, column) == better, (size, column)
            beaten.append(better)
        assert TABLE_3.is_bold("SOTA", column) == (not any(beaten)), column


def test_data_sets_beaten_by_size():
    def beaten(size):
        return sum(any(TABLE_3.is_bold(size, c) for c in columns) for columns in paper.TABLE_3_DATA_SETS.values())

    assert len(paper.TABLE_3_DATA_SETS) == 8
    assert sum(len(columns) for columns in paper.TABLE_3_DATA_SETS.values()) == 10
    assert [beaten(size) for size in SIZES] == [3, 4, 6, 7]
    assert set(paper.TABLE_3_SOTA_SOURCES) == set(TABLE_3.columns)


def test_bigger_is_not_always_better():
    assert TABLE_3.value("762M", "CBT-CN") > TABLE_3.value("1542M", "CBT-CN")
    summaries = FIGURE_1["summarization"].column("value")
    assert summaries["762M"] > summaries["1542M"]
    assert summaries["117M"] < summaries["Random-3"] - 4
    assert [size for size in SIZES if summaries[size] > 20] == ["345M", "762M", "1542M"]


def test_summaries():
    for row, (r1, r2, rl, average) in TABLE_4.rows.items():
        assert math.isclose((r1 + r2 + rl) / 3, average, abs_tol=0.011), row
    assert round(TABLE_4.value("GPT-2 TL;DR:", "AVG") - TABLE_4.value("GPT-2 no hint", "AVG"), 2) == 6.37
    assert TABLE_4.value("Random-3", "R-2") > TABLE_4.value("GPT-2 TL;DR:", "R-2")


def test_figures_agree_with_the_tables():
    for panel, column in (("CN", "CBT-CN"), ("NE", "CBT-NE")):
        for size in SIZES:
            assert abs(FIGURE_2[panel].value(size, "value") - TABLE_3.value(size, column)) <= 0.1
        assert FIGURE_2[panel].value("Bajgar 2016", "value") < TABLE_3.value("SOTA", column) - 1  # the paper disagrees
    drawn = FIGURE_1["summarization"]
    for row, name in (("Lede-3", "Lead-3"), ("Seq2Seq + Attn", "Seq2seq + attention"), ("Random-3", "Random-3"),
                      ("GPT-2 TL;DR:", "1542M")):  # fmt: skip
        assert abs(TABLE_4.value(row, "AVG") - drawn.value(name, "value")) <= 0.1


def test_winograd():
    assert [round(paper.winograd_percent(size), 1) for size in SIZES] == [61.5, 62.3, 69.2, 70.7]
    assert [round(paper.winograd_percent(size, "full"), 1) for size in SIZES] == [55.7, 58.6, 64.5, 66.7]
    assert round(paper.winograd_percent("1542M") - paper.FIGURE_3_SOTA) == 7


def test_most_confident_answers():
    assert TABLE_5["answers"] - len(TABLE_5["wrong"]) == TABLE_5["right"] == 22
    assert TABLE_5["lowest"][1] < TABLE_5["mean_probability"] < TABLE_5["highest"][1]


def test_overlap_means_and_range():
    own, web = TABLE_6.rows["own train"], TABLE_6.rows["WebText train"]
    assert round(sum(own) / 6, 2) == 5.91
    assert math.isclose(sum(web) / 6, 3.16, abs_tol=0.006)
    assert (min(web), max(web)) == (0.88, 6.31)


def test_perplexity_falls_with_size_and_the_gap_grows():
    train, test = FIGURE_4.column("train"), FIGURE_4.column("test")
    gaps = [round(test[size] - train[size], 1) for size in SIZES]
    assert gaps[0] == 0.7 and gaps[-1] == 1.3
    for curve in (train, test):
        values = [curve[size] for size in SIZES]
        assert values == sorted(values, reverse=True)


def test_bpe():
    facts = {name: fact.value for name, fact in paper.BPE.items()}
    assert facts["base"] + facts["merges"] + 1 == facts["vocabulary"] == 50257
    assert facts["printable_bytes"] + facts["remapped_bytes"] == facts["base"]


def test_bloom_filter_sizes_follow_from_the_error():
    facts = {name: fact.value for name, fact in paper.MEMORIZATION.items()}
    bits = -math.log(facts["false_positive"]) / math.log(2) ** 2
    assert round(bits, 1) == facts["bits_per_key"] and round(bits * math.log(2)) == facts["hashes"]


def test_corrections_are_for_chapters_of_the_book():
    assert len(paper.CORRECTIONS) == 16
    for correction in paper.CORRECTIONS:
        assert correction.chapters and all(re.fullmatch("0[1-9]|1[0-5]", chapter) for chapter in correction.chapters)
        assert correction.said != correction.right and correction.where


def test_measurements_by_others():
    assert paper.RELEASED == ("124M", "355M", "774M", "1558M")
    for name, measurement in paper.OTHERS.items():
        assert len(measurement.values) == 4 and measurement.source, name
        for size, confidence in measurement.unsure.items():
            assert measurement.value(size) is not None and 50 <= confidence < 100, name


def test_unknown_cells_are_named():
    with pytest.raises(KeyError, match="762M"):
        TABLE_3.value("124M", "PTB")
    with pytest.raises(ValueError, match="WikiText103"):
        TABLE_3.value("117M", "WT103")


def test_examples_in_docstrings():
    assert doctest.testmod(paper).failed == 0
