"""Write the repository's address wherever it stands: `make address`, after a change of it in `pyproject.toml`.

The address lives in one place, `[project.urls] Repository` of `pyproject.toml`. From there this module writes it into
`_config.yml`, into the Colab badge and the set-up cell of every chapter, and into the README and its neighbours.
Running it twice changes nothing the second time.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat

from minigpt.recorded import write_atomic

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
BADGE = re.compile(r"\[Open in Colab\]\([^)]*\)")
SETUP = """\
# Where the book's package is installed, nothing happens here. On Colab, this installs it from the book's repository
# (as minigpt-book; the short name is another project's), upgrades nothing, and lets live figures be shown.
import sys

try:
    import minigpt
except ImportError:
    import subprocess

    address = "minigpt-book @ git+{address}"
    subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", address])
if "google.colab" in sys.modules:
    from google.colab import output

    output.enable_custom_widget_manager()"""


def repository(root: Path = ROOT) -> str:
    """The address of the book's repository, from `pyproject.toml`."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    try:
        return project["urls"]["Repository"].rstrip("/")
    except KeyError:
        raise ValueError("pyproject.toml names no repository; add [project.urls] Repository") from None


def setup_cell(root: Path = ROOT) -> str:
    """The source of the cell tagged `setup`, the same in every chapter."""
    return SETUP.format(address=repository(root))


def badge(chapter: str, root: Path = ROOT) -> str:
    """The link that opens `chapter` (a file name in `chapters/`) in Colab.

    A link and not a picture: the picture would be a request to another host from every page of the book.
    """
    address = repository(root)
    if not address.startswith("https://github.com/"):
        raise ValueError(f"Colab opens notebooks from github.com, and the repository is at {address}")
    return f"[Open in Colab](https://colab.research.google.com/github/{address[19:]}/blob/main/chapters/{chapter})"


def write_into(notebook: nbformat.NotebookNode, chapter: str, root: Path = ROOT) -> None:
    """Put badge and set-up cell of `chapter` into `notebook`, which has a place for each.

    Raises:
        ValueError: the first cell has no `[Open in Colab](...)`, or not exactly one cell is tagged `setup`.
    """
    first = notebook.cells[0]
    if not BADGE.search(first.source):
        raise ValueError(f"{chapter}: the first cell has no Colab badge; write [Open in Colab]() where it belongs")
    first.source = BADGE.sub(lambda _: badge(chapter, root), first.source)
    cells = [cell for cell in notebook.cells if "setup" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise ValueError(f"{chapter}: {len(cells)} cells have the tag 'setup'; give it to one, the second cell")
    cells[0].source = setup_cell(root)
    # In the page it is folded away: it does nothing there.
    cells[0].metadata["tags"] = ["setup", "hide-input"]
    cells[0].metadata["mystnb"] = {
        "code_prompt_show": "Show the set-up cell",
        "code_prompt_hide": "Hide the set-up cell",
    }


def main() -> int:
    """Write the address everywhere; say what changed."""
    address = repository()
    config = ROOT / "_config.yml"
    old = re.search(r"^  url: (\S+)", config.read_text(encoding="utf-8"), flags=re.MULTILINE).group(1)
    changed = []
    for path in [config, *(ROOT / name for name in ("README.md", "CITATION.cff", "CONTRIBUTING.md"))]:
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            if old != address and old in text:
                write_atomic(path, text.replace(old, address))
                changed.append(path.name)
    for path in sorted((ROOT / "chapters").glob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(text, as_version=4)
        write_into(notebook, path.name)
        new = nbformat.writes(notebook, indent=1, ensure_ascii=False) + "\n"
        if nbformat.reads(text, as_version=4) != notebook:
            write_atomic(path, new)
            changed.append(path.name)
    print(
        f"The repository is at {address}. " + (f"Changed: {', '.join(changed)}." if changed else "Nothing to change.")
    )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError) as problem:
        sys.exit(f"make address: {problem}")
