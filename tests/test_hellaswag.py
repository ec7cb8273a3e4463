"""HellaSwag's rule, against the long way."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from minigpt.config import GPTConfig
from minigpt.model import GPT
from minigpt.tokenizer import Tokenizer
from minigpt.zeroshot.hellaswag import RULES, beginning_and_endings, ending_scores, hellaswag, tidied

EXAMPLE = {
    "activity_label": "Peeling an apple",
    "ctx_a": "A man takes [substeps] an apple.",
    "ctx_b": "he",
    "ctx": "A man takes [substeps] an apple. he",
    "endings": ["eats it.", "peels  it with a knife. [title] Then he smiles.", "flies.", "is an apple in a tree."],
    "label": "1",
}


@pytest.fixture(scope="module")
def model_and_tokenizer():
    torch.manual_seed(3)
    tokenizer = Tokenizer.train(["A man takes an apple. He peels it with a knife and eats it in a tree."], 290)
    model = GPT(GPTConfig(vocab_size=290, block_size=64, n_layer=1, n_head=2, n_embd=16)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(8)  # so that the endings differ
    return model, tokenizer


def test_the_text_is_written_as_the_harness_writes_it():
    text, endings = beginning_and_endings(EXAMPLE)
    assert text == "Peeling an apple: A man takes an apple. He"
    assert endings[1] == " peels it with a knife.. Then he smiles."
    assert tidied("a [title] b [x] c") == "a. b c"
    text, endings = beginning_and_endings(EXAMPLE, harness=False)
    assert text == EXAMPLE["ctx"] and endings[0] == " eats it."


def test_scores_are_log_probabilities_of_the_endings_alone(model_and_tokenizer):
    model, tokenizer = model_and_tokenizer
    text, endings = beginning_and_endings(EXAMPLE)
    scores = ending_scores(model, tokenizer, text, endings)
    for i, ending in enumerate(endings):
        ids = tokenizer.encode(text)
        total, tokens = 0.0, tokenizer.encode(ending)
        for token in tokens:  # one at a time
            with torch.no_grad():
                logits, _ = model(torch.tensor([ids]))
            total += float(F.log_softmax(logits[0, -1], dim=-1)[token])
            ids.append(token)
        assert scores["sum"][i] == pytest.approx(total, abs=1e-3)
        assert scores["token"][i] == pytest.approx(total / len(tokens), abs=1e-4)
        assert scores["character"][i] == pytest.approx(total / (len(ending) - 1), abs=1e-4)


def test_the_highest_score_is_the_answer(model_and_tokenizer):
    model, tokenizer = model_and_tokenizer
    scores = ending_scores(model, tokenizer, *beginning_and_endings(EXAMPLE))
    for rule in RULES:
        best = scores[rule].index(max(scores[rule]))
        for label in range(4):
            right = hellaswag(model, tokenizer, [{**EXAMPLE, "label": str(label)}])
            assert right[rule] == [label == best]


def test_a_long_beginning_is_cut_at_its_start(model_and_tokenizer):
    model, tokenizer = model_and_tokenizer
    long = ending_scores(model, tokenizer, "He eats an apple. " * 40 + "A man", [" eats it."])
    assert all(math.isfinite(score) for score in long["sum"])
    ids = tokenizer.encode("He eats an apple. " * 40 + "A man") + tokenizer.encode(" eats it.")
    kept = torch.tensor([ids[-65:]])
    number = len(tokenizer.encode(" eats it."))
    logits = model(kept[:, :-1])[0].detach()
    direct = F.log_softmax(logits[0, -number:], dim=-1).gather(1, kept[0, -number:, None]).sum()
    assert long["sum"][0] == pytest.approx(float(direct), abs=1e-3)
