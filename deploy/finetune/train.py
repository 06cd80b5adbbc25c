"""Trains a LoRA adapter with TRL and PEFT: one dataset folder in, one adapter folder out.

    train.py DATASET OUT --method choose|sft|kto|dpo|dapt [--start ADAPTER] [--base CHECKPOINT]

DATASET holds manifest.json and train.jsonl (val.jsonl if there is one). Rows, one JSON object
a line: choose {id, parts[[text, learned]], lang}; sft {id, prompt[], completion[], lang}; kto the
same with label; dpo {id, prompt[], chosen[], rejected[], lang}; dapt {id, text, lang}. OUT
receives the PEFT adapter, lineage.json, card.md and loss.png. Started again after a stop it goes on
from the last checkpoint. On several GPUs: ``accelerate launch --config_file
deploy/finetune/accelerate.gpus.yaml`` before the same arguments; on several nodes ``torchrun`` as
written in README.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peft import PeftConfig
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedTokenizerBase, Trainer

PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate")
LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
FIELDS = {"choose": ("parts",), "sft": ("prompt", "completion"),
          "kto": ("prompt", "completion", "label"),
          "dpo": ("prompt", "chosen", "rejected"), "dapt": ("text",)}  # fmt: skip


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--method", choices=sorted(FIELDS), default="sft")
    parser.add_argument("--base", type=Path, default=Path("build/smollm2"))
    parser.add_argument("--start", type=Path, help="adapter to go on from")
    parser.add_argument("--name", help="name of the adapter; default: name of OUT")
    parser.add_argument("--seed", type=int, default=20261128)
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--steps", type=int, default=-1, help="stop after so many steps")
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate")
    parser.add_argument("--batch", type=int, default=1, help="rows a step and device")
    parser.add_argument("--accumulate", type=int, default=8, help="steps gathered into one")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=int, default=16)
    parser.add_argument("--first-layer", type=int, default=0, help="layers below stay frozen")
    parser.add_argument("--length", type=int, default=640, help="longest row in tokens")
    parser.add_argument("--beta", type=float, default=0.1, help="kto, dpo: hold to the start")
    parser.add_argument("--rows", type=int, default=0, help="use only the first so many rows")
    parser.add_argument("--save-steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=0)
    return parser.parse_args(given)


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_rows(path: Path, method: str, most: int = 0) -> list[dict[str, Any]]:
    """The rows of a file with the fields the method needs; raises KeyError for a missing one."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [{field: row[field] for field in FIELDS[method]} for row in rows[: most or None]]


def checked_manifest(folder: Path) -> dict[str, Any]:
    """The dataset's manifest; exits when a file is not the one it names."""
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for name, expected in manifest.get("sha256", {}).items():
        if sha256(folder / name) != expected:
            sys.exit(f"{folder / name} is not the file its manifest names")
    return manifest


def layers_of(args: argparse.Namespace, base: Path) -> list[int] | None:
    """The layers that get LoRA weights; None for all."""
    if not args.first_layer:
        return None
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    return list(range(args.first_layer, config["num_hidden_layers"]))


def lora(args: argparse.Namespace) -> PeftConfig:
    """LoRA on every linear layer: plain, so that vLLM and llama.cpp load it."""
    from peft import LoraConfig

    return LoraConfig(
        r=args.rank, lora_alpha=args.alpha, lora_dropout=0.0, target_modules=LINEAR,
        layers_to_transform=layers_of(args, args.base), bias="none", task_type="CAUSAL_LM",
    )  # fmt: skip


def settings(args: argparse.Namespace) -> dict[str, Any]:
    """What the trainers of TRL have in common."""
    import torch

    gpu = torch.cuda.is_available()
    return {
        "output_dir": str(args.out / "checkpoints"), "seed": args.seed, "data_seed": args.seed,
        "num_train_epochs": args.epochs, "max_steps": args.steps, "learning_rate": args.rate,
        "per_device_train_batch_size": args.batch, "per_device_eval_batch_size": 4,
        "gradient_accumulation_steps": args.accumulate, "lr_scheduler_type": "cosine",
        "warmup_steps": 0.05, "weight_decay": 0.0, "max_grad_norm": 1.0, "logging_steps": 1,
        "save_steps": args.save_steps, "save_total_limit": 2, "report_to": [],
        "bf16": gpu, "use_cpu": not gpu, "gradient_checkpointing": False,
        "max_length": args.length, "disable_tqdm": True, "full_determinism": False,
        "eval_strategy": "no", "dataloader_pin_memory": gpu,
        "ddp_backend": "gloo" if not gpu and "WORLD_SIZE" in os.environ else None,
        "ddp_find_unused_parameters": False,
    }  # fmt: skip


def spelled(
    parts: Sequence[tuple[str, bool]], tokenizer: PreTrainedTokenizerBase
) -> dict[str, list[int]]:
    """The tokens of a row, 1 where they are to be learned."""
    tokens: list[int] = []
    mask: list[int] = []
    for text, learned in parts:
        piece = tokenizer(text, add_special_tokens=False)["input_ids"]
        tokens += piece
        mask += [int(learned)] * len(piece)
    return {"input_ids": tokens, "completion_mask": mask}


