"""How much arithmetic a token costs, and how much of what the machine can do a run makes use of."""

from __future__ import annotations

import time

import torch

from minigpt.config import GPTConfig

# Dense 16-bit tensor-core peak in TFLOP/s from NVIDIA's data sheets, by a part of the device's name.
GPU_PEAKS = {
    "B200": 2250, "H200": 989, "H100 PCIe": 756, "H100": 989, "A100": 312, "L40S": 362, "L4": 121, "A10": 125,
    "V100": 125, "T4": 65, "RTX 4090": 165, "RTX 3090": 71,
}  # fmt: skip


def flops_per_token(config: GPTConfig) -> float:
    """Floating-point operations of training on one token, forward and backward: 6 N + 12 L C T.

    Every weight of a matrix is multiplied and added once forward and twice backward: 6 N. Attention multiplies without
    weights: queries with T keys, and T weights with the values, 2 C T multiply-adds forward a layer, so 12 L C T in all
    (the causal mask would halve it; by custom it is not deducted). The positions are added, not multiplied, so N leaves
    them out; the token embedding counts, as the head.

    >>> f"{flops_per_token(GPTConfig.gpt2('124M')):.3g}"
    '8.55e+08'
    """
    n = config.n_params - config.block_size * config.n_embd
    return 6 * n + 12 * config.n_layer * config.n_embd * config.block_size


def peak_flops(device: torch.device, dtype: torch.dtype) -> float:
    """FLOP/s that the device can do: of a known GPU in 16 bit the data sheet's, else what a large product reaches."""
    if device.type == "cuda" and dtype != torch.float32:
        name = torch.cuda.get_device_name(device)
        for part, tera in GPU_PEAKS.items():
            if part in name:
                return tera * 1e12
    return measure_peak_flops(device, dtype)


def measure_peak_flops(device: torch.device, dtype: torch.dtype, size: int = 1024, seconds: float = 0.1) -> float:
    """The most FLOP/s that products of two (size, size) matrices reach in `seconds`."""
    a, b = torch.ones(size, size, device=device, dtype=dtype), torch.ones(size, size, device=device, dtype=dtype)
    best, end = 0.0, time.perf_counter() + seconds
    a @ b  # the first is slow: libraries load
    while time.perf_counter() < end or not best:
        synchronize(device)
        start = time.perf_counter()
        a @ b
        synchronize(device)
        best = max(best, 2 * size**3 / (time.perf_counter() - start))
    return best


def synchronize(device: torch.device) -> None:
    """Waits until the device has done what it was given: a GPU works on behind our back, unseen by a clock."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
