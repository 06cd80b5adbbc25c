"""Reads argument lists with the argument parser of the installed vLLM. Run in vLLM's environment.

Standard input: JSON [{"where": ..., "args": [...]}]. Prints one JSON line per list: what the
parser made of it, or why it refused.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

KEPT = (
    "max_model_len", "enable_lora", "max_loras", "max_lora_rank", "max_num_seqs",
    "max_num_queued_reqs", "scheduling_policy", "enable_prefix_caching", "tensor_parallel_size",
    "api_server_count",
)  # fmt: skip


def main() -> None:
    """One parser for all of them."""
    from vllm.entrypoints.launchers.cli_args import make_arg_parser
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = make_arg_parser(FlexibleArgumentParser())
    for case in json.load(sys.stdin):
        told = io.StringIO()
        try:
            with contextlib.redirect_stderr(told), contextlib.redirect_stdout(told):
                parsed = vars(parser.parse_args(case["args"]))
            answer = {name: parsed.get(name) for name in KEPT}
        except (SystemExit, ValueError) as error:
            answer = {"refused": told.getvalue()[-500:] or str(error)}
        sys.stdout.write(f"FLAGS {json.dumps({'where': case['where']} | answer)}\n")


if __name__ == "__main__":
    main()
