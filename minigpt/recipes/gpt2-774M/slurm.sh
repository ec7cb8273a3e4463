#!/bin/sh
#SBATCH --job-name=gpt2-774M
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=32
#SBATCH --signal=TERM@120
#SBATCH --requeue
# GPT-2 774M on 4 nodes of 8 GPUs under Slurm: sbatch slurm.sh. The same command again goes on where it was stopped.
#
# parameters  774,030,080
# arithmetic  5,202,547,200 FLOP a token x 149,999,845,376 tokens (286,102 steps x 524,288) = 7.80e+20 FLOP
# time        17 hours at 40% of 32 x 989 TFLOP/s (H100); not measured
# money       $1,918 at $3.5 an hour and GPU
# memory      28.2 GB of a GPU's 80 GB, by calculation
# loss        2.37 to 2.92 at the end, on text from the web;
#             OpenAI's has 2.67 on OpenWebText
# another machine, price or share of the peak: minigpt cost --help
#
# --small makes it a run of seconds, without a GPU too; any key of a training file is an option as well.
# The data: token shards in runs/webtext/tokens (by minigpt webtext or minigpt tokens), or --data FOLDER.
# --signal: two minutes before the job's time is over it saves and stops; --requeue: Slurm restarts it.
set -eu
HEAD_NODE=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export HEAD_NODE NODES="$SLURM_NNODES" JOB="$SLURM_JOB_ID"
srun torchrun --nnodes "${NODES:-4}" --nproc-per-node "${GPUS:-8}" --max-restarts 3 \
    --rdzv-backend c10d --rdzv-endpoint "$HEAD_NODE:${PORT:-29500}" --rdzv-id "${JOB:-gpt2-774M}" \
    -m minigpt train gpt2-774M --out "${OUT:-runs/gpt2-774M}" --resume "$@"
