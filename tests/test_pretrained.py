"""Model folders: equal to transformers' GPT-2 in both directions, and one sentence for each that cannot be read."""

from __future__ import annotations

import doctest
import errno
import hashlib
import http.server
import json
import resource
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

import minigpt.pretrained
from minigpt import GPT, GPTConfig, generate
from minigpt.data import REGISTRY, DataSet, DownloadError, RemoteFile

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
torch.set_num_threads(1)

CONFIGS = [
    GPTConfig(vocab_size=97, block_size=16, n_layer=3, n_head=4, n_embd=32),
    GPTConfig(vocab_size=300, block_size=24, n_layer=2, n_head=1, n_embd=24),
    GPTConfig(vocab_size=64, block_size=8, n_layer=1, n_head=8, n_embd=64),
    GPTConfig(vocab_size=131, block_size=33, n_layer=5, n_head=3, n_embd=48),
]


def theirs(config: GPTConfig, seed: int = 0, **more) -> transformers.GPT2LMHeadModel:
    """transformers' GPT-2 with weights several times their initial size: else the two forms of GELU look the same."""
    torch.manual_seed(seed)
    model = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=config.vocab_size,
            n_positions=config.block_size,
            n_embd=config.n_embd,
            n_layer=config.n_layer,
            n_head=config.n_head,
            bos_token_id=None,
            eos_token_id=None,
            **more,
        )
    ).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.15 * torch.randn_like(parameter))
    return model


def random_ids(config: GPTConfig) -> torch.Tensor:
    return torch.randint(config.vocab_size, (3, config.block_size), generator=torch.Generator().manual_seed(1))


@pytest.fixture
def folder(tmp_path) -> Path:
    """A small model's folder, to be spoilt."""
    torch.manual_seed(0)
    GPT(CONFIGS[0]).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_doctests():
    result = doctest.testmod(minigpt.pretrained)
    assert result.attempted > 0 and result.failed == 0


@pytest.mark.parametrize("config", CONFIGS, ids=str)
@pytest.mark.parametrize("how", ["formula", "fused"])
def test_logits_equal_transformers(config, how, tmp_path):
    reference, ids = theirs(config), random_ids(config)
    reference.save_pretrained(tmp_path)
    model = GPT.from_pretrained(tmp_path).set_attention(how)
    assert model.config == config and not model.training
    with torch.no_grad():
        expected = reference(ids).logits
        assert (model(ids)[0] - expected).abs().max() < 1e-4
    assert expected.std() > 0.5


def test_the_comparison_would_see_the_other_gelu(tmp_path):
    reference = theirs(CONFIGS[0], activation_function="gelu")
    config = json.loads(reference.config.to_json_string()) | {"activation_function": "gelu_new"}
    reference.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    ids = random_ids(CONFIGS[0])
    with torch.no_grad():
        assert (GPT.from_pretrained(tmp_path)(ids)[0] - reference(ids).logits).abs().max() > 2e-4


def test_transformers_loads_what_we_save_and_writes_the_same(tmp_path):
    config = CONFIGS[0]
    theirs(config).save_pretrained(tmp_path / "theirs")
    model = GPT.from_pretrained(tmp_path / "theirs")
    model.save_pretrained(tmp_path / "ours")
    reference, info = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "ours", output_loading_info=True)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    prompt = random_ids(config)[:, :4]
    with torch.no_grad():
        assert (model(prompt)[0] - reference.eval()(prompt).logits).abs().max() < 1e-4
        expected = reference.generate(
            prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=12, do_sample=False, pad_token_id=0
        )
    assert torch.equal(generate(model, prompt, 12, temperature=0), expected)


def test_a_round_trip_changes_no_bit(folder):
    first = GPT.from_pretrained(folder)
    first.save_pretrained(folder.parent / "again")
    for name in ("model.safetensors", "config.json"):
        assert (folder / name).read_bytes() == (folder.parent / "again" / name).read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]


