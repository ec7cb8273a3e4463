"""A Bloom filter: a set that forgets its members and still knows them (Bloom 1970). Paper: section 4.

A filter has k rows of bits, all 0. To add a key, k hash functions choose a bit in each row, and these k bits become 1.
A key is *in* the filter if its k bits are all 1: always so for a key that was added, and for another one only if other
keys set every one of its bits by chance. With r bits a row and n keys a bit is still 0 with probability (1 - 1/r)^n, so
a key that was never added passes with probability

    (1 - (1 - 1/r)^n)^k

which is exact, for the rows know nothing of each other. At one error in 10^8, as in the paper, k = 27 rows and 38.3
bits a key do, however long the keys are.

Our choice (the paper names no hash): a row for each hash function, instead of one that all share. The error is the
same, a row fits the processor's cache where the whole does not, and processes that fill one filter together lock only
a row.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from minigpt.recorded import replacing

GAMMA = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio, the step of SplitMix64
BASE = 0x2545F4914F6CDD1D  # of the polynomial: 64 random bits, 5 modulo 8, so that its powers do not soon return
CHUNK = 2**14  # keys at a time: what is computed of them stays in the cache
FORMAT = "minigpt Bloom filter 1"


# ---- From a key to one number of 64 bits ----


def scramble(numbers: np.ndarray) -> np.ndarray:
    """Each number of 64 bits replaced by another that looks random, one to one (SplitMix64; Steele et al. 2014)."""
    z = numbers + GAMMA
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


_VALUES = scramble(np.arange(128, dtype=np.uint64))  # of ASCII's characters
_powers: dict[int, np.ndarray] = {}


def powers(base: int, count: int) -> np.ndarray:
    """1, base, base^2, ... modulo 2^64, at least `count` of them."""
    have = _powers.get(base)
    if have is None or len(have) < count:
        have = np.full(1 << max(12, (count - 1).bit_length()), base, dtype=np.uint64)
        have[0] = 1
        np.cumprod(have, out=have)
        _powers[base] = have
    return have


def hash_parts(codes: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The hash of each stretch codes[start:end] of a text, without touching a character twice.

    A key c0 c1 c2 ... has the hash scramble(v(c0) + v(c1) B + v(c2) B^2 + ...) modulo 2^64, with v(c) = scramble(c).
    One running sum over the whole text gives that of every stretch: the difference of its two ends, divided by B^start.
    Nothing in it depends on a machine, a Python or a process, as Python's own `hash` does. Two given keys have one hash
    with probability 2^-64 or little more, so a filter of ten thousand million keys errs by it once in 10^9. It is no
    secret: who wants two keys of one hash can find them.

    Args:
        codes: the characters' numbers, (characters,) of any unsigned type.
        starts, ends: where each key begins and ends, (keys,).
    """
    terms = _VALUES.take(codes) if codes.dtype == np.uint8 else scramble(codes.astype(np.uint64))
    terms *= powers(BASE, len(codes))[: len(codes)]
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(terms, out=sums[1:])
    found = sums[ends] - sums[starts]
    found *= powers(pow(BASE, -1, 2**64), len(codes) + 1)[starts]
    return scramble(found)


