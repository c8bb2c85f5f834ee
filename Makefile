# make run     starts the gateway on a simulated home
# make test    lints and tests everything
# make bench   measures speed and memory against a bare Autobahn server, aiohttp and picows, and prints tables
# make fuzz    feeds every parser with anything, by atheris; what breaks one is told
# make soak    lives through days of a house in minutes; tells what grows
# make docs     builds the documentation, in build/docs/html
# make deb      builds the Debian package of what is committed, in dist/
# make deb-test boots Debian 12 and 13 and uses the package there; as root, takes some minutes
# make deb-arches installs and uses the package on emulated arm64 and armhf; as root, takes half an hour the first time
# make image-test builds the Dockerfile with docker or podman, and uses the image
# make release  checks that the version, NEWS.md and debian/changelog agree, and builds wheel, sdist and .deb, in dist/
# make sbom     writes what Dog is made of (CycloneDX), in dist/
# All set up what they need in .venv. Variables (make run HOME_FILE=my.xml):
#   PYTHON      the interpreter that .venv is made with         (default: the first that is 3.11 or newer)
#   HOME_FILE   the home that make run simulates                (default: the demo home)
#   LISTEN      endpoints to listen on, instead of port 8080 on loopback: LISTEN=tcp:8123:interface=127.0.0.1
#   STATE_DIR   where make run keeps its state                  (default: run/)
#   TESTS       what make test runs                             (default: tests, all of it): TESTS=tests.model
#   ROUNDS      how often make bench measures each figure       (default: 3)
#   SERVED_BY   the Python whose Twisted and Autobahn are measured (default: that of .venv): SERVED_BY=/usr/bin/python3
#   FUZZ_SECONDS how long make fuzz runs, all targets together  (default: 300)
#   FUZZ_TARGETS what make fuzz runs                            (default: all): FUZZ_TARGETS="home http"
#   ARCHES      what make deb-arches emulates                   (default: all): ARCHES=bookworm-armhf
#   DAYS        how many days make soak simulates               (default: 2)
#   SCENARIOS   what make bench measures                        (default: all): SCENARIOS=requests,fanout

VENV ?= .venv
HOME_FILE ?= dog/demo/home.xml
RUN_HOME = $(if $(filter dog/demo/home.xml,$(HOME_FILE)),$(STATE_DIR)/home.xml,$(HOME_FILE))
LISTEN ?=
STATE_DIR ?= run
TESTS ?= tests
ROUNDS ?= 3
SCENARIOS ?=
FUZZ_SECONDS ?= 300
FUZZ_TARGETS ?=
DAYS ?= 2
DEBIAN_PYTHON ?= /usr/bin/python3
export PYTHON VENV

.PHONY: help run test docs deb deb-test deb-arches image-test bench fuzz soak sbom lint format clean

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

run: $(VENV)/ready-to-run
	@# The demo home is copied: what is changed through the API is the copy, not the source.
	@mkdir -p '$(STATE_DIR)'
	@test '$(HOME_FILE)' != dog/demo/home.xml || test -e '$(RUN_HOME)' || cp dog/demo/home.xml dog/demo/plan.svg '$(STATE_DIR)/'
	$(VENV)/bin/twistd --nodaemon --pidfile= dog --simulate --home '$(RUN_HOME)' \
		$(foreach endpoint,$(LISTEN),--listen '$(endpoint)') --state-dir '$(STATE_DIR)'

# The whole suite twice: with the newest releases from PyPI, and with what Debian ships.
test: lint
	@$(VENV)/bin/python tools/run_tests.py newest=$(VENV)/bin/python debian=$(DEBIAN_PYTHON) -- $(TESTS)

# The documentation; warnings are errors.
docs: $(VENV)/ready-for-docs
	@$(VENV)/bin/python tools/docs.py

# The Debian package of what is committed, in dist/; and what it does in booted systems (as root).
deb:
	@tools/deb.sh dist

deb-test:
	@$(DEBIAN_PYTHON) tools/debtest.py

deb-arches: deb
	@$(DEBIAN_PYTHON) tools/arches.py "$$(ls -t dist/dog-gateway_*_all.deb | head -n 1)" $(ARCHES)

image-test:
	@$(DEBIAN_PYTHON) tools/image.py

# Publishes nothing: what would be is in dist/ afterwards.
release: $(VENV)/ready-to-release
	@PYTHON='$(abspath $(VENV))/bin/python' tools/release.sh dist

# What each package is made of; the time in it is that of the commit.
sbom: $(VENV)/ready-to-release
	@SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} $(VENV)/bin/python tools/sbom.py dist

bench: $(VENV)/ready-to-bench
	$(VENV)/bin/python -m bench --rounds $(ROUNDS) $(if $(SCENARIOS),--scenarios '$(SCENARIOS)') \
		$(if $(SERVED_BY),--python '$(SERVED_BY)')

fuzz: $(VENV)/ready-to-run
	@tools/venv.sh yaml,fast,fuzz || echo 'atheris can not be installed here'
	$(VENV)/bin/python -m fuzz --seconds $(FUZZ_SECONDS) $(FUZZ_TARGETS)

soak: $(VENV)/ready-to-run
	$(VENV)/bin/python -m soak --days $(DAYS)

lint: $(VENV)/ready-to-test
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/hadolint Dockerfile
	$(VENV)/bin/mypy

format: $(VENV)/ready-to-test
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

$(VENV)/ready-to-run: setup.cfg pyproject.toml tools/venv.sh
	@tools/venv.sh yaml,fast
	@touch $@

$(VENV)/ready-to-test: setup.cfg pyproject.toml tools/venv.sh
	@tools/venv.sh all,test,lint,docs,sbom
	@touch $@ $(VENV)/ready-to-run

$(VENV)/ready-for-docs: setup.cfg pyproject.toml tools/venv.sh
	@tools/venv.sh docs
	@touch $@

$(VENV)/ready-to-release: setup.cfg pyproject.toml tools/venv.sh
	@tools/venv.sh all,release,sbom
	@touch $@

$(VENV)/ready-to-bench: setup.cfg pyproject.toml tools/venv.sh
	@tools/venv.sh fast,bench
	@touch $@

clean:
	rm -rf $(VENV) build dist dog_gateway.egg-info .mypy_cache .ruff_cache .hypothesis .ci/node_modules twisted/plugins/dropin.cache
	find dog tests tools twisted -name __pycache__ -type d -prune -exec rm -rf {} +
