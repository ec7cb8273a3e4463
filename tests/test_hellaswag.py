"""HellaSwag's three readings, against the long way and against lm-evaluation-harness; the task, from its file."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from minigpt import cli, data
from minigpt.config import GPTConfig
from minigpt.data import DownloadError
from minigpt.model import GPT
from minigpt.tokenizer import Tokenizer
from minigpt.zeroshot import make
from minigpt.zeroshot.hellaswag import FILE, RULES, story, tidied
from minigpt.zeroshot.run import evaluate, read_records
from minigpt.zeroshot.scoring import Scored
from minigpt.zeroshot.task import Reader

EXAMPLE = {
    "activity_label": "Peeling an apple",
    "ctx_a": "A man takes [substeps] an apple.",
    "ctx_b": "he",
    "ctx": "A man takes [substeps] an apple. he",
    "endings": ["eats it.", "peels  it with a knife. [title] Then he smiles.", "flies.", "is an apple in a tree."],
    "label": 1,
}
# Brackets at the end of a beginning and at the start of an ending leave blanks, and the harness has a rule for these.
ENDS_IN_BRACKETS = {**EXAMPLE, "ctx_a": "[header] How to peel [title] Take an apple. [step]", "ctx_b": ""}
BEGINS_WITH_BRACKETS = {**EXAMPLE, "endings": ["[step] eats it.", "a knife.", "an apple.", "[title] A man smiles."]}
EXAMPLES = [{**one, "label": label} for one in (EXAMPLE, ENDS_IN_BRACKETS, BEGINS_WITH_BRACKETS) for label in range(4)]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(["A man takes an apple. He peels it with a knife and eats it in a tree."], 290)


@pytest.fixture(scope="module")
def model() -> GPT:
    torch.manual_seed(3)
    model = GPT(GPTConfig(vocab_size=290, block_size=96, n_layer=1, n_head=2, n_embd=16)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(8)  # so that the endings differ
    return model


@pytest.fixture
def put(tmp_path, monkeypatch):
    """`put(lines)` makes the data set of the test's own."""
    monkeypatch.setenv("MINIGPT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(data, "REGISTRY", {})

    def write(lines: list[dict]) -> None:
        path = tmp_path / "data" / "hellaswag" / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    return write


def test_the_text_is_written_as_the_harness_writes_it():
    one = story(EXAMPLE)
    assert one.before == "Peeling an apple: A man takes an apple. He"
    assert one.endings[1] == " peels it with a knife.. Then he smiles." and one.characters[1] == len(one.endings[1]) - 1
    assert tidied("a [title] b [x] c") == "a. b c"
    ends = story(ENDS_IN_BRACKETS)
    assert ends.before == "Peeling an apple: How to peel. Take an apple." and ends.endings[2] == "  flies."
    as_it_is = story(EXAMPLE, harness=False)
    assert as_it_is.before == EXAMPLE["ctx"] and as_it_is.endings[0] == " eats it." and as_it_is.characters[0] == 8


def test_scores_are_log_probabilities_of_the_endings_alone(put, model, tokenizer, tmp_path):
    put([EXAMPLE])
    evaluate(model, tokenizer, [make("hellaswag")], tmp_path / "r.json", progress=False)
    (record,), one = read_records(tmp_path / "r.json", "hellaswag"), story(EXAMPLE)
    nats, tokens = [], [len(tokenizer.encode(ending)) for ending in one.endings]
    for i, ending in enumerate(one.endings):
        ids, total = tokenizer.encode(one.before), 0.0
        for token in tokenizer.encode(ending):  # one at a time
            with torch.no_grad():
                logits, _ = model(torch.tensor([ids]))
            total -= float(F.log_softmax(logits[0, -1], dim=-1)[token])
            ids.append(token)
        nats.append(total)
        assert record["nats"][i] == pytest.approx(total, abs=1e-3)
    assert record["total"] == min(range(4), key=nats.__getitem__)
    assert record["by character"] == min(range(4), key=lambda i: nats[i] / (len(one.endings[i]) - 1))
    assert record["by token"] == min(range(4), key=lambda i: nats[i] / tokens[i])


def test_the_readings_differ_and_of_equal_endings_the_first_wins(tokenizer):
    task, reader = make("hellaswag"), Reader(tokenizer, 96)

    def chosen(nats: list[list[float]], characters: tuple[int, ...]) -> list[int]:
        one = story(EXAMPLE)._replace(characters=characters)
        got = [Scored(each, [], []) for each in nats]
        record = task.record(one, [], got, reader)
        return [record[rule] for rule in RULES.values()]

    assert chosen([[3.0], [2.0, 2.0], [5.0], [1.5, 1.5, 1.5]], (1, 4, 100, 2)) == [0, 2, 3]
    assert chosen([[2.0], [2.0], [1.0, 1.0], [4.0]], (4, 2, 4, 8)) == [0, 0, 2]
    assert chosen([[1.0], [1.0], [1.0], [1.0]], (2, 2, 2, 2)) == [0, 0, 0]


def test_equal_to_lm_evaluation_harness(put, model, tokenizer, tmp_path):
    """Its own text, its own scores of a transformers model, and its own process_results, on made-up items."""
    pytest.importorskip("lm_eval", reason="lm-eval is not installed: pip install lm-eval")
    import datasets
    from lm_eval.api.instance import Instance
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.tasks.hellaswag.utils import process_docs

    from tests.test_zeroshot import hugging_face

    put(EXAMPLES)
    evaluate(model, tokenizer, [make("hellaswag")], tmp_path / "r.json", progress=False)
    ours = read_records(tmp_path / "r.json", "hellaswag")
    theirs = hugging_face(model, tokenizer, tmp_path / "model")
    lines = datasets.Dataset.from_list([{**one, "label": str(one["label"])} for one in EXAMPLES])
    for record, doc in zip(ours, process_docs(lines), strict=True):
        pairs = [(doc["query"], " " + choice) for choice in doc["choices"]]
        answers = theirs.loglikelihood([Instance("loglikelihood", doc, pair, 0) for pair in pairs], disable_tqdm=True)
        assert record["nats"] == pytest.approx([-one for one, _ in answers], abs=2e-3)
        scores = ConfigurableTask.process_results(Plain(), {**doc}, answers)
        assert (record["total"] == record["answer"]) == bool(scores["acc"])
        assert (record["by character"] == record["answer"]) == bool(scores["acc_norm"])
    assert len({(record["total"], record["by character"]) for record in ours}) > 1  # or nothing was compared


class Plain:
    """What the harness's process_results asks of its task, which otherwise wants the data from its hub."""

    OUTPUT_TYPE = "multiple_choice"
    _metric_fn_list = {"acc": None, "acc_norm": None}
    multiple_input = multiple_target = 0
    config = SimpleNamespace(process_results=None)

    def __init__(self) -> None:
        self.doc_to_choice = lambda doc: doc["choices"]
        self.doc_to_target = lambda doc: doc["gold"]


def test_it_runs_from_the_command_line(put, model, tokenizer, tmp_path, capsys):
    put(EXAMPLES)
    folder, out = tmp_path / "model", tmp_path / "out.json"
    model.save_pretrained(folder)
    tokenizer.save(folder)
    command = ["eval", str(folder), "--tasks", "hellaswag", "--limit", "8", "--out", str(out)]
    assert cli.main([*command, "--option", "hellaswag.text=as it is"]) == 0
    result = json.loads(out.read_text())["tasks"]["hellaswag"]
    assert set(result) == set(RULES) and all(one["n"] == 8 for one in result.values())
    assert result["accuracy"]["value"] in (0.25,)  # each example comes with each label, so one of four is right
    assert "accuracy/token" in capsys.readouterr().out


def test_a_long_beginning_is_cut_at_its_start(put, model, tokenizer, tmp_path):
    long = {**EXAMPLE, "ctx": "He eats an apple. " * 40 + "A man"}
    put([long])
    result = evaluate(model, tokenizer, [make("hellaswag", text="as it is")], tmp_path / "r.json", progress=False)
    assert result["provenance"]["tasks"]["hellaswag"]["texts_cut"] == 4
    (record,) = read_records(tmp_path / "r.json", "hellaswag")
    assert all(math.isfinite(one) for one in record["nats"])


@pytest.mark.parametrize("change", [{"label": 4}, {"label": ""}, {"endings": ["a", " ", "c", "d"]}, {"ctx_b": None}])
def test_a_broken_line_is_named(put, tokenizer, change):
    put([EXAMPLE, {**EXAMPLE, **change}])
    with pytest.raises(ValueError, match=f"{FILE}, line 2: a story needs endings and a label"):
        make("hellaswag").examples(Reader(tokenizer, 96), None)


def test_where_the_set_can_be_had_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("MINIGPT_DATA", str(tmp_path))
    with pytest.raises(DownloadError, match=r"closed in September 2026.*Put it at \$MINIGPT_DATA/hellaswag"):
        data.get("hellaswag")
    assert "0aa3b888" in data.describe("hellaswag")
