"""The book as a whole: its settings, its tools, its vendored scripts, its sources, and the links between its pages."""

from __future__ import annotations

import hashlib
import html.parser
import json
import re
import shutil
import subprocess
import sys
import urllib.parse
from pathlib import Path

import nbformat
import pytest
import yaml

from book import address, build, execute

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "chapters").glob("*.ipynb"))


# ---- building ----


def copy_of_the_book(folder: Path, page: str) -> Path:
    """A book with the same settings and one page."""
    shutil.copy(ROOT / "_config.yml", folder)
    shutil.copytree(
        ROOT / "book", folder / "book", ignore=shutil.ignore_patterns("generated", "results", "__pycache__")
    )
    (folder / "book" / "_toc.yml").write_text("format: jb-book\nroot: book/preface\n", encoding="utf-8")
    (folder / "book" / "preface.md").write_text(page, encoding="utf-8")
    return folder


def run_build(root: Path) -> subprocess.CompletedProcess:
    out, root = str(root / "out"), str(root)
    code = f"from pathlib import Path; from book import build; build.build(Path({out!r}), Path({root!r}))"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_warning_is_an_error_also_the_second_time(tmp_path):
    root = copy_of_the_book(tmp_path, "# A page\n\nIt cites {cite:p}`nobody1900nothing`.\n")
    for _ in range(2):
        done = run_build(root)
        assert done.returncode != 0
        assert "nobody1900nothing" in done.stderr


def test_a_page_that_left_the_contents_leaves_the_book(tmp_path):
    root = copy_of_the_book(tmp_path, "# A page\n\nText.\n")
    stale = root / "out" / "html" / "book" / "old.html"
    stale.parent.mkdir(parents=True)
    stale.write_text("old", encoding="utf-8")
    done = run_build(root)
    assert done.returncode == 0, done.stderr
    assert (root / "out" / "html" / "book" / "preface.html").is_file() and not stale.exists()
    index = (root / "out" / "html" / "index.html").read_text(encoding="utf-8")
    assert "url=book/preface.html" in index


def test_every_page_of_the_contents_is_built(built_book):
    for page in build.pages():
        assert (built_book / f"{page}.html").is_file(), page


# ---- what the pages load and where they lead ----


