# One virtual environment in the clone serves every target. It is made on first use, and again when a pyproject.toml
# or constraints.txt is newer than its stamp, which is written last.

PYTHON ?= python3
DEMO_DIR ?= build/demo
SCHEDULES ?= 100000

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MANIFESTS := pyproject.toml $(wildcard plugins/*/pyproject.toml)
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))

# The constraints hold for the build backend too: pip before 25.3 passes PIP_CONSTRAINT on to the isolated build, later
# ones read PIP_BUILD_CONSTRAINT. A URL, because pip splits both at blanks and a clone's path may have some.
empty :=
CONSTRAINTS := file://$(subst $(empty) $(empty),%20,$(CURDIR))/constraints.txt
PIP := PIP_CONSTRAINT='$(CONSTRAINTS)' PIP_BUILD_CONSTRAINT='$(CONSTRAINTS)' \
	$(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-all lint bench

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: $(STAMP) ## run the demonstration in DEMO_DIR, build/demo by default
	@$(BIN)/dxa demo --fresh '$(DEMO_DIR)'

test: $(STAMP) ## run the tests
	@$(BIN)/python -m pytest -q -n 2

test-all: $(STAMP) ## run the tests, the long sweeps among them, then the schedule sweep
	@$(BIN)/python -m pytest -q -n 2 -m "" --hypothesis-profile=sweep
	@$(BIN)/python -m tests.sweep --schedules $(SCHEDULES)
	@for world in asking mail asking-mail sitelink ccmail; do $(BIN)/python -m tests.sweep --schedules $$(($(SCHEDULES) / 50)) --world $$world || exit 1; done
	@for world in disk served asking-disk asking-served many-sites sites-apart; do $(BIN)/python -m tests.sweep --schedules $$(($(SCHEDULES) / 200)) --world $$world || exit 1; done
	@for world in dispatch dispatch-site dispatch-asking; do $(BIN)/python -m tests.sweep --schedules $$(($(SCHEDULES) / 1000)) --world $$world || exit 1; done

lint: $(STAMP) ## check style, format and types
	@$(BIN)/python -m ruff check --quiet .
	@$(BIN)/python -m ruff format --check --quiet . || { echo 'not formatted; run: $(BIN)/ruff format .' >&2; exit 1; }
	@$(BIN)/python -m mypy

bench: $(STAMP) ## run the benchmarks
	@$(BIN)/python -m benchmarks

# An environment without a stamp was left half made: it is made from scratch.
$(STAMP): $(MANIFESTS) constraints.txt
	@command -v '$(PYTHON)' >/dev/null || { echo 'make: no $(PYTHON) here; dxa needs Python 3.11 or newer (make PYTHON=/path/to/python3 …)' >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: dxa needs Python 3.11 or newer; $(PYTHON) is $$('$(PYTHON)' -V 2>&1) (make PYTHON=/path/to/python3 …)" >&2; exit 1; }
	@'$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null || { echo 'make: $(PYTHON) cannot make virtual environments; on Debian: apt install python3-venv' >&2; exit 1; }
	@echo 'installing into $(VENV) …'
	@if [ -e $@ ]; then rm $@; else '$(PYTHON)' -m venv --clear $(VENV); fi
	@$(PIP) install -e '.[dev]' $(addprefix -e ,$(PLUGINS))
	@$(PIP) install -e 'plugins/exchange[ldap]' 2>$(VENV)/ldap.log || { echo 'live LDAP is left out: python-ldap cannot be built here, see $(VENV)/ldap.log'; \
		echo '(on Debian: apt install build-essential python3-dev libldap2-dev libsasl2-dev; then remove $(STAMP))'; }
	@touch $@
