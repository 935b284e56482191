# lunarcloud: every target builds .venv from the pinned constraints by itself. Needs Python 3.11 to 3.13, pip, make.
PYTHON ?= python3
BIN := .venv/bin
DEMO ?= demo

.PHONY: demo demo-s3 test lint bench constraints clean

# The main job: a synthetic Moon as archive tiles -> mosaic -> models -> maps -> findings -> figures, in ./demo.
demo: .venv/ready
	$(BIN)/lunarcloud demo $(DEMO)

# The same with all results on an S3 server started here.
demo-s3: .venv/dev
	$(BIN)/python -m lunarcloud.testing.demo_s3

test: .venv/dev
	$(BIN)/python -m pytest

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev
	$(BIN)/python -m benchmarks

# Renew the pins; needs uv.
constraints:
	uv pip compile --universal --python-version 3.11 --no-header --no-emit-index-url --no-annotate --all-extras \
		--group test --group lint --group bench pyproject.toml -o constraints.txt

clean:
	rm -rf .venv demo demo-s3

# What the commands need.
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[fit,report]'
	touch $@

# What tests, lint and benchmarks need besides.
.venv/dev: .venv/ready
	$(BIN)/python -m pip install --quiet --upgrade -c constraints.txt pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[testing]' --group test --group lint --group bench
	touch $@
