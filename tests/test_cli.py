"""The command line: what it prints, its exit status, and the table of bad input."""

from __future__ import annotations

import errno
import json
import os
import shlex
import subprocess
import sys

import pytest
import torch

from minigpt import cli
from minigpt.config import GPTConfig
from minigpt.data import REGISTRY, DataSet, RemoteFile
from minigpt.model import GPT
from minigpt.tokenizer import Tokenizer
from minigpt.training import read_log

TINY = """
n_layer = 1
n_head = 2
n_embd = 16
block_size = 8
batch_size = 2
max_steps = 6
warmup_steps = 2
eval_every = 3
save_every = 3
device = "cpu"
threads = 1
"""
TEXT = "The cat sat on the mat; it purred.\n" * 60


def run(capsys, *arguments) -> tuple[int, str, str]:
    status = cli.main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MINIGPT_DATA", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def tiny(tmp_path):
    """A folder with tiny.toml, text.txt, and `run/`, a trained model."""
    (tmp_path / "tiny.toml").write_text(TINY + f'data = "{tmp_path}/text.txt"\n')
    (tmp_path / "text.txt").write_text(TEXT)
    assert cli.main(["train", "tiny.toml", "--out", "run"]) == 0
    return tmp_path


# ---- what it should do


def test_help_teaches(capsys):
    for arguments, wanted in [
        (["--help"], "minigpt train shakespeare-char --out"),
        (["train", "--help"], "minigpt train --resume --out"),
        (["sample", "--help"], "--temperature 0"),
        (["data", "--help"], "minigpt data get tinyshakespeare"),
    ]:
        status, out, err = run(capsys, *arguments)
        assert status == 0 and wanted in out and not err
        assert max(map(len, out.splitlines())) <= 120
    assert "--min_learning_rate" in run(capsys, "train", "--help")[1]


def test_train_then_sample(tiny, capsys):
    status, out, err = run(capsys, "train", "tiny.toml", "--max_steps=4", "--seed", 3, "--out", "second")
    assert status == 0 and "4 steps" in out and "minigpt sample second" in out
    assert len(read_log("second")) == 4
    status, first, err = run(capsys, "sample", "second", "--prompt", "The c", "--max-new-tokens", 20, "--seed", 1)
    assert status == 0 and first.startswith("The c") and len(first) == 5 + 20 + 1
    assert run(capsys, "sample", "second", "--prompt", "The c", "--max-new-tokens", 20, "--seed", 1)[1] == first
    status, out, err = run(
        capsys, "sample", "second", "--num-samples", 2, "--max-new-tokens", 5, "--top-k", 3, "--top-p", 0.9
    )
    assert status == 0 and "=== 2 of 2 ===" in out


def test_resume_needs_no_preset(tiny, capsys):
    for _ in range(2):
        status, out, err = run(capsys, "train", "--resume", "--out", "run", "--eval_every", 2)
        assert status == 0 and "6 steps" in out


def test_a_log_that_is_damaged_or_lost(tiny, capsys):
    (tiny / "run" / "log.jsonl").write_text("{\n")
    status, out, err = run(capsys, "train", "--resume", "--out", "run")
    assert (status, out) == (1, "") and "log.jsonl is damaged" in err.splitlines()[-1]
    (tiny / "run" / "log.jsonl").unlink()
    status, out, err = run(capsys, "train", "--resume", "--out", "run")
    assert (status, out) == (1, "") and "its log was lost" in err.splitlines()[-1]


@pytest.mark.parametrize("tokenizer", ["bpe", "gpt2", "saved"])
def test_each_tokenizer(tiny, capsys, tokenizer):
    if tokenizer == "saved":
        tokenizer = Tokenizer.train([TEXT], 265).save(tiny / "mine.json")
    arguments = ["train", "tiny.toml", "--tokenizer", tokenizer, "--vocab_size", 265, "--n_embd", 4, "--out", "b"]
    assert run(capsys, *arguments)[0] == 0
    status, out, err = run(capsys, "sample", "b", "--prompt", "猫 🙂", "--max-new-tokens", 30, "--seed", 0)
    assert status == 0 and out.startswith("猫 🙂")


def test_a_folder_and_a_name_as_data(tiny, capsys, monkeypatch):
    (tiny / "texts").mkdir()
    for name in "ab":
        (tiny / "texts" / f"{name}.txt").write_text(TEXT)
    assert run(capsys, "train", "tiny.toml", "--data", "texts", "--out", "c")[0] == 0
    monkeypatch.setattr("minigpt.training.corpus.TINYWEB_PAGES", {"train": 60, "val": 20})
    assert run(capsys, "train", "tiny.toml", "--data", "tinyweb", "--out", "d")[0] == 0


