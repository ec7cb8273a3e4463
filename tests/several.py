"""Runs `minigpt` commands by several processes each, as torchrun does, but loads PyTorch once for all of them.

    python tests/several.py '[{"processes": 2, "argv": ["train", ...]}, ...]' FOLDER

Prints the exit statuses of each command's processes, as JSON; what number R of command K printed to standard error is
in FOLDER/K.R. A command may also have "stop": a step at which its last process gets a SIGTERM, or be
{"copy": [FROM, TO]}. With 0 processes it runs as it does without torchrun.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import torch

from minigpt import cli
from minigpt.training import distributed


def start(command: dict, rank: int, port: int, stderr: Path) -> int:
    """The id of a process that is number `rank` of those of a command."""
    if child := os.fork():
        return child
    status = 70  # of an error that is nobody's
    try:
        os.dup2(os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 2)
        if world := command["processes"]:
            os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(world), LOCAL_WORLD_SIZE=str(world))
            os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
        if "stop" in command and rank == world - 1:
            stop_at(command["stop"])
        torch.set_num_threads(1)
        status = cli.main(command["argv"])
    finally:
        sys.stderr.flush()
        os._exit(status)


def stop_at(last: int) -> None:
    """Lets this process get a SIGTERM while it does step `last`."""
    real = distributed.SharedTrainer.train_step

    def interrupted(self, step: int) -> float:
        if step == last:
            os.kill(os.getpid(), signal.SIGTERM)
        return real(self, step)

    distributed.SharedTrainer.train_step = interrupted


def run(command: dict, number: int, folder: Path) -> list[int]:
    if "copy" in command:
        shutil.copytree(*command["copy"])
        return []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ranks = range(max(1, command["processes"]))
    children = [start(command, rank, port, folder / f"{number}.{rank}") for rank in ranks]
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


if __name__ == "__main__":
    commands, folder = json.loads(sys.argv[1]), Path(sys.argv[2])
    statuses = [run(command, number, folder) for number, command in enumerate(commands)]
    os.write(1, (json.dumps(statuses) + "\n").encode())
