"""OpenAI's release of GPT-2 read without TensorFlow: a checkpoint is two files, an index and the numbers themselves.

    hparams.json                         the sizes of the model
    checkpoint                           which checkpoint of the folder is the latest: model.ckpt
    model.ckpt.index                     a sorted table: name of a tensor -> type, shape, file, offset, size, checksum
    model.ckpt.data-00000-of-00001       the tensors, one after another, little-endian

The table has the format of LevelDB's (`table_format.md` of LevelDB; TensorFlow's `tensor_bundle.proto` says what stands
in it): blocks of entries whose keys leave out what they share with the key before, each block with a checksum, and at
the end a footer that says where the block is that lists the others. Its values are protocol buffers.
"""

from __future__ import annotations

import functools
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

FOOTER_BYTES, MAGIC = 48, 0xDB4775248B80FB57
DTYPES = {1: torch.float32, 2: torch.float64, 3: torch.int32, 9: torch.int64, 14: torch.bfloat16, 19: torch.float16}


@dataclass(frozen=True)
class Entry:
    """What the index says of a tensor: its type by number, its shape, and `size` bytes at `offset` of a data file."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int


class TensorFlowCheckpoint:
    """A checkpoint with the methods of safetensors' reader (`safe_open`); names and shapes are Hugging Face's GPT-2's.

    Args:
        index: its file `....index`; the data files are expected beside it.

    Raises:
        ValueError: the index is cut short, damaged, of another format, or of a checkpoint that is stored otherwise.
    """

    def __init__(self, index: Path):
        self.index = index
        self.shards, entries = read_index(index)
        self.entries = {hugging_face_name(name): entry for name, entry in entries.items()}

    def __enter__(self) -> TensorFlowCheckpoint:
        return self

    def __exit__(self, *error) -> None:
        pass

    def keys(self) -> list[str]:
        return list(self.entries)

    def get_tensor(self, name: str) -> Tensor:
        """One tensor, read and checked; a matrix as (in, out), without the leading 1 that OpenAI's have.

        Raises:
            FileNotFoundError: its file is missing.
            ValueError: its file ends before it, or it does not match its checksum.
        """
        entry = self.entries[name]
        path = self.index.with_suffix(f".data-{entry.shard:05d}-of-{self.shards:05d}")
        if not path.is_file():
            raise FileNotFoundError(f"{path}, a part of the weights, is missing; download it again")
        tensor = torch.empty(entry.shape, dtype=DTYPES[entry.dtype])
        data = tensor.view(-1).view(torch.uint8).numpy()  # its own bytes, to be read into
        with open(path, "rb") as file:
            file.seek(entry.offset)
            if file.readinto(data) != entry.size:
                raise ValueError(f"{path} was cut short: it ends before the end of {name!r}; download it again")
        if masked(crc32c(data)) != entry.checksum:
            raise ValueError(f"{path} is damaged: {name!r} does not match its checksum; download it again")
        return tensor.squeeze(0) if tensor.dim() == 3 else tensor


def find_index(folder: Path) -> Path | None:
    """The index of a folder's checkpoint: the one that its file `checkpoint` names, or the only one; None if none."""
    if (folder / "checkpoint").is_file():
        text = (folder / "checkpoint").read_text(encoding="utf-8", errors="replace")
        if named := re.search(r'^model_checkpoint_path: "(?:[^"]*[/\\])?([^"/\\]+)"', text, re.MULTILINE):
            index = folder / f"{named[1]}.index"
            if not index.is_file():
                raise FileNotFoundError(f"{index}, the index of the weights, is missing; download it again")
            return index
    found = sorted(folder.glob("*.index"))
    if len(found) > 1:
        raise ValueError(f"{folder} holds several checkpoints ({found[0].name}, {found[1].name}, ...); leave one there")
    return found[0] if found else None


def hugging_face_name(name: str) -> str:
    """The name of a tensor of OpenAI's code in Hugging Face's; other names stay as they are.

    >>> hugging_face_name("model/h11/attn/c_attn/w"), hugging_face_name("model/ln_f/g"), hugging_face_name("model/wte")
    ('h.11.attn.c_attn.weight', 'ln_f.weight', 'wte.weight')
    """
    if not (parts := re.fullmatch(r"model/(?:h(\d+)/)?([a-z_\d/]+?)(?:/([wgb]))?", name)):
        return name
    block, module, kind = parts.groups()
    return f"{f'h.{block}.' if block else ''}{module.replace('/', '.')}.{'bias' if kind == 'b' else 'weight'}"


# ---- The index ----


def read_index(path: Path) -> tuple[int, dict[str, Entry]]:
    """The number of data files of a checkpoint, and what its index says of each tensor."""
    try:
        table = dict(read_table(path))
        header = dict(fields(table.pop(b"")))
        if header.get(2):
            raise ValueError(f"{path} is of a machine that stores numbers big-endian, and only little-endian is read")
        return header[1], {name.decode(): _entry(path, name.decode(), value) for name, value in table.items()}
    except (KeyError, IndexError, struct.error, UnicodeDecodeError, TypeError):
        raise ValueError(f"{path} is not the index of a TensorFlow checkpoint; download it again") from None


