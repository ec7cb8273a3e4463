"""Writes the recipes for GPT-2 at full size: `minigpt/recipes/gpt2-124M.toml`, ..., and a folder of scripts for each.

    python -m minigpt.training.recipes

The arithmetic in their headers is the calculator's; a test compares the files with what this would write.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import torch

from minigpt.config import GPT2_SIZES, GPTConfig
from minigpt.recorded import write_atomic
from minigpt.training.calculator import (
    GPU_MEMORY,
    GPU_PEAKS,
    GPU_PRICES,
    UTILIZATION,
    cost,
    duration,
    memory_of,
    size,
)
from minigpt.training.perf import flops_per_token
from minigpt.training.references import REFERENCES, band
from minigpt.training.settings import RECIPES, Settings

GPU, VOCABULARY, NODES = "H100", 50257, 4
# size: (batch_size, grad_accum, max_steps, learning_rate, whose steps). Batch and accumulation make the paper's 512
# sequences a step, in as many batches as 32 or 64 GPUs can share out. Peaks: GPT-3's for models of about these sizes
# (Brown et al., 2020, Table 2.1). Steps: llm.c's scripts for these sizes (the largest: for half as many tokens a step).
RUNS = {
    "124M": (16, 32, 18_865, 6e-4, "run_gpt2_124M.sh"),
    "355M": (16, 32, 60_000, 3e-4, "run_gpt2_350M.sh"),
    "774M": (8, 64, 286_102, 2.5e-4, "run_gpt2_774M.sh"),
    "1558M": (8, 64, 64_000, 2e-4, "run_gpt2_1558M.sh"),
}


def settings(name: str) -> Settings:
    """What the recipe of a size says."""
    n_layer, n_head, n_embd = GPT2_SIZES[name]
    batch_size, grad_accum, max_steps, peak, _ = RUNS[name]
    return Settings(
        data="runs/webtext/tokens", tokenizer="gpt2", n_layer=n_layer, n_head=n_head, n_embd=n_embd, block_size=1024,
        batch_size=batch_size, grad_accum=grad_accum, max_steps=max_steps, learning_rate=peak,
        min_learning_rate=float(f"{peak / 10:g}"), warmup_steps=700, weight_decay=0.1, beta2=0.95, eval_every=250,
        eval_batches=64, save_every=1000,
    )  # fmt: skip


def training_file(name: str) -> str:
    """The TOML file of a size."""
    s, default = settings(name), Settings()
    run, n = cost(s, VOCABULARY, GPU), GPTConfig.gpt2(name).n_params
    kept = ("data", "tokenizer")
    keys = [key for key in s.__dataclass_fields__ if key in kept or getattr(s, key) != getattr(default, key)]
    lines = [line for line in s.to_toml().splitlines() if line.split(" = ")[0] in keys]
    head = f"""\
        # GPT-2 {name} at full size (chapter 14): {n:,} parameters, {run.tokens / 1e9:.1f} billion tokens.
        # From the paper: layers and width (Table 2), context and 512 sequences a step (section 2.3). Not in it, and so
        # our choice: AdamW and its numbers, and the peak, as GPT-3 had them for about this size (Brown et al., 2020,
        # Table 2.1); the number of steps, as in the public reproduction llm.c (scripts/{RUNS[name][-1]}).
        # batch_size x grad_accum = 512 sequences for any number of GPUs; less memory: half the one, twice the other.
        # The scripts in gpt2-{name}/ start it on one GPU, on a node of 8, on several nodes, and under Slurm."""
    return dedent(head) + "\n" + "\n".join(lines) + "\n"


