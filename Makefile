# The project's own Node (24, from package-lock.json) comes first: without this line npm would silently use the system's.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
SHELL := /bin/bash
.DEFAULT_GOAL := help
IMAGE ?= localhost/orchestration-gate:dev
.PHONY: help run demo test test-older check format build generate golden validate chart vsix site certs bench bench-peers bench-engines bench-scale bench-ui fuzz fuzz-readers conformance worst attack exhaust mutants faults beside drift twin chromium promtool shells screenshots image release release-test e2e load chaos upgrade clean

help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Installs what the lockfile says, whenever it has changed. Fails if this Node cannot run the project.
node_modules/.installed: package.json package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@node -e 'process.exitCode = Number.parseInt(process.versions.node) < 24 ? 1 : 0' || { \
	  echo "This needs Node 24 or newer, and $$(node --version) is first here: npm has no Node 24 for this platform, so install one." >&2; exit 1; }
	@touch $@

run: node_modules/.installed ## Start a control plane with the gate in front, show what it does, and stay up
	@node scripts/run.ts

demo: node_modules/.installed ## Do as make run, with the page in a browser beside it
	@node scripts/run.ts --page

test: node_modules/.installed ## Run all tests, on a real control plane; its end names what was skipped, and the command that adds it
	@vitest run --reporter=./test/support/reporter.ts

# Tests of the API server at admission: webhooks, their conditions, the policy, defaults of fields, certificates.
OLDER_TESTS := admission defaulting match-conditions ratchet settings crds chart chart-rights chart-job-policy certificate-rotation tool-security approval-policy created-by policy-twin policy-alone
test-older: node_modules/.installed ## Run what is about admission on Kubernetes 1.34 (Go builds it once)
	@KUBERNETES=1.34 vitest run --project cluster --reporter=./test/support/reporter.ts \
	  $(OLDER_TESTS:%=test/cluster/%.test.ts) test/conformance/apiserver.test.ts

check: node_modules/.installed ## Format, lint, types, imports, unused code
	biome check --error-on-warnings .
	oxlint --type-aware --deny-warnings
	tsc -p tsconfig.json --noEmit
	tsc -p test/tsconfig.json
	tsc -p src/ui/page --noEmit
	vitest run --project unit test/architecture.test.ts
	knip

format: node_modules/.installed ## Format, and mend what lint can mend by itself
	biome check --write .

build: node_modules/.installed ## Bundle the program, and run it by dist/main.cjs
	node scripts/build.ts
	node dist/main.cjs --version

generate: node_modules/.installed ## Write what is made of the code: CRDs, JSON Schema, parts of the chart, and pages of docs/reference
	node scripts/generate.ts

golden: node_modules/.installed ## Write anew what tests expect of examples and of the chart's presets
	node scripts/write-golden.ts

validate: node_modules/.installed ## Check CRDs, examples and charts
	node scripts/validate.ts

chart: node_modules/.installed ## Package both charts into dist/charts
	node scripts/package-charts.ts

editors/vscode/node_modules/.installed: editors/vscode/package.json editors/vscode/package-lock.json
	npm ci --prefix editors/vscode --ignore-scripts --no-audit --no-fund
	@touch $@

vsix: node_modules/.installed editors/vscode/node_modules/.installed ## Package the extension for VS Code into dist
	tsc -p editors/vscode
	node scripts/package-vsix.ts

site/node_modules/.installed: site/package.json site/package-lock.json
	npm ci --prefix site --ignore-scripts --no-audit --no-fund
	@touch $@

site: node_modules/.installed site/node_modules/.installed ## Build docs as a site into dist/site (SITE_SOURCE=URL of the repository's files)
	tsc -p site
	cd site && node_modules/.bin/vitepress build

certs: node_modules/.installed ## Make a development CA and a certificate for localhost in certs/
	node src/main.ts certs --out certs

bench: build ## Measure against the peers; writes bench/results.json
	node bench/main.ts $(BENCH)

bench-peers: build ## Ask peers the same of the same graphs; writes docs/reference/peers.md
	node bench/peers/main.ts

bench-engines: build ## Run the engines of Argo and Tekton beside ours, for hours; resumes (BENCH_ENGINES='--quick --fresh --only ENGINE/SCENARIO')
	node bench/engines/main.ts $(BENCH_ENGINES)

bench-scale: build ## Measure 20,000 live runs on one replica and on three, for over an hour; resumes (BENCH_SCALE='--runs N --finished M --fresh')
	node --disable-warning=ExperimentalWarning bench/scale/main.ts $(BENCH_SCALE)

bench-ui: node_modules/.installed chromium ## Time the page with 1,000 steps, and with 10,000 runs, in a browser (BENCH_UI='--minutes N')
	node --disable-warning=ExperimentalWarning bench/ui/main.ts $(BENCH_UI)

fuzz: node_modules/.installed ## Send a million odd reviews to the gate (FUZZ='--reviews N --seed S'), then evaluate odd expressions
	node --expose-gc test/fuzz/fuzz.ts $(FUZZ)
	node test/fuzz/expressions.ts $(FUZZ_EXPRESSIONS)

# The fuzzer is a program for Linux with glibc 2.38 or newer, macOS or Windows.
fuzz-readers: node_modules/.installed ## Fuzz what reads files and expressions, guided by coverage (FUZZ_READERS='--minutes N --only NAME --seed S')
	@node test/fuzz/readers/main.ts $(FUZZ_READERS)

