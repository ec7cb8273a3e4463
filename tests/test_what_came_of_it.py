"""The experiments of chapter 15: prompts with examples, fine-tuning, one-way reading, later ideas, a scaling law."""

from __future__ import annotations

import json
import math

import pytest
import torch

from minigpt import recorded, tinyweb
from minigpt.config import GPTConfig
from minigpt.experiments import abilities, finetune, one_way, shots, since, specialists
from minigpt.experiments.parts import Parts
from minigpt.experiments.scaling import fit_law
from minigpt.model import GPT, IGNORE
from minigpt.tinyweb import load_model, tasks, wobblish


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def small():
    return load_model("0.25M")


# ---- Parts ----


def test_a_part_is_measured_once(tmp_path):
    calls = []

    def measure(value):
        calls.append(value)
        return {"value": (value, 2)}

    first = Parts(tmp_path / "parts.json").get("one", measure, 1)
    again = Parts(tmp_path / "parts.json")
    assert again.get("one", measure, 1) == first == {"value": [1, 2]} and calls == [1]
    assert again.get("two", measure, 5) == {"value": [5, 2]} and again.cpu_seconds >= 0
    assert set(json.loads((tmp_path / "parts.json").read_text())) == {"one", "two", "cpu_seconds"}


# ---- Examples in the context ----


def test_prompts():
    item = shots.Asked((("a =", " A"), ("b =", " B"), ("c =", " C")), "d =", " D")
    assert shots.prompt_of(item, 0) == "d ="
    assert shots.prompt_of(item, 2) == "a = A\nb = B\nd ="
    assert shots.prompt_of(item, 3, mixed=True) == "a = B\nb = C\nc = A\nd ="


@pytest.mark.parametrize("task", shots.TASKS)
def test_items_fit_and_are_the_same_again(task, small):
    _, tok = small
    items = shots.TASKS[task](6, tok)
    assert items == shots.TASKS[task](6, tok)
    for item in items:
        assert len(item.shown) == (2 if task == "reading" else 16) and len(set(item.shown)) == len(item.shown)
        assert len(tok.encode(shots.prompt_of(item, 16) + item.answer + "\n")) + 1 <= shots.CONTEXT + 1
        assert (item.question, item.answer) not in item.shown


def test_a_changed_word_is_in_no_page_and_in_every_example(small):
    for item in shots.changed_words(5, small[1]):
        assert all(item.word in answer.split() for _, answer in (*item.shown, ("", item.answer)))
        assert item.word not in wobblish.LEXICON.values()


def test_questions_are_never_asked_by_pages(small):
    pages = "\n".join(page.text for page in tinyweb.pages(400, kind="quiz"))
    asked = [item.question.split("\n")[0].removeprefix("Q: ") for item in shots.questions(40, small[1])]
    assert not [question for question in asked if question in pages]


def test_right_is_what_the_model_would_write():
    model, tok = load_model("0.67M")
    items = shots.questions(24, tok)
    prompts = [shots.prompt_of(item, 2) for item in items]
    written = abilities.written(model, tok, prompts)
    found = shots.given(model, tok, prompts, [item.answer for item in items])
    right = [all(one.right) for one in found]
    assert right == [text == item.answer for text, item in zip(written, items)] and any(right) and not all(right)
    own = shots.given(model, tok, prompts, written)  # what it writes is right by this measure, whatever it is
    clean = [tok.encode(prompt + text) == tok.encode(prompt) + tok.encode(text) for prompt, text in zip(prompts, written)]
    assert sum(all(one.right) for one, ok in zip(own, clean) if ok) >= 0.8 * sum(clean)


def test_moved_positions(small):
    model, tok = small
    ids = torch.tensor([[tok.eot, *tok.encode("the hen sat")]])
    other = shots.moved(model, 7)
    assert torch.equal(shots.moved(model, 0)(ids)[0], model(ids)[0])
    assert torch.equal(other.embed(ids)[:, :1], model.embed(ids)[:, :1])
    assert torch.allclose(other.embed(ids)[:, 1], model.wte(ids[:, 1]) + model.wpe.weight[8])


