PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help demo test lint bench clean

help:
	@echo "make demo   open the app on a living example"
	@echo "make test   lint, types, import contracts and all tests"
	@echo "make lint   lint, types and import contracts"
	@echo "make bench  the runs behind the budget table"

$(VENV)/.demo: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[demo,dev]'
	@touch $@

demo: $(VENV)/.demo
	$(RUN)/nightdesk demo

lint: $(VENV)/.dev
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

test: lint
	$(RUN)/python -m pytest -n 2 --dist loadgroup

bench: $(VENV)/.dev
	$(RUN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist *.egg-info
