"""The model: its sizes, its attention in two ways, its cache, its loss in two ways, and what it refuses."""

from __future__ import annotations

import doctest
import math
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

import minigpt.config
import minigpt.model
from minigpt import GPT, GPTConfig
from minigpt.model import IGNORE, HeadLoss, KVCache, Linear, attention_weights, causal_mask, linear

torch.set_num_threads(1)
TINY = GPTConfig(vocab_size=97, block_size=16, n_layer=3, n_head=4, n_embd=32)
COUNTS = {"124M": 124_439_808, "355M": 354_823_168, "774M": 774_030_080, "1558M": 1_557_611_200}


def loud(config: GPTConfig = TINY, seed: int = 0) -> GPT:
    """A model with weights several times their initial size and biases that are not 0, so that an error shows."""
    torch.manual_seed(seed)
    model = GPT(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.15 * torch.randn_like(parameter))
    return model


def ids_of(*shape: int, config: GPTConfig = TINY, seed: int = 1) -> torch.Tensor:
    return torch.randint(config.vocab_size, shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("module", [minigpt.config, minigpt.model, minigpt])
def test_doctests(module):
    result = doctest.testmod(module)
    assert result.attempted > 0 and result.failed == 0


@pytest.mark.parametrize("size", COUNTS)
def test_the_four_sizes_have_exactly_the_released_counts(size):
    config = GPTConfig.gpt2(size)
    with torch.device("meta"):
        built = sum(parameter.numel() for parameter in GPT(config).parameters())
    assert config.n_params == built == COUNTS[size]
    assert config.n_embd // config.n_head == 64


def test_the_count_holds_for_odd_shapes():
    for config in (TINY, GPTConfig(5, 3, 1, 1, 7), GPTConfig(300, 40, 2, 3, 12)):
        assert config.n_params == sum(parameter.numel() for parameter in GPT(config).parameters())


@pytest.mark.parametrize(
    "changes, names",
    [
        ({"n_embd": 30}, "n_embd=30"),
        ({"n_layer": 0}, "n_layer"),
        ({"vocab_size": -1}, "vocab_size"),
        ({"block_size": 1.5}, "block_size"),
        ({"n_head": True}, "n_head"),
        ({"dropout": 1.0}, "dropout"),
        ({"dropout": math.nan}, "dropout"),
    ],
)
def test_sizes_that_make_no_model_are_refused(changes, names):
    with pytest.raises(ValueError, match=names):
        GPTConfig(**({"n_head": 4, "n_embd": 32} | changes))


def test_an_unknown_size_names_the_nearest():
    with pytest.raises(ValueError, match="'124M'"):
        GPTConfig.gpt2("124m")
    with pytest.raises(ValueError, match="1558M"):
        GPTConfig.gpt2("117M")


def test_initial_weights():
    torch.manual_seed(0)
    config = GPTConfig(vocab_size=500, block_size=100, n_layer=8, n_head=4, n_embd=128)
    for name, parameter in GPT(config).named_parameters():
        if name.endswith("bias"):
            assert (parameter == 0).all(), name
        elif "ln_" in name:
            assert (parameter == 1).all(), name
        else:
            expected = 0.01 if name == "wpe.weight" else 0.02
            expected /= math.sqrt(2 * config.n_layer) if name.endswith("c_proj.weight") else 1
            assert parameter.std().item() == pytest.approx(expected, rel=0.03), name


def test_the_untrained_loss_is_that_of_a_guess():
    torch.manual_seed(0)
    loss = GPT(TINY)(ids_of(8, 16), ids_of(8, 16, seed=2))[1]
    assert loss.item() == pytest.approx(math.log(97), abs=0.05)


def test_a_later_token_changes_nothing_before_it():
    model, ids = loud(), ids_of(1, 16)
    other = ids.clone()
    other[0, 9] = (ids[0, 9] + 1) % 97
    for how in ("formula", "fused"):
        a, b = (model.set_attention(how)(x)[0] for x in (ids, other))
        torch.testing.assert_close(a[:, :9], b[:, :9])
        assert ((a - b)[:, 9:].abs().amax(dim=-1) > 1e-3).all()


def test_formula_and_fused_kernel_agree_in_values_and_gradients():
    model, ids, targets = loud(), ids_of(3, 16), ids_of(3, 16, seed=2)
    found = {}
    for how in ("formula", "fused"):
        logits, loss = model.set_attention(how)(ids, targets)
        found[how] = (logits, *torch.autograd.grad(loss, list(model.parameters())))
    for a, b in zip(*found.values()):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=2e-5)


