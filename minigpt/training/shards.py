"""Tokens on disk, and the windows of them that a model is trained on.

A shard is a file of token ids, one after another, behind a header of 64 bytes that says what they are. It is read by
memory map: the operating system brings in the pages that are looked at, so a text larger than memory can be trained on.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from minigpt.model import IGNORE

MAGIC = b"minigpt\x00"
VERSION = 1
# magic, version, bytes a token, number of tokens, vocab_size, sha256 of the tokens; all little-endian
HEADER = struct.Struct("<8sIIQQ32s")
SHARD_TOKENS = 2**27  # a longer text goes into several shards


def write_shard(path: str | os.PathLike, ids: Iterable[np.ndarray], vocab_size: int) -> int:
    """Writes token ids, given piece by piece, to one shard; returns how many. The file appears only when complete.

    Two bytes a token where the vocabulary allows it (GPT-2's does), otherwise four.

    Raises:
        ValueError: an id that is not below `vocab_size`.
    """
    path = Path(path)
    dtype = np.dtype("<u2" if vocab_size <= 2**16 else "<u4")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    count, digest = 0, hashlib.sha256()
    try:
        with open(temporary, "wb") as file:
            file.write(bytes(HEADER.size))  # room for the header, which needs the count
            for piece in ids:
                piece = np.asarray(piece)
                if piece.size and not 0 <= piece.min() <= piece.max() < vocab_size:
                    raise ValueError(
                        f"token ids {piece.min()} to {piece.max()} do not fit a vocabulary of {vocab_size}"
                    )
                data = piece.astype(dtype).tobytes()
                file.write(data)
                digest.update(data)
                count += piece.size
            file.seek(0)
            file.write(HEADER.pack(MAGIC, VERSION, dtype.itemsize, count, vocab_size, digest.digest()))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return count


def read_shard(path: str | os.PathLike, vocab_size: int | None = None, check: bool = False) -> np.ndarray:
    """The tokens of a shard as a read-only memory map, (count,).

    Args:
        path: the file.
        vocab_size: if given, the shard must have been written for this vocabulary.
        check: also read every token and compare their sha256 with the header's.

    Raises:
        ValueError: not a shard, of another version, cut short, damaged, or of another vocabulary.
    """
    with open(path, "rb") as file:
        header = file.read(HEADER.size)
    if len(header) < HEADER.size or not header.startswith(MAGIC):
        raise ValueError(f"{path} is not a token shard of minigpt; write it with write_shard")
    _, version, width, count, vocabulary, sha256 = HEADER.unpack(header)
    if version != VERSION or width not in (2, 4):
        raise ValueError(
            f"{path} is a token shard of version {version}; this minigpt reads version {VERSION}: write it anew"
        )
    if os.path.getsize(path) != HEADER.size + count * width:
        raise ValueError(
            f"{path} is cut short or damaged: its header promises {count:,} tokens; delete it and write it anew"
        )
    if vocab_size is not None and vocabulary != vocab_size:
        raise ValueError(
            f"{path} was written for a vocabulary of {vocabulary}, not {vocab_size}; use its own tokenizer"
        )
    if count == 0:
        return np.empty(0, dtype=f"<u{width}")  # an empty file cannot be mapped
    tokens = np.memmap(path, dtype=f"<u{width}", mode="r", offset=HEADER.size, shape=(count,))
    if check and hashlib.sha256(tokens).digest() != sha256:
        raise ValueError(
            f"{path} is damaged: its tokens do not match the checksum in its header; delete it and write it anew"
        )
    return tokens


def shard_checksum(path: str | os.PathLike) -> str:
    """The sha256 of a shard's tokens, as its header has it."""
    with open(path, "rb") as file:
        return HEADER.unpack(file.read(HEADER.size))[-1].hex()


def write_shards(folder: Path, name: str, ids: Iterable[np.ndarray], vocab_size: int) -> int:
    """Writes ids to NAME-00000.tokens, NAME-00001.tokens, ... of about `SHARD_TOKENS` each; returns how many tokens."""
    pieces, total, number = iter(ids), 0, 0
    ended = False

    def next_shard():
        nonlocal ended
        room = SHARD_TOKENS
        while room > 0:
            piece = next(pieces, None)
            if piece is None:
                ended = True
                return
            room -= len(piece)
            yield piece

    while not ended:
        total += write_shard(folder / f"{name}-{number:05d}.tokens", next_shard(), vocab_size)
        number += 1
    return total


def read_shards(folder: Path, name: str, vocab_size: int | None = None) -> list[np.ndarray]:
    """The shards NAME-*.tokens of a folder, in order; empty ones are left out."""
    shards = [read_shard(path, vocab_size) for path in sorted(Path(folder).glob(f"{name}-*.tokens"))]
    return [shard for shard in shards if len(shard)]


class Windows:
    """Cuts shards into windows of `block_size` tokens and their successors, and deals them out in batches.

    In an epoch every window comes once, in an order that `seed` and the epoch's number decide. Batch number k is a
    function of k alone: a run that goes on after a kill asks for the next number, and there is no other state to keep.
    Windows do not overlap and do not cross from one shard into the next. The tokens left over (fewer than a window) lie
    now before the first window, now after the last: in each epoch all windows move by another few tokens, so none is
    left out for good.

    Args:
        shards: token ids, each (count,); as `read_shard` gives them.
        block_size: T, the tokens of a window; with the one to predict after the last it spans T + 1.
        seed: of the order; None for the order of the text, never moved, as a validation wants it.

    Raises:
        ValueError: no shard has `block_size` + 1 tokens.

    >>> windows = Windows([np.arange(9)], block_size=4, seed=None)
    >>> windows.get([1])
    (tensor([[4, 5, 6, 7]]), tensor([[5, 6, 7, 8]]))
    """

    def __init__(self, shards: list[np.ndarray], block_size: int, seed: int | None) -> None:
        self.shards, self.block_size, self.seed = shards, block_size, seed
        self.counts = [max(0, len(shard) - 1) // block_size for shard in shards]
        self.ends = np.cumsum(self.counts, dtype=np.int64)  # shard s holds the windows below ends[s]
        self._epochs: dict[int, tuple[np.ndarray, list[int]]] = {}
        if not len(self):
            have = max((len(shard) for shard in shards), default=0)
            raise ValueError(
                f"the text has {have:,} tokens, and block_size={block_size} needs at least {block_size + 1}; "
                "give more text or a smaller block_size"
            )

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def get(self, windows: Iterable[int], offsets: list[int] | None = None) -> tuple[Tensor, Tensor]:
        """The windows of these numbers: inputs and targets, both (B, T) int64."""
        T, rows = self.block_size, []
        for window in windows:
            s = int(np.searchsorted(self.ends, window, side="right"))
            start = (int(window) - int(self.ends[s]) + self.counts[s]) * T + (offsets[s] if offsets else 0)
            rows.append(self.shards[s][start : start + T + 1])
        tokens = torch.from_numpy(np.stack(rows).astype(np.int64))  # (B, T + 1)
        return tokens[:, :-1], tokens[:, 1:]

    def batch(self, number: int, batch_size: int) -> tuple[Tensor, Tensor]:
        """Batch `number` (from 0) of the endless sequence of epochs: inputs and targets, both (B, T) int64."""
        parts, position, left = [], number * batch_size, batch_size
        while left:  # more than one round only where an epoch ends within the batch
            epoch, start = divmod(position, len(self))
            order, offsets = self.epoch(epoch)
            chosen = order[start : start + left]
            parts.append(self.get(chosen, offsets))
            position, left = position + len(chosen), left - len(chosen)
        inputs, targets = zip(*parts)
        return torch.cat(inputs), torch.cat(targets)

    def tokens_until(self, number: int, batch_size: int) -> int:
        """How many tokens the batches before batch `number` have to predict."""
        return number * batch_size * self.block_size

    def epoch(self, epoch: int) -> tuple[np.ndarray, list[int]]:
        """The order of the windows in an epoch, (n,), and by how many tokens the windows of each shard are moved."""
        if self.seed is None:
            return np.arange(len(self)), [0] * len(self.shards)
        if epoch not in self._epochs:
            # RandomState and not default_rng: its numbers are promised never to change, and a run may outlive a NumPy.
            random = np.random.RandomState([self.seed % 2**32, epoch])
            left_over = [max(0, len(s) - 1 - n * self.block_size) for s, n in zip(self.shards, self.counts)]
            offsets = [int(random.randint(0, left + 1)) for left in left_over]
            order = random.permutation(len(self))  # 8 bytes a window: 80 MB for ten billion tokens at T = 1024
            self._epochs = {e: o for e, o in self._epochs.items() if e == epoch - 1}
            self._epochs[epoch] = (order, offsets)
        return self._epochs[epoch]


class Documents:
    """Deals out a text one document a row, in batches of documents of like length.

    A row is what `<|endoftext|>` opens and the next one closes, both included; of a document longer than `block_size`
    each piece is a row of its own. Rows of a batch are filled up to the longest with targets that are not counted
    (`IGNORE`). A batch holds at most `room` tokens, filling included. Which rows stand together is decided once, by
    `seed`; an epoch deals out all batches, each in an order of its own, and batch number k is a function of k alone.

    Windows teach the same, later: a document then begins at any position, and what stood before it is of no use.

    Args:
        shards: token ids, each (count,); as `read_shard` gives them.
        eot: id of `<|endoftext|>`.
        block_size: the longest row, T.
        room: tokens of a batch.
        seed: of the batches and their order; None for the order of the text, as a validation wants it.

    Raises:
        ValueError: the shards have no document, or a batch has no room for the longest.

    >>> rows = Documents([np.array([5, 6, 0, 7, 0])], eot=0, block_size=4, room=8, seed=None)
    >>> rows.get([0, 1])
    (tensor([[0, 5, 6],
            [0, 7, 0]]), tensor([[   5,    6,    0],
            [   7,    0, -100]]))
    """

    def __init__(self, shards: list[np.ndarray], eot: int, block_size: int, room: int, seed: int | None) -> None:
        self.shards, self.eot, self.seed = shards, eot, seed
        places = [_rows_of(number, shard, eot, block_size) for number, shard in enumerate(shards)]
        self.rows = np.concatenate(places) if places else np.empty((0, 3), dtype=np.int64)  # shard, begin, end
        if not len(self.rows):
            raise ValueError("the text has no documents; each must end in <|endoftext|>")
        if room < block_size:
            raise ValueError(f"a batch of {room} tokens has no room for a row of {block_size}; enlarge batch_size")
        lengths = self.rows[:, 2] - self.rows[:, 1] - 1  # tokens to predict
        self.batches = _batches(lengths, room, seed)
        self.tokens = np.array([int(lengths[rows].sum()) for rows in self.batches])  # to predict, of each batch
        self._epochs: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def get(self, rows: Iterable[int]) -> tuple[Tensor, Tensor]:
        """The rows of these numbers: inputs and targets, both (B, longest of them) int64."""
        pieces = [self._row(*self.rows[row]) for row in rows]
        longest = max(map(len, pieces)) - 1
        inputs = torch.full((len(pieces), longest), self.eot)
        targets = torch.full((len(pieces), longest), IGNORE)
        for i, piece in enumerate(pieces):
            ids = torch.from_numpy(piece.astype(np.int64))
            inputs[i, : len(ids) - 1], targets[i, : len(ids) - 1] = ids[:-1], ids[1:]
        return inputs, targets

    def _row(self, shard: int, begin: int, end: int) -> np.ndarray:
        if begin < 0:  # nothing stands before a shard's first document
            return np.concatenate(([self.eot], self.shards[shard][:end]))
        return self.shards[shard][begin:end]

    def batch(self, number: int, batch_size: int | None = None) -> tuple[Tensor, Tensor]:
        """Batch `number` (from 0) of the endless sequence of epochs: inputs and targets, both (B, T) int64."""
        epoch, place = divmod(number, len(self.batches))
        return self.get(self.batches[self.epoch(epoch)[0][place]])

    def epoch(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The order of the batches in an epoch, and how many tokens have been predicted before each, both (batches,)."""
        if epoch not in self._epochs:
            order = np.arange(len(self.batches))
            if self.seed is not None:
                order = np.random.RandomState([self.seed % 2**32, epoch]).permutation(len(order))
            self._epochs = {epoch: (order, np.cumsum(self.tokens[order]) - self.tokens[order])}
        return self._epochs[epoch]

    def tokens_until(self, number: int, batch_size: int | None = None) -> int:
        """How many tokens the batches before batch `number` have to predict."""
        epoch, place = divmod(number, len(self.batches))
        return epoch * int(self.tokens.sum()) + int(self.epoch(epoch)[1][place])


def _rows_of(number: int, shard: np.ndarray, eot: int, block_size: int) -> np.ndarray:
    """Where the rows of a shard begin and end, (rows, 3): the shard's number, begin, end."""
    ends = np.flatnonzero(np.asarray(shard) == eot)
    begins = np.concatenate(([-1], ends[:-1]))  # each row opens with the <|endoftext|> before it
    rows = []
    for begin, end in zip(begins.tolist(), (ends + 1).tolist()):
        for cut in range(begin, end - 1, block_size):
            rows.append((number, cut, min(cut + block_size + 1, end)))
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def _batches(lengths: np.ndarray, room: int, seed: int | None) -> list[np.ndarray]:
    """Rows by batch: of like length, as many as fit when all are filled up to the longest."""
    order = np.arange(len(lengths))
    if seed is not None:
        order = np.random.RandomState(seed % 2**32).permutation(len(lengths))
    order = order[np.argsort(-lengths[order], kind="stable")]  # the longest first
    batches, at = [], 0
    while at < len(order):
        rows = max(1, room // int(lengths[order[at]]))
        batches.append(order[at : at + rows])
        at += rows
    return batches