# ---- Fine-tuning ----


def test_only_the_answer_counts(small):
    _, tok = small
    taught = finetune.rows(tok, [finetune.Labeled("Q: Who?\nA:", " Ada."), finetune.Labeled("the hen =", " lama")])
    inputs, targets = finetune.batch_of(taught)
    assert inputs.shape == targets.shape
    for (ids, at), row, aims in zip(taught, inputs.tolist(), targets.tolist()):
        assert row[: len(ids) - 1] == ids[:-1] and [aim for aim in aims if aim != IGNORE] == ids[at:]
        assert aims[at - 1] == ids[at] and tok.decode(ids[at:]).endswith("\n")


def test_labels_are_those_of_the_specialists():
    mine, theirs = finetune.labels("reading", 5, seed=2), specialists.reading_examples(5, seed=2)
    assert [one.answer.strip() for one in mine] == [example.candidates[example.answer] for example in theirs]
    assert all(example.text in one.prompt for one, example in zip(mine, theirs))


@pytest.mark.parametrize("task", finetune.TASKS)
def test_labels_are_not_of_test_items(task):
    items = tasks.items(task, 100)
    asked = {finetune.bare(task, item.prompt) + (item.answer if task == "pronoun" else "") for item in items}
    assert not asked & {one.prompt for one in finetune.labels(task, 200, seed=0)}


def test_fine_tuning_teaches_the_form():
    model, tok = load_model("0.67M")
    items = tasks.items("closed_book", 80)
    before = sum(finetune.right(model, tok, "closed_book", items))
    finetune.fine_tune(model, tok, finetune.labels("closed_book", 30, seed=0), seed=0)
    assert sum(finetune.right(model, tok, "closed_book", items)) > before + 8 and not model.training


def test_rehearsal_reads_pages_too(small):
    model, tok = load_model("0.25M")
    finetune.fine_tune(model, tok, finetune.labels("pronoun", 8, seed=0), seed=0, rehearse=True)
    page = [[tok.eot, *tok.encode(text)][:200] for text in tinyweb.documents(20, split="test")]
    nats = [abilities.nats_of(one, [(ids, 1) for ids in page]).sum().item() for one in (small[0], model)]
    assert nats[1] < 1.05 * nats[0]


# ---- Reading one way ----


@pytest.mark.parametrize("mask", one_way.MASKS)
def test_only_both_ways_see_what_follows(mask, small):
    _, tok = small
    torch.manual_seed(0)
    model = one_way.Tagger(tok.vocab_size, mask)
    here = one_way.Clause([5, 6, 7, 8], 1, 0)
    there = here._replace(ids=[5, 6, 7, 9])
    scores = {place: model(*one_way.batch_of([here, there], place)[:3]) for place in one_way.PLACES}
    assert (scores["at the pronoun"][0] == scores["at the pronoun"][1]).all().item() == (mask == "causal")
    assert not torch.equal(*scores["at the end"])


def test_fillers_are_not_seen(small):
    torch.manual_seed(0)
    for mask in one_way.MASKS:
        model = one_way.Tagger(small[1].vocab_size, mask)
        short, long = one_way.Clause([5, 6, 7], 1, 0), one_way.Clause([4] * 9, 1, 0)
        for place in one_way.PLACES:
            alone = model(*one_way.batch_of([short], place)[:3])
            beside = model(*one_way.batch_of([short, long], place)[:3])
            assert torch.allclose(alone[0], beside[0], atol=1e-5)


def test_clauses(small):
    _, tok = small
    found = one_way.clauses(200, tok, "train")
    for clause in found[:20]:
        assert tok.decode([clause.ids[clause.pronoun]]).strip() in ("it", "he", "she")
    assert 70 < sum(clause.first_or_other for clause in found) < 130
    assert not {tuple(c.ids) for c in found} & {tuple(c.ids) for c in one_way.clauses(200, tok, "test")}


# ---- Ideas since ----