def test_attention_is_the_papers_formula_by_hand():
    q, k = torch.tensor([[[[1.0, 0.0]]]]), torch.tensor([[[[2.0, 0.0], [0.0, 5.0]]]])
    a = math.exp(2 / math.sqrt(2))
    torch.testing.assert_close(attention_weights(q, k), torch.tensor([[[[a / (a + 1), 1 / (a + 1)]]]]))
    assert causal_mask(3, 3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]


@pytest.mark.parametrize("how", ["formula", "fused"])
@pytest.mark.parametrize("chunks", [[16], [1] * 16, [5, 1, 4, 6], [1, 15]])
def test_the_cache_gives_what_the_whole_sequence_gives(how, chunks):
    model, ids = loud().set_attention(how), ids_of(2, 16)
    with torch.no_grad():
        whole, cache = model(ids)[0], KVCache(TINY, batch_size=2)
        parts = [model(part, cache=cache)[0] for part in ids.split(chunks, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, rtol=1e-4, atol=1e-4)
    assert cache.length == 16


def test_the_cache_is_written_in_place():
    model, cache = loud(), KVCache(TINY, batch_size=1)
    where = [keys.data_ptr() for keys in cache.keys + cache.values]
    with torch.no_grad():
        for token in ids_of(1, 16).split(1, dim=1):
            model(token, cache=cache)
    assert [keys.data_ptr() for keys in cache.keys + cache.values] == where


def test_last_logits_are_the_last_of_all():
    model, ids = loud(), ids_of(2, 16)
    last, loss = model(ids, logits="last")
    assert last.shape == (2, 1, 97) and loss is None
    torch.testing.assert_close(last, model(ids)[0][:, -1:])


@pytest.mark.parametrize("at_once", [97, 97 * 7, 2**24])  # one row at a time, a last chunk that is not full, all
def test_the_loss_in_parts_is_the_loss_and_has_its_gradients(monkeypatch, at_once):
    monkeypatch.setattr(HeadLoss, "AT_ONCE", at_once)
    model, ids, targets = loud(), ids_of(3, 16), ids_of(3, 16, seed=2)
    targets[0, :5] = IGNORE
    whole = model(ids, targets)[1]
    parts = model.loss(ids, targets)
    torch.testing.assert_close(parts, whole)
    parameters = list(model.parameters())
    for a, b in zip(torch.autograd.grad(whole, parameters), torch.autograd.grad(3 * parts, parameters)):
        torch.testing.assert_close(3 * a, b, rtol=1e-4, atol=2e-5)
    with torch.no_grad():
        torch.testing.assert_close(model.loss(ids, targets), whole.detach())


def test_the_loss_in_parts_under_autocast():
    model, ids, targets = loud(), ids_of(3, 16), ids_of(3, 16, seed=2)
    with torch.autocast("cpu", torch.bfloat16):
        losses = model(ids, targets)[1], model.loss(ids, targets)
    assert losses[1].dtype == torch.float32
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-2, atol=1e-2)
    gradients = [torch.autograd.grad(loss, list(model.parameters())) for loss in losses]
    gradients = [torch.cat([part.flatten() for part in parts]) for parts in gradients]
    assert (gradients[0] - gradients[1]).norm() < 0.02 * gradients[0].norm()


