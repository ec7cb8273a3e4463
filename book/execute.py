"""Execute chapters and store what they print, draw and show: `make run CHAPTER=05`, or `python -m book.execute 04 05`.

A chapter runs in an empty folder, as it would on Colab, so that it cannot lean on files that happen to lie around.
Stored are the outputs and the state of its live figures. Whatever would differ between two honest runs (timings, random
ids, versions) is taken out, so that a diff shows what changed and nothing else.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from book import address
from minigpt.recorded import write_atomic

ROOT = Path(__file__).resolve().parent.parent
MAX_BYTES = 1_000_000  # a notebook is cloned by every reader, and its widget state is copied into its page
VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"


def find(chapter: str) -> Path:
    """The notebook of `chapter`: its number (`5`, `05`), its file name, or a path."""
    if Path(chapter).is_file():
        return Path(chapter).resolve()
    prefix = f"{int(chapter):02d}_" if chapter.isdigit() else chapter
    found = sorted((ROOT / "chapters").glob(f"{prefix}*.ipynb"))
    if len(found) != 1:
        known = ", ".join(path.name for path in sorted((ROOT / "chapters").glob("*.ipynb"))) or "none"
        raise FileNotFoundError(f"no single chapter is called {chapter!r}; there are: {known}")
    return found[0]


def execute(path: Path, timeout: float = 900) -> float:
    """Execute the notebook at `path`, store its outputs in it, and return the seconds that it ran.

    The file is replaced only after every cell has run.

    Raises:
        CellExecutionError: a cell failed. ValueError: the result is larger than a notebook of the book may be.
    """
    notebook = nbformat.read(path, as_version=4)
    if path.parent == ROOT / "chapters":
        address.write_into(notebook, path.name)
    hide_solutions(notebook)
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])))
    environment.pop("MPLBACKEND", None)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as empty:
        client = NotebookClient(
            notebook,
            timeout=timeout,
            kernel_name="python3",
            record_timing=False,
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": empty}},
        )
        client.execute(env=environment)
    seconds = time.perf_counter() - started
    tidy(notebook, path.stem)
    text = nbformat.writes(notebook, indent=1, ensure_ascii=False) + "\n"
    size = len(text.encode("utf-8"))
    if size > MAX_BYTES:
        raise ValueError(
            f"{path.name} would be {size / 1e6:.2f} MB with its outputs, and a notebook of the book has at most "
            f"{MAX_BYTES / 1e6:.0f} MB; draw less, or with fewer dots"
        )
    write_atomic(path, text)
    return seconds


def hide_solutions(notebook: nbformat.NotebookNode) -> None:
    """Give cells with the tag `solution` what hides them in the page, in JupyterLab, and on Colab."""
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "solution" in tags:
            cell.metadata["tags"] = [
                "solution",
                "hide-cell",
                *(tag for tag in tags if tag not in ("solution", "hide-cell")),
            ]
            cell.metadata["jupyter"] = {"source_hidden": True}
            cell.metadata["cellView"] = "form"
            cell.metadata["mystnb"] = {
                **cell.metadata.get("mystnb", {}),
                "code_prompt_show": "Show the solution",
                "code_prompt_hide": "Hide the solution",
            }


def tidy(notebook: nbformat.NotebookNode, name: str) -> None:
    """Take out of an executed `notebook` what differs from run to run."""
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        digest = hashlib.sha1(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:10]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = f"{digest}-{seen[digest]}"
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
            for output in cell.outputs:
                output.get("metadata", {}).pop("execution", None)
    keep = {"widgets": notebook.metadata["widgets"]} if "widgets" in notebook.metadata else {}
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "file_extension": ".py", "pygments_lexer": "ipython3"},
            **keep,
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    tidy_widgets(notebook, name)


def merge_streams(outputs: list) -> list:
    """Join neighbouring pieces of one stream: how a kernel cuts what it prints is a matter of timing."""
    merged: list = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def tidy_widgets(notebook: nbformat.NotebookNode, name: str) -> None:
    """Keep the state of the widgets that the page shows, under ids that do not change from run to run."""
    state = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state")
    if not state:
        notebook.metadata.pop("widgets", None)
        return
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    views = [output.data[VIEW]["model_id"] for output in outputs if VIEW in output.get("data", {})]
    reached: list[str] = []
    waiting = list(views)
    while waiting:
        model = waiting.pop(0)
        if model in state and model not in reached:
            reached.append(model)
            waiting += re.findall(r"IPY_MODEL_([0-9a-f]+)", str(state[model]))
    if not reached:
        notebook.metadata.pop("widgets")
        return
    new = {old: hashlib.sha1(f"{name} {number}".encode()).hexdigest()[:32] for number, old in enumerate(reached)}
    for output in outputs:
        if VIEW in output.get("data", {}):
            output.data[VIEW]["model_id"] = new[output.data[VIEW]["model_id"]]
    notebook.metadata["widgets"][STATE]["state"] = {new[old]: _renamed(state[old], new) for old in reached}


def _renamed(value, new: dict[str, str]):
    """`value` with every reference to a widget under the widget's new id."""
    if isinstance(value, dict):
        return {key: _renamed(inner, new) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, new) for inner in value]
    if isinstance(value, str) and value.startswith("IPY_MODEL_"):
        return "IPY_MODEL_" + new.get(value[10:], value[10:])
    return value


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m book.execute", description="Execute chapters and store their outputs."
    )
    parser.add_argument(
        "chapters", nargs="+", metavar="CHAPTER", help="number of a chapter, as 05, or a notebook's path"
    )
    parser.add_argument("--timeout", type=float, default=900, help="seconds that one cell may take (default 900)")
    args = parser.parse_args(argv)
    for chapter in args.chapters:
        try:
            path = find(chapter)
            seconds = execute(path, args.timeout)
        except (CellExecutionError, CellTimeoutError, DeadKernelError, OSError, ValueError) as problem:
            print(
                f"make run: chapter {chapter} is as it was, since it did not run through.\n{problem}", file=sys.stderr
            )
            return 1
        print(f"{path.name}: {seconds:.0f} s, {path.stat().st_size / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
