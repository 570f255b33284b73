# `make demo` and `make test` need Python 3.11 or newer and nothing else; both may be repeated.
# Everything is installed into .venv, in the versions that constraints.txt names.

PYTHON ?= python3
PIP := .venv/bin/python -m pip --quiet --disable-pip-version-check
RUN := .venv/bin/

.PHONY: help demo test test-slow lint fix types docs docs-check wheel-check models bench clean

help: ## Show what can be made.
	@grep -E '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 14

demo: .venv/core ## Roll out and probe the lab models; writes demo/report/report.html.
	$(RUN)saccade demo --out demo

test: .venv/dev ## Run the quick tests (minutes).
	$(RUN)python -m pytest -q -n auto -m "not slow"

test-slow: .venv/dev ## Run the slow tests: the cards' numbers measured again.
	$(RUN)python -m pytest -q -m slow

lint: .venv/dev ## Check style and types.
	$(RUN)ruff check
	$(RUN)ruff format --check
	$(RUN)mypy

fix: .venv/dev ## Repair what ruff can repair.
	$(RUN)ruff check --fix
	$(RUN)ruff format

docs: .venv/dev ## Write the generated parts of the docs.
	$(RUN)cog -r README.md docs/*.md reports/*/*.md

docs-check: .venv/dev ## Fail if a generated part has drifted.
	$(RUN)cog --check README.md docs/*.md reports/*/*.md

wheel-check: .venv/dev ## Build the wheel and use it in an environment of its own.
	rm -rf dist .wheel-check
	$(RUN)python -m build --wheel --outdir dist
	$(PYTHON) -m venv .wheel-check
	.wheel-check/bin/python -m pip --quiet install torch -c constraints.txt
	.wheel-check/bin/python -m pip --quiet install dist/*.whl -c constraints.txt
	cd / && $(CURDIR)/.wheel-check/bin/saccade --help
	cd / && $(CURDIR)/.wheel-check/bin/python -c "import saccade; print(saccade.load_vlm('lab/base').model.num_parameters())"
	rm -rf .wheel-check

models: .venv/core ## Make the shipped micro models again, from their seeds (hours on two cores).
	$(RUN)python -m saccade.trainers.lab --out src/saccade/models/lab

studies: .venv/core ## Measure the studies in reports/ again (some minutes); then make docs.
	$(RUN)python reports/001-where-lab-looks/run.py
	$(RUN)python reports/002-before-after/run.py

bench: .venv/core ## Measure what probing and analysing cost (half an hour; the machine should be idle).
	$(RUN)python benchmarks/probe_cost.py --shape S1 --full --json > docs/benchmarks/probe-S1.json
	$(RUN)python benchmarks/probe_cost.py --shape S2 --json > docs/benchmarks/probe-S2.json
	$(RUN)python benchmarks/analyze_scale.py --json > docs/benchmarks/analyze.json

clean: ## Remove what make made.
	rm -rf .venv .wheel-check dist demo

.venv/core: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("saccade needs Python 3.11 or newer, this is " + sys.version.split()[0] + ". Say which to use: make PYTHON=python3.12")'
	@echo "Setting up .venv: first torch, so that nothing else chooses its build; then saccade."
	$(PYTHON) -m venv .venv
	$(PIP) install torch -c constraints.txt
	$(PIP) install -e . -c constraints.txt
	@touch $@

.venv/dev: .venv/core
	@echo "Adding what the tests need."
	$(PIP) install -e ".[dev]" -c constraints.txt
	@touch $@