def test_half_precision_halves_the_file(folder):
    model = GPT.from_pretrained(folder)
    model.save_pretrained(folder.parent / "half", dtype=torch.float16)
    sizes = [(f / "model.safetensors").stat().st_size for f in (folder, folder.parent / "half")]
    assert sizes[1] < 0.6 * sizes[0]
    again = GPT.from_pretrained(folder.parent / "half")
    assert again.wte.weight.dtype == torch.float32
    torch.testing.assert_close(again.wte.weight, model.wte.weight, rtol=1e-3, atol=1e-6)


def test_other_spellings_of_a_hugging_face_folder(folder):
    model = GPT.from_pretrained(f"hf:{folder}")
    file = folder / "model.safetensors"
    with_prefix = load_file(file)
    plain = {name.removeprefix("transformer."): tensor for name, tensor in with_prefix.items()}
    extras = {f"h.{i}.attn.bias": torch.ones(1, 1, 16, 16, dtype=torch.bool) for i in range(3)}
    extras |= {f"h.{i}.attn.masked_bias": torch.tensor(-1e4) for i in range(3)}
    for tensors in (plain, plain | extras, with_prefix | {"lm_head.weight": plain["wte.weight"].clone()}):
        save_file(tensors, file)
        again = GPT.from_pretrained(folder)
        assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters()))


def test_weights_in_parts(tmp_path):
    reference, ids = theirs(CONFIGS[0]), random_ids(CONFIGS[0])
    reference.save_pretrained(tmp_path, max_shard_size="20KB")
    parts = sorted(tmp_path.glob("model-*.safetensors"))
    assert len(parts) > 1
    with torch.no_grad():
        assert (GPT.from_pretrained(tmp_path)(ids)[0] - reference(ids).logits).abs().max() < 1e-4
    parts[1].unlink()
    with pytest.raises(FileNotFoundError, match=parts[1].name):
        GPT.from_pretrained(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(ValueError, match="index"):
        GPT.from_pretrained(tmp_path)


@pytest.fixture
def hosts(tmp_path, monkeypatch):
    """Serves files by path, and lists gpt2-medium as if both its sources were there. `hosts[path] = bytes`."""
    files: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            asked.append(self.path)
            if self.path not in files:
                return self.send_error(404)
            body, start = files[self.path], int(self.headers.get("Range", "bytes=0-")[6:-1])
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            self.wfile.write(body[start : start + broken_after[0]])

    asked, broken_after = [], [10**9]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    at = f"http://127.0.0.1:{server.server_port}"

    def entry(name: str, folder: Path, checksums: bool) -> DataSet:
        names = ["config.json", "model.safetensors"]
        if not checksums:
            names = ["hparams.json", "checkpoint", "model.ckpt.index", "model.ckpt.data-00000-of-00001"]
        for file in names:
            files[f"/{name}/{file}"] = (folder / file).read_bytes()
        sums = {n: hashlib.sha256(files[f"/{name}/{n}"]).hexdigest() if checksums else "" for n in names}
        kept = tuple(RemoteFile(n, 0, sums[n], (f"{at}/gone/{n}", f"{at}/{name}/{n}")) for n in names)
        return DataSet(name, "weights", "", kept, folder=f"models/{name}")

    monkeypatch.setenv("MINIGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MINIGPT_DATA", raising=False)
    torch.manual_seed(0)
    GPT(CONFIGS[0]).save_pretrained(tmp_path / "hub")
    for name, folder, checksums in (
        ("gpt2-medium", tmp_path / "hub", True),
        ("gpt2-medium-tensorflow", Path(__file__).parent / "tensorflow_checkpoint", False),
    ):
        monkeypatch.setitem(REGISTRY, name, entry(name, folder, checksums))
    yield SimpleNamespace(files=files, asked=asked, broken_after=broken_after)
    server.shutdown()


def test_weights_by_name_are_downloaded_once(hosts, tmp_path):
    expected = GPT.from_pretrained(tmp_path / "hub")
    hosts.broken_after[0] = len(hosts.files["/gpt2-medium/model.safetensors"]) * 2 // 5  # it comes in three pieces
    model = GPT.from_pretrained("gpt2-medium")
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), expected.parameters()))
    assert hosts.asked.count("/gpt2-medium/model.safetensors") == 3 and "/gone/model.safetensors" in hosts.asked
    asked = len(hosts.asked)
    GPT.from_pretrained("gpt2-medium")
    assert len(hosts.asked) == asked
    kept = tmp_path / "cache" / "data" / "models" / "gpt2-medium"
    names = [path.name for path in kept.iterdir() if path.suffix != ".lock"]
    assert sorted(names) == ["config.json", "model.safetensors"]


