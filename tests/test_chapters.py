"""Each chapter keeps to the conventions of the book, and shows the code that the package has.

That its cells still print what is stored is checked by `pytest --nbval`; here is everything that nbval does not see.
"""

from __future__ import annotations

import ast
import difflib
import re
from pathlib import Path

import nbformat
import pytest

from book import address, build, execute

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
IMAGES = ("image/png", "image/jpeg", "image/svg+xml")
LONGEST = 50  # lines that fit a screen

every_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def data_of(cell, kind: str) -> list:
    return [output.data[kind] for output in cell.outputs if kind in output.get("data", {})]


def test_the_contents_list_the_chapters_that_are_there():
    listed = {page for page in build.pages() if page.startswith("chapters/")}
    assert listed == {f"chapters/{path.stem}" for path in CHAPTERS}


@every_chapter
def test_it_was_executed_from_top_to_bottom(path):
    cells = [cell for cell in code_cells(path) if cell.source.strip()]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), (
        f"run `make run CHAPTER={path.stem[:2]}`"
    )
    for cell in cells:
        assert "nbval-skip" not in tags(cell), "a cell that is never compared proves nothing"
        for output in cell.outputs:
            assert output.output_type != "error", output.get("evalue")
            assert output.get("name") != "stderr", f"a reader would see this warning: {output.text[:200]}"


@every_chapter
def test_it_is_small_and_tidy(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode("utf-8")) <= execute.MAX_BYTES
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    execute.tidy(notebook, path.stem)
    assert nbformat.writes(notebook, indent=1, ensure_ascii=False) + "\n" == text, (
        f"run `make run CHAPTER={path.stem[:2]}`"
    )


@every_chapter
def test_it_opens_with_what_a_reader_wants_to_know(path):
    first, setup = read(path).cells[:2]
    assert first.cell_type == "markdown" and re.match(rf"# {int(path.stem[:2])} \S", first.source), "# NUMBER Title"
    rows = [line.lower() for line in first.source.splitlines() if line.startswith("|")]
    for wanted in ("in the paper", "you will build", "you need", "runs in"):
        assert any(wanted in row for row in rows), f"the opening table has no row '{wanted}'"
    assert address.badge(path.name) in first.source, "run `make address`"
    assert tags(setup) == ["setup", "hide-input"]
    assert setup.source == address.setup_cell(), "run `make address`"
    assert setup.outputs == []


@every_chapter
def test_a_cell_fits_a_screen(path):
    for cell in code_cells(path):
        lines = cell.source.splitlines()
        assert len(lines) <= LONGEST, f"{len(lines)} lines: {lines[0]}"
        assert max(map(len, lines), default=0) <= 120, f"a line is longer than 120 signs: {max(lines, key=len)[:120]}"


@every_chapter
def test_it_has_a_live_figure_a_quiz_and_an_end(path):
    cells = code_cells(path)
    assert any(data_of(cell, execute.VIEW) for cell in cells), "no live figure"
    assert any("mg-quiz" in html for cell in cells for html in data_of(cell, "text/html")), "no quiz"
    headings = re.findall(
        r"^## (.*)", "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown"), flags=re.MULTILINE
    )
    assert any("built" in heading.lower() for heading in headings[-4:]), "no closing page '## What you built'"


@every_chapter
def test_pictures_have_words(path):
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"!\[\]\(", cell.source), "a picture in the text has no words"
        elif any(data_of(cell, kind) for kind in IMAGES):
            words = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(words) > 20, f"say in metadata mystnb.image.alt what is to be seen: {cell.source[-80:]!r}"


@every_chapter
def test_exercises_have_solutions_that_are_tested(path):
    cells = read(path).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    exercises = re.findall(r"^### Exercise (\d+) \((?:easy|medium|hard), ~\d+ minutes\)", text, flags=re.MULTILINE)
    assert len(exercises) >= 3 and len(re.findall(r"^### Exercise", text, flags=re.MULTILINE)) == len(exercises)
    solved = []
    for cell in cells:
        if "solution" in tags(cell):
            title = re.match(r"#@title Solution to exercise (\d+)\n", cell.source)
            assert title, f"a solution begins with '#@title Solution to exercise N': {cell.source[:60]!r}"
            solved.append(title.group(1))
            assert "hide-cell" in tags(cell) and cell.metadata.get("cellView") == "form"
            assert cell.metadata.get("jupyter", {}).get("source_hidden") is True
            assert any(isinstance(node, ast.Assert) for node in ast.walk(parse(cell.source))), (
                f"exercise {solved[-1]} proves nothing"
            )
    assert sorted(set(solved)) == sorted(exercises)


