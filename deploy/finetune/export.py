"""Makes a trained adapter fit to be served: checked for vLLM, halved, converted for llama.cpp.

    export.py ADAPTER OUT [--base build/smollm2]

vLLM refuses some adapters only when it loads them, so its limits are checked here. The weights are
written as float16, and once more as adapter.gguf; both forms together stay within 12 MB.
Rows of q and k are interleaved for llama.cpp, whose rotary embedding pairs neighbours.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float16]

MOST_BYTES = 12_000_000
MOST_RANK = 16  # vLLM's default max_lora_rank
NAMES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}  # fmt: skip
KEY = re.compile(r"layers\.(\d+)\.((?:self_attn|mlp)\.\w+)\.lora_([AB])\.weight$")


def complaints(config: Mapping[str, Any]) -> list[str]:
    """What vLLM's PEFT loader would refuse in an adapter_config.json."""
    plain = {
        "use_dora": (False, None), "lora_bias": (False, None), "bias": ("none",),
        "modules_to_save": (None, []), "use_rslora": (False, None), "peft_type": ("LORA",),
        "rank_pattern": ({}, None), "alpha_pattern": ({}, None),
    }  # fmt: skip
    found = [f"{k} is {config.get(k)!r}" for k, v in plain.items() if config.get(k) not in v]
    if config.get("init_lora_weights") not in {True, "gaussian"}:
        found.append(f"init_lora_weights is {config.get('init_lora_weights')!r}")
    if config["r"] > MOST_RANK:
        found.append(f"rank {config['r']} is above {MOST_RANK}")
    return found


def interleaved(rows: Array, heads: int) -> Array:
    """Rows of a q or k projection in the order of llama.cpp's rotary embedding."""
    shape = rows.shape
    return rows.reshape(heads, 2, shape[0] // heads // 2, shape[1]).swapaxes(1, 2).reshape(shape)


def tensors(weights: Mapping[str, Any], base: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """(name, array) as llama.cpp names them: lora_a [rank, in], lora_b [out, rank]."""
    heads = {"attn_q": base["num_attention_heads"], "attn_k": base["num_key_value_heads"]}
    for key, array in sorted(weights.items()):
        match = KEY.search(key)
        if match is None:
            sys.exit(f"no place for {key} in llama.cpp")
        layer, module, part = match.groups()
        name = NAMES[module]
        if part == "B" and name in heads:
            array = interleaved(array, heads[name])  # noqa: PLW2901
        yield f"blk.{layer}.{name}.weight.lora_{part.lower()}", array


def write_gguf(path: Path, named: Iterator[tuple[str, Any]], alpha: float, name: str) -> None:
    """An adapter file for llama.cpp."""
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_name(name)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for tensor, array in named:
        writer.add_tensor(tensor, np.ascontiguousarray(array))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main(given: Sequence[str] | None = None) -> None:
    """Check, halve, convert."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("adapter", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--base", type=Path, default=Path("build/smollm2"))
    parser.add_argument("--name", default="")
    args = parser.parse_args(given)
    import numpy as np
    from safetensors.numpy import load_file, save_file

    config = json.loads((args.adapter / "adapter_config.json").read_text(encoding="utf-8"))
    if wrong := complaints(config):
        sys.exit("vLLM would refuse this adapter: " + "; ".join(wrong))
    config["base_model_name_or_path"] = "SmolLM2-135M-Instruct"  # a name, not a folder of ours
    config["inference_mode"] = True
    if isinstance(config.get("target_modules"), list):  # a set in PEFT, in another order each time
        config["target_modules"].sort()
    weights = {
        key: array.astype(np.float16)
        for key, array in load_file(args.adapter / "adapter_model.safetensors").items()
    }
    args.out.mkdir(parents=True, exist_ok=True)
    save_file(weights, args.out / "adapter_model.safetensors", metadata={"format": "pt"})
    text = json.dumps(config, indent=1, sort_keys=True) + "\n"
    (args.out / "adapter_config.json").write_text(text, encoding="utf-8")
    base = json.loads((args.base / "config.json").read_text(encoding="utf-8"))
    write_gguf(
        args.out / "adapter.gguf", tensors(weights, base), float(config["lora_alpha"]),
        args.name or args.out.name,
    )  # fmt: skip
    for name in ("lineage.json", "loss.png"):
        if (args.adapter / name).is_file():
            shutil.copy(args.adapter / name, args.out / name)
    size = sum(p.stat().st_size for p in args.out.glob("adapter*"))
    print(f"{args.out}: {size / 1e6:.1f} MB")
    if size > MOST_BYTES:
        sys.exit(f"more than {MOST_BYTES / 1e6:.0f} MB: take a smaller rank or fewer layers")


if __name__ == "__main__":
    main()