def test_openais_own_release_is_the_other_source(hosts):
    hosts.files["/gpt2-medium/model.safetensors"] = b"not these weights"
    model = GPT.from_pretrained("gpt2-medium")
    assert model.config == GPTConfig(vocab_size=33, block_size=8, n_layer=2, n_head=2, n_embd=8)
    asked = len(hosts.asked)
    for name in ("gpt2-medium", "gpt2-medium-tensorflow"):
        assert torch.equal(GPT.from_pretrained(name).wte.weight, model.wte.weight)
    assert len(hosts.asked) == asked


def test_weights_that_cannot_be_had(hosts):
    hosts.files.clear()
    hosts.files["/gpt2-medium/config.json"] = b"{}"
    with pytest.raises(DownloadError, match="weights of gpt2-medium .*give a folder") as caught:
        GPT.from_pretrained("gpt2-medium")
    said = str(caught.value)
    for words in ("has changed: what arrived is 2 bytes", "answered 404", "$MINIGPT_DATA/models/gpt2-medium"):
        assert words in said
    assert "\n" not in said


def test_weights_in_the_mirror(hosts, folder, monkeypatch):
    data = folder.parent / "data"
    (data / "models").mkdir(parents=True)
    folder.rename(data / "models" / "gpt2-medium")
    monkeypatch.setenv("MINIGPT_DATA", str(data))
    assert GPT.from_pretrained("gpt2-medium").config == CONFIGS[0]
    (data / "models" / "gpt2-medium").rename(data / "models" / "gpt2-medium-tensorflow")
    assert GPT.from_pretrained("gpt2-medium").config == CONFIGS[0]
    assert not hosts.asked


def change(path: Path, **values) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def spoil(folder: Path, **tensors: torch.Tensor | None) -> None:
    """Changes tensors of the weights (name with __ for .), or takes them out."""
    held = load_file(folder / "model.safetensors")
    for name, tensor in tensors.items():
        name = "transformer." + name.replace("__", ".")
        held.pop(name, None)
        if tensor is not None:
            held[name] = tensor
    save_file(held, folder / "model.safetensors")


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def as_pickle(folder: Path, name: str) -> None:
    torch.save({"a": torch.ones(1)}, folder / name)


