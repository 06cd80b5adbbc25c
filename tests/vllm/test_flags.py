"""Every switch of vLLM that stands in deploy/ is one that the pinned vLLM knows."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest
import yaml

from bot.settings import ROOT

VLLM = ROOT / "deploy" / "vllm"


def argument_lists() -> dict[str, list[str]]:
    """Where, and what vLLM is started with there."""
    found = {
        file.name: ["--model", "m", "--config", str(file)]
        for file in sorted(VLLM.glob("*.yaml"))
        if file.name != "kustomization.yaml"
    }
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    found["compose"] = _here(compose["services"]["vllm"]["command"])
    for document in yaml.safe_load_all(
        (ROOT / "deploy/kubernetes/vllm/vllm.yaml").read_text(encoding="utf-8")
    ):
        if document["kind"] == "StatefulSet":
            found["kubernetes"] = _here(
                document["spec"]["template"]["spec"]["containers"][0]["args"]
            )
    values = yaml.safe_load(
        (ROOT / "deploy/kubernetes/vllm/production-stack.yaml").read_text(encoding="utf-8")
    )
    (model,) = values["servingEngineSpec"]["modelSpec"]
    # What the chart itself makes of its values, as far as ours use it.
    config = model["vllmConfig"]
    found["production-stack"] = [
        "--model", model["modelURL"], "--enable-lora", "--enable-prefix-caching",
        "--max-model-len", str(config["maxModelLen"]), "--max-num-seqs", str(config["maxNumSeqs"]),
        "--gpu_memory_utilization", str(config["gpuMemoryUtilization"]),
        "--max_loras", str(config["maxLoras"]), *config["extraArgs"],
    ]  # fmt: skip
    return found


def _here(arguments: list[str]) -> list[str]:
    """Paths inside the container, as they lie here."""
    return [a.replace("/etc/salus/", f"{VLLM}/") for a in arguments]


@pytest.fixture(scope="module")
def parsed() -> dict[str, dict[str, Any]]:
    """What the real parser makes of them, and of one that is wrong."""
    cases = argument_lists() | {"wrong": ["--model", "m", "--max-num-queued-requests", "1"]}
    ran = subprocess.run(
        [str(ROOT / "build/vllm/bin/python"), str(ROOT / "tests/vllm/flags.py")],
        input=json.dumps([{"where": w, "args": a} for w, a in cases.items()]),
        capture_output=True, text=True, timeout=600, check=False,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp")},
    )  # fmt: skip
    rows = [json.loads(line[6:]) for line in ran.stdout.splitlines() if line.startswith("FLAGS ")]
    assert len(rows) == len(cases), ran.stderr[-2000:]
    return {row.pop("where"): row for row in rows}


def test_the_parser_takes_them(parsed: dict[str, dict[str, Any]]) -> None:
    """None is unknown or renamed; a wrong one would be noticed."""
    assert "unrecognized" in parsed.pop("wrong")["refused"]
    assert len(parsed) >= 6
    assert {where: row["refused"] for where, row in parsed.items() if "refused" in row} == {}


def test_each_has_what_salus_needs(parsed: dict[str, dict[str, Any]]) -> None:
    """Adapters, priorities, prefix caching, a bound that leaves room to wait, one API server."""
    for where, row in parsed.items():
        if where == "wrong":
            continue
        assert row["enable_lora"], where
        assert row["enable_prefix_caching"], where
        assert row["scheduling_policy"] == "priority", where
        assert row["max_lora_rank"] >= 16, where
        assert row["max_loras"] >= 2, where
        assert row["max_num_queued_reqs"] > row["max_num_seqs"], where
        assert row["max_model_len"] >= 3400, where
        assert row["api_server_count"] in {None, 1}, where
