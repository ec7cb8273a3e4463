#!/bin/sh
# GPT-2 124M on 4 nodes of 8 GPUs. The same command again goes on where it was stopped.
#
# parameters  124,439,808
# arithmetic  855,166,464 FLOP a token x 9,890,693,120 tokens (18,865 steps x 524,288) = 8.46e+18 FLOP
# time        11 minutes at 40% of 32 x 989 TFLOP/s (H100); not measured
# money       $21 at $3.5 an hour and GPU
# memory      7.7 GB of a GPU's 80 GB, by calculation
# loss        2.82 to 3.37 at the end, on text from the web;
#             OpenAI's has 3.12 on OpenWebText
#             OpenAI's has 3.29 on FineWeb-Edu
#             nanoGPT's has 2.85 on OpenWebText
#             llm.c's has 3.27 on FineWeb
# another machine, price or share of the peak: minigpt cost --help
#
# --small makes it a run of seconds, without a GPU too; any key of a training file is an option as well.
# The data: token shards in runs/webtext/tokens (by minigpt webtext or minigpt tokens), or --data FOLDER.
# Run it on every node, with HEAD_NODE the name of one of them; all must see the folders of data and run.
set -eu
: "${HEAD_NODE:?give the name of the first node: HEAD_NODE=...}"
torchrun --nnodes "${NODES:-4}" --nproc-per-node "${GPUS:-8}" --max-restarts 3 \
    --rdzv-backend c10d --rdzv-endpoint "$HEAD_NODE:${PORT:-29500}" --rdzv-id "${JOB:-gpt2-124M}" \
    -m minigpt train gpt2-124M --out "${OUT:-runs/gpt2-124M}" --resume "$@"