def _entry(path: Path, name: str, message: bytes) -> Entry:
    """One value of the index, a BundleEntryProto, where a field that is 0 is left out."""
    given = {}
    for number, value in fields(message):
        if number == 7:
            raise ValueError(f"{path}: {name!r} is stored in slices; save the checkpoint without partitioned variables")
        given[number] = value
    shape = tuple(dict(fields(size)).get(1, 0) for number, size in fields(given.get(2, b"")) if number == 2)
    dtype, size = given.get(1, 0), given.get(5, 0)
    if dtype not in DTYPES:
        raise ValueError(f"{path}: {name!r} has TensorFlow's type number {dtype}, and only numbers can be read")
    if size != math.prod(shape) * DTYPES[dtype].itemsize:
        raise ValueError(f"{path}: {name!r} has the shape {shape} and {size} bytes, which do not go together")
    return Entry(dtype, shape, given.get(3, 0), given.get(4, 0), size, given[6])


def read_table(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """The entries of a table file, in order: those of the blocks that its last block lists."""
    data = path.read_bytes()
    if len(data) < FOOTER_BYTES or struct.unpack("<Q", data[-8:])[0] != MAGIC:
        raise ValueError(f"{path} is not the index of a TensorFlow checkpoint, or was cut short; download it again")
    at = len(data) - FOOTER_BYTES
    for _ in range(2):  # where a block about the table itself lies: not needed
        _, at = varint(data, at)
    for _, place in _entries_of_block(path, data, data[at:]):
        yield from _entries_of_block(path, data, place)


def _entries_of_block(path: Path, data: bytes, place: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The entries of the block at `place` (offset, size), behind which its compression and its checksum stand."""
    offset, at = varint(place, 0)
    size, _ = varint(place, at)
    block, (compression, checksum) = data[offset : offset + size], struct.unpack_from("<BI", data, offset + size)
    if masked(crc32c(data[offset : offset + size + 1])) != checksum:
        raise ValueError(f"{path} is damaged: a block does not match its checksum; download it again")
    if compression:
        raise ValueError(f"{path} is compressed, and TensorFlow writes its checkpoints uncompressed; save it again")
    (restarts,) = struct.unpack("<I", block[-4:])
    at, key = 0, b""
    while at < size - 4 * (restarts + 1):
        shared, at = varint(block, at)
        own, at = varint(block, at)
        length, at = varint(block, at)
        key = key[:shared] + block[at : at + own]
        yield key, block[at + own : at + own + length]
        at += own + length


# ---- Protocol buffers ----


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, lowest first, at `at`, and where it ends.

    >>> varint(bytes([0b1010_1100, 0b0000_0010]), 0)
    (300, 2)
    """
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protocol buffer: its number, and a number or bytes (which may be a message in turn)."""
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = varint(message, at)
        elif kind == 2:
            length, at = varint(message, at)
            value, at = message[at : at + length], at + length
        else:  # 1 and 5 are 8 and 4 bytes; there are no others
            length = {1: 8, 5: 4}[kind]
            value, at = int.from_bytes(message[at : at + length], "little"), at + length
        yield number, value


# ---- The checksum ----
# CRC-32C is linear over bits: what a text leaves in the register is the XOR of what each of its parts leaves, moved on
# by as many zero bytes as follow. So a text is cut into many lanes, and NumPy takes them side by side by four bytes.


def crc32c(data: bytes | np.ndarray) -> int:
    """CRC-32C (Castagnoli) of some bytes.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    n = len(data)
    lanes = 2 ** min(14, max(0, n.bit_length() - 8))
    width = -(-n // (4 * lanes))
    text = np.zeros(4 * lanes * width, np.uint8)  # zeros before a text leave a register of 0 as it is
    text[len(text) - n :] = np.frombuffer(data, np.uint8)
    low, high = _four_bytes()
    register = np.zeros(lanes, np.uint32)
    for column in np.ascontiguousarray(text.view("<u4").reshape(lanes, width).T):
        register ^= column
        register = low[register & 0xFFFF] ^ high[register >> 16]
    moved = _zero_bytes(4 * width)
    while len(register) > 1:  # two neighbours become one
        register = _apply(moved, register[0::2]) ^ register[1::2]
        moved = _apply(moved, moved)
    start = _apply(_zero_bytes(n), np.array([0xFFFFFFFF], np.uint32))  # the register starts with ones
    return int(register[0] ^ start[0]) ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    """As LevelDB stores a checksum, so that one may lie within a text that is checked in turn."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@functools.cache
def _four_bytes() -> tuple[np.ndarray, np.ndarray]:
    """What four zero bytes make of a register, by its lower and by its upper 16 bits."""
    halves = np.arange(2**16, dtype=np.uint32)
    return _apply(_zero_bytes(4), halves), _apply(_zero_bytes(4), halves << 16)


@functools.cache
def _zero_bytes(n: int) -> np.ndarray:
    """What n zero bytes make of each of the 32 bits of a register. (32,)"""
    result = power = np.uint32(1) << np.arange(32, dtype=np.uint32)
    for _ in range(8):
        power = (power >> 1) ^ np.where(power & 1, np.uint32(0x82F63B78), np.uint32(0))
    while n:
        if n & 1:
            result = _apply(power, result)
        power, n = _apply(power, power), n >> 1
    return result


def _apply(matrix: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Each value as the XOR of the rows of the matrix that its bits choose. (32,), (n,) -> (n,)"""
    result = np.zeros_like(values)
    for bit in range(32):
        result ^= np.where(values >> bit & 1, matrix[bit], np.uint32(0))
    return result
