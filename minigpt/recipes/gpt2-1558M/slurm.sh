#!/bin/sh
#SBATCH --job-name=gpt2-1558M
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=32
#SBATCH --signal=TERM@120
#SBATCH --requeue
# GPT-2 1558M on 4 nodes of 8 GPUs under Slurm: sbatch slurm.sh. The same command again goes on where it was stopped.
#
# parameters  1,557,611,200
# arithmetic  10,279,555,200 FLOP a token x 33,554,432,000 tokens (64,000 steps x 524,288) = 3.45e+20 FLOP
# time        7.6 hours at 40% of 32 x 989 TFLOP/s (H100); not measured
# money       $848 at $3.5 an hour and GPU
# memory      51.5 GB of a GPU's 80 GB, by calculation
# loss        2.24 to 2.79 at the end, on text from the web;
#             OpenAI's has 2.54 on OpenWebText
# another machine, price or share of the peak: minigpt cost --help
#
# --small makes it a run of seconds, without a GPU too; any key of a training file is an option as well.
# The data: token shards in runs/webtext/tokens (by minigpt webtext or minigpt tokens), or --data FOLDER.
# --signal: two minutes before the job's time is over it saves and stops; --requeue: Slurm restarts it.
set -eu
HEAD_NODE=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export HEAD_NODE NODES="$SLURM_NNODES" JOB="$SLURM_JOB_ID"
srun torchrun --nnodes "${NODES:-4}" --nproc-per-node "${GPUS:-8}" --max-restarts 3 \
    --rdzv-backend c10d --rdzv-endpoint "$HEAD_NODE:${PORT:-29500}" --rdzv-id "${JOB:-gpt2-1558M}" \
    -m minigpt train gpt2-1558M --out "${OUT:-runs/gpt2-1558M}" --resume "$@"
