# `make` lists the targets. Everything is installed into, and written to, this checkout only.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

AZ_VERSIONS := 2.85.0 2.91.0
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
WHEEL := dist/acrtransfer-$(VERSION)-py3-none-any.whl
LANES := unit recorded coverage emulator faults templates repository '$(AZ_VERSIONS:%=e2e-%)'

# Whatever a tool or a test forgets to say, nothing lands in the user's home.
export AZURE_CONFIG_DIR := $(CURDIR)/build/azure
export PYLINTHOME := $(CURDIR)/build/pylint

python := .venv/dev/bin/python
run := $(python) -m
pytest = $(run) $(2) pytest --junitxml=build/lanes/$(1).xml -o junit_suite_name=$(1)
covered_by = build/coverage/$(1)
pytest_covering = $(call pytest,$(1),coverage run --data-file=$(call covered_by,$(1)) -m)

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z%-]*\):.*## \(.*\)/\1\t\2/p' Makefile | sort | while IFS=$$'\t' read -r target text; do \
	    printf '  make %-16s %s\n' "$$target" "$$text"; done

.PHONY: setup
setup: ## Install everything that the other targets need, into .venv/ and .tools/
	@scripts/setup dev azdev azurite debian busybox $(AZ_VERSIONS:%=az-%)

.PHONY: setup-dev
setup-dev:
	@scripts/setup dev

.PHONY: setup-emulator
setup-emulator:
	@scripts/setup dev azurite debian

setup-e2e-%:
	@scripts/setup dev azurite debian az-$*

.PHONY: wheel
wheel: setup-dev ## Build the extension into dist/, without network
	@scripts/wheel

.PHONY: lint
lint: ## Style, types, import rules, and the Azure CLI team's own rules
	@scripts/setup dev azdev az-$(lastword $(AZ_VERSIONS))
	@scripts/lint

.PHONY: test
test: setup ## lint and every test; ends with a table of what ran
	@scripts/test-lanes $(LANES)

.PHONY: test-unit
test-unit: setup-dev ## The extension's rooms, one by one
	$(call pytest_covering,unit) tests/unit

.PHONY: test-recorded
test-recorded: setup-dev ## az commands against cassettes, without a network
	$(call pytest_covering,recorded) tests/recorded

.PHONY: test-coverage
test-coverage: setup-dev ## Every line and branch of the extension is run by the two lanes before
	@$(run) coverage combine --quiet --keep --data-file=$(call covered_by,both) $(call covered_by,unit) $(call covered_by,recorded)
	@$(run) coverage report --data-file=$(call covered_by,both)

.PHONY: coverage
coverage: test-unit test-recorded test-coverage ## Those three

.PHONY: test-emulator
test-emulator: setup-emulator ## The emulator's packages; a floor under the lines and branches that run
	$(call pytest,emulator,coverage run --rcfile=emulator/pyproject.toml --data-file=$(call covered_by,emulator) -m) tests/emulator
	@$(run) coverage report --rcfile=emulator/pyproject.toml --data-file=$(call covered_by,emulator)

.PHONY: test-faults
test-faults: setup-emulator ## What `make faults` does, in short
	$(call pytest,faults) tests/faults

.PHONY: test-templates
test-templates: setup-dev ## The ARM templates, beside what the extension sends
	$(call pytest,templates) tests/templates

.PHONY: test-repository
test-repository: wheel ## Rules about the repository and the wheel
	$(call pytest,repository) tests/repository

.PHONY: test-e2e
test-e2e: $(AZ_VERSIONS:%=test-e2e-%) ## Real az processes against the emulator, on each azure-cli

test-e2e-%: setup-e2e-% wheel
	AZ_VERSION=$* $(call pytest,e2e-$*) tests/e2e

.PHONY: faults
faults: setup-emulator ## Every fault at every request of every command, and more: PART=commands, engine, kill or soak
	@$(run) tests.faults $(PART)

.PHONY: mutants
mutants: setup-dev ## Small changes of the extension, and whether a unit test fails for each: ROOM=values for one room
	@nice scripts/mutants $(if $(ROOM),'azext_acrtransfer.$(ROOM).*')

.PHONY: mutants-emulator
mutants-emulator: setup-emulator ## The same for the emulator's authorization, engine and templates: MODULE=identity.authorization
	@nice scripts/mutants --emulator $(if $(MODULE),'acr_emulator.$(MODULE).*')

.PHONY: walkthrough
walkthrough: setup-e2e-$(lastword $(AZ_VERSIONS)) wheel ## A public guide line by line: GUIDE=cli_2023; without GUIDE, all
	AZ_VERSION=$(lastword $(AZ_VERSIONS)) $(run) pytest tests/e2e/test_guide_$(or $(GUIDE),*).py

.PHONY: record
record: setup-emulator ## Record the cassettes of tests/recorded anew, from the emulator
	@scripts/record

.PHONY: bench
bench: ## Measure what is promised of speed, memory and requests: ROW=clean; without ROW, all
	@scripts/setup dev azurite debian $(AZ_VERSIONS:%=az-%)
	@$(run) benchmarks $(ROW)

.PHONY: demo
demo: ## A whole transfer between two local clouds
	@scripts/setup dev azurite debian busybox az-$(lastword $(AZ_VERSIONS))
	@scripts/wheel >/dev/null
	@$(run) demo.payload
	@$(run) demo "$(WHEEL)"

.PHONY: clean
clean: ## Remove what was built; keep what was installed
	rm -rf build dist .tools/payload .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find azext_acrtransfer emulator demo tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
