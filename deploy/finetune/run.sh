#!/usr/bin/env bash
# The embedded model's adapter, from data to figures: the one command that remakes it.
#
#   make finetune MEDQUAD=path/to/medquad_16407.jsonl
#
# Every stage is skipped when its result is there (remove build/finetune-data or build/adapters to
# do it again), and training goes on from its last checkpoint. On two cores without AVX-512 the
# training alone takes about 3 s of CPU time a row; each of its processes held 1.8 GB.
set -euo pipefail
cd "$(dirname "$0")/../.."

env=build/finetune         # torch, TRL and PEFT; never the bot's own environment
base=build/smollm2         # the packaged GGUF as a checkpoint
data=build/finetune-data   # the dataset folder and the knowledge base it was made from
made=build/adapters/embedded
kept=prompts/embedded/adapter  # what the bot loads, beside the prompt it was trained on
name=${NAME:-embedded-2}
bot=.venv/bin/python

# 0. Environment and base. torch comes first: the index of some machines holds it on disk.
if [ ! -e "$env/.ready" ]; then
  "${PYTHON:-python3}" -m venv "$env"
  "$env/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r deploy/locks/uv.txt
  "$env/bin/python" -m pip install --quiet --disable-pip-version-check "torch==2.13.0"
  "$env/bin/uv" pip install --quiet --python "$env/bin/python" --no-deps --require-hashes \
    -r deploy/finetune/requirements.txt
  touch "$env/.ready"
fi
[ -e "$base/config.json" ] || "$env/bin/python" deploy/vllm/checkpoint.py "$base"
[ -e "$base/salus_base.json" ] || "$env/bin/python" deploy/finetune/base.py "$base"

# 1. Data: questions as people type them, sentences as the bot shows them, yes or no behind each,
#    decided with the reference in hand (targets.py). Three of seven topics are held back and only used in step 5.
[ -e "$data/manifest.json" ] || "$bot" -m deploy.finetune.data --medquad "$MEDQUAD" --out "$data"

# 2. Optional: domain-adaptive pretraining on the knowledge text (DAPT=folder of {id,text} rows).
#    Never run so far: see LOG.md.
start=()
if [ -n "${DAPT:-}" ]; then
  "$env/bin/python" deploy/finetune/train.py "$DAPT" build/adapters/dapt --method dapt --rate 2e-4
  start=(--start build/adapters/dapt)
fi

# 3. Choosing: only the words yes and no are learned. Two processes with one thread each share the work: on a busy machine they wait for each
#    other once a step, where two threads of one process wait at every operation.
#    GPUs: LAUNCH="accelerate launch --config_file deploy/finetune/accelerate.gpus.yaml".
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
launch=${LAUNCH:-torchrun --nproc-per-node 2 --master-addr 127.0.0.1 --master-port 29611}
# shellcheck disable=SC2086  # a command line, split on purpose
[ -e "$made/lineage.json" ] || nice -n 5 "$env/bin/"$launch deploy/finetune/train.py \
  "$data" "$made" --method choose --base "$base" "${start[@]}" --name "$name" \
  --rank 16 --alpha 32 --first-layer 16 --rate 1e-3 --accumulate 2 --steps "${STEPS:--1}"

# 3b. Optional: what people liked of its own answers (CHOOSE=folder of `salus tune data build NAME
#     --kind choose`, exported) on top of what it is.
if [ -n "${CHOOSE:-}" ] && [ ! -e "$made-liked/lineage.json" ]; then
  "$env/bin/python" deploy/finetune/train.py "$CHOOSE" "$made-liked" --method choose --base "$base" \
    --start "$made" --rate 1e-4 --accumulate 4 --name "$name-liked"
fi
[ -n "${CHOOSE:-}" ] && made=$made-liked name=$name-liked

# 3c. Optional: thumbs (KTO=folder) or pairs (DPO=folder) on top, for a model that writes.
for method in kto dpo; do
  folder=$(eval "echo \${${method^^}:-}")
  [ -z "$folder" ] && continue
  "$env/bin/python" deploy/finetune/train.py "$folder" "$made-$method" --method "$method" \
    --start "$made" --rate 5e-6 --name "$name-$method"
  made=$made-$method name=$name-$method  # another adapter: every turn records which one answered
done

# 4. Export: limits of vLLM checked, float16, GGUF for llama.cpp.
"$env/bin/python" deploy/finetune/export.py "$made" "$kept" --base "$base" --name "$name"

# 5. Evaluation beside the stock model and the extractive answer.
"$bot" -m deploy.finetune.evaluate --medquad "$MEDQUAD" --data "$data" --adapter "$kept"