BAD_FOLDERS = {
    "cut in the weights": (lambda f: cut(f / "model.safetensors", 5000), "not a whole safetensors file"),
    "cut in the header": (lambda f: cut(f / "model.safetensors", 30), "not a whole safetensors file"),
    "empty weights": (lambda f: cut(f / "model.safetensors", 0), "not a whole safetensors file"),
    "a pickle renamed": (lambda f: as_pickle(f, "model.safetensors"), "not a whole safetensors file"),
    "a foreign file": (lambda f: save_file({"conv.weight": torch.ones(3)}, f / "model.safetensors"), "conv.weight"),
    "a tensor too few": (lambda f: spoil(f, h__1__ln_1__weight=None), "lack 'h.1.ln_1.weight'"),
    "a layer too many": (lambda f: spoil(f, h__3__ln_1__weight=torch.ones(32)), "h.3.ln_1.weight"),
    "another width": (lambda f: change(f / "config.json", n_embd=64), "shape .* asks for"),
    "fewer layers": (lambda f: change(f / "config.json", n_layer=2), "'h.2"),
    "more layers": (lambda f: change(f / "config.json", n_layer=4), "lack 'h.3"),
    "not transposed": (lambda f: spoil(f, h__0__mlp__c_fc__weight=torch.ones(128, 32)), "shape"),
    "NaN": (lambda f: spoil(f, wpe__weight=torch.full((16, 32), torch.nan)), "not finite"),
    "integers": (lambda f: spoil(f, wpe__weight=torch.ones(16, 32, dtype=torch.int8)), "int8"),
    "8-bit floats": (lambda f: spoil(f, wpe__weight=torch.ones(16, 32).to(torch.float8_e4m3fn)), "stored as .*float8"),
    "a tensor twice": (lambda f: twice(f), "'wte.weight' twice"),
    "a head of its own": (lambda f: untied(f), "not tied"),
    "said to be untied": (lambda f: change(f / "config.json", tie_word_embeddings=False), "tie_word_embeddings"),
    "another model": (lambda f: change(f / "config.json", model_type="llama"), "model_type is 'llama'"),
    "another activation": (lambda f: change(f / "config.json", activation_function="gelu"), "activation_function"),
    "another epsilon": (lambda f: change(f / "config.json", layer_norm_epsilon=1e-6), "layer_norm_epsilon"),
    "another inner width": (lambda f: change(f / "config.json", n_inner=99), "n_inner"),
    "heads that do not divide": (lambda f: change(f / "config.json", n_head=5), "n_head"),
    "a size that is a word": (lambda f: change(f / "config.json", n_embd="wide"), "n_embd"),
    "a size that is null": (lambda f: change(f / "config.json", n_embd=None), "n_embd must be a whole number"),
    "a size too large": (lambda f: change(f / "config.json", vocab_size=10**30), "more than a machine holds"),
    "layers without end": (lambda f: change(f / "config.json", n_layer=10**9), "more than a machine holds"),
    "config nested deep": (lambda f: (f / "config.json").write_text("[" * 100_000), "not a JSON object"),
    "no sizes": (lambda f: (f / "config.json").write_text('{"model_type": "gpt2"}'), "vocab_size"),
    "config cut": (lambda f: cut(f / "config.json", 20), "config.json is not a JSON object"),
    "config binary": (lambda f: (f / "config.json").write_bytes(b"\xff\xfe\x00"), "config.json is not a JSON object"),
    "config a list": (lambda f: (f / "config.json").write_text("[]"), "config.json is not a JSON object"),
    "config missing": (lambda f: (f / "config.json").unlink(), "no config.json"),
    "weights missing": (lambda f: (f / "model.safetensors").unlink(), "no model.safetensors"),
    "weights a pickle": (
        lambda f: ((f / "model.safetensors").unlink(), as_pickle(f, "pytorch_model.bin")),
        "only as a pickle",
    ),
}


def twice(folder: Path) -> None:
    held = load_file(folder / "model.safetensors")
    save_file(held | {"wte.weight": held["transformer.wte.weight"] + 1}, folder / "model.safetensors")


def untied(folder: Path) -> None:
    held = load_file(folder / "model.safetensors")
    save_file(held | {"lm_head.weight": torch.ones(97, 32)}, folder / "model.safetensors")


@pytest.mark.parametrize("case", BAD_FOLDERS)
def test_folders_that_cannot_be_read(case, folder):
    damage, message = BAD_FOLDERS[case]
    damage(folder)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        GPT.from_pretrained(folder)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_paths_that_are_no_model_folder(folder, tmp_path):
    as_pickle(tmp_path, "weights.pt")
    cases = {
        tmp_path / "nowhere": (FileNotFoundError, "no model folder"),
        tmp_path / "weights.pt": (ValueError, "pickle"),
        "gone.bin": (ValueError, "pickle"),
        folder / "config.json": (ValueError, "is a file"),
        "gpt3": (FileNotFoundError, "gpt2-xl"),
    }
    for path, (error, message) in cases.items():
        with pytest.raises(error, match=message):
            GPT.from_pretrained(path)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="cannot write the model to .*file"):
        GPT(CONFIGS[2]).save_pretrained(tmp_path / "file" / "model")


def test_a_full_disk_leaves_the_old_model(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="cannot write the model to .* free some space") as caught:
            GPT(CONFIGS[0]).save_pretrained(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "\n" not in str(caught.value) and str(errno.EFBIG) in str(caught.value)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_broken_model_is_not_saved(tmp_path):
    model = GPT(CONFIGS[2])
    with torch.no_grad():
        model.h[0].ln_1.weight[3] = 1e5
    model.save_pretrained(tmp_path / "single")
    with pytest.raises(ValueError, match="h.0.ln_1.weight .*float16"):
        model.save_pretrained(tmp_path / "half", dtype=torch.float16)
    assert not (tmp_path / "half").exists()