def header(name: str, gpus: int, what: str) -> str:
    """The comment at the head of a script: how to use it, and what it costs."""
    s, config = settings(name), GPTConfig.gpt2(name)
    run = cost(s, VOCABULARY, GPU, gpus)
    m = memory_of(s, VOCABULARY, torch.bfloat16, "ddp", gpus)
    low, high = band(name)
    known = [f"{r.who}'s has {r.loss} on {r.text}" for r in REFERENCES if r.size == name]
    return "\n".join([
        f"# GPT-2 {name} on {what}. The same command again goes on where it was stopped.",
        "#",
        f"# parameters  {config.n_params:,}",
        f"# arithmetic  {flops_per_token(config):,.0f} FLOP a token x {run.tokens:,} tokens "
        f"({s.max_steps:,} steps x {s.tokens_per_step:,}) = {run.flops:.2e} FLOP",
        f"# time        {duration(run.seconds)} at {UTILIZATION:.0%} of {gpus} x {GPU_PEAKS[GPU]} TFLOP/s ({GPU}); "
        "not measured",
        f"# money       ${run.dollars:,.0f} at ${GPU_PRICES[GPU]:g} an hour and GPU",
        f"# memory      {size(m.total)} of a GPU's {GPU_MEMORY[GPU]} GB, by calculation",
        f"# loss        {low:.2f} to {high:.2f} at the end, on text from the web;",
        *(f"#             {line}" for line in known),
        "# another machine, price or share of the peak: minigpt cost --help",
        "#",
        "# --small makes it a run of seconds, without a GPU too; any key of a training file is an option as well.",
    ])  # fmt: skip


def scripts(name: str) -> dict[str, str]:
    """The scripts of a size by their file's name."""
    # --resume: where there is nothing to resume, the run begins
    train = f'-m minigpt train gpt2-{name} --out "${{OUT:-runs/gpt2-{name}}}" --resume "$@"'
    single = 'torchrun --standalone --nproc-per-node "${GPUS:-%d}" \\\n    '
    nodes = (
        'torchrun --nnodes "${NODES:-%d}" --nproc-per-node "${GPUS:-8}" --max-restarts 3 \\\n'
        '    --rdzv-backend c10d --rdzv-endpoint "$HEAD_NODE:${PORT:-29500}" --rdzv-id "${JOB:-gpt2-%s}" \\\n    '
    ) % (NODES, name)
    begin = "#!/bin/sh\n"
    strict = "\nset -eu\n"
    data = "# The data: token shards in runs/webtext/tokens (by minigpt webtext or minigpt tokens), or --data FOLDER."
    return {
        "one_gpu.sh": f"{begin}{header(name, 1, 'one GPU')}\n{data}{strict}{single % 1}{train}\n",
        "one_node.sh": f"{begin}{header(name, 8, 'one node of 8 GPUs')}\n{data}{strict}{single % 8}{train}\n",
        "nodes.sh": (
            f"{begin}{header(name, 8 * NODES, f'{NODES} nodes of 8 GPUs')}\n{data}\n"
            "# Run it on every node, with HEAD_NODE the name of one of them; all must see the folders of data and run."
            f'{strict}: "${{HEAD_NODE:?give the name of the first node: HEAD_NODE=...}}"\n{nodes}{train}\n'
        ),
        "slurm.sh": (
            f"#!/bin/sh\n#SBATCH --job-name=gpt2-{name}\n#SBATCH --nodes={NODES}\n#SBATCH --ntasks-per-node=1\n"
            "#SBATCH --gpus-per-node=8\n#SBATCH --cpus-per-task=32\n#SBATCH --signal=TERM@120\n#SBATCH --requeue\n"
            f"{header(name, 8 * NODES, f'{NODES} nodes of 8 GPUs under Slurm: sbatch slurm.sh')}\n{data}\n"
            "# --signal: two minutes before the job's time is over it saves and stops; --requeue: Slurm restarts it."
            f'{strict}HEAD_NODE=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)\n'
            f'export HEAD_NODE NODES="$SLURM_NNODES" JOB="$SLURM_JOB_ID"\nsrun {nodes}{train}\n'
        ),
    }


def files() -> dict[Path, str]:
    """All files by their paths."""
    found = {}
    for name in RUNS:
        found[RECIPES / f"gpt2-{name}.toml"] = training_file(name)
        for script, text in scripts(name).items():
            found[RECIPES / f"gpt2-{name}" / script] = text
    return found


def main() -> None:
    for path, text in files().items():
        write_atomic(path, text)
        path.chmod(0o755 if path.suffix == ".sh" else 0o644)


if __name__ == "__main__":
    main()