def choosing() -> type[Trainer]:
    """SFT of a few words far apart: likelihoods of all words only there, half of the work saved."""
    import trl
    from torch.nn.functional import cross_entropy

    class Choosing(trl.SFTTrainer):  # type: ignore[misc, name-defined]
        """Computes the loss of the learned words alone."""

        def compute_loss(
            self,
            model: Module,
            inputs: dict[str, Any],
            return_outputs: bool = False,
            num_items_in_batch: Tensor | None = None,
        ) -> Tensor | tuple[Tensor, Any]:
            """See Trainer.compute_loss."""
            at = (inputs["labels"] != -100).any(0).nonzero().squeeze(1)
            outputs = model(
                input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"],
                logits_to_keep=at - 1,
            )  # fmt: skip
            wanted = inputs["labels"][:, at].flatten()
            logits = outputs.logits.flatten(0, 1).float()
            loss = cross_entropy(logits, wanted, ignore_index=-100, reduction="sum")
            among = (wanted != -100).sum() if num_items_in_batch is None else num_items_in_batch
            return (loss / among, outputs) if return_outputs else loss / among

    return Choosing


def trainer(
    args: argparse.Namespace, rows: list[dict[str, Any]], held: list[dict[str, Any]]
) -> Trainer:
    """The trainer of the method, over the base model or over an adapter to go on from."""
    import torch
    import trl
    from datasets import Dataset
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(
        args.base, dtype=torch.bfloat16 if torch.cuda.is_available() else torch.float32
    )
    tokenizer = AutoTokenizer.from_pretrained(args.base)
    if args.start:
        model = PeftModel.from_pretrained(model, str(args.start), is_trainable=True)
    kinds = {
        "choose": (choosing(), trl.SFTConfig),
        "sft": (trl.SFTTrainer, trl.SFTConfig), "dapt": (trl.SFTTrainer, trl.SFTConfig),
        "kto": (trl.KTOTrainer, trl.KTOConfig), "dpo": (trl.DPOTrainer, trl.DPOConfig),
    }  # fmt: skip
    make, config = kinds[args.method]
    extra: dict[str, Any] = {"beta": args.beta} if args.method in {"kto", "dpo"} else {}
    if args.method == "choose":
        extra = {"completion_only_loss": True}
        rows, held = ([spelled(row["parts"], tokenizer) for row in some] for some in (rows, held))
    return make(
        model=model,
        args=config(**settings(args), **extra),
        train_dataset=Dataset.from_list(rows),
        eval_dataset=Dataset.from_list(held) if held else None,
        processing_class=tokenizer,
        peft_config=None if args.start else lora(args),
    )


def curve(log: Sequence[dict[str, Any]], path: Path) -> None:
    """The loss over the steps as a picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    steps = [(e["step"], e["loss"]) for e in log if "loss" in e]
    held = [(e["step"], e["eval_loss"]) for e in log if "eval_loss" in e]
    figure, axes = plt.subplots(figsize=(7, 4))
    axes.plot(*zip(*steps, strict=True), label="training", linewidth=1)
    if held:
        axes.plot(*zip(*held, strict=True), "o-", label="validation")
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def lineage(args: argparse.Namespace, manifest: dict[str, Any], metrics: dict[str, Any]) -> None:
    """What the adapter came from, as the registry reads it."""
    base = json.loads((args.base / "salus_base.json").read_text(encoding="utf-8"))
    options = {k: v if isinstance(v, int | float | None) else str(v) for k, v in vars(args).items()
               if k not in {"dataset", "out", "base", "start", "name"}}  # fmt: skip
    parents = []
    if args.start:
        parents = [json.loads((args.start / "lineage.json").read_text(encoding="utf-8"))["name"]]
    record = {
        "name": args.name or args.out.name, "base": base["name"], "base_sha256": base["sha256"],
        "method": args.method, "dataset": manifest["name"],
        "dataset_sha256": sha256(args.dataset / "manifest.json"),
        "train_sha256": manifest["sha256"]["train.jsonl"], "seed": args.seed, "args": options,
        "parents": parents,
        "packages": {p: version(p) for p in PACKAGES} | {"python": platform.python_version()},
        "metrics": metrics, "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    (args.out / "lineage.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def main(given: Sequence[str] | None = None) -> None:
    """Train, save, and write down where it came from."""
    args = arguments(given)
    import torch
    from transformers import set_seed
    from transformers.trainer_utils import get_last_checkpoint

    if args.threads:
        torch.set_num_threads(args.threads)
    set_seed(args.seed)
    manifest = checked_manifest(args.dataset)
    rows = read_rows(args.dataset / "train.jsonl", args.method, args.rows)
    val = args.dataset / "val.jsonl"
    held = read_rows(val, args.method, 60) if val.is_file() else []
    args.out.mkdir(parents=True, exist_ok=True)
    work = trainer(args, rows, held)
    folder = Path(work.args.output_dir)
    last = get_last_checkpoint(str(folder)) if folder.is_dir() else None
    begun = time.monotonic()
    done = work.train(resume_from_checkpoint=last)
    spent = time.monotonic() - begun
    if held:
        work.evaluate()
    if not work.is_world_process_zero():
        return
    work.model.save_pretrained(args.out)
    curve(work.state.log_history, args.out / "loss.png")
    (args.out / "log.jsonl").write_text(
        "".join(json.dumps(entry) + "\n" for entry in work.state.log_history), encoding="utf-8"
    )
    ends = [e["eval_loss"] for e in work.state.log_history if "eval_loss" in e]
    lineage(args, manifest, {
        "rows": len(rows), "steps": done.global_step, "train_loss": round(done.training_loss, 4),
        "val_loss": round(ends[-1], 4) if ends else None, "minutes": round(spent / 60, 1),
    })  # fmt: skip


if __name__ == "__main__":
    main()
