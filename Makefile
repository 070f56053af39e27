# Targets of this project; `make help` lists them.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
# Further configuration for `make docs`, such as one that names a local archive.
CONFIGFILE ?=

.DEFAULT_GOAL := help
.PHONY: help demo watch test test-slurm staleness faults bench-dag bench-checkpoint bench-report lint format schema docs translations lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## the whole workflow on synthetic images, about five minutes
	$(BIN)/snakemake --cores all --configfile config/demo.yaml
	@echo "Report: results/synthetic/report/report.en.html, in Chinese report.zh.html"

watch: $(INSTALLED) ## all runs while a workflow trains them, in a terminal; Ctrl-C ends it
	@$(BIN)/python scripts/watch.py

test: $(INSTALLED) ## all tests
	tests/browser/install.sh
	$(BIN)/python -m pytest

test-slurm: $(INSTALLED) ## the workflow on a real one-node Slurm, which this installs (Debian, as root)
	tests/slurm/install.sh
	timeout --signal INT --kill-after 90 900 $(BIN)/python -m pytest tests/slurm

staleness: $(INSTALLED) ## every edit on the demo's models, beside plain Snakemake
	$(BIN)/python -m pytest tests/staleness --write-table docs/staleness-table.md

faults: $(INSTALLED) ## kills, signals, full disks, damaged checkpoints: the same bytes? (ten minutes)
	$(BIN)/python tests/faults/campaign.py

bench-dag: $(INSTALLED) ## time of a dry run, beside a bare workflow of the same shape
	$(BIN)/python tests/benches/dag.py

bench-checkpoint: $(INSTALLED) ## what a checkpoint costs
	$(BIN)/python tests/benches/checkpoint.py

bench-report: $(INSTALLED) ## size of the report, and how soon a browser shows it
	$(BIN)/python tests/benches/report.py

lint: $(INSTALLED) ## ruff, snakefmt and Snakemake's linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

format: $(INSTALLED) ## write the code in the one form that lint accepts
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules

schema: $(INSTALLED) ## write config/schema.json and the table in config/README.md, from the code
	$(BIN)/python scripts/schema.py config

docs: $(INSTALLED) ## measure again, about half an hour, and write the measured pages of docs/
	$(BIN)/snakemake --cores all --configfile $(CONFIGFILE) config/scratch.yaml
	$(BIN)/snakemake --cores all --configfile config/real-size.yaml
	$(call page,cifar100,results-scratch-cnns)
	$(call page,synthetic-real-size,models)

# A report of results/ as pages of docs/, figures in a folder of the page's name. Pictures of the data
# set stay out: it is not ours to hand on.
define page
rm -rf docs/$(2) docs/$(2).zh
for code in en zh; do \
	page=docs/$(2)$$(test $$code = en || echo .$$code); \
	cp -r results/$(1)/report/figures.$$code $$page && rm $$page/examples.*; \
	sed -e '/](figures\.[a-z]*\/examples\./{N;N;d;}' -e "s#](figures\.[a-z]*/#]($$(basename $$page)/#" \
		-e 's#](report\.en\.md)#]($(2).md)#; s#](report\.zh\.md)#]($(2).zh.md)#' \
		results/$(1)/report/report.$$code.md > $$page.md; \
done
endef

translations: $(INSTALLED) ## gather the report's messages into templates/locale/, for translators
	$(BIN)/pybabel -q extract -F templates/locale/babel.cfg -k N_ -k say --no-location --sort-output \
		-o templates/locale/.report.pot scripts templates
	$(BIN)/pybabel -q update -D report -i templates/locale/.report.pot -d templates/locale \
		--no-fuzzy-matching --ignore-obsolete
	rm templates/locale/.report.pot

lock: $(INSTALLED) ## resolve requirements.in into requirements.lock, for every platform
	$(BIN)/pip install --quiet uv
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal \
		--python-version 3.11 requirements.in --output-file requirements.lock

clean: ## remove .venv; results stay
	rm -rf .venv

$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("error: expected Python 3.11 or newer, found %d.%d; name another: make PYTHON=python3.12" % v[:2])'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --requirement requirements.lock
	@touch $@
