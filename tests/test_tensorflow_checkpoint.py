"""OpenAI's release: a checkpoint that TensorFlow wrote, larger ones by our own writer, and all that can be broken."""

from __future__ import annotations

import doctest
import json
import random
import shutil
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from minigpt import GPT, tensorflow_checkpoint
from minigpt.tensorflow_checkpoint import (
    TensorFlowCheckpoint,
    crc32c,
    find_index,
    hugging_face_name,
    masked,
    read_index,
)

torch.set_num_threads(1)
BY_TENSORFLOW = Path(__file__).parent / "tensorflow_checkpoint"  # see write.py there
DATA = "model.ckpt.data-00000-of-00001"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A copy of the folder that TensorFlow wrote, without the second copy of its numbers."""
    return shutil.copytree(
        BY_TENSORFLOW, tmp_path / "124M", ignore=shutil.ignore_patterns("*.safetensors", "*.py", "__pycache__")
    )


def test_doctests():
    result = doctest.testmod(tensorflow_checkpoint)
    assert result.attempted == 3 and result.failed == 0


# ---- What is right


def test_every_tensor_equals_what_tensorflow_saved():
    expected = load_file(BY_TENSORFLOW / "values.safetensors")
    with TensorFlowCheckpoint(BY_TENSORFLOW / "model.ckpt.index") as checkpoint:
        assert sorted(checkpoint.keys()) == sorted(hugging_face_name(name) for name in expected)
        for name, tensor in expected.items():
            tensor = tensor[0] if tensor.dim() == 3 else tensor
            assert torch.equal(checkpoint.get_tensor(hugging_face_name(name)), tensor)


def test_the_model_equals_the_one_of_the_other_source(folder, tmp_path):
    """The same weights as Hugging Face has them: other names, without the leading 1, with a configuration of theirs."""
    expected = load_file(BY_TENSORFLOW / "values.safetensors")
    model = GPT.from_pretrained(folder)
    (tmp_path / "hub").mkdir()
    tensors = {hugging_face_name(n): (t[0] if t.dim() == 3 else t).contiguous() for n, t in expected.items()}
    save_file(tensors, tmp_path / "hub" / "model.safetensors")
    config = {"model_type": "gpt2", "vocab_size": 33, "n_positions": 8, "n_embd": 8, "n_head": 2, "n_layer": 2}
    (tmp_path / "hub" / "config.json").write_text(json.dumps(config))
    other = GPT.from_pretrained(tmp_path / "hub")
    assert model.config == other.config and not model.training
    ours, theirs = dict(model.named_parameters()), dict(other.named_parameters())
    assert len(ours) == len(expected) and all(torch.equal(ours[name], theirs[name]) for name in theirs)
    ids = torch.arange(8)[None]
    assert torch.equal(model(ids)[0], other(ids)[0])
    model.save_pretrained(tmp_path / "saved")
    assert torch.equal(GPT.from_pretrained(tmp_path / "saved")(ids)[0], other(ids)[0])


def test_checksums_of_the_standard():
    """RFC 3720, section B.4, and the plain definition, one bit after another."""
    known = {bytes(32): 0x8A9136AA, b"\xff" * 32: 0x62A8AB43, bytes(range(32)): 0x46DD794E, b"": 0}
    assert {text: crc32c(text) for text in known} == known
    dice = random.Random(0)
    for length in (1, 2, 3, 4, 5, 127, 128, 129, 1023, 4097):
        text = dice.randbytes(length)
        register = 0xFFFFFFFF
        for byte in text:
            register ^= byte
            for _ in range(8):
                register = (register >> 1) ^ (0x82F63B78 if register & 1 else 0)
        assert crc32c(text) == register ^ 0xFFFFFFFF


# ---- A writer of our own: several blocks and data files, other types, whatever the real ones do not have


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value) if value else b""


def text(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def block(entries: list[tuple[bytes, bytes]], every: int = 3, compression: int = 0) -> bytes:
    """A block with its restart points, its compression and its checksum."""
    out, restarts, before = b"", [], b""
    for i, (key, value) in enumerate(entries):
        shared = 0
        if i % every == 0:
            restarts.append(len(out))
        else:
            while shared < min(len(key), len(before)) and key[shared] == before[shared]:
                shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    out += struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts)) + bytes([compression])
    return out + struct.pack("<I", masked(crc32c(out)))


def table(entries: list[tuple[bytes, bytes]], per_block: int = 4, compression: int = 0) -> bytes:
    out, places = b"", []
    for at in range(0, len(entries), per_block):
        written = block(entries[at : at + per_block], compression=compression)
        places.append((entries[min(at + per_block, len(entries)) - 1][0], varint(len(out)) + varint(len(written) - 5)))
        out += written
    ends = []
    for last in (block([]), block(places)):
        ends.append(varint(len(out)) + varint(len(last) - 5))
        out += last
    return out + b"".join(ends).ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def write(folder: Path, tensors: dict[str, torch.Tensor], shards: int = 1, header: bytes = b"", **changed) -> Path:
    """A checkpoint of these tensors, spread over the data files in turn. `changed` replaces fields of every entry."""
    numbers = {dtype: number for number, dtype in tensorflow_checkpoint.DTYPES.items()}
    files, entries = [b""] * shards, [(b"", number(1, shards) + header)]
    for i, (name, tensor) in enumerate(sorted(tensors.items())):
        data = tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes()
        shape = b"".join(text(2, number(1, size)) for size in tensor.shape)
        message = number(1, changed.get("dtype", numbers[tensor.dtype])) + text(2, shape) + number(3, i % shards)
        message += number(4, len(files[i % shards])) + number(5, changed.get("size", len(data)))
        message += varint(6 << 3 | 5) + struct.pack("<I", masked(crc32c(data))) + changed.get("more", b"")
        entries.append((name.encode(), message))
        files[i % shards] += data
    folder.mkdir(parents=True, exist_ok=True)
    for i, data in enumerate(files):
        (folder / f"some.data-{i:05d}-of-{shards:05d}").write_bytes(data)
    (folder / "some.index").write_bytes(table(entries, compression=changed.get("compression", 0)))
    return folder / "some.index"


def test_our_writer_writes_what_tensorflow_writes(tmp_path):
    tensors = load_file(BY_TENSORFLOW / "values.safetensors")
    ours = write(tmp_path, tensors)
    assert read_index(ours) == read_index(BY_TENSORFLOW / "model.ckpt.index")
    assert (tmp_path / "some.data-00000-of-00001").read_bytes() == (BY_TENSORFLOW / DATA).read_bytes()


@pytest.mark.parametrize("shards", [1, 3])
def test_many_blocks_several_files_other_types(tmp_path, shards):
    torch.manual_seed(0)
    types = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int32, torch.int64]
    tensors = {f"model/h{i}/ln_1/g": (100 * torch.randn(i % 7, 3)).to(types[i % 6]) for i in range(60)}
    tensors["step"] = torch.tensor(7)
    checkpoint = TensorFlowCheckpoint(write(tmp_path, tensors, shards))
    assert checkpoint.shards == shards and len(checkpoint.keys()) == 61
    for name, tensor in tensors.items():
        found = checkpoint.get_tensor(hugging_face_name(name))
        assert found.dtype == tensor.dtype and torch.equal(found, tensor)


# ---- What is wrong: one sentence each


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def change(path: Path, **values) -> None:
    path.write_text(json.dumps({k: v for k, v in (json.loads(path.read_text()) | values).items() if v is not None}))


def several(folder: Path) -> None:
    (folder / "checkpoint").unlink()
    shutil.copy(folder / "model.ckpt.index", folder / "model-2.ckpt.index")


BROKEN = {
    "data cut short": (lambda f: cut(f / DATA, 8000), "was cut short: it ends before the end of"),
    "data damaged": (lambda f: flip(f / DATA, 5000), "is damaged: .* does not match its checksum"),
    "data missing": (lambda f: (f / DATA).unlink(), "00000-of-00001, a part of the weights, is missing"),
    "index cut short": (lambda f: cut(f / "model.ckpt.index", 900), "not the index of a TensorFlow .*, or was cut"),
    "index empty": (lambda f: cut(f / "model.ckpt.index", 0), "not the index of a TensorFlow checkpoint"),
    "index damaged": (lambda f: flip(f / "model.ckpt.index", 100), "a block does not match its checksum"),
    "index missing": (lambda f: (f / "model.ckpt.index").unlink(), "the index of the weights, is missing"),
    "a foreign index": (lambda f: (f / "model.ckpt.index").write_text("a,b\n" * 99), "not the index of a TensorFlow"),
    "two checkpoints": (several, "holds several checkpoints"),
    "no checkpoint": (lambda f: [(f / n).unlink() for n in ("checkpoint", "model.ckpt.index")], "has no model.safe"),
    "hparams cut": (lambda f: cut(f / "hparams.json", 30), "hparams.json is not a JSON object"),
    "hparams incomplete": (lambda f: change(f / "hparams.json", n_head=None), "hparams.json has no 'n_head'"),
    "hparams of another size": (lambda f: change(f / "hparams.json", n_embd=16), "has the shape"),
    "hparams of fewer layers": (lambda f: change(f / "hparams.json", n_layer=1), "'h.1"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_folders_that_cannot_be_read(case, folder):
    damage, message = BROKEN[case]
    damage(folder)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        GPT.from_pretrained(folder)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


STORED_OTHERWISE = {
    "compressed": ({"compression": 1}, "is compressed"),
    "big-endian": ({"header": number(2, 1)}, "big-endian"),
    "in slices": ({"more": text(7, b"")}, "'a' is stored in slices"),
    "strings": ({"dtype": 7}, "'a' has TensorFlow's type number 7"),
    "a size that does not fit": ({"size": 9}, r"the shape \(2, 3\) and 9 bytes"),
}


@pytest.mark.parametrize("case", STORED_OTHERWISE)
def test_checkpoints_that_are_stored_otherwise(case, tmp_path):
    how, message = STORED_OTHERWISE[case]
    with pytest.raises(ValueError, match=message):
        TensorFlowCheckpoint(write(tmp_path, {"a": torch.ones(2, 3)}, **how))


def test_a_table_of_something_else(tmp_path):
    for entries in ([(b"key", b"value")], [(b"", b"\x08")], [(b"", number(1, 1)), (b"\xff", b"")]):
        (tmp_path / "a.index").write_bytes(table(entries))
        with pytest.raises(ValueError, match="not the index of a TensorFlow checkpoint"):
            read_index(tmp_path / "a.index")


def test_an_index_damaged_at_any_byte_or_cut_anywhere(folder):
    """It is read as it was or refused in one sentence; nothing else comes of it."""
    path = folder / "model.ckpt.index"
    whole, expected = path.read_bytes(), read_index(path)
    refused = 0
    for at in range(0, len(whole), 7):
        for spoilt in (whole[:at], whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :]):
            path.write_bytes(spoilt)
            try:
                assert read_index(path) == expected
            except ValueError as error:
                assert str(path) in str(error) and "\n" not in str(error)
                refused += 1
    assert refused > 200


def test_where_the_index_is(folder, tmp_path):
    assert find_index(folder) == folder / "model.ckpt.index"
    (folder / "checkpoint").write_text('model_checkpoint_path: "/home/somebody/models/model.ckpt"\n')
    assert find_index(folder) == folder / "model.ckpt.index"
    (folder / "checkpoint").unlink()
    assert find_index(folder) == folder / "model.ckpt.index"
    assert find_index(tmp_path) is None


def test_names():
    assert hugging_face_name("model/h0/ln_1/b") == "h.0.ln_1.bias"
    assert hugging_face_name("model/h47/mlp/c_proj/w") == "h.47.mlp.c_proj.weight"
    assert hugging_face_name("model/wpe") == "wpe.weight"
    assert hugging_face_name("global_step") == "global_step"
