"""Build the book: `make book`, or `python -m book.build`.

The pages come from the outputs that are stored in the notebooks, so nothing is executed and no network is needed.
Sphinx's warnings are errors. A second build takes only what changed.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
HOW = ("_config.yml", "book/book_pages.py", "book/build.py")  # a change of these makes every page anew


def pages(root: Path = ROOT) -> list[str]:
    """The pages that the table of contents lists, in order, as paths below the root without a suffix."""
    toc = yaml.safe_load((root / "book" / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [entry for part in toc.get("parts", [toc]) for entry in part.get("chapters", [])]
    return [toc["root"], *(entry["file"] for entry in chapters)]


def build(out: Path = ROOT / "_build", root: Path = ROOT) -> Path:
    """Build the book below `out` and return the path of its first page.

    Raises:
        RuntimeError: Sphinx reported an error or a warning, or a live figure's data could not be made.
    """
    out.mkdir(parents=True, exist_ok=True)
    with _alone(out / ".lock"):
        make_assets(root)
        doctrees = out / ".doctrees"
        run_sphinx(root, out, anew=_is_newer([root / name for name in HOW], doctrees / "environment.pickle"))
        remove_stale_pages(out / "html", root)
    return out / "html" / f"{pages(root)[0]}.html"


def make_assets(root: Path) -> None:
    """Write the data that live figures share (GPT-2's merges, a small model, pages to count in) where pages load it."""
    folder = root / "book" / "_static" / "generated"
    made = list(folder.glob("*"))
    oldest = min(made, key=lambda path: path.stat().st_mtime) if made else folder
    package = ROOT / "minigpt"
    sources = [*(package / "widgets").glob("*"), *(package / "assets").rglob("*"), *(package / "tinyweb").glob("*.py")]
    sources.append(package / "ngram.py")
    has_chapters = any(page.startswith("chapters/") for page in pages(root))
    if not has_chapters or (made and not _is_newer(sources, oldest)):
        return
    command = [sys.executable, "-m", "minigpt.widgets.assets", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the data of the live figures could not be made: {done.stderr.strip()}")


def run_sphinx(root: Path, out: Path, anew: bool) -> None:
    """Run Sphinx with Jupyter Book's settings; what it has to say goes to stderr."""
    from jupyter_book.sphinx import build_sphinx

    result = build_sphinx(
        root,
        out / "html",
        noconfig=True,
        path_config=root / "_config.yml",
        confoverrides={"external_toc_path": (root / "book" / "_toc.yml").as_posix(), "latex_individualpages": False},
        freshenv=anew,
        warningiserror=True,
        keep_going=True,
        quiet=True,
    )
    if result:
        # Sphinx would not say it again: the next build finds every page done. So that one begins anew.
        shutil.rmtree(out / ".doctrees", ignore_errors=True)
        raise RuntimeError("Sphinx found something wrong, see above; warnings are errors here")


def remove_stale_pages(html: Path, root: Path) -> None:
    """Remove pages of an earlier build that the table of contents no longer lists."""
    listed = {html / f"{page}.html" for page in pages(root)}
    for folder in {path.parent for path in listed}:
        for path in set(folder.glob("*.html")) - listed:
            path.unlink()


def _is_newer(sources: list[Path], target: Path) -> bool:
    newest = max((path.stat().st_mtime for path in sources if path.is_file()), default=0)
    return not target.exists() or newest > target.stat().st_mtime


@contextlib.contextmanager
def _alone(lock: Path):
    """Wait until no other build works in the same folder (tests run in several processes)."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with open(lock, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m book.build", description="Build the book from its stored outputs.")
    parser.add_argument("--out", type=Path, default=ROOT / "_build", help="where to build (default: _build)")
    args = parser.parse_args(argv)
    started = time.perf_counter()
    try:
        first = build(args.out.resolve())
    except (OSError, RuntimeError, ValueError, KeyError, yaml.YAMLError) as problem:
        print(f"The book was not built: {problem}", file=sys.stderr)
        return 1
    print(f"The book is built ({time.perf_counter() - started:.0f} s). Its first page:\n{first.as_uri()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
