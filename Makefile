# Every task. The work is done by `python -m submission`; make decides when.

PYTHON ?= python3
ifeq ($(OS),Windows_NT)
VENV_PYTHON := .venv/Scripts/python
else
VENV_PYTHON := .venv/bin/python
endif
SUBMISSION := $(VENV_PYTHON) -m submission
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
INSTALLED := .venv/installed

COMPILE = uv pip compile --universal --python-version 3.11 --generate-hashes \
    --upgrade --extra test --extra dask --extra fonts --quiet

# What is typed behind `make zip` reaches Python through the environment, so
# that no apostrophe or space in a name meets the shell.
export SURNAME MATRICULATION SHEET

.DELETE_ON_ERROR:
.PHONY: FORCE help data pdf test test-browser zip lab doctor notebooks lint bench requirements clean

help:
	@awk '/^## / { text = substr($$0, 4); next } \
	      /^[a-z-]+:/ && text { sub(/:.*/, ""); printf "make %-13s %s\n", $$0, text } \
	      { text = "" }' Makefile

# The rules name the PDF of every sheet; SHEET=... asks for one.
WANTED = $(if $(SHEET),reports/$(SHEET)$(ENGINE:%=-%).pdf,$(PDFS))

## run the notebooks, write the PDFs (SHEET=... one sheet; ENGINE=latex: with TeX)
pdf: build/rules.mk
	@$(MAKE) --no-print-directory --jobs=$(CORES) $(WANTED)
	@echo "The PDFs: $(WANTED)"

## lint, unit tests, and all notebook outputs compared with a new run
test: lint
	@$(SUBMISSION) test

## move every panel in JupyterLab in a headless Chromium
test-browser: $(INSTALLED)
	@$(SUBMISSION) data
	@$(VENV_PYTHON) -m pytest -rs tests/browser

## pack what is handed in: SURNAME=... MATRICULATION=... SHEET=...
zip: $(INSTALLED)
	@$(SUBMISSION) zip --surname="$$SURNAME" --matriculation="$$MATRICULATION" --sheet="$$SHEET"

## fetch MNIST, or make its stand-in when no mirror can be reached
data: $(INSTALLED)
	@$(SUBMISSION) data

## open JupyterLab on copies of the notebooks, which are in explore/
lab: $(INSTALLED)
	@$(SUBMISSION) lab

## say what is missing on this machine, and what to do
doctor:
	@$(PYTHON) -m submission doctor

## re-run the notebooks in place and store their outputs
notebooks: $(INSTALLED)
	@$(SUBMISSION) notebooks

## check code and notebooks with ruff
lint: $(INSTALLED)
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .

## measure against FAISS, scikit-learn and PyTorch, which it installs
bench: $(INSTALLED)
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check \
	    --no-build-isolation --editable ".[bench]"
	@$(VENV_PYTHON) -m benchmarks

## pin the dependencies of pyproject.toml anew, and their oldest (needs uv)
requirements:
	$(COMPILE) --output-file requirements.txt pyproject.toml
	$(COMPILE) --resolution lowest-direct \
	    --output-file requirements-oldest.txt pyproject.toml

## delete what was built
clean:
	rm -rf build reports/*.pdf reports/*.zip

$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -m submission setup
	@touch $@

# With more than one BLAS thread each, notebooks would fight over the cores.
build/%.ipynb: export OMP_NUM_THREADS = 1
build/%.ipynb: notebooks/%.ipynb submission/run.py requirements.txt | $(INSTALLED)
	@$(SUBMISSION) run $<

# Touched only when the notebooks' data are others than before.
data/source: FORCE | $(INSTALLED)
	@$(VENV_PYTHON) data/fetch_mnist.py

reports/%-latex.pdf: sheets.toml requirements.txt submission/pdf.py | $(INSTALLED)
	@$(SUBMISSION) export --engine=latex $*

reports/%.pdf: sheets.toml requirements.txt submission/pdf.py submission/reach.py submission/cover.typ $(wildcard nbtypst/*) | $(INSTALLED)
	@$(SUBMISSION) export $*

# Which notebook needs which helpers, and which sheet which notebooks.
build/rules.mk: $(wildcard notebooks/*.ipynb helpers/*.py) notebooks/. helpers/. sheets.toml submission/imports.py
	@$(PYTHON) -m submission rules
-include build/rules.mk
