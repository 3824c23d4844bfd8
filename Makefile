PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: picture help demo test lint style types contracts collected bench docs clean

help:
	@echo "make demo   open the app on a living example"
	@echo "make test   lint, types, import contracts and all tests"
	@echo "make lint   lint, types and import contracts"
	@echo "make bench  the runs behind the budget table"
	@echo "make docs   the manual page, docs/providers.md and docs/mailbox-fields.md, from the program itself"

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

# Types take as long as all else together: side by side, they take no time of their own.
lint: $(VENV)/.dev
	$(MAKE) --no-print-directory --jobs --output-sync style types contracts

style:
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

types:
	$(RUN)/mypy

contracts:
	$(RUN)/lint-imports

# Once, beside the types: what it leaves spares every process that runs tests to rewrite all of them. Fetches servers, too.
collected:
	$(RUN)/python -m pytest --collect-only --quiet > $@.log || { cat $@.log; rm $@.log; exit 1; }
	@rm $@.log

# Some machines forbid to keep bytecode; each of the thousands of processes here would compile the program anew.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.dev
	$(MAKE) --no-print-directory --jobs --output-sync style types contracts collected
	$(RUN)/python -m compileall -q config mail models desk worker tui api nightdesk
	$(RUN)/python -m pytest -n 5 --dist loadgroup

picture: $(VENV)/.dev
	$(RUN)/python -m nightdesk.demo.picture docs

bench: $(VENV)/.dev
	$(RUN)/python -m benchmarks

docs: $(VENV)/.demo
	$(RUN)/python -m nightdesk.manual > docs/nightdesk.1.new
	mv docs/nightdesk.1.new docs/nightdesk.1
	$(RUN)/python -m nightdesk.providers_page > docs/providers.md.new
	mv docs/providers.md.new docs/providers.md
	$(RUN)/python -m nightdesk.mailbox_page > docs/mailbox-fields.md.new
	mv docs/mailbox-fields.md.new docs/mailbox-fields.md

clean:
	rm -rf $(VENV) build dist *.egg-info
