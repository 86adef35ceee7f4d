# `make` lists the targets. Everything is installed into, and written to, this checkout only.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

OLDEST_AZ := 2.85.0
NEWEST_AZ := 2.91.0
AZ_VERSIONS := $(OLDEST_AZ) $(NEWEST_AZ)
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
WHEEL := dist/acrtransfer-$(VERSION)-py3-none-any.whl

# The suites of `make test`, five at a time, because half of them wait, and the longest first, so that none ends long
# after the others. A new suite needs a target test-SUITE and a word here.
SUITES := e2e-first e2e-second e2e-third emulator strangers faults e2e-$(OLDEST_AZ) demo python3.10 python3.13 unit lint repository recorded recordings templates
FAST_SUITES := lint unit recorded
# The tests of e2e whose results can differ between versions of az: see tests/README.md.
AZ_TESTS := installation login pipeline_commands run_commands same_output
# The tests of e2e in two of three parts that take about as long; the third part has all others.
FIRST_PART := known_failures many_artifacts printed_commands
SECOND_PART := carry_any_number ci_jobs installation installed_emulator live login many restart shell sovereign_clouds waiting

# What the emulator's suite runs in child processes only, where no lines are counted
UNCOVERED := */__main__.py,*/cli.py,*/env_file.py,*/logs.py,*/bundled/debian_packages.py

# The folder of the environments; PYTHON, a name or a path, selects the interpreter that they are made with
export ENVIRONMENTS ?= .venv

# Whatever a tool or a test forgets to say, nothing lands in the user's home.
login := $(or $(AZURE_CONFIG_DIR),$(HOME)/.azure)
export AZURE_CONFIG_DIR := $(CURDIR)/build/azure
export PYLINTHOME := $(CURDIR)/build/pylint

# Console scripts name their interpreter in the first line, where a path must not have spaces.
run := "$(ENVIRONMENTS)/dev/bin/python" -m
pytest = $(run) $(2) pytest --junitxml=build/suites/$(1).xml -o junit_suite_name=$(1)
pytest_covering = $(call pytest,$(1),slipcover $(2) --branch --skip-covered --dont-wrap-pytest -m)

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z0-9%-]*\):.*## \(.*\)/\1\t\2/p' Makefile | sort | while IFS=$$'\t' read -r target text; do \
	    printf '  make %-16s %s\n' "$$target" "$$text"; done

.PHONY: setup
setup: ## Install everything that the other targets need, into .venv/ and .tools/
	@scripts/setup dev wheel azdev azurite azcopy debian busybox javascript python-packages $(AZ_VERSIONS:%=az-%)

.PHONY: setup-dev
setup-dev:
	@scripts/setup dev

.PHONY: setup-emulator
setup-emulator:
	@scripts/setup dev azurite debian

.PHONY: setup-strangers
setup-strangers:
	@scripts/setup dev azurite azcopy debian javascript python-packages az-$(NEWEST_AZ)

setup-e2e-%:
	@scripts/setup dev azurite azcopy debian az-$*

.PHONY: wheel
wheel: ## Build the extension into dist/; installs setuptools the first time, then needs no network
	@scripts/wheel

.PHONY: release
release: ## Write the wheel, its checksum and an extension index into dist/: URL=https://files.example/acrtransfer
	@scripts/setup wheel
	@"$(ENVIRONMENTS)/wheel/bin/python" scripts/release $(if $(URL),--url '$(URL)')

.PHONY: lint
lint: ## Style, types, import rules, and the Azure CLI team's own rules
	@scripts/setup dev azdev az-$(NEWEST_AZ)
	@scripts/lint

.PHONY: test
test: setup ## lint and every test suite; ends with a table of what ran
	$(call run_suites,$(SUITES),5)

.PHONY: test-fast
test-fast: ## lint, unit and recorded
	$(call run_suites,$(FAST_SUITES),2)

define run_suites
@rm -rf build/suites
@$(MAKE) --jobs=$(2) --output-sync=target $(1:%=suite-%)
@scripts/test-suites table $(1)
endef

suite-%:
	@scripts/test-suites run $*

.PHONY: test-lint
test-lint: lint

.PHONY: test-unit
test-unit: setup-dev ## The extension's modules and commands; fails unless every line and branch runs
	$(call pytest_covering,unit,--source azext_acrtransfer --fail-under 100) tests/unit

.PHONY: test-recorded
test-recorded: setup-dev ## az commands with recorded responses, without a network
	$(call pytest,recorded) tests/recorded

.PHONY: test-recordings
test-recordings: setup-emulator ## Record a few cassettes, others each day, and compare them: DAY=42 for those of one day
	$(call pytest,recordings) tests/recorded --record-again=$(or $(DAY),$(shell date +%-j))

.PHONY: test-emulator
test-emulator: setup-emulator ## The emulator's packages; a floor under the lines and branches that run
	$(call pytest_covering,emulator,--source emulator/acr_emulator --omit '$(UNCOVERED)' --fail-under 97) tests/emulator

.PHONY: test-faults
test-faults: setup-emulator ## The short form of `make faults`
	$(call pytest,faults) tests/faults

.PHONY: test-templates
test-templates: setup-dev ## The ARM templates, compared with the requests of the extension
	$(call pytest,templates) tests/templates

.PHONY: test-repository
test-repository: setup-dev wheel ## Rules for the repository and the wheel
	$(call pytest,repository) tests/repository

.PHONY: test-demo
test-demo: setup-dev wheel ## `make demo`, as strangers run it
	@scripts/setup azurite debian busybox az-$(NEWEST_AZ)
	AZ_VERSION=$(NEWEST_AZ) $(call pytest,demo) tests/demo

