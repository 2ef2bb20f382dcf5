# Sets up .venv from requirements.lock, then runs what README.md tells of.
# Another interpreter (3.11 or newer): make PYTHON=python3.12 demo

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed
OCR_STAMP := $(VENV)/.installed-ocr

.PHONY: demo test lint venv ocr soak bench licences audit pictures

demo: $(STAMP)
	$(RUN) scheduler.py --demo

test: $(STAMP)
	$(RUN) -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

# The long proofs of docs/reliability.md: an hour or so.
soak: $(STAMP)
	$(RUN) -m tests.reliability

# What the manuals show: docs/pictures and docs/联络员须知.md. Needs Chromium and LibreOffice.
pictures: $(STAMP)
	$(RUN) -m tests.manual

# Known weaknesses of the locked versions, by a tool in an environment of its own; needs the network.
audit: $(STAMP)
	$(RUN) -m tests.audit

# What it costs, beside a floor and a simple script, and what grows: docs/performance.md.
bench: $(STAMP)
	$(RUN) -m tests.bench
	$(RUN) -m tests.bench.start
	$(RUN) -m tests.bench.growth
	$(RUN) -m tests.bench.links
	$(RUN) -m tests.bench.workers

# The licence of every package that is installed; fails on one that is not allowed.
licences: $(STAMP)
	$(RUN) -m tests.supply

lint: $(STAMP)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

venv: $(STAMP)

# Reading scans and photos: about 300 MB more.
ocr: $(OCR_STAMP)

# The stamp is written last: a set-up that was interrupted is taken up again.
$(STAMP): requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed; Python 3.11 or newer is needed" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, and $(PYTHON) is older: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { \
	  echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV); this is done once"
	@test -x $(RUN) || rm -rf $(VENV) # its interpreter has gone
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(OCR_STAMP): requirements-ocr.lock $(STAMP)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-ocr.lock
	@touch $@