class Links(html.parser.HTMLParser):
    """Collects what a page loads, where it leads, and what in it can be led to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loads, self.leads, self.ids = [], [], set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.update(value for key, value in found.items() if key in ("id", "name") and value)
        if "src" in found:
            self.loads.append(found["src"])
        if tag == "link" and found.get("rel") not in ("canonical", "index", "search", "next", "prev"):
            self.loads.append(found["href"])
        if tag == "a" and found.get("href"):
            self.leads.append(found["href"])


def built_pages(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.html") if "_static" not in path.relative_to(folder).parts]


def test_pages_load_only_files_of_the_book(built_book):
    for path in built_pages(built_book):
        for link in Links(path).loads:
            assert not link.startswith(("http:", "https:", "//")), f"{path.name} loads {link}"
            if not link.startswith("data:"):
                assert (path.parent / urllib.parse.unquote(link.split("?")[0])).is_file(), f"{path.name} lacks {link}"


def test_links_between_pages_lead_somewhere(built_book):
    known = {path: Links(path) for path in built_pages(built_book)}
    for path, links in known.items():
        for link in links.leads:
            if re.match(r"[a-z]+:", link):
                continue
            file, _, anchor = urllib.parse.unquote(link).partition("#")
            target = (path.parent / file.split("?")[0]).resolve() if file else path
            assert target.exists(), f"{path.name} leads to {link}"
            if anchor and target in known:
                assert anchor in known[target].ids, f"{path.name} leads to {link}, and there is no such place"


@pytest.mark.parametrize("folder", ["book/_static/vendor", "tests/vendor"])
def test_vendored_files_are_those_that_were_published(folder):
    folder = ROOT / folder
    packages = json.loads((folder / "VERSIONS.json").read_text(encoding="utf-8"))
    listed = {}
    for name, package in packages.items():
        assert package["version"] and package["licence"] and package["from"], name
        assert any("LICENSE" in file for file in package["files"]), f"{name} has no licence beside it"
        listed |= package["files"]
    for file, digest in listed.items():
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == digest, f"{file} is not what was published"
    own = {"VERSIONS.json", "require-config.js"}
    lying = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert lying - own == set(listed)


# ---- sources ----


def citation_keys() -> set[str]:
    return set(
        re.findall(
            r"^@\w+\{([^,]+),", (ROOT / "book" / "references.bib").read_text(encoding="utf-8"), flags=re.MULTILINE
        )
    )


def test_every_cited_work_is_in_the_bibliography():
    texts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "book").glob("*.md")}
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        texts[path.name] = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for name, text in texts.items():
        for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text):
            for key in keys.split(","):
                assert key.strip() in citation_keys(), f"{name} cites {key.strip()}, which references.bib lacks"


def test_every_work_has_author_title_and_year():
    text = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    entries = re.findall(r"^@\w+\{.*?^\}", text, flags=re.MULTILINE | re.DOTALL)
    assert len(entries) == len(citation_keys())
    for entry in entries:
        for field in ("author", "title", "year"):
            assert re.search(rf"^  {field}\s*= \{{", entry, flags=re.MULTILINE), entry[:60]


@pytest.mark.parametrize("path", sorted((ROOT / "book" / "results").glob("*.json")), ids=lambda path: path.stem)
def test_a_recorded_run_says_where_it_comes_from(path):
    provenance = json.loads(path.read_text(encoding="utf-8"))["provenance"]
    for key in ("command", "commit", "date", "python", "torch", "hardware", "seed"):
        assert key in provenance, f"{path.name} does not say its {key}"
    assert provenance["command"].startswith("python -m minigpt"), "a reader must be able to run it again"


def tracked_texts() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    paths = listed.stdout.split("\n")[:-1] if listed.returncode == 0 else [p.name for p in ROOT.glob("*.md")]
    suffixes = (".md", ".py", ".ipynb", ".toml", ".txt", ".cff", ".yml", ".sh", ".js", "Makefile", "run")
    return [ROOT / p for p in paths if p.endswith(suffixes) and "/vendor/" not in p and (ROOT / p).is_file()]


def test_nothing_installs_another_project_of_the_same_short_name():
    name = "minigpt"
    install = "pip install"  # on a line of its own, for this file is read too
    wrong = re.compile(r"pip3?\b[^\n]*\binstall\b[^\n]*[\s\"'=]" + name + r"(?![-\w/.])")
    for path in tracked_texts():
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not wrong.search(line), f"{path.relative_to(ROOT)}: {line.strip()[:120]}"
    assert wrong.search(f"{install} -q {name}") and not wrong.search(f'{install} "{name}-book @ git+https://x"')


# ---- the repository's address ----


def test_the_address_stands_once_and_everywhere_the_same():
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert settings["repository"]["url"] == address.repository()
    assert address.repository() in address.setup_cell() and address.repository()[19:] in address.badge("05_x.ipynb")
    compile(address.setup_cell(), "setup", "exec")


def small_notebook(*sources: str) -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return notebook


def test_a_changed_address_reaches_badge_and_set_up_cell(tmp_path):
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(project.replace(address.repository(), "https://github.com/else/where"))
    notebook = small_notebook("old")
    notebook.cells[0].metadata["tags"] = ["setup"]
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell("# 5 Title\n\n[Open in Colab](https://old)"))
    address.write_into(notebook, "05_x.ipynb", tmp_path)
    assert "github/else/where/blob/main/chapters/05_x.ipynb" in notebook.cells[0].source
    assert "git+https://github.com/else/where" in notebook.cells[1].source
    once = nbformat.writes(notebook)
    address.write_into(notebook, "05_x.ipynb", tmp_path)
    assert nbformat.writes(notebook) == once
    notebook.cells[0].source = "# 5 Title"
    with pytest.raises(ValueError, match="no Colab badge"):
        address.write_into(notebook, "05_x.ipynb", tmp_path)


# ---- executing a chapter ----

PRINTS = """
import os, ipywidgets
print(os.listdir())
ipywidgets.IntSlider(description="forgotten")
print("again", flush=True)
ipywidgets.IntSlider(value=3, description="shown")
"""


def test_a_chapter_executes_to_the_same_file_each_time(tmp_path):
    path = tmp_path / "demo.ipynb"
    nbformat.write(small_notebook(PRINTS, "1 + 1"), path)
    execute.execute(path)
    first = path.read_text(encoding="utf-8")
    execute.execute(path)
    assert path.read_text(encoding="utf-8") == first
    notebook = nbformat.reads(first, as_version=4)
    nbformat.validate(notebook)
    stream, view = notebook.cells[0].outputs
    assert stream.text == "[]\nagain\n"  # an empty folder; one piece of stream
    state = notebook.metadata.widgets[execute.STATE]["state"]
    assert view.data[execute.VIEW]["model_id"] in state
    assert {model["state"].get("description") for model in state.values()} & {"forgotten", "shown"} == {"shown"}
    assert [cell.execution_count for cell in notebook.cells] == [1, 2]
    assert "version" not in notebook.metadata.language_info


def test_a_chapter_that_fails_or_grows_too_large_is_left_as_it_was(tmp_path, capsys):
    path = tmp_path / "demo.ipynb"
    for source, message in (("1 / 0", "ZeroDivisionError"), ("print('x' * 1_100_000)", "at most 1 MB")):
        nbformat.write(small_notebook(source), path)
        before = path.read_bytes()
        assert execute.main([str(path)]) == 1
        assert message in capsys.readouterr().err
        assert path.read_bytes() == before
    assert execute.main(["99"]) == 1
    assert "there are:" in capsys.readouterr().err
