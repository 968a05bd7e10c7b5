# `make` lists the commands. Each installs what it needs; nothing has to be prepared.

.DEFAULT_GOAL := help
.PHONY: help setup build up down status backup restore demo test bench faults soak format lint

# Folder with sample data (incidents.csv.gz); what needs it does without when it is absent.
MILLRACE_DATA ?= $(wildcard ../shared/data)
ifneq ($(MILLRACE_DATA),)
export MILLRACE_DATA := $(abspath $(MILLRACE_DATA))
endif

SWIFT_SOURCES = Package.swift Services Shared Tests

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf '%-12s %s\n' "$$name" "$$what"; done

setup: ## install system packages and the local virtual environment
	@deploy/local/install.sh tests

build: ## build the executable .build/release/millrace
	@deploy/local/install.sh
	swift build -c release --product millrace

up: ## start servers, two instances of core, one of email, datamart and search each in the background, with tenant demo
	@deploy/local/up.sh

down: ## stop what `make up` started
	@deploy/local/down.sh

status: ## show what runs and whether it is ready
	@deploy/local/status.sh

backup: ## write the database to FILE, a folder of contents to FILE.contents
	@deploy/local/backup.sh $(FILE)

restore: ## put the backup FILE in the database's place
	@deploy/local/restore.sh $(FILE)

demo: ## two minutes of realistic work with a live table (DEMO_DATA=file DEMO_SECONDS=120)
	@deploy/local/demo.sh

test: ## all tests on private servers (SWIFT_TEST_FLAGS= PYTEST_FLAGS=)
	@deploy/local/test.sh

bench: ## measure the figures of Tests/Benchmarks/README.md
	@deploy/local/bench.sh

faults: ## seeded faults under load on private servers (PYTEST_FLAGS=)
	@PYTEST_MARKS="faults and not soak" SWIFT_TEST_FLAGS="--filter NoUnitTests" deploy/local/test.sh

soak: ## many seeded faults under load (FAULTS=200 MART_FAULTS=54 SEARCH_FAULTS=54 SEED=1)
	@deploy/local/soak.sh

format: ## format the Swift sources
	swift format --in-place --parallel --recursive $(SWIFT_SOURCES)

lint: ## check format and scripts; warnings are errors
	@deploy/local/install.sh lint
	swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)
	shellcheck deploy/local/*.sh deploy/container/*.sh deploy/gateway/*.sh .ci/run