# ---- the code of the package ----


def parse(source: str) -> ast.Module:
    """The syntax tree of a cell, its `!` and `%` lines left out."""
    return ast.parse(re.sub(r"^(\s*)[!%].*", r"\1pass", source, flags=re.MULTILINE))


def definitions(tree: ast.Module) -> dict[str, str]:
    """The functions, classes and constants at the top of a module, each as code without comments and docstrings."""
    found = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found[node.name] = ast.unparse(without_docstrings(node))
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id: ast.unparse(node) for target in targets if isinstance(target, ast.Name)}
    return found


def without_docstrings(node: ast.AST) -> ast.AST:
    for inner in ast.walk(node):
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            body = inner.body
            if (
                isinstance(body[0], ast.Expr)
                and isinstance(body[0].value, ast.Constant)
                and isinstance(body[0].value.value, str)
            ):
                inner.body = body[1:] or [ast.Pass()]
    return node


def module_path(name: str) -> Path:
    path = ROOT / "minigpt" / name.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def methods(tree: ast.Module, wanted: dict[str, set[str]]) -> ast.Module:
    """The same module with nothing in its classes but the methods that are wanted of each."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            shown = [inner for inner in node.body if getattr(inner, "name", None) in wanted.get(node.name, ())]
            node.body = shown or [ast.Pass()]
    return tree


def drift(source: str, module: str) -> list[str]:
    """Where the definitions in a cell differ from those of the package: one readable difference each.

    A module with `:part` at the end: of its classes, the cell shows some methods and leaves out the others.
    """
    module, _, part = module.partition(":")
    tree, cell = ast.parse(module_path(module).read_text(encoding="utf-8")), parse(source)
    if part:
        wanted = {c.name: {getattr(n, "name", "") for n in c.body} for c in cell.body if isinstance(c, ast.ClassDef)}
        tree, cell = methods(tree, wanted), methods(cell, wanted)
    package, shown = definitions(tree), definitions(cell)
    if not shown:
        return [f"a cell has the tag minigpt:{module} and defines nothing"]
    differences = []
    for name, code in shown.items():
        if name not in package:
            differences.append(f"minigpt.{module} has no {name}")
        elif code != package[name]:
            lines = difflib.unified_diff(
                package[name].splitlines(), code.splitlines(), f"minigpt.{module}.{name}", "the chapter", lineterm=""
            )
            differences.append("\n".join(lines))
    return differences


@every_chapter
def test_code_of_the_package_is_shown_as_the_package_has_it(path):
    differences = []
    for cell in code_cells(path):
        for tag in tags(cell):
            if tag.startswith("minigpt:"):
                differences += drift(cell.source, tag.split(":", 1)[1])
    assert not differences, "\n\n".join(differences)


def test_drift_is_noticed():
    source = (ROOT / "minigpt" / "recorded.py").read_text(encoding="utf-8")
    whole = source[source.index("@contextlib") : source.index("def provenance")]
    assert drift(whole, "recorded") == []
    assert (
        drift(
            whole.replace('"""Write', '"""Put').replace("    path = Path(path)", "    path = Path(path)  # why"),
            "recorded",
        )
        == []
    )
    assert "+" in drift(whole.replace("os.replace", "os.rename"), "recorded")[0]
    assert drift("@staticmethod\n" + whole, "recorded") != []
    method = (
        "class GPT(nn.Module):\n    def loss(self, ids: Tensor, targets: Tensor) -> Tensor:\n"
        "        return self(ids, targets, logits='none')[1]"
    )
    assert drift(method, "model:part") == []
    assert drift(method, "model") != []
    assert "+" in drift(method.replace("[1]", "[0]"), "model:part")[0]
    assert drift(method.replace("nn.Module", "object"), "model:part") != []
    assert drift(method.replace("def loss", "def nobody"), "model:part") != []
    assert drift("def nobody():\n    return 1", "recorded") == ["minigpt.recorded has no nobody"]
    assert drift("print(1)", "recorded") != []


@every_chapter
def test_definitions_are_marked_as_the_package_s_or_as_drafts(path):
    """A definition of the same name as one of the package, and unmarked, would be taken for it."""
    own = {
        name
        for file in (ROOT / "minigpt").rglob("*.py")
        for name in definitions(ast.parse(file.read_text(encoding="utf-8")))
    }
    for cell in code_cells(path):
        marked = any(tag == "draft" or tag == "solution" or tag.startswith("minigpt:") for tag in tags(cell))
        if not marked:
            defined = [n.name for n in parse(cell.source).body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
            assert not set(defined) & own, f"{set(defined) & own}: tag the cell minigpt:MODULE or draft"
