#!/usr/bin/env bash
# A judge model over a gate report, in an environment of its own (build/judge).
#
#   make judge REPORT=path/to/report MODEL=openai/NAME URL=http://127.0.0.1:8765/v1
#   deploy/judge/run.sh build         only the environment
set -euo pipefail
cd "$(dirname "$0")/../.."
env=build/judge
if [ ! -e "$env/.ready" ]; then
  "${PYTHON:-python3}" -m venv "$env"
  "$env/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r deploy/locks/uv.txt
  "$env/bin/uv" pip install --quiet --python "$env/bin/python" --no-deps --require-hashes \
    -r deploy/judge/requirements.txt
  touch "$env/.ready"
fi
[ "${1:-}" = build ] && exit
exec "$env/bin/python" deploy/judge/judge.py "$@"
