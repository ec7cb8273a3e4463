"""Model folders: what `GPT.from_pretrained` reads and `save_pretrained` writes.

There is one layout, that of Hugging Face: `config.json` with their keys, and `model.safetensors` with their names. So
transformers loads what we save, and we load what it saves. Theirs and ours differ in four matrices a block: OpenAI's
code multiplies x W with W of shape (in, out), nn.Linear x W^T with W of shape (out, in); those four are transposed.
A folder of OpenAI's own release (`hparams.json` and a TensorFlow checkpoint) is read too, by the same steps.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import safetensors
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from minigpt import tensorflow_checkpoint
from minigpt.config import GPTConfig
from minigpt.model import GPT
from minigpt.recorded import write_atomic

NAMES = ("gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl")  # the four sizes' names at Hugging Face
TRANSPOSED = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")
WEIGHTS, INDEX, CONFIG = "model.safetensors", "model.safetensors.index.json", "config.json"
HPARAMS = "hparams.json"  # OpenAI's configuration; its keys and those of Hugging Face's
HPARAMS_KEYS = {"n_vocab": "vocab_size", "n_ctx": "n_positions"} | {k: k for k in ("n_embd", "n_head", "n_layer")}
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle")
# What other values of these keys would compute is not GPT-2: key -> (values that are, value if the key is absent)
FIXED = {
    "model_type": (("gpt2",), None),
    "activation_function": (("gelu_new", "gelu_pytorch_tanh"), "gelu_new"),
    "layer_norm_epsilon": ((1e-5,), 1e-5),
    "scale_attn_weights": ((True,), True),
    "scale_attn_by_inverse_layer_idx": ((False,), False),
    "add_cross_attention": ((False, None), False),
    "tie_word_embeddings": ((True,), True),
}


MOST_PARAMETERS = 10**12  # no GPT-2 is so large; refused before PyTorch tries to make room


def find_model(name_or_dir: str | os.PathLike) -> Path:
    """The folder of a model: that folder, with or without "hf:" before it; "tinyweb-0.67M", ..., "tinyweb" for short: a
    model that ships with the package; or a GPT-2's name, "gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl" (with
    "-tensorflow" behind it: OpenAI's own release): $MINIGPT_DATA/models/NAME, or downloaded now or before.

    Raises:
        FileNotFoundError: there is no such folder.
        DownloadError: the weights of that name are not here and could not be had.
        ValueError: a file is named, or a pickle, or a size of tinyweb that there is not.
    """
    name = re.sub("^hf:", "", os.fspath(name_or_dir))
    if not name:  # Path("") would be the folder that one happens to be in
        raise ValueError(f"the model's name is empty; give a folder, or one of {', '.join(NAMES)}, tinyweb")
    path = Path(name)
    if path.is_dir():
        return path
    if path.suffix in PICKLES:
        raise ValueError(f"{path} is a pickle, which can run any code when loaded; give a folder with {WEIGHTS}")
    if path.is_file():
        raise ValueError(f"{path} is a file; give the folder that holds {CONFIG} and {WEIGHTS}")
    if re.fullmatch(r"tinyweb(-[^/]*)?", name):
        from minigpt.tinyweb import DEFAULT_SIZE, model_folder  # not above: only such a name needs it

        return model_folder(name.partition("-")[2] or DEFAULT_SIZE)
    if name.removesuffix("-tensorflow") in NAMES:
        return find_weights(name)
    raise FileNotFoundError(f"there is no model folder {name}; give a folder, or one of {', '.join(NAMES)}, tinyweb")


def find_weights(name: str) -> Path:
    """The folder with the weights of a GPT-2: in MINIGPT_DATA, of an earlier download, or downloaded now and checked.

    Where the converted weights cannot be had, OpenAI's own release is tried.

    Raises:
        DownloadError: neither could be had.
    """
    from minigpt import data  # not above: only such a name needs it

    mirror = os.environ.get("MINIGPT_DATA")
    sources = [name] if name.endswith("-tensorflow") else [name, f"{name}-tensorflow"]
    for source in sources:
        if mirror and (Path(mirror) / "models" / source).is_dir():
            return Path(mirror) / "models" / source
        if data.present(source):
            return data.cache_folder(data.find(source))
    reasons = []
    for source in sources:
        try:
            return data.get(source)[0].parent
        except data.DownloadError as error:
            reasons.append(str(error))
    raise data.DownloadError(
        f"the weights of {name} are not on this machine and could not be had: give a folder with its {CONFIG} and "
        f"{WEIGHTS}, or put that folder at $MINIGPT_DATA/models/{name} ({'; '.join(reasons)})"
    )


def load_pretrained(name_or_dir: str | os.PathLike) -> GPT:
    """The model of a folder (see `find_model`), float32, on the CPU, in evaluation mode.

    Raises:
        FileNotFoundError: the folder, or a file in it, is missing.
        ValueError: the files are not safetensors, are cut short, or do not fit one another or GPT-2.
    """
    folder = find_model(name_or_dir)
    config = read_config(folder)
    with torch.device("meta"):
        model = GPT(config)
    parameters = dict(model.to_empty(device="cpu").named_parameters())
    missing, head = set(parameters), None
    with torch.no_grad():
        for name, tensor in read_tensors(folder):
            if name == "lm_head.weight":
                head = tensor
                continue
            if name not in parameters:
                raise ValueError(f"{folder}: the weights hold {name!r}, which its {CONFIG} has no place for")
            if name not in missing:
                raise ValueError(f"{folder}: the weights hold {name!r} twice; save the model again, or load another")
            parameters[name].copy_(fitted(name, tensor, parameters[name].shape, folder))
            missing.remove(name)
    if missing:
        raise ValueError(f"{folder}: the weights lack {min(missing)!r}; its {CONFIG} and weights are not of one model")
    if head is not None and not torch.equal(head.float(), model.wte.weight):
        raise ValueError(f"{folder}: its head is not tied to its token embedding, as GPT-2's is; this is another model")
    return model.eval()


def save_pretrained(model: GPT, directory: str | os.PathLike, dtype: torch.dtype | None = None) -> None:
    """Writes `config.json` and `model.safetensors`, each under a temporary name that is then changed.

    Args:
        directory: made if it is not there; other files in it stay.
        dtype: to store the weights in, say torch.float16 for half the size; without it, as they are.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.
        ValueError: a weight is not finite (in that dtype).
    """
    directory = Path(directory)
    tensors = {}
    for name, tensor in model.state_dict().items():
        tensor = tensor.detach().to("cpu", dtype or tensor.dtype)
        if not tensor.isfinite().all():
            raise ValueError(f"{name} has values that are not finite in {tensor.dtype}; the model is not saved")
        tensors[f"transformer.{name}"] = (tensor.t() if name.endswith(TRANSPOSED) else tensor).contiguous()
    temporary = directory / f".{WEIGHTS}.{os.getpid()}.tmp"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        save_file(tensors, temporary, metadata={"format": "pt"})
        os.chmod(temporary, directory.stat().st_mode & 0o666)  # safetensors lets only its owner read it
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, directory / WEIGHTS)
        config = to_hugging_face(model.config) | {"torch_dtype": str(tensor.dtype).removeprefix("torch.")}
        write_atomic(directory / CONFIG, json.dumps(config, indent=2) + "\n")
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        remedy = "free some space or choose another folder"
        raise OSError(f"cannot write the model to {directory}: {reason}; {remedy}") from error
    finally:
        if temporary.exists():
            temporary.unlink()


def to_hugging_face(config: GPTConfig) -> dict:
    """The `config.json` of a GPT-2 of these sizes, as transformers writes it."""
    eot = 50256 if config.vocab_size == 50257 else None
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": config.vocab_size,
        "n_positions": config.block_size,
        "n_ctx": config.block_size,
        "n_embd": config.n_embd,
        "n_layer": config.n_layer,
        "n_head": config.n_head,
        "n_inner": None,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5,
        "initializer_range": 0.02,
        "embd_pdrop": config.dropout,
        "attn_pdrop": config.dropout,
        "resid_pdrop": config.dropout,
        "tie_word_embeddings": True,
        "bos_token_id": eot,
        "eos_token_id": eot,
    }


def from_hugging_face(values: dict, where: str | os.PathLike = CONFIG) -> GPTConfig:
    """The sizes in a Hugging Face configuration of a GPT-2.

    Dropout is not taken from it: transformers writes 0.1 by default, and only training needs it, which sets its own.

    Raises:
        ValueError: it is of another kind of model, or a size is missing.

    >>> from_hugging_face(to_hugging_face(GPTConfig.gpt2("124M"))) == GPTConfig.gpt2("124M")
    True
    """
    for key, (allowed, default) in FIXED.items():
        if values.get(key, default) not in allowed:
            found = values.get(key)
            raise ValueError(f"{where}: {key} is {found!r}, and GPT-2's is {allowed[0]!r}; this is another model")
    keys = {"vocab_size": "vocab_size", "block_size": "n_positions"} | {k: k for k in ("n_layer", "n_head", "n_embd")}
    absent = [key for key in keys.values() if key not in values]
    if absent:
        raise ValueError(f"{where} has no {absent[0]!r}, so it does not describe a GPT-2")
    try:
        config = GPTConfig(**{ours: values[theirs] for ours, theirs in keys.items()})
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    if values.get("n_inner") not in (None, 4 * config.n_embd):
        raise ValueError(f"{where}: n_inner is {values['n_inner']}, and GPT-2's is 4 n_embd; this is another model")
    if config.n_params > MOST_PARAMETERS:
        raise ValueError(f"{where} asks for {config.n_params:.1e} parameters, more than a machine holds; it is damaged")
    return config


def read_config(folder: Path) -> GPTConfig:
    """The sizes of the model in a folder, from its `config.json`."""
    path = folder / CONFIG
    if not path.is_file() and (folder / HPARAMS).is_file():
        path = folder / HPARAMS
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise FileNotFoundError(f"{folder} has no {CONFIG}, so it is not a model folder; give one that has") from None
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise ValueError(f"{path} is not a JSON object: it was cut short or is another file; save the model again")
    if path.name == HPARAMS:
        if absent := sorted(set(HPARAMS_KEYS) - set(values)):
            raise ValueError(f"{path} has no {absent[0]!r}, so it does not describe a GPT-2")
        values = {"model_type": "gpt2"} | {theirs: values[ours] for ours, theirs in HPARAMS_KEYS.items()}
    return from_hugging_face(values, path)


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a folder: one, or the parts that an index lists; or a TensorFlow checkpoint's index.

    Raises:
        FileNotFoundError: there are none, or a part is missing.
        ValueError: the weights are a pickle, or the index cannot be read.
    """
    if (folder / WEIGHTS).is_file():
        open(folder / WEIGHTS, "rb").close()  # safetensors calls a file that may not be read missing
        return [folder / WEIGHTS]
    if (folder / INDEX).is_file():
        try:
            parts = set(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"].values())
            paths = [folder / Path(part).name for part in sorted(parts)]  # .name: nowhere but in the folder
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(f"{folder / INDEX} is not an index of weights; download it again") from None
        for path in paths:
            if not path.is_file():
                raise FileNotFoundError(f"{path}, a part of the weights, is missing; download it again")
            open(path, "rb").close()
        return paths
    if tensorflow_index := tensorflow_checkpoint.find_index(folder):
        return [tensorflow_index]
    pickles = [path.name for path in sorted(folder.iterdir()) if path.suffix in PICKLES]
    if pickles:
        raise ValueError(
            f"{folder} has its weights only as a pickle ({pickles[0]}), which can run any code when loaded; "
            f"give a folder with {WEIGHTS} (transformers writes one with save_pretrained)"
        )
    raise FileNotFoundError(f"{folder} has no {WEIGHTS}; give a folder that has")


def safe_open(path: Path, framework: str):
    """safetensors' reader of a file; for the index of a TensorFlow checkpoint ours, which has the same methods."""
    if path.suffix == ".index":
        return tensorflow_checkpoint.TensorFlowCheckpoint(path)
    return safetensors.safe_open(path, framework=framework)


def read_tensors(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """Each tensor of a model folder, by our name; without the buffers that old versions of transformers saved."""
    for path in weight_files(folder):
        try:
            with safe_open(path, framework="pt") as file:
                for name in file.keys():
                    name_here = name.removeprefix("transformer.")
                    if not re.fullmatch(r"h\.\d+\.attn\.(bias|masked_bias)", name_here):
                        yield name_here, file.get_tensor(name)
        except SafetensorError as error:
            raise ValueError(f"{path} is not a whole safetensors file ({error}); download or save it again") from None


def fitted(name: str, tensor: Tensor, shape: torch.Size, folder: Path) -> Tensor:
    """The tensor as our model has it, if it has the shape that the configuration asks for and is finite."""
    if name.endswith(TRANSPOSED) and tensor.dim() == 2:
        tensor = tensor.t()
    if tensor.shape != shape:
        raise ValueError(
            f"{folder}: {name} has the shape {tuple(tensor.shape)} and its {CONFIG} asks for {tuple(shape)}; "
            "its configuration and weights are not of one model"
        )
    if tensor.dtype not in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        raise ValueError(
            f"{folder}: {name} is stored as {tensor.dtype}; only float16, bfloat16, float32 and float64 can be read"
        )
    if not tensor.isfinite().all():
        raise ValueError(f"{folder}: {name} has values that are not finite; the model is broken, load another")
    return tensor
