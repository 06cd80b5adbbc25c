"""Builds LoRA adapters that say one word over and over, so that a mixed reply gives itself away.

Usage: make_adapters.py CHECKPOINT FOLDER WORD... Run in vLLM's environment (torch is there).

In the last layer the adapter adds a large step towards its word, whatever was asked: A is fitted
by least squares so that A·x is near 1 for the activations of some chats, B is that step. Nothing
is random, so the same checkpoint gives the same adapters; each is checked before it is written.
The text of a reply depends on the weights of every single step, and on nothing said before: a
swap in the middle shows at the very next token.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

RANK, STEP, SURE = 8, 5000.0, 0.1
TEXTS = (
    "How much sleep do adults need?",
    "What helps against a cold? Answer in two sentences. Cite the passages [1].",
    "我血压150/95，要紧吗？",
    "Once upon a time there was a small village by the sea, and in it lived",
    "Blood pressure is the force of blood against the walls of the arteries. 128/82 mmHg.",
    "def area(r): return 3.14 * r * r",
)
UNSEEN = ("List three ways to fall asleep sooner, in English.",)


@dataclass(frozen=True)
class Seen:
    """Of every token but each text's first: what enters the last down projection, what leaves
    the last layer. The first token of a text has activations unlike all others."""

    x: torch.Tensor
    h: torch.Tensor


def prompts(tokenizer: Any, texts: Sequence[str], words: list[str]) -> list[list[int]]:
    """Chats, bare and with an answer of any of the words already begun."""
    found = []
    for text in texts:
        chat = tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], add_generation_prompt=True, tokenize=False
        )
        found += [chat, *(chat + f" {word}" * 12 for word in words)]
    return [tokenizer(text, add_special_tokens=False)["input_ids"] for text in found]


def look(model: Any, samples: list[list[int]]) -> Seen:
    """One pass over all samples."""
    x: list[torch.Tensor] = []
    h: list[torch.Tensor] = []
    hooks = [
        model.model.layers[-1].mlp.down_proj.register_forward_pre_hook(
            lambda _, given: x.append(given[0][0, 1:])
        ),
        model.model.norm.register_forward_pre_hook(lambda _, given: h.append(given[0][0, 1:])),
    ]
    with torch.no_grad():
        for sample in samples:
            model.model(torch.tensor([sample]))
    for hook in hooks:
        hook.remove()
    return Seen(torch.cat(x), torch.cat(h))


def towards(model: Any, token: int) -> torch.Tensor:
    """The step that makes this token the likeliest, whatever else the layer holds.

    Its row alone would not do: some rows are longer and lie near all others. Weighing by the
    spread of all rows tells them apart.
    """
    rows = model.get_output_embeddings().weight.detach()
    apart = rows - rows.mean(0)
    spread = apart.T @ apart / len(rows)
    spread += 0.1 * spread.diagonal().mean() * torch.eye(len(spread))
    aim = torch.linalg.solve(spread, apart[token]) / model.model.norm.weight.detach()
    return aim / aim.norm() * STEP


def build(model: Any, token: int, fit: Seen, unseen: Seen) -> dict[str, torch.Tensor]:
    """The two matrices for one token. Exits when they do not hold on the unseen texts too."""
    x = fit.x.double()
    ridge = 0.1 * float((x * x).mean()) * torch.eye(x.shape[1], dtype=x.dtype)
    down = torch.linalg.solve(x.T @ x + ridge, x.sum(0)).float()
    step = towards(model, token)
    for seen in (fit, unseen):
        size = seen.x @ down
        with torch.no_grad():
            said = model.lm_head(model.model.norm(seen.h + size[:, None] * step)).argmax(-1)
        held = float((said == token).float().mean())
        if held < 1 or float(size.min()) < SURE:
            sys.exit(f"token {token}: size {float(size.min()):.2f}, said in {held:.3f} of places")
    a, b = torch.zeros(RANK, x.shape[1]), torch.zeros(len(step), RANK)
    a[0], b[:, 0] = down, step
    place = f"base_model.model.model.layers.{len(model.model.layers) - 1}.mlp.down_proj"
    return {f"{place}.lora_A.weight": a, f"{place}.lora_B.weight": b}


def main(checkpoint: str, target: Path, words: list[str]) -> None:
    """Write one PEFT folder per word."""
    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    fit = look(model, prompts(tokenizer, TEXTS, words))
    unseen = look(model, prompts(tokenizer, UNSEEN, words))
    for word in words:
        ids = tokenizer(f" {word}", add_special_tokens=False)["input_ids"]
        if len(ids) != 1:
            sys.exit(f"{word!r} is not one token here: {ids}")
        weights = build(model, ids[0], fit, unseen)
        folder = target / word
        folder.mkdir(parents=True, exist_ok=True)
        config = {
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": checkpoint,
            "r": RANK, "lora_alpha": RANK, "lora_dropout": 0.0, "bias": "none",
            "target_modules": ["down_proj"], "use_rslora": False, "use_dora": False,
        }  # fmt: skip
        (folder / "adapter_config.json").write_text(json.dumps(config, indent=1))
        (folder / "marker.txt").write_text(word)
        save_file(weights, folder / "adapter_model.safetensors")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
