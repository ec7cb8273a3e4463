"""Sampling: the filters equal transformers', the cache changes nothing, seeds repeat, and the context never ends."""

from __future__ import annotations

import doctest
import inspect
import math

import pytest
import torch
import transformers

import minigpt.sampling
from minigpt import GPT, GPTConfig, generate
from minigpt.sampling import draw, keep_top_k, keep_top_p, stream, with_temperature

torch.set_num_threads(1)
CONFIG = GPTConfig(vocab_size=97, block_size=16, n_layer=2, n_head=4, n_embd=32)


@pytest.fixture(scope="module")
def model() -> GPT:
    torch.manual_seed(0)
    model = GPT(CONFIG).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.15 * torch.randn_like(parameter))
    return model


def rows(seed: int = 0, vocab: int = 500) -> torch.Tensor:
    return 3 * torch.randn(6, vocab, generator=torch.Generator().manual_seed(seed))


def greedy_by_hand(model: GPT, ids: torch.Tensor, steps: int) -> torch.Tensor:
    """Without a cache: the whole text again for each token."""
    for _ in range(steps):
        with torch.no_grad():
            ids = torch.cat((ids, model(ids)[0][:, -1:].argmax(dim=-1)), dim=1)
    return ids


def test_doctests():
    result = doctest.testmod(minigpt.sampling)
    assert result.attempted > 0 and result.failed == 0


@pytest.mark.parametrize("k", [1, 2, 40, 499, 500, 1000])
def test_top_k_equals_transformers(k):
    for logits in (rows(), rows().round()):  # rounded: many ties
        assert torch.equal(keep_top_k(logits, k), transformers.TopKLogitsWarper(top_k=k)(None, logits.clone()))


@pytest.mark.parametrize("p", [0.001, 0.1, 0.5, 0.9, 0.99])
def test_top_p_equals_transformers(p):
    for seed in range(5):
        logits = rows(seed)
        assert torch.equal(keep_top_p(logits, p), transformers.TopPLogitsWarper(top_p=p)(None, logits.clone()))


def test_top_p_takes_the_fewest_that_reach_p():
    logits = rows()
    kept = keep_top_p(logits, 0.8).isfinite()
    for row, keep in zip(logits.softmax(dim=-1), kept):
        chosen = row[keep].sort().values
        assert chosen.sum() >= 0.8 - 1e-5 and chosen[1:].sum() < 0.8 + 1e-5
        assert chosen[0] >= row[~keep].max()
    assert keep_top_p(torch.zeros(1, 4), 1e-9).isfinite().sum() == 1


def test_temperature_equals_transformers_and_never_overflows():
    logits = rows()
    expected = transformers.TemperatureLogitsWarper(0.7)(None, logits.clone()).softmax(dim=-1)
    torch.testing.assert_close(with_temperature(logits, 0.7).softmax(dim=-1), expected)
    for tiny in (1e-30, 1e-300):
        assert torch.equal(with_temperature(logits, tiny).softmax(dim=-1).argmax(dim=-1), logits.argmax(dim=-1))
        assert with_temperature(logits, tiny).softmax(dim=-1).isfinite().all()