def test_with_all_switches_off_it_is_gpt2():
    torch.manual_seed(0)
    mine = since.Model(since.Ideas())
    theirs = GPT(GPTConfig(since.VOCAB, since.BLOCK, since.LAYERS, since.HEADS, since.WIDTH))
    theirs.load_state_dict(mine.state_dict())
    ids = torch.randint(since.VOCAB, (2, 20))
    assert torch.allclose(mine(ids), theirs(ids)[0], atol=1e-5)


@pytest.mark.parametrize("name", since.ARMS)
def test_every_arm_is_causal_and_of_about_the_same_size(name):
    torch.manual_seed(0)
    model = since.Model(since.ARMS[name])
    ids = torch.randint(since.VOCAB, (1, 12))
    other = ids.clone()
    other[0, 8:] = 3
    assert torch.allclose(model(ids)[:, :8], model(other)[:, :8], atol=1e-5)
    plain = sum(p.numel() for p in since.Model(since.Ideas()).parameters())
    assert 0.85 < sum(p.numel() for p in model.parameters()) / plain <= 1.01
    loss = model.loss(ids, ids)
    loss.backward()
    for optimizer in since.optimizers(model, since.ARMS[name], 1e-3):
        optimizer.step()
    assert model.loss(ids, ids) < loss


def test_every_parameter_has_one_optimizer():
    model = since.Model(since.ARMS["all six"])
    held = [p for o in since.optimizers(model, since.ARMS["all six"], 1e-3) for g in o.param_groups for p in g["params"]]
    assert len(held) == len(set(map(id, held))) == len(list(model.parameters()))


def test_rotary_products_depend_on_the_distance():
    torch.manual_seed(0)
    q, k = torch.randn(2, 1, 1, 1, 8)
    q, k = (since.rotate(x.expand(1, 1, 60, 8)) for x in (q, k))
    products = (q @ k.transpose(-1, -2))[0, 0]
    assert torch.allclose(products[10, 4], products[50, 44], atol=1e-4)
    assert not torch.allclose(products[10, 4], products[10, 5], atol=1e-3)


@pytest.mark.parametrize("shape", [(12, 12), (8, 20), (20, 8)])
def test_orthogonal(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    values = torch.linalg.svdvals(since.orthogonal(matrix))
    assert since.orthogonal(matrix).shape == matrix.shape and 0.4 < values.min() and values.max() < 1.3


def test_muon_moves_all_directions_alike():
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.zeros(6, 6))
    weight.grad = torch.diag(torch.tensor([100.0, 10, 1, 1, 1, 1]))
    since.Muon([weight], lr=0.1).step()
    moved = -torch.diag(weight.detach())
    assert (moved > 0.03).all() and (moved < 0.13).all()


# ---- The law ----


def test_the_law_is_found_again():
    points = [(n, d, 0.4 + 0.3 * n**-0.6 + 2 * d**-0.8) for n in (0.25, 0.67, 1.5) for d in (2, 5, 10, 20)]
    law = fit_law(points)
    assert (law.a, law.b) == (0.6, 0.8) and math.isclose(law.E, 0.4, abs_tol=1e-6) and law.error < 1e-6
    assert math.isclose(law.loss(2.8, 24), 0.4 + 0.3 * 2.8**-0.6 + 2 * 24**-0.8, rel_tol=1e-6)


# ---- The records ----


def test_the_records_are_whole():
    record = recorded.load("shots")
    assert set(record["tasks"]) == set(shots.TASKS)
    for curves in record["tasks"].values():
        assert list(curves) == list(tinyweb.SIZES)
        for curve in curves.values():
            assert all(len(one["hits"]) == record["items"] for one in curve.values())
            assert all(one["ci95"][0] <= one["value"] <= one["ci95"][1] for one in curve.values())
    record = recorded.load("finetune")
    for curves in record["curves"].values():
        for curve in curves.values():
            assert [int(n) for n in curve] == [0, *record["labels"]]
    record = recorded.load("one_way")
    assert set(record["models"]) == set(one_way.MASKS)
    record = recorded.load("since")
    assert set(record["arms"]) == set(since.ARMS) and all(len(arm["runs"]) >= 2 for arm in record["arms"].values())
