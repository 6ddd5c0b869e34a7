# Two commands do everything: `make run` and `make test`. Only Python 3.11+ and make are needed.
PORT ?= 8000
SCALE ?= 0.01
CASES ?= 20000
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
WEB := .venv/installed
TESTS := .venv/installed-tests
DRILL := .venv/installed-drill

.PHONY: run test check bench faults catalogs shots fuzz licences clean

run: $(WEB)
	@NIANGJIA_MODE=demo NIANGJIA_LOG_LEVEL=$${NIANGJIA_LOG_LEVEL:-WARNING} PORT=$(PORT) exec $(BIN)/niangjia run

test: $(TESTS)
	@sh tests/chromium.sh
	$(BIN)/pytest -n 2 --dist worksteal

check: $(TESTS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p server
	$(BIN)/djlint web/templates --lint --quiet
	$(BIN)/pytest tests/test_house_rules.py tests/test_locales.py
	$(BIN)/python -m tests.security.dependencies licences
	$(BIN)/python -m tests.security.dependencies audit

licences: $(TESTS)
	$(BIN)/python -m tests.security.dependencies write

fuzz: $(TESTS)
	CASES=$(CASES) $(BIN)/pytest -s tests/security/test_schema.py tests/security/test_forms.py

bench: $(TESTS)
	$(BIN)/python -m tests.bench.speed --scale $(SCALE)

faults: $(DRILL)
	@sh tests/drills/install.sh || true
	$(BIN)/python -m tests.drills $(DRILLS)

catalogs: $(TESTS)
	$(BIN)/python -m server.catalogs

shots: $(TESTS)
	@sh tests/chromium.sh
	$(BIN)/python -m tests.shots

clean:
	rm -rf .venv .data .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed" >&2; exit 1; }
	@$(PYTHON) -m venv .venv >/dev/null || { rm -rf .venv; \
	  echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }

$(WEB): $(BIN)/python pyproject.toml requirements.lock
	@echo "Installing…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 -c requirements.lock -e .
	@touch $(WEB)

$(TESTS): $(WEB)
	@echo "Installing what the tests need…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 -c requirements.lock -e ".[test]"
	@touch $(TESTS)

$(DRILL): $(TESTS)
	@echo "Installing what the fault drills need…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 -c requirements.lock -e ".[test,drill]"
	@touch $(DRILL)
