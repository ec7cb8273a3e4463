# make book    build the book from the notebooks' stored outputs and say where its first page is
# make test    re-run every chapter, compare what it prints, and test the package and the pages
# make colab   re-run the chapters from the wheel alone, under Colab's versions, in an empty folder, without network
# make bench   the figures of book/results/bench.json, measured again (needs a quiet machine)
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.installed

.PHONY: book test colab bench run wheel address requirements clean

book: $(READY)
	$(BIN)/python -m book.build

test: $(READY)
	$(BIN)/python -m pytest --nbval

colab: wheel
	rm -rf _build/colab && mkdir -p _build/colab
	$(PYTHON) -m venv _build/colab/venv
	_build/colab/venv/bin/python -m pip install --quiet --disable-pip-version-check -c tests/colab_constraints.txt \
	    dist/minigpt_book-*.whl pytest==9.2.0 nbval==0.11.0
	sh tests/run_alone.sh _build/colab/venv

bench: $(READY)
	$(BIN)/python -m minigpt.experiments.bench

# make run CHAPTER=05: execute a chapter and store its outputs
run: $(READY)
	$(BIN)/python -m book.execute $(CHAPTER)

wheel: $(READY)
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	@ls -l dist/*.whl

# after the repository's address changed in pyproject.toml
address: $(READY)
	$(BIN)/python -m book.address

# after a dependency changed in pyproject.toml
requirements: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/python -m book.pin

clean:
	rm -rf _build book/_static/generated dist

# Made again only when the pins or the project's own dependencies change.
$(READY): requirements.txt pyproject.toml
	$(PYTHON) -c "import sys; v = sys.version_info; sys.exit(None if (3, 10) <= v[:2] <= (3, 13) else 'The book needs Python 3.10 to 3.13; this is %d.%d. Name another: make book PYTHON=python3.12' % v[:2])"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.txt  # they are complete
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@