def code_points(text: str) -> np.ndarray:
    """A text's characters as numbers, (characters,) uint8 if all are ASCII, else uint32; also halves of surrogates."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    return np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype="<u4")


def hash_keys(keys: Iterable[str]) -> np.ndarray:
    """The hash of each key, (keys,) uint64.

    >>> hex(hash_keys(["the cat sat on the mat and slept"])[0])
    '0xc0c6ea9928d19e2a'
    """
    keys = list(keys)
    ends = np.cumsum([len(key) for key in keys], dtype=np.int64)
    starts = np.concatenate([[0], ends[:-1]]) if keys else ends
    return hash_parts(code_points("".join(keys)), starts, ends)


# ---- The filter ----


def rows_for(capacity: int, error_rate: float) -> tuple[int, int]:
    """How many rows, and how many bits a row, for that many keys at that rate of error: the fewest that keep it.

    Raises:
        ValueError: a capacity below 1, a rate of 0 or 1 or beyond, or one that 64 bits of hash cannot keep.

    >>> rows, bits = rows_for(1_000_000, 1e-8)
    >>> rows, round(rows * bits / 1_000_000, 1)
    (27, 38.3)
    """
    if isinstance(capacity, bool) or not isinstance(capacity, int) or capacity < 1:
        raise ValueError(f"the capacity of a Bloom filter is a whole number of keys from 1, not {capacity!r}")
    if not 0 < error_rate < 1:
        raise ValueError(f"the error rate of a Bloom filter lies between 0 and 1, for example 1e-8, not {error_rate}")
    if capacity * 2.0**-64 > error_rate / 10:
        raise ValueError(
            f"an error rate of {error_rate:g} is too small for {capacity:,} keys with hashes of 64 bits; "
            f"take {capacity * 10 * 2.0**-64:.0e} or more"
        )
    rows = max(1, round(-math.log2(error_rate)))
    share = error_rate ** (1 / rows)  # of the bits of a row that may be 1
    return rows, math.ceil(-1 / math.expm1(math.log1p(-share) / capacity))


class BloomFilter:
    """A set of strings with a promise: no key that was added is ever missed, and others pass at `error_rate` at most.

    The promise holds for up to `capacity` different keys; `exceeded` says whether it still does.

    Args:
        capacity: how many different keys it is made for.
        error_rate: how likely a key that was not added may pass for one that was.
        about: what the keys are, in a word ("8-grams"); saved with it, and filters of different keys are not joined.

    Raises:
        ValueError: see `rows_for`.

    >>> known = BloomFilter(capacity=1000, error_rate=1e-8)
    >>> known.add("four score and seven years ago our fathers")
    >>> "four score and seven years ago our fathers" in known, "four score" in known
    (True, False)
    """

    def __init__(self, capacity: int, error_rate: float, about: str = ""):
        self.n_rows, self.row_bits = rows_for(capacity, error_rate)
        self.capacity, self.error_rate, self.about = capacity, float(error_rate), about
        self.factors = scramble(np.arange(self.n_rows, dtype=np.uint64)) | np.uint64(1)
        self.stretch = np.uint64(2**64 // self.row_bits + 1)
        self.bits = np.zeros((self.n_rows, -(-self.row_bits // 8)), dtype=np.uint8)

    def add(self, key: str) -> None:
        """Adds one key."""
        self.add_hashes(hash_keys([key]))

    def update(self, keys: Iterable[str]) -> None:
        """Adds many keys; quicker than one by one."""
        for some in _chunks(keys):
            self.add_hashes(hash_keys(some))

    def __contains__(self, key: str) -> bool:
        return bool(self.find_hashes(hash_keys([key]))[0])

    def contains(self, keys: Iterable[str]) -> np.ndarray:
        """Which of the keys are in it, (keys,) bool."""
        found = [self.find_hashes(hash_keys(some)) for some in _chunks(keys)]
        return np.concatenate(found) if found else np.zeros(0, dtype=bool)

    # ---- by hashes ----

    def places(self, hashes: np.ndarray, row: int) -> tuple[np.ndarray, np.ndarray]:
        """The bit of each key in a row, as the byte that it is in, and that byte with nothing but it set.

        The hash function of a row multiplies the key's hash by an odd number of its own and cuts the 2^64 possible
        products into as many equal stretches as the row has bits (multiplicative hashing; Dietzfelbinger et al. 1997).
        """
        bit = hashes * self.factors[row]
        bit //= self.stretch
        return (bit >> np.uint64(3)).view(np.int64), _ONE_BIT.take((bit & np.uint64(7)).view(np.int64), mode="clip")

    def add_hashes(self, hashes: np.ndarray) -> None:
        """Adds the keys with these hashes, (keys,) uint64."""
        for row in range(self.n_rows):
            for begin in range(0, len(hashes), CHUNK):
                self.set_bits(row, *self.places(hashes[begin : begin + CHUNK], row))

    def set_bits(self, row: int, byte: np.ndarray, mask: np.ndarray) -> None:
        """Sets the bits that `places` names."""
        bits = self.bits[row]
        while byte.size:
            bits[byte] = bits.take(byte, mode="clip") | mask  # all lie within; "clip" is quicker than to check it
            # Of two bits for one byte, one was written over the other: once more for those that were lost.
            lost = np.flatnonzero((bits.take(byte, mode="clip") & mask) == 0)
            byte, mask = byte[lost], mask[lost]

    def find_hashes(self, hashes: np.ndarray) -> np.ndarray:
        """Which of the keys with these hashes are in it, (keys,) bool. A key is dropped at the first bit that is 0."""
        found, at = np.zeros(len(hashes), dtype=bool), np.arange(len(hashes))
        for row in range(self.n_rows):
            passed = np.empty(len(at), dtype=bool)
            for begin in range(0, len(at), CHUNK):
                some = slice(begin, begin + CHUNK)
                byte, mask = self.places(hashes[some], row)
                passed[some] = (self.bits[row].take(byte, mode="clip") & mask) != 0
            if not passed.all():
                hashes, at = hashes[passed], at[passed]
        found[at] = True
        return found

    # ---- whether it keeps its promise ----

    def shares(self) -> np.ndarray:
        """The share of each row's bits that are 1, (rows,)."""
        return np.array([_ones(row) for row in self.bits]) / self.row_bits

    def expected_error(self) -> float:
        """How likely a key that was not added passes as the filter is now: each of its bits is one that is 1."""
        return float(np.prod(self.shares()))

    def expected_keys(self) -> float:
        """How many different keys were added, estimated from the bits that are 0 (Swamidass and Baldi 2007)."""
        zero = 1 - self.shares().mean()
        return math.inf if zero == 0 else math.log(zero) / math.log1p(-1 / self.row_bits)

    @property
    def exceeded(self) -> bool:
        """Whether more keys were added than it is made for, by more than the estimate errs (four standard errors)."""
        load = self.capacity / self.row_bits
        spread = math.sqrt(self.row_bits / self.n_rows * (math.expm1(load) - load))
        return self.expected_keys() > self.capacity + 4 * spread

    def warning(self) -> str:
        """A sentence if its promise no longer holds, else nothing."""
        if not self.exceeded:
            return ""
        return (
            f"this Bloom filter was made for {self.capacity:,} keys and holds about {self.expected_keys():,.0f}: of "
            f"the keys that are not in it, one in {1 / self.expected_error():,.0f} passes, not one in "
            f"{1 / self.error_rate:,.0f} as promised; make it anew with a larger capacity"
        )

    # ---- joined, saved, loaded ----

    def __or__(self, other: BloomFilter) -> BloomFilter:
        """The filter of the keys of both: the same bits as if one had been given all of them."""
        if not isinstance(other, BloomFilter):
            return NotImplemented
        joined = BloomFilter(self.capacity, self.error_rate, self.about)
        joined |= self
        joined |= other
        return joined

    def __ior__(self, other: BloomFilter) -> BloomFilter:
        if not isinstance(other, BloomFilter):
            return NotImplemented
        for what, ours, theirs in (
            ("shape", (self.n_rows, self.row_bits), (other.n_rows, other.row_bits)),
            ("kind of key", self.about, other.about),
        ):
            if ours != theirs:
                raise ValueError(
                    f"Bloom filters of one {what} can be joined, not {ours} and {theirs}; "
                    "make them with the same capacity and error rate, for the same keys"
                )
        self.bits |= other.bits
        return self

    def save(self, path: str | os.PathLike) -> None:
        """Writes it as a safetensors file, which appears only when it is complete. Takes no memory."""
        head = {name: getattr(self, name) for name in ("capacity", "error_rate", "about", "row_bits")}
        about = {"format": FORMAT, "filter": json.dumps(head), "ones": json.dumps([_ones(row) for row in self.bits])}
        tensor = {"dtype": "U8", "shape": list(self.bits.shape), "data_offsets": [0, self.bits.nbytes]}
        header = json.dumps({"__metadata__": about, "bits": tensor}).encode()
        header += b" " * (-len(header) % 8)
        with replacing(path) as file:  # by hand, for the library would first make a copy of all bits
            file.write(struct.pack("<Q", len(header)) + header)
            file.write(memoryview(self.bits).cast("B"))

    @classmethod
    def load(cls, path: str | os.PathLike) -> BloomFilter:
        """A filter that `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is no filter of minigpt's, is cut short, or is damaged.
        """
        from safetensors import SafetensorError, safe_open

        again = "build it again with `minigpt overlap --train FILES --filter FILE`"
        try:
            with safe_open(os.fspath(path), framework="numpy") as file:
                about = file.metadata() or {}
                if about.get("format") != FORMAT:
                    raise ValueError(f"{path} is no Bloom filter of this minigpt; {again}")
                head = json.loads(about["filter"])
                found = cls(head["capacity"], head["error_rate"], head["about"])
                shape = tuple(file.get_slice("bits").get_shape())
                if (found.row_bits, found.bits.shape) != (head["row_bits"], shape):
                    raise ValueError(f"{path} holds bits that do not fit its header; {again}")
                found.bits = file.get_tensor("bits")
        except (SafetensorError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is cut short, or no Bloom filter at all ({error}); {again}") from error
        if [_ones(row) for row in found.bits] != json.loads(about["ones"]):
            raise ValueError(f"{path} is damaged: it has not the number of bits that were saved; {again}")
        return found

    def __repr__(self) -> str:
        return f"BloomFilter({self.capacity:,} keys, {self.error_rate:g}, {self.bits.nbytes / 1e6:.1f} MB)"


_ONE_BIT = np.array([1 << i for i in range(8)], dtype=np.uint8)
_BITS_OF = np.array([bin(i).count("1") for i in range(256)], dtype=np.int64)


def _ones(row: np.ndarray) -> int:
    """How many bits are 1."""
    pieces = (row[begin : begin + 2**20] for begin in range(0, len(row), 2**20))
    return int(sum(_BITS_OF @ np.bincount(piece, minlength=256) for piece in pieces))


def _chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    if isinstance(keys, str):
        raise ValueError("many keys are a list of strings, not one string; for one key use add() or `in`")
    keys = iter(keys)
    while some := list(islice(keys, 4 * CHUNK)):
        yield some
