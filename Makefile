# make run    set up, train a network, evaluate it, read a photo of digits
# make test   set up, and run the checks: style, types, imports, and the tests but for the slow ones
# make test-all  the same with the slow tests
# make bench  set up, and measure beside PyTorch, JAX, scikit-learn and onnxruntime: a quarter of an hour for each
#             instruction set of the machine; make bench OPTIONS='--instructions avx2' holds all to one
# make sanitize  build the C++ with sanitizers of addresses, undefined behaviour and threads, and test it so
# make attack  set up, and attack it for MINUTES, 60 by default: kills, broken inputs, rude clients, full disks
# make docs  set up, and build the documentation into site/: open site/index.html
# make cluster  set up, and start a Ray cluster of three nodes on this machine, to try things on; make cluster-stop
# make dist  build the sdist and the wheels into dist/, and try all in clean environments of Python 3.11 to 3.13: some minutes
# make arm   build the kernels for 64-bit Arm, and run their tests under qemu: an hour or more
# make clean  take away what the others made

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN = .venv/bin
PORT = 6379
MINUTES = 60
SEED = 0
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test test-all bench attack docs sanitize cluster cluster-stop arm dist clean

run: .venv/installed
	mkdir -p run
	cd run && ../$(BIN)/inkgrad train
	cd run && ../$(BIN)/inkgrad evaluate digits.safetensors
	cd run && ../$(BIN)/inkgrad read ../examples/page.jpg --boxes page.boxes.png

test: .venv/installed-dev
	PATH="$(CURDIR)/$(BIN):$$PATH" scripts/check -m "not slow" $(OPTIONS)

test-all: .venv/installed-dev
	PATH="$(CURDIR)/$(BIN):$$PATH" scripts/check $(OPTIONS)

bench: .venv/installed-bench
	$(BIN)/python benchmarks/run.py $(OPTIONS)

# On all cores.  `make attack SEED=1` attacks otherwise; what it finds it says how to see again.
attack: .venv/installed-dev
	PYTHONPATH=tests OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
	  $(BIN)/python -m attack --minutes $(MINUTES) --seed $(SEED) $(ATTACKS)

# What `make test` has set up will do.
docs: $(firstword $(wildcard .venv/installed-dev) .venv/installed-docs)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

# A tree of its own, as its module loads in no ordinary Python.  Leaks are Python's own affair.  The sanitizer of threads
# knows nothing of Python's lock, so it sees the pool of threads in a program of its own.
sanitize:
	$(PYTHON) -m venv .venv-sanitize
	.venv-sanitize/bin/python -m pip install --quiet --disable-pip-version-check '.[dev]' \
	  --config-settings=cmake.define.INKGRAD_SANITIZE=ON --config-settings=build-dir=.venv-sanitize/build
	LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libstdc++.so)" \
	  ASAN_OPTIONS=detect_leaks=0 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
	  .venv-sanitize/bin/python -m pytest -q -p no:cacheprovider tests/fast/test_fast.py tests/fast/test_fast_bad_input.py tests/fast/test_fast_threads.py
	$(CXX) -std=c++20 -O1 -g -fsanitize=thread -pthread src/inkgrad/fast/cpp/threads.cpp tests/fast/thread_pool.cpp \
	  -o .venv-sanitize/thread_pool
	TSAN_OPTIONS=die_after_fork=0 .venv-sanitize/thread_pool

cluster: .venv/installed-ray
	@$(BIN)/python scripts/cluster.py start --port $(PORT)

cluster-stop: .venv/bin/python
	@$(BIN)/python scripts/cluster.py stop --port $(PORT)

# Not part of the tests: it needs packages that only root can install, and says which.
arm: .venv/bin/python
	scripts/arm $(OPTIONS)

dist: .venv/installed-dist
	$(BIN)/python scripts/release/dist.py

clean:
	rm -rf .venv .venv-arm .venv-sanitize run site dist

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "inkgrad needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 2; }

SOURCES = pyproject.toml CMakeLists.txt $(wildcard src/inkgrad/fast/cpp/*) $(wildcard src/inkgrad/*/__init__.py src/inkgrad/*/*/__init__.py)

.venv/installed: .venv/bin/python $(SOURCES)
	@echo "installing inkgrad and its libraries in .venv: a minute or two"
	$(PIP) --editable .
	@touch $@

.venv/installed-dev: .venv/bin/python $(SOURCES)
	@echo "installing inkgrad, its libraries and the checking tools in .venv: a minute or two"
	$(PIP) --editable '.[dev]'
	@touch $@

.venv/installed-docs: .venv/bin/python $(SOURCES)
	@echo "installing inkgrad, its libraries and what builds the documentation in .venv: a minute or two"
	$(PIP) --editable '.[docs]'
	@touch $@

.venv/installed-ray: .venv/bin/python $(SOURCES)
	@echo "installing inkgrad, its libraries and Ray in .venv: a minute or two"
	$(PIP) --editable '.[ray]'
	@touch $@

.venv/installed-bench: .venv/installed benchmarks/requirements.txt
	$(PIP) --requirement benchmarks/requirements.txt
	@touch $@

.venv/installed-dist: .venv/bin/python scripts/release/requirements.txt
	$(PIP) --requirement scripts/release/requirements.txt
	@touch $@