conformance: node_modules/.installed ## Run the conformance tests of CEL in the folder CEL, tests/simple/testdata of a clone of google/cel-spec
	@node test/cel/conformance.ts $(CEL)

worst: node_modules/.installed ## Search for the body that costs the gate most time and memory (WORST='--bodies N --seed S')
	node test/worst/worst.ts $(WORST)

attack: node_modules/.installed ## Attack a gate under 256 MiB for SECONDS=600 while others ask reviews (as root; ATTACK='--only NAME')
	node test/attack/main.ts --seconds $(or $(SECONDS),600) $(ATTACK)

exhaust: node_modules/.installed ## Explore every run of up to four steps, with crashes between any two calls
	node test/exhaustive/exhaust.ts $(EXHAUST)

mutants: node_modules/.installed ## Break the planner in each way of a table, and say which tests notice (MUTANTS='--only WORD')
	node test/exhaustive/mutants.ts $(MUTANTS)

faults: node_modules/.installed ## Break everything around real reconcilers, and count what goes wrong (FAULTS='--only F4 --seed S')
	@test -e /usr/lib/*/faketime/libfaketime.so.1 || { [ "$$(id -u)" = 0 ] && apt-get -qq install --yes faketime >/dev/null 2>&1; } || true
	@node test/faults/main.ts $(FAULTS)

beside: node_modules/.installed ## Play what was seen beside the agents chart again, and print a table of it
	@vitest run --config test/beside/vitest.config.ts --reporter=./test/support/reporter.ts

drift: node_modules/.installed ## Ask Argo CD's own engine whether anything is OutOfSync (Go builds it once)
	@node test/argocd/drift.ts

# TWIN_GRAPHS is how many random graphs the test compares; CI compares 500.
twin: node_modules/.installed ## Compare the chart's policy with the gate on 10,000 graphs, and measure its cost and reach (TWIN='--applies N')
	@TWIN_GRAPHS=10000 vitest run --project cluster --reporter=./test/support/reporter.ts test/cluster/policy-twin.test.ts
	@node test/twin/main.ts $(TWIN)

chromium: ## Install the browser that tests of the page need (Debian)
	@test -x /usr/bin/chromium || { sudo=$$(command -v sudo || true); \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends chromium; }

promtool: node_modules/.installed ## Fetch the program with which tests fire the alerts (from a package of Debian's)
	@command -v promtool >/dev/null || { folder=$$(mktemp -d); trap 'rm -r "$$folder"' EXIT; cd "$$folder"; \
	  apt-get download -qq prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xO ./usr/bin/promtool > promtool && \
	  install promtool $(CURDIR)/node_modules/.bin/; }

shells: ## Install fish and zsh, in which tests complete words (Debian)
	@for shell in fish zsh; do command -v $$shell >/dev/null || missing="$$missing $$shell"; done; test -z "$$missing" || { \
	  sudo=$$(command -v sudo || true); $$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends $$missing; }

screenshots: node_modules/.installed chromium ## Take docs/images anew, on a real control plane
	node scripts/screenshots.ts

image: node_modules/.installed ## Assemble the image IMAGE=name:tag as dist/image.tar, and load it where docker or podman runs
	@node scripts/image.ts --name $(IMAGE)
	@for tool in docker podman; do if $$tool info >/dev/null 2>&1; then $$tool load --input dist/image.tar; fi; done

release: node_modules/.installed ## Write everything that a release publishes into dist/release
	@node scripts/release.ts

release-test: node_modules/.installed ## Install what is in dist/release into empty folders and a control plane, and use it
	@vitest run --config test/published/vitest.config.ts --reporter=./test/support/reporter.ts

# Both need a KUBECONFIG of a cluster with nodes and nothing of ours in it, and an IMAGE that the cluster can run.
e2e: node_modules/.installed ## Install the charts and IMAGE into the cluster of KUBECONFIG, and try everything
	@IMAGE=$(IMAGE) vitest run --config test/e2e/vitest.config.ts --reporter=./test/support/reporter.ts

load: node_modules/.installed ## Only the part under load, for SECONDS=180; KILL_APISERVER is a command that kills the API server
	@IMAGE=$(IMAGE) LOAD_SECONDS=$(or $(SECONDS),180) \
	  vitest run --config test/e2e/vitest.config.ts --reporter=./test/support/reporter.ts test/e2e/load.test.ts

# NODE_SHELL is a command that runs a script from its standard input on the node, and sees its processes, such as docker exec -i NODE sh.
chaos: node_modules/.installed ## Break everything at random for hours under load and with 50 live runs (CHAOS='--minutes N --calm N --seed S')
	@IMAGE=$(IMAGE) CHAOS='$(CHAOS)' \
	  vitest run --config test/e2e/chaos/vitest.config.ts --reporter=./test/support/reporter.ts

# The older version: git worktree add OLD COMMIT; OLD_CHART=OLD/charts/orchestration-gate; OLD_IMAGE as its `make image` names it.
upgrade: node_modules/.installed ## Upgrade from OLD_CHART and OLD_IMAGE to IMAGE and back, under load and with live runs
	@IMAGE=$(IMAGE) OLD_CHART=$(OLD_CHART) OLD_IMAGE=$(OLD_IMAGE) \
	  vitest run --config test/e2e/upgrade/vitest.config.ts --reporter=./test/support/reporter.ts

clean: ## Remove what was built and installed here
	rm -rf dist node_modules coverage editors/vscode/node_modules site/node_modules
