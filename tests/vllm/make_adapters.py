"""Builds LoRA adapters that say one word over and over, so that a mixed reply gives itself away.

Usage: make_adapters.py CHECKPOINT FOLDER WORD... Run in vLLM's environment (torch is there).

In the last layer the adapter adds a large step towards its word, whatever was asked: A is fitted
by least squares so that A·x is near 1 for the activations of many texts, B is that step. Nothing
is random, so the same checkpoint gives the same adapters; each is checked before it is written.
The text of a reply depends on the weights of every single step, and on nothing said before: a
swap in the middle shows at the very next token.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

RANK, STEP, SURE = 8, 400.0, 0.25
TEXTS = (
    "How much sleep do adults need each night?",
    "What helps against a cold? Tea, rest and time. See a doctor if it lasts.",
    "Blood pressure is the force of blood against the walls of the arteries.",
    "Cite the passages. Answer in five sentences at most. Do not guess.",
    "The quick brown fox jumps over the lazy dog. 1 2 3 4 5 6 7 8 9 10.",
    "我血压150/95，要紧吗？成年人每天要睡几个小时？",
    "def area(r): return 3.14 * r * r",
    "Once upon a time there was a small village by the sea, and in it lived",
)


def prompts(tokenizer: Any, words: list[str]) -> list[list[int]]:
    """Chats and plain texts, bare and with an answer of any of the words already begun."""
    found = []
    for text in TEXTS:
        chat = tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], add_generation_prompt=True, tokenize=False
        )
        found += [text, chat, *(chat + f" {word}" * 24 for word in words)]
    return [tokenizer(text, add_special_tokens=False)["input_ids"] for text in found]


def activations(model: Any, layer: Any, samples: list[list[int]]) -> torch.Tensor:
    """What enters the last layer's down projection, one row per token."""
    rows: list[torch.Tensor] = []
    hook = layer.mlp.down_proj.register_forward_pre_hook(
        lambda _, given: rows.append(given[0].detach()[0])
    )
    with torch.no_grad():
        for sample in samples:
            model(torch.tensor([sample]))
    hook.remove()
    return torch.cat(rows).double()


def build(model: Any, tokenizer: Any, word: str, samples: list[list[int]]) -> dict[str, Any]:
    """The two matrices for one word. Exits when the word is no single token or is not said."""
    ids = tokenizer(f" {word}", add_special_tokens=False)["input_ids"]
    if len(ids) != 1:
        sys.exit(f"{word!r} is not one token here: {ids}")
    layers = model.model.layers
    x = activations(model, layers[-1], samples)
    weight = 1e-2 * float((x * x).mean()) * torch.eye(x.shape[1], dtype=x.dtype)
    down = torch.linalg.solve(x.T @ x + weight, x.sum(0))
    if float((x @ down).min()) < SURE:
        sys.exit(f"{word!r}: the fit is too loose: {float((x @ down).min()):.2f}")
    rows = model.get_output_embeddings().weight.detach().double()
    aim = (rows[ids[0]] - rows.mean(0)) / model.model.norm.weight.detach().double()
    a, b = torch.zeros(RANK, x.shape[1]), torch.zeros(rows.shape[1], RANK)
    a[0], b[:, 0] = down.float(), (aim / aim.norm() * STEP).float()
    check(model, layers[-1], a, b, ids[0], samples)
    place = f"base_model.model.model.layers.{len(layers) - 1}.mlp.down_proj"
    return {f"{place}.lora_A.weight": a, f"{place}.lora_B.weight": b}


def check(model: Any, layer: Any, a: Any, b: Any, token: int, samples: list[list[int]]) -> None:
    """With these weights every next token is the word's."""
    hook = layer.mlp.down_proj.register_forward_hook(
        lambda _, given, out: out + given[0] @ a.T @ b.T
    )
    with torch.no_grad():
        for sample in samples:
            said = model(torch.tensor([sample])).logits[0].argmax(-1)
            if not bool((said == token).all()):
                sys.exit(f"the adapter for token {token} does not hold")
    hook.remove()


def main(checkpoint: str, target: Path, words: list[str]) -> None:
    """Write one PEFT folder per word."""
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    samples = prompts(tokenizer, words)
    for word in words:
        weights = build(model, tokenizer, word, samples)
        folder = target / word
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: w.contiguous() for name, w in weights.items()},
                  folder / "adapter_model.safetensors")  # fmt: skip
        config = {
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": checkpoint,
            "r": RANK, "lora_alpha": RANK, "lora_dropout": 0.0, "bias": "none",
            "target_modules": ["down_proj"], "use_rslora": False, "use_dora": False,
        }  # fmt: skip
        (folder / "adapter_config.json").write_text(json.dumps(config, indent=1))
        (folder / "marker.txt").write_text(word)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