def test_draws_follow_the_probabilities():
    p = torch.tensor([0.1, 0.0, 0.6, 0.3, 0.0])
    u = torch.rand(20_000, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    share = draw(p.log().expand(20_000, 5), u).flatten().bincount(minlength=5) / 20_000
    torch.testing.assert_close(share, p, atol=0.012, rtol=0)
    assert share[1] == share[4] == 0
    ends = torch.tensor([[0.0], [1 - 2**-53]], dtype=torch.float64)
    assert draw(p.log().expand(2, 5), ends).flatten().tolist() == [0, 3]  # never one of probability 0


def test_greedy_with_the_cache_is_greedy_without(model):
    prompt = torch.randint(97, (3, 4), generator=torch.Generator().manual_seed(1))
    assert torch.equal(generate(model, prompt, 12, temperature=0), greedy_by_hand(model, prompt, 12))


def test_past_the_context_it_reads_the_last_three_quarters_again(model):
    ids = generate(model, [1, 2, 3], 60, temperature=0)
    assert len(ids) == 63
    expected, seen = [1, 2, 3], 0  # `seen`: where the context begins
    for _ in range(60):
        if len(expected) - seen > 16:
            seen = len(expected) - 12
        with torch.no_grad():
            expected.append(int(model(torch.tensor([expected[seen:]]))[0][0, -1].argmax()))
    assert ids == expected
    assert generate(model, [5] * 40 + ids, 1, temperature=0)[-1] == generate(model, ids[-16:], 1, temperature=0)[-1]


@pytest.mark.parametrize("block_size", [1, 2, 3, 5])
def test_the_smallest_contexts(block_size):
    model = GPT(GPTConfig(vocab_size=7, block_size=block_size, n_layer=1, n_head=1, n_embd=4))
    assert len(generate(model, [1, 2, 3, 4], 20, seed=0)) == 24


def test_a_seed_gives_the_same_tokens_whatever_was_drawn_elsewhere(model):
    torch.manual_seed(5)
    first = generate(model, [1, 2], 40, seed=7)
    torch.rand(3)
    state = torch.get_rng_state()
    assert generate(model, [1, 2], 40, seed=7) == first
    assert torch.equal(torch.get_rng_state(), state)
    assert generate(model, [1, 2], 40, seed=8) != first
    assert generate(model, [1, 2], 40) != generate(model, [1, 2], 40)


def test_top_k_and_top_p_bound_what_is_drawn(model):
    greedy = generate(model, [1, 2], 30, temperature=0)
    assert generate(model, [1, 2], 30, top_k=1, seed=0) == greedy
    assert generate(model, [1, 2], 30, top_p=1e-6, seed=0) == greedy
    assert generate(model, [1, 2], 30, temperature=1e-9, seed=0) == greedy
    assert generate(model, [1, 2], 30, top_p=1.0, top_k=97, seed=3) == generate(model, [1, 2], 30, seed=3)
    prompts, steps = torch.tensor([[1, 2]]).expand(200, 2), 1
    with torch.no_grad():
        likely = set(model(prompts[:1])[0][0, -1].topk(5).indices.tolist())
    drawn = set(generate(model, prompts, steps, top_k=5, seed=0)[:, -1].tolist())
    assert drawn == likely


def test_a_batch_has_different_rows_and_the_kind_of_the_prompt(model):
    prompt = torch.tensor([[1, 2]]).expand(4, 2)
    batch = generate(model, prompt, 20, seed=0)
    assert batch.shape == (4, 22) and batch.dtype == torch.int64
    assert len({tuple(row) for row in batch.tolist()}) == 4
    assert isinstance(generate(model, [1, 2], 3), list)
    assert generate(model, [1, 2], 0) == [1, 2] and torch.equal(generate(model, prompt, 0), prompt)


def test_streaming_gives_the_same_tokens_one_by_one(model):
    flow = stream(model, [1, 2], 30, top_k=40, seed=7)
    assert inspect.isgenerator(flow)
    assert [1, 2, *flow] == generate(model, [1, 2], 30, top_k=40, seed=7)
    batch = torch.stack(list(stream(model, torch.tensor([[1, 2], [3, 4]]), 5, seed=7)), dim=1)
    assert torch.equal(batch, generate(model, torch.tensor([[1, 2], [3, 4]]), 5, seed=7)[:, 2:])


def test_a_model_in_training_stays_in_training_and_drops_nothing():
    torch.manual_seed(0)
    model = GPT(GPTConfig(vocab_size=97, block_size=16, n_layer=1, n_head=2, n_embd=16, dropout=0.5))
    first = generate(model, [1, 2], 20, seed=0)
    assert generate(model, [1, 2], 20, seed=0) == first and model.training
    flow = stream(model, [1, 2], 20, seed=0)
    next(flow)
    flow.close()
    assert model.training and torch.is_grad_enabled() and not torch.is_inference_mode_enabled()


def test_what_is_generated_can_be_trained_on(model):
    ids = generate(model, torch.tensor([[1, 2]]), 10, seed=0)
    model.loss(ids[:, :-1], ids[:, 1:]).backward()
    one = next(stream(model, torch.tensor([[1, 2]]), 1, seed=0))
    model(one[:, None], one[:, None])[1].backward()
    model.zero_grad()


BAD = {
    "temperature below 0": (dict(temperature=-0.1), "temperature"),
    "temperature NaN": (dict(temperature=math.nan), "temperature"),
    "temperature infinite": (dict(temperature=math.inf), "temperature"),
    "temperature a word": (dict(temperature="hot"), "temperature"),
    "top_k 0": (dict(top_k=0), "top_k"),
    "top_k a fraction": (dict(top_k=1.5), "top_k"),
    "top_p 0": (dict(top_p=0.0), "top_p"),
    "top_p above 1": (dict(top_p=1.1), "top_p"),
    "top_p NaN": (dict(top_p=math.nan), "top_p"),
    "fewer than no tokens": (dict(max_new_tokens=-1), "max_new_tokens"),
    "no prompt": (dict(ids=[]), r"prompt is empty.*tok\.eot"),
    "no prompt in a batch": (dict(ids=torch.zeros(2, 0, dtype=torch.int64)), "prompt is empty"),
    "a text": (dict(ids="Hello"), r"not 'H'.*tok\.encode"),
    "floats": (dict(ids=torch.ones(1, 2)), "int64"),
    "no batch": (dict(ids=torch.tensor([1, 2])), r"\(B, T\)"),
    "an id too large": (dict(ids=[3, 97]), "token id 97 .* vocabulary of 97"),
    "an id below 0": (dict(ids=[3, -1]), "token id -1"),
    "an id out of range where it is not seen": (dict(ids=[500] + [1] * 30), "token id 500"),
    "an id beyond 64 bits": (dict(ids=[2**70]), "token id"),
    "a seed below 0": (dict(seed=-1), "seed must be a whole number"),
    "a seed that is a word": (dict(seed="luck"), "seed must be a whole number"),
    "a seed beyond 63 bits": (dict(seed=2**63), "seed must be a whole number"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_it_refuses(case, model):
    changes, message = BAD[case]
    for call in (generate, stream):  # stream refuses when called, not at the first token
        with pytest.raises(ValueError, match=message) as caught:
            call(model, **({"ids": [1, 2], "max_new_tokens": 3} | changes))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_broken_model_says_so(temperature):
    model = GPT(CONFIG)
    with torch.no_grad():
        model.ln_f.bias.fill_(math.nan)
    with pytest.raises(ValueError, match="not finite"):
        generate(model, [1, 2], 3, temperature=temperature)