@pytest.mark.parametrize("rows", [1, 7, 8, 16, 32, 33])
def test_linear_is_the_same_either_way_round(rows):
    torch.manual_seed(0)
    layer, x = Linear(512, 520), torch.randn(rows, 1, 512)
    torch.testing.assert_close(layer(x), F.linear(x, layer.weight, layer.bias), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(linear(x, layer.weight), F.linear(x, layer.weight), rtol=1e-4, atol=1e-5)


def test_dropout_acts_in_training_only():
    config = GPTConfig(vocab_size=97, block_size=16, n_layer=1, n_head=4, n_embd=32, dropout=0.5)
    model, ids = loud(config), ids_of(1, 16)
    assert not torch.equal(model(ids)[0], model(ids)[0])
    model.eval()
    assert torch.equal(model(ids)[0], model(ids)[0])


def test_attention_maps_and_residual_stream():
    model, ids = loud().eval(), ids_of(2, 11)
    maps, stream = model.attention_maps(ids), model.residual_stream(ids)
    assert maps.shape == (3, 2, 4, 11, 11) and stream.shape == (4, 2, 11, 32)
    torch.testing.assert_close(maps.sum(dim=-1), torch.ones(3, 2, 4, 11))
    assert (maps.triu(diagonal=1) == 0).all()
    logits = F.linear(model.ln_f(stream[-1]), model.wte.weight)
    torch.testing.assert_close(logits, model(ids)[0])
    _, _, v = model.h[0].attn.queries_keys_values(model.h[0].ln_1(stream[0]))
    y = (maps[0] @ v).transpose(1, 2).flatten(2)
    expected = stream[0] + model.h[0].attn.c_proj(y)
    torch.testing.assert_close(stream[1], expected + model.h[0].mlp(model.h[0].ln_2(expected)), rtol=1e-4, atol=1e-5)


def test_it_can_be_traced_by_torch_compile():
    model, ids, targets = loud(), ids_of(2, 16), ids_of(2, 16, seed=2)
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(ids, targets)[1], model(ids, targets)[1])
    in_parts = torch.compile(model, backend="eager")(ids, targets, logits="none")[1]
    torch.testing.assert_close(in_parts, model(ids, targets)[1])


def test_the_import_does_not_load_the_compiler():
    heavy = ("torch._dynamo", "tiktoken", "matplotlib", "ipywidgets")
    code = f"import sys, minigpt; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_learns_a_sequence_by_heart():
    torch.manual_seed(0)
    model, ids = GPT(TINY), ids_of(1, 16)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(40):
        optimizer.zero_grad()
        loss = model.loss(ids[:, :-1], ids[:, 1:])
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1


GOOD = ids_of(1, 4)
BAD_CALLS = {
    "id too large": (lambda m: m(torch.tensor([[3, 97]])), "token id 97 .* vocabulary of 97"),
    "id below 0": (lambda m: m(torch.tensor([[3, -1]])), "token id -1 "),
    "too long": (lambda m: m(ids_of(1, 17)), "17 tokens .* block_size=16"),
    "empty": (lambda m: m(ids_of(1, 0)), "empty"),
    "no batch": (lambda m: m(torch.tensor([1, 2])), r"\(B, T\)"),
    "floats": (lambda m: m(torch.tensor([[1.0]])), "int64"),
    "int32": (lambda m: m(GOOD.int()), "int64"),
    "targets of another shape": (lambda m: m(GOOD, GOOD[:, 1:]), "targets"),
    "target out of range": (lambda m: m(GOOD, GOOD + 97), "target"),
    "target -1": (lambda m: m.loss(GOOD, GOOD * 0 - 1), "target -1 "),
    "nothing to predict": (lambda m: m.loss(GOOD, torch.full_like(GOOD, IGNORE)), "nothing to predict"),
    "no targets": (lambda m: m(GOOD, logits="none"), "needs targets"),
    "targets with last": (lambda m: m(GOOD, GOOD, logits="last"), "last"),
    "logits of another name": (lambda m: m(GOOD, logits="first"), "'first'"),
    "cache of another batch": (lambda m: m(GOOD, cache=KVCache(TINY, 2)), "2 sequences"),
    "cache too small": (lambda m: m(GOOD, cache=KVCache(TINY, 1, size=3)), "cache of 3"),
    "attention of another name": (lambda m: m.set_attention("flash"), "'flash'"),
    "maps of nothing": (lambda m: m.attention_maps(ids_of(1, 0)), "empty"),
}


@pytest.mark.parametrize("case", BAD_CALLS)
def test_what_it_refuses(case):
    call, message = BAD_CALLS[case]
    with pytest.raises(ValueError, match=message) as caught:
        call(loud())
    assert "\n" not in str(caught.value)
