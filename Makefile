# The two commands: `make demo` and `make test`. Both set up .venv first; both work on a bare machine.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint types check slow test-gpu test-comfyui clean

demo: $(READY)
	$(BIN)/pastiche demo --out out/demo.png

test: lint types check

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy takes the names of packages from their folders, and this one may have any.
types: $(READY)
	ln -sfn "$(CURDIR)" $(VENV)/pack
	$(BIN)/mypy $(VENV)/pack/engine $(VENV)/pack/nodes

check: $(READY)
	$(BIN)/pytest -c tests/pytest.ini --rootdir tests tests

slow: $(READY) $(VENV)/.scale
	$(BIN)/pytest -c tests/pytest.ini --rootdir tests tests -m slow

# On a machine with an NVIDIA GPU. Elsewhere every test is skipped.
test-gpu: $(READY)
	$(BIN)/pytest -c tests/pytest.ini --rootdir tests -rs tests -m gpu

# A real ComfyUI, its server and its page: COMFYUI_PATH=~/ComfyUI COMFYUI_PYTHON=~/ComfyUI/venv/bin/python make test-comfyui
# For the page, also: .venv/bin/pip install playwright, and a Chromium (COMFYUI_CHROMIUM, or on the path).
test-comfyui: $(READY)
	$(BIN)/pytest -c tests/pytest.ini --rootdir tests -rs tests/comfyui

# The CPU build of torch is a tenth of the size of the default one on Linux; a machine with an NVIDIA GPU gets the default.
$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 10) else "Pastiche needs Python 3.10 or newer; set PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	sh scripts/install_torch.sh $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $(READY)

# Ray, which is large, and which only slow tests need.
$(VENV)/.scale: $(READY)
	$(BIN)/python -m pip install --quiet --editable '.[dev,scale]'
	touch $@

clean:
	rm -rf $(VENV) out build *.egg-info engine/*.egg-info
