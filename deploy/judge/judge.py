"""A judge model over the pairs of a gate report, through inspect-ai: advice beside the gate.

    judge.py REPORT --model openai/NAME [--url http://…/v1] [--limit N]

REPORT is the folder that ``salus eval gate`` wrote; its pairs.jsonl holds what both sides answered.
Writes judge.json and inspect's own log there, and prints the preference. The key of the model's
server comes from the environment (OPENAI_API_KEY); a server of one's own needs none. Run it in
its own environment: ``make judge``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.judge.pairs import ORDERS, Pair, preference, read, verdict


def said(pairs: Sequence[Pair], model: str, url: str, logs: Path) -> dict[tuple[str, str], str]:
    """(pair, order) -> what the judge wrote; both orders of every pair."""
    import inspect_ai
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import GenerateConfig, get_model
    from inspect_ai.solver import generate

    samples = [
        Sample(input=pair.prompt(order), id=f"{pair.id}|{order}")
        for pair in pairs
        for order in ORDERS
    ]
    given = (
        {"base_url": url, "api_key": "none", "responses_api": False, "streaming": True}
        if url
        else {}
    )
    judge = get_model(model, config=GenerateConfig(temperature=0.0, max_tokens=300), **given)
    task = inspect_ai.Task(dataset=MemoryDataset(samples), solver=generate(), name="preference")
    (log,) = inspect_ai.eval(task, model=judge, log_dir=str(logs), display="none")
    if log.status != "success":
        sys.exit(f"the judge did not finish: {log.error.message if log.error else log.status}")
    found = {}
    for sample in log.samples or []:
        pair, _, order = str(sample.id).rpartition("|")
        found[pair, order] = sample.output.completion
    return found


def main(given: Sequence[str] | None = None) -> None:
    """Judge, print, write down."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("report", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--url", default="")
    parser.add_argument("--limit", type=int, default=0, help="only the first so many pairs")
    args = parser.parse_args(given)
    pairs = read(args.report / "pairs.jsonl")[: args.limit or None]
    if not pairs:
        sys.exit("nothing to judge: both sides said the same everywhere")
    verdicts: dict[str, dict[str, int | None]] = defaultdict(dict)
    for (pair, order), text in said(pairs, args.model, args.url, args.report / "judge").items():
        verdicts[pair][order] = verdict(text, order)
    found = asdict(preference(verdicts)) | {"model": args.model}
    (args.report / "judge.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