.PHONY: test-e2e
test-e2e: $(AZ_VERSIONS:%=test-e2e-%) ## az processes against the emulator, on each azure-cli; test-e2e-2.91.0 for one

strangers := tests/e2e/strangers
test-e2e-$(OLDEST_AZ): e2e_tests := $(AZ_TESTS:%=tests/e2e/test_%.py)
test-e2e-%: setup-e2e-% wheel
	AZ_VERSION=$* $(call pytest,e2e-$*) $(or $(e2e_tests),--ignore=$(strangers) tests/e2e)

.PHONY: test-strangers
test-strangers: setup-strangers wheel ## Clients that others wrote, and some of the command lines of `make az-lines`
	AZ_VERSION=$(NEWEST_AZ) $(call pytest,strangers) $(strangers)

.PHONY: az-lines
az-lines: setup-strangers wheel ## The az commands around a transfer, each with its expected outcome; writes build/az-lines.md
	AZ_LINES=all AZ_VERSION=$(NEWEST_AZ) $(run) pytest $(strangers)/test_az_lines.py

# The parts of test-e2e-$(NEWEST_AZ): each waits as often as it works.
test-e2e-first: e2e_tests := $(FIRST_PART:%=tests/e2e/test_%.py)
test-e2e-second: e2e_tests := $(SECOND_PART:%=tests/e2e/test_%.py)
test-e2e-third: e2e_tests := tests/e2e --ignore=$(strangers) $(patsubst %,--ignore=tests/e2e/test_%.py,$(FIRST_PART) $(SECOND_PART))
test-e2e-first test-e2e-second test-e2e-third: setup-e2e-$(NEWEST_AZ) wheel
	AZ_VERSION=$(NEWEST_AZ) $(call pytest,$(@:test-%=%)) $(e2e_tests)

.PHONY: test-live
test-live: export AZURE_CONFIG_DIR := $(login)
test-live: wheel ## The acceptance flow in the subscription of `az login`: RESOURCE_PREFIX=name LOCATION=region YES=1
	@scripts/setup dev az-$(NEWEST_AZ)
	@scripts/live build/live "$(WHEEL)" $(NEWEST_AZ)

test-python%: ## Some of the tests on another Python, in separate environments: make test-python3.10
	@$(MAKE) test-briefly SUITE=python$* PYTHON=python$* ENVIRONMENTS=.venv/python$*

.PHONY: test-briefly
test-briefly: setup-e2e-$(NEWEST_AZ) wheel
	$(call pytest,$(SUITE)) --hypothesis-profile=quick tests/unit tests/recorded tests/e2e/test_same_output.py

.PHONY: faults
faults: setup-emulator ## Every fault at every request of every command, and more: PART=commands, engine, kill, race or soak
	@$(run) tests.faults $(PART)

.PHONY: fuzz
fuzz: setup-emulator ## Hostile requests to every host of the emulator, many more than a test makes: EXAMPLES=20000
	FUZZ_EXAMPLES=$(or $(EXAMPLES),20000) $(run) pytest --timeout=0 tests/emulator/test_hostile_requests.py tests/emulator/test_arm_bodies.py

.PHONY: mutants
mutants: setup-dev ## Small changes of the extension, and whether a unit test fails: MODULE=arguments for one, SAMPLE=5 for a fifth
	@SAMPLE=$(SAMPLE) nice scripts/mutants $(if $(MODULE),'azext_acrtransfer.$(MODULE).*')

.PHONY: mutants-emulator
mutants-emulator: setup-emulator ## The same for the emulator's authorization, engine and templates: MODULE=identity.authorization
	@SAMPLE=$(SAMPLE) nice scripts/mutants --emulator $(if $(MODULE),'acr_emulator.$(MODULE).*')

.PHONY: test-guides
test-guides: setup-e2e-$(NEWEST_AZ) wheel ## A public guide line by line: GUIDE=cli_2023; without GUIDE, all
	AZ_VERSION=$(NEWEST_AZ) $(run) pytest tests/e2e/test_guide_$(or $(GUIDE),*).py

.PHONY: record
record: setup-emulator ## Record the cassettes of tests/recorded anew, from the emulator
	@scripts/record

.PHONY: bench
bench: ## Measure what is promised of speed, memory and requests: ROW=clean; without ROW, all
	@scripts/setup dev azurite debian $(AZ_VERSIONS:%=az-%)
	@$(run) benchmarks $(ROW)

.PHONY: demo
demo: ## A whole transfer between two local clouds
	@scripts/setup dev azurite debian busybox az-$(NEWEST_AZ)
	@scripts/wheel >/dev/null
	@$(run) demo "$(WHEEL)" $(NEWEST_AZ)

.PHONY: docs
docs: ## Write the generated pages, and the picture of the demo from a run of it
	@scripts/setup dev azurite debian busybox az-$(NEWEST_AZ)
	@scripts/docs
	@mkdir -p build
	@$(MAKE) demo | tee build/demo.txt
	@$(run) docs.generators.demo_picture build/demo.txt

# The line reaches the script as it was typed.
shell: export COMMAND_LINE := $(value CMD)
unexport CMD
.PHONY: shell
shell: ## A shell whose az talks to a local emulator with two registries: CMD='az ...' runs one line, STATE=dir keeps state
	@AZ_VERSION=$(NEWEST_AZ) scripts/shell $(if $(value CMD),"$$COMMAND_LINE")

.PHONY: clean
clean: ## Remove what was built; keep what was installed
	rm -rf build dist emulator/build .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find azext_acrtransfer emulator demo tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
