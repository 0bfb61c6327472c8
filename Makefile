# `make setup`, `make run` and `make test` are all there is to know; the rest are parts of them.

BIN := .venv/bin
PYTEST := $(BIN)/pytest --no-header --numprocesses 2 --dist worksteal
CODE := audit config disputes payments tests deploy manage.py
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
export CHROMIUM

# The suite says itself what it wants: what a developer has set is not for tests. The processes that
# it starts by the hundred compile nothing twice.
SETTINGS := $(shell sed -n 's/^\# \([A-Z_]*\)=.*/\1/p' .env.example)
HERMETIC := env $(SETTINGS:%=-u %) -u DJANGO_SETTINGS_MODULE -u PYTHONDONTWRITEBYTECODE ENV_FILE=/dev/null
PRODUCTION = $(HERMETIC) DJANGO_SETTINGS_MODULE=config.settings.production \
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
	DATABASE_URL=sqlite://:memory: ALLOWED_HOSTS=comptoir.example COMPTOIR_KEYRING_FILE=keyring

stage = @printf '\n\033[1m── %s\033[0m\n' "$(1)"

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-development run demo messages test lint test-sqlite test-postgres \
	test-browser test-kill test-cockroach bench pictures clean

help:
	@echo 'make setup           install everything into this folder'
	@echo 'make run             the whole house on http://localhost:8000 (PORT=… for another)'
	@echo 'make test            every check and every test'
	@echo 'make lint            the checks alone'
	@echo 'make test-sqlite     the tests on SQLite; also test-postgres, test-browser, test-cockroach'
	@echo 'make test-kill       everything is killed at random while people work, for ten minutes'
	@echo 'make bench           how fast it is, against others (ONLY=name for one row)'
	@echo 'make pictures        every page in every state, in var/pictures/index.html'
	@echo 'make demo            more of the demo business (ARGS="--seed 2 --payments 2000")'
	@echo 'make messages        find new texts for the translations in locale/'
	@echo 'make clean           forget what was installed (the data in var/ stay)'

setup:
	@python=$$(sh deploy/find_python.sh) && "$$python" deploy/install.py

setup-development:
	@python=$$(sh deploy/find_python.sh) && "$$python" deploy/install.py --development

# exec: what is started must be make's own child, to notice when make is gone.
run: setup
	@exec env STARTED_BY=$$PPID $(BIN)/python -m deploy.run

demo: setup
	@exec $(BIN)/python manage.py demo $(ARGS)

messages: setup
	@$(BIN)/python -m deploy.messages

test: lint test-sqlite test-postgres test-browser
	$(call stage,everything passed)

lint: setup-development
	$(call stage,format)
	@$(BIN)/ruff format --check .
	$(call stage,lint)
	@$(BIN)/ruff check .
	$(call stage,types)
	@$(HERMETIC) $(BIN)/mypy $(CODE)
	$(call stage,import contracts)
	@$(BIN)/lint-imports
	$(call stage,templates)
	@$(BIN)/djlint templates --check
	@$(BIN)/djlint templates --lint
	$(call stage,dependencies)
	@$(BIN)/deptry .
	$(call stage,production settings)
	@$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(call stage,migrations)
	@$(PRODUCTION) $(BIN)/python manage.py makemigrations --check --dry-run

test-sqlite: setup-development
	$(call stage,tests on SQLite)
	@$(HERMETIC) $(PYTEST) -m 'not browser and not cockroach'

test-postgres: setup-development
	$(call stage,tests on PostgreSQL through the CockroachDB engine)
	@$(HERMETIC) $(PYTEST) -p tests.plugins.postgres -m 'not browser and not cockroach'

test-browser: setup-development
	$(call stage,tests in a browser)
ifeq ($(CHROMIUM),)
	@echo 'NOT RUN: no Chromium was found (set CHROMIUM to its path)'
else
	@$(HERMETIC) DJANGO_ALLOW_ASYNC_UNSAFE=1 $(PYTEST) --numprocesses 0 -m browser tests/browser
endif

# Everything is killed at random while people work. KILL_SECONDS for how long, KILL_SEED to repeat.
test-kill: setup-development
	$(call stage,kill -9 for ten minutes)
	@$(HERMETIC) KILL_SECONDS=$${KILL_SECONDS:-600} $(PYTEST) --numprocesses 0 \
		-p tests.plugins.postgres tests/kill/test_kill.py

pictures: setup-development
	$(call stage,pictures of every page)
	@rm -rf var/pictures
	@$(HERMETIC) DJANGO_ALLOW_ASYNC_UNSAFE=1 PICTURES=1 $(PYTEST) --numprocesses 0 --timeout 1200 \
		tests/browser/test_pictures.py tests/browser/test_pictures_of_lists.py tests/browser/test_places.py -m browser; \
		status=$$?; $(HERMETIC) $(BIN)/python -m tests.browser.index_pictures && exit $$status

test-cockroach: setup-development
	$(call stage,tests on a real CockroachDB)
	@$(HERMETIC) sh deploy/test_cockroach.sh $(PYTEST) -m 'not browser'

# Not a part of `make test`: it takes a while, and wants the machine for itself.
bench: setup-development
	@exec $(HERMETIC) LOG_LEVEL=ERROR $(BIN)/python -m bench $(ONLY)

clean:
	rm -rf .venv node_modules static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
