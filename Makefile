# lunarcloud: every target builds its environment from the pinned constraints by itself. Needs Python 3.11 to 3.13,
# pip, make. `make test PYTHON=python3.13` does the same in an environment of its own, .venv-python3.13.
PYTHON ?= python3
VENV ?= .venv$(patsubst %,-%,$(filter-out python3,$(notdir $(PYTHON))))
BIN := $(VENV)/bin
# What `make test` and `make test-long` run; a folder or a file is enough while you work. So many tests run at once: some only wait.
TESTS ?=
AT_ONCE ?= 3
DEMO ?= demo

# Some machines forbid Python to keep what it compiled: hundreds of processes would compile the same modules each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo demo-s3 notebooks test test-long test-reference test-fuzz test-wheel test-browser test-cluster viewer check \
	docs bench constraints clean

# The main job: a synthetic Moon as archive tiles -> mosaic -> models -> maps -> findings -> figures, in ./demo.
demo: $(VENV)/ready
	$(BIN)/lunarcloud demo $(DEMO)

# The same with all results on an S3 server started here.
demo-s3: $(VENV)/dev
	$(BIN)/python -m lunarcloud.testing.demo_s3

# Execute the notebooks on what `make demo` left in DEMO, and keep their outputs in them.
notebooks: $(VENV)/dev
	$(BIN)/python -m tools.notebooks $(DEMO)

test: $(VENV)/dev
	$(BIN)/python -m pytest -n $(AT_ONCE) --dist loadfile --no-loadscope-reorder -m "not long" $(TESTS)
	@echo "Not tried here: what takes minutes (make test-long), the viewer (make test-browser), pods on a real Kubernetes (make test-cluster)"

# The demonstration with all that it opens, every document and notebook as a reader runs it, every record made again,
# kills at each step of runs and of reprocessing, stores that fail: minutes.
test-long: $(VENV)/dev
	$(BIN)/python -m pytest -n $(AT_ONCE) --dist loadfile --no-loadscope-reorder -m long $(TESTS)

# Checks against documents and data that are not copied here: the archive's own, in the folder DATA.
test-reference: $(VENV)/dev
	@test -f "$(DATA)/README.md" || { echo "make test-reference DATA=FOLDER: no reference data in '$(DATA)'" >&2; exit 2; }
	$(BIN)/python -m pytest tests/reference --data "$(DATA)"

# 2 000 damaged files a reader, others' and a root's own: what comes is read, or refused in words, within ten seconds.
test-fuzz: $(VENV)/dev
	LUNARCLOUD_FUZZ=2000 $(BIN)/python -m pytest tests/archive/test_fuzz.py tests/test_damaged_root.py \
		-k damaged --timeout 1800

# Builds wheel and sdist, installs the wheel in a new environment elsewhere and runs the demo there: minutes. In another
# one UDUNITS and the CF checker of IOOS look at what was made.
test-wheel: $(VENV)/dev
	$(BIN)/python -m pytest tests/packaging

# The viewer in a real browser, CHROMIUM, without a screen.
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
test-browser: $(VENV)/dev
	@test -x "$(CHROMIUM)" || { echo "make test-browser CHROMIUM=PROGRAM: no Chromium on PATH" >&2; exit 2; }
	$(BIN)/python -m pytest tests/browser --chromium "$(CHROMIUM)"

# The viewer's page, in lunarcloud/viewer/static, from its sources in web/. Needs Node 20 or newer.
viewer:
	cd web && npm ci --no-audit --no-fund && npm run build

# On a real Kubernetes, 6 to 12 minutes; FAULTS=all adds those that take twice as long, and a sample's arrival.
# KIT=FOLDER has scripts `up`, `build-image` and `down` for one on this machine; any other is as KUBECONFIG says, with
# IMAGE=NAME of an image that its nodes can pull and STORE=ADDRESS of this machine for pods.
test-cluster: $(VENV)/dev
	@test -n "$(KIT)$(KUBECONFIG)" || { echo "make test-cluster KIT=FOLDER, or KUBECONFIG with IMAGE and STORE" >&2; exit 2; }
	$(BIN)/python -m pytest tests/cluster --timeout 1200 $(if $(FAULTS),,-m "not long") \
		$(if $(KIT),--kit "$(KIT)") $(if $(IMAGE),--image "$(IMAGE)") $(if $(STORE),--store "$(STORE)")

# All that is checked before tests: style, types, import rules, declared imports, habits (see tools/habits.py).
check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/deptry . --exclude '\.venv.*' --exclude docs --exclude tools --non-dev-dependency-groups test,bench,cluster,browser
	$(BIN)/python -m tools.habits

# The documentation as a site, in ./site; needs no network.
docs: $(VENV)/dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: $(VENV)/dev
	$(BIN)/python -m benchmarks

# Renew the pins; needs uv.
constraints:
	uv pip compile --universal --python-version 3.11 --no-header --no-emit-index-url --no-annotate --all-extras \
		--group test --group lint --group bench --group docs --group cluster --group browser --group image pyproject.toml -o constraints.txt

clean:
	rm -rf .venv .venv-* demo demo-s3 site

# What the commands need.
$(VENV)/ready: pyproject.toml constraints.txt lunarcloud/__init__.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[fit,report]'
	touch $@

# What tests, lint and benchmarks need besides.
$(VENV)/dev: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --upgrade -c constraints.txt pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[testing,k8s]' --group test --group lint --group bench \
		--group docs --group cluster --group browser
	touch $@