def test_characters_are_printed_whole():
    tokenizer = Tokenizer.train(["plain"], 257)  # bytes only: three tokens a Chinese character, four an emoji
    text = "a猫🙂é"
    ids = tokenizer.encode(text)
    pieces = list(cli.decode_stream(iter(ids), tokenizer))
    assert pieces == list(text)
    assert list(cli.decode_stream(iter(ids[:3]), tokenizer)) == [
        "a",
        "\ufffd",
    ]  # never finished: shown as such at the end
    assert list(cli.until(iter([1, 2, 9, 3]), 9)) == [1, 2]


def test_output_is_utf8_whatever_the_locale(tiny):
    text = "猫🙂" * 300
    (tiny / "cats.txt").write_text(text, encoding="utf-8")
    assert cli.main(["train", "tiny.toml", "--data", "cats.txt", "--out", "cats"]) == 0
    done = subprocess.run(
        [sys.executable, "-m", "minigpt", "sample", "cats", "--prompt", "猫", "--max-new-tokens", "8", "--seed", "1"],
        capture_output=True, env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0 and done.stderr == b"" and set(done.stdout.decode("utf-8").strip()) <= {"猫", "🙂"}


def test_a_reader_that_leaves_early_is_no_error(tiny):
    command = f"{sys.executable} -m minigpt sample run --max-new-tokens 3000 --seed 1 | head -c 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert done.stderr == b"" and done.returncode == 0


def test_data_list_and_get(tmp_path, capsys, monkeypatch):
    status, out, err = run(capsys, "data", "list")
    assert status == 0 and "tinyshakespeare" in out and "public domain" in out and "tinyweb" in out
    monkeypatch.setattr("minigpt.data.get", lambda name, report: [tmp_path / name])
    assert run(capsys, "data", "get", "lambada")[1] == f"{tmp_path / 'lambada'}\n"
    status, out, err = run(capsys, "data", "list", "cbt")
    assert status == 0 and out.startswith("cbt\n") and "http://parl.ai/downloads/cbt/cbt.tar.gz" in out
    assert run(capsys, "data", "list", "cbtt")[0] == 2


def test_debug_shows_the_traceback(capsys, monkeypatch):
    arguments = ["train", "tiny.toml", "--out", "x"]
    assert "Traceback" not in run(capsys, *arguments)[2]
    monkeypatch.setenv("MINIGPT_DEBUG", "1")
    assert "Traceback" in run(capsys, *arguments)[2]


# ---- what it should refuse: (name, arguments, exit status, words of the one line)

BAD_USE = [
    ("nothing asked", [], "required"),
    ("no such command", ["trian"], "invalid choice"),
    ("no such option", ["train", "tiny.toml", "--n_layers", "3", "--out", "x"], "did you mean --n_layer?"),
    ("dashes for underscores", ["train", "tiny.toml", "--batch-size", "3", "--out", "x"], "did you mean --batch_size?"),
    ("no such option of sample", ["sample", "run", "--temprature", "1"], "did you mean --temperature?"),
    ("no value", ["train", "tiny.toml", "--out", "x", "--n_layer"], "expected one argument"),
    ("no out", ["train", "tiny.toml"], "--out"),
    ("no source", ["train", "--out", "x"], "name a preset or a training file"),
    ("nothing to resume", ["train", "--resume", "--out", "x"], "no run to resume in x"),
    ("no such preset", ["train", "shakespeare-chr", "--out", "x"], "did you mean 'shakespeare-char'"),
    ("no such file", ["train", "nowhere.toml", "--out", "x"], "no training file nowhere.toml"),
    ("a key that is not", ["train", "wrong_key.toml", "--out", "x"], "did you mean 'n_layer'"),
    ("not TOML", ["train", "text.txt", "--out", "x"], "not valid TOML"),
    (
        "not a number",
        ["train", "tiny.toml", "--n_layer", "many", "--out", "x"],
        "n_layer must be a whole number, not 'many'",
    ),
    ("out of range", ["train", "tiny.toml", "--batch_size", "0", "--out", "x"], "batch_size must be at least 1"),
    (
        "vocabulary below 257",
        ["train", "tiny.toml", "--tokenizer", "bpe", "--vocab_size", "256", "--out", "x"],
        "at least 257",
    ),
    ("out without a name", ["train", "tiny.toml", "--out", ""], "--out is empty"),
    ("a seed of more than 32 bits", ["train", "tiny.toml", "--seed", str(2**32), "--out", "x"], "at most 4294967295"),
    ("more threads than can be", ["train", "tiny.toml", "--threads", "1000000", "--out", "x"], "at most 1024"),
    ("no name of a tokenizer", ["train", "tiny.toml", "--tokenizer", "", "--out", "x"], "tokenizer is empty"),
    ("a name that is not UTF-8", ["train", "tiny.toml", "--data", "a\udce9.txt", "--out", "x"], "not a name in UTF-8"),
    ("no such tokenizer", ["train", "tiny.toml", "--tokenizer", "bep", "--out", "x"], "no tokenizer 'bep'"),
    ("no such device", ["train", "tiny.toml", "--device", "cuda:99", "--out", "x"], "no device 'cuda:99'"),
    ("no kind of device", ["train", "tiny.toml", "--device", "gpu", "--out", "x"], "no kind of device 'gpu'"),
    ("float16 on a CPU", ["train", "tiny.toml", "--dtype", "float16", "--out", "x"], "needs a CUDA GPU"),
    ("out holds another run", ["train", "tiny.toml", "--out", "run"], "holds another run"),
    (
        "other settings",
        ["train", "tiny.toml", "--n_embd", "32", "--resume", "--out", "run"],
        "n_embd is 16 in it and 32 now",
    ),
    (
        "no such data name",
        ["train", "tiny.toml", "--data", "tinyshakespear", "--out", "x"],
        "did you mean 'tinyshakespeare'",
    ),
    ("a benchmark as data", ["train", "tiny.toml", "--data", "lambada", "--out", "x"], "is a benchmark"),
    ("empty prompt", ["sample", "run", "--prompt", ""], "the prompt is empty"),
    ("temperature below 0", ["sample", "run", "--temperature", "-1"], "--temperature must be a number of at least 0"),
    ("temperature not a number", ["sample", "run", "--temperature", "nan"], "--temperature must be"),
    ("top-k 0", ["sample", "run", "--top-k", "0"], "--top-k must be at least 1"),
    ("top-p above 1", ["sample", "run", "--top-p", "1.5"], "--top-p must be above 0 and at most 1"),
    ("top-p 0", ["sample", "run", "--top-p", "0"], "--top-p must be"),
    ("no samples", ["sample", "run", "--num-samples", "0"], "--num-samples must be at least 1"),
    ("half a token", ["sample", "run", "--max-new-tokens", "2.5"], "invalid int value"),
    ("no such data set", ["data", "get", "lambda"], "did you mean 'lambada'"),
]
BAD_INPUT = [
    ("missing data", ["train", "tiny.toml", "--data", "nowhere.txt", "--out", "x"], "no file or folder nowhere.txt"),
    ("empty data", ["train", "tiny.toml", "--data", "empty.txt", "--out", "x"], "empty.txt is empty; give a file"),
    ("folder without text", ["train", "tiny.toml", "--data", "nothing", "--out", "x"], "no .txt file"),
    ("binary data", ["train", "tiny.toml", "--data", "binary.txt", "--out", "x"], "not text: it holds a zero byte"),
    ("not UTF-8", ["train", "tiny.toml", "--data", "latin1.txt", "--out", "x"], "byte 0xe9 near byte 1,003"),
    ("unreadable data", ["train", "tiny.toml", "--data", "unreadable.txt", "--out", "x"], "permission denied"),
    ("too short", ["train", "tiny.toml", "--data", "short.txt", "--out", "x"], "7 tokens, and block_size=8 needs"),
    ("no merges", ["train", "tiny.toml", "--data", "short.txt", "--tokenizer", "bpe", "--out", "x"], "too small"),
    ("unknown letters", ["train", "tiny.toml", "--data", "cats.txt", "--tokenizer", "run", "--out", "x"], "'猫'"),
    ("out is a file", ["train", "tiny.toml", "--out", "text.txt"], "text.txt is a file"),
    ("out cannot be made", ["train", "tiny.toml", "--out", "text.txt/x"], "is a file and cannot hold"),
    ("out cannot be written", ["train", "tiny.toml", "--out", "locked/x"], "locked cannot be written to"),
    ("wider than memory", ["train", "tiny.toml", "--n_embd", "10" + "0" * 17, "--out", "x"], "out of memory"),
    ("a model without a name", ["sample", "hf:"], "the model's name is empty"),
    ("no such model", ["sample", "nowhere"], "no model folder nowhere"),
    ("no weights of that name", ["sample", "gpt2"], "weights of gpt2 are not on this machine and could not be had"),
    ("a file as model", ["sample", "text.txt"], "is a file; give the folder"),
    ("a pickle", ["sample", "model.pt"], "pickle"),
    ("a folder with a pickle", ["sample", "pickled"], "pickle"),
    ("weights cut short", ["sample", "cut"], "cut"),
    ("foreign weights", ["sample", "foreign"], "foreign"),
    ("weights of another shape", ["sample", "misfit"], "misfit"),
    ("no tokenizer", ["sample", "bare"], "bare has no minigpt_tokenizer.json"),
    ("tokenizer of another run", ["sample", "mixed"], "not of one run"),
    ("broken tokenizer", ["sample", "garbled"], "minigpt_tokenizer.json"),
    ("a character that it never saw", ["sample", "run", "--prompt", "猫"], "'猫' (U+732B)"),
    ("a lone surrogate", ["sample", "run", "--prompt", "a\udc80b"], "surrogate"),
    ("a damaged checkpoint", ["train", "--resume", "--out", "damaged"], "not a whole checkpoint"),
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """One folder with everything that the table names."""
    folder = tmp_path_factory.mktemp("place")
    before = os.getcwd()
    os.chdir(folder)
    try:
        make_place(folder)
    finally:
        os.chdir(before)
    return folder


def make_place(folder) -> None:
    (folder / "tiny.toml").write_text(TINY + f'data = "{folder}/text.txt"\n')
    (folder / "wrong_key.toml").write_text(TINY + "n_layers = 3\n")
    (folder / "text.txt").write_text(TEXT)
    assert cli.main(["train", "tiny.toml", "--out", "run"]) == 0
    (folder / "empty.txt").write_text("")
    (folder / "short.txt").write_text("ab cd ef")
    (folder / "binary.txt").write_bytes(TEXT.encode() + b"\x00\x01\x02" + TEXT.encode())
    (folder / "latin1.txt").write_bytes(b"x" * 1003 + "é".encode("latin-1") + b" x" * 1000)
    (folder / "cats.txt").write_text("猫🙂" * 300, encoding="utf-8")
    (folder / "unreadable.txt").write_text(TEXT)
    for name in ("nothing", "locked"):
        (folder / name).mkdir()
    (folder / "model.pt").write_bytes(b"\x80\x02}q\x00.")

    def copy(name: str) -> None:
        (folder / name).mkdir()
        for file in (folder / "run").iterdir():
            (folder / name / file.name).write_bytes(file.read_bytes())

    for name in ("pickled", "cut", "foreign", "misfit", "bare", "mixed", "garbled", "damaged"):
        copy(name)
    weights = (folder / "run" / "model.safetensors").read_bytes()
    (folder / "pickled" / "model.safetensors").unlink()
    (folder / "pickled" / "pytorch_model.bin").write_bytes(b"\x80\x02}q\x00.")
    (folder / "cut" / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    (folder / "foreign" / "model.safetensors").write_bytes(b"something else entirely" * 100)
    config = json.loads((folder / "misfit" / "config.json").read_text())
    (folder / "misfit" / "config.json").write_text(json.dumps(config | {"n_embd": 32}))
    (folder / "bare" / "minigpt_tokenizer.json").unlink()
    Tokenizer.from_chars("abc").save(folder / "mixed")
    (folder / "garbled" / "minigpt_tokenizer.json").write_text("{")
    checkpoint = (folder / "damaged" / "checkpoint.safetensors").read_bytes()
    (folder / "damaged" / "checkpoint.safetensors").write_bytes(checkpoint[:500])


@pytest.fixture
def as_a_user(place, monkeypatch):
    """A superuser may read and write everything; this makes the operating system say no where it would to others."""
    monkeypatch.chdir(place)
    real_access, real_open = os.access, open

    def denied_open(file, *args, **kwargs):
        if str(file).endswith("unreadable.txt"):
            raise PermissionError(errno.EACCES, "Permission denied", str(file))
        return real_open(file, *args, **kwargs)

    monkeypatch.setattr("builtins.open", denied_open)
    nobody = RemoteFile("file", 1, "0" * 64, ("http://127.0.0.1:9/file",))  # where no server answers
    for name in ("gpt2", "gpt2-tensorflow"):
        monkeypatch.setitem(REGISTRY, name, DataSet(name, "weights", "", (nobody,)))
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("locked") and real_access(path, mode))


def files_of(folder) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != ".lock"}


CASES = [(*case, 2) for case in BAD_USE] + [(*case, 1) for case in BAD_INPUT]


@pytest.mark.parametrize("arguments, says, wanted", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_bad_input_ends_in_one_sentence(place, as_a_user, capsys, arguments, says, wanted):
    before = files_of(place)
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (wanted, "")
    assert says in err and err.startswith("minigpt: ") and err.count("\n") == 1 and "Traceback" not in err
    assert files_of(place) == before  # nothing half written, nothing overwritten
    assert not (place / "x").exists()


def test_a_megabyte_of_one_letter(tiny, capsys):
    (tiny / "a.txt").write_text("a" * 1_000_000)
    for tokenizer, size in (("char", 1), ("bpe", 260), ("gpt2", 1)):
        arguments = ["train", "tiny.toml", "--data", "a.txt", "--tokenizer", tokenizer, "--vocab_size", size]
        status, out, err = run(capsys, *arguments, "--n_embd", 2, "--eval_batches", 1, "--out", tokenizer)
        assert status == 0, err


def test_lack_of_memory_is_told(capsys, monkeypatch):
    def no_memory(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB\nand a long story")

    monkeypatch.setattr("minigpt.training.loop.train", no_memory)
    status, out, err = run(capsys, "train", "shakespeare-char", "--out", "x")
    assert (status, err.count("\n")) == (1, 1) and "out of memory: lower batch_size" in err


def test_ctrl_c_saves_and_says_how_to_go_on(tiny, capsys, monkeypatch):
    import signal

    from minigpt.training import Trainer

    real = Trainer.train_step
    monkeypatch.setattr(
        Trainer,
        "train_step",
        lambda self, step: (step == 4 and os.kill(os.getpid(), signal.SIGINT), real(self, step))[1],
    )
    status, out, err = run(capsys, "train", "tiny.toml", "--out", "stopped")
    assert status == 1 and "stopped after step 4 of 6" in err and "minigpt train --resume --out stopped" in err
    monkeypatch.undo()
    monkeypatch.setenv("MINIGPT_CACHE", str(tiny / "cache"))
    monkeypatch.chdir(tiny)
    assert run(capsys, "train", "--resume", "--out", "stopped")[0] == 0
    strip = [(line["step"], line["loss"]) for line in read_log("stopped")]
    assert strip == [(line["step"], line["loss"]) for line in read_log("run")]


def test_a_model_in_hugging_face_format_gets_gpt2s_tokenizer(tmp_path, capsys):
    GPT(GPTConfig(block_size=8, n_layer=1, n_head=1, n_embd=4)).save_pretrained(tmp_path / "hf")
    for name in (f"hf:{tmp_path / 'hf'}", tmp_path / "hf"):
        status, out, err = run(capsys, "sample", name, "--prompt", "Hello", "--max-new-tokens", 12, "--seed", 1)
        assert status == 0 and out.startswith("Hello"), err


# ---- systems that are not as one thinks


def command(*arguments, shell: str = "", **environment):
    """The command in a process of its own; `shell`: what to redirect."""
    line = " ".join([shlex.quote(str(a)) for a in (sys.executable, "-m", "minigpt", *arguments)] + [shell])
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )  # fmt: skip


def test_closed_streams_are_no_error(tiny):
    done = command("sample", "run", "--max-new-tokens", 3, shell=">&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = command("train", "tiny.toml", "--out", "quiet", shell="2>&-")
    assert done.returncode == 0 and done.stdout.startswith("6 steps")
    done = command("sample", "nowhere", shell="2>&-")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_a_run_whose_reader_leaves_is_not_done(tiny):
    steps = ["--max_steps", 100_000, "--save_every", 0, "--eval_every", 0]
    done = command("train", "tiny.toml", *steps, "--out", "left", shell="2>&1 | head -c 1")
    assert done.returncode == 1 and done.stderr == "" and "steps, loss" not in done.stdout


def test_a_prompt_is_utf8_whatever_the_locale(tiny):
    (tiny / "cats.txt").write_text("猫🙂" * 300, encoding="utf-8")
    assert cli.main(["train", "tiny.toml", "--data", "cats.txt", "--out", "cats"]) == 0
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = command("sample", "cats", "--prompt", "猫", "--max-new-tokens", 3, **plain)
    assert done.returncode == 0 and done.stdout.startswith("猫"), done.stderr


def test_a_user_without_a_home_folder_is_told_what_to_set(tiny, capsys, monkeypatch):
    monkeypatch.delenv("MINIGPT_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    status, out, err = run(capsys, "data", "list")
    assert (status, err.count("\n")) == (1, 1) and "set MINIGPT_CACHE" in err
    monkeypatch.setenv("MINIGPT_CACHE", str(tiny / "text.txt"))
    status, out, err = run(capsys, "train", "tiny.toml", "--out", "x")
    assert (status, err.count("\n")) == (1, 1) and "set MINIGPT_CACHE" in err
    assert not (tiny / "x").exists()
