"""How the fake model server treats LoRA adapters: the endpoints, refusals and names of vLLM."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

MARKER_FILE = "marker.txt"  # the word that a test adapter says over and over


def refusal(status: int, message: str) -> web.Response:
    """An error in the shape that OpenAI-compatible servers give it."""
    return web.json_response({"error": {"message": message, "code": status}}, status=status)


@dataclass
class FakeAdapters:
    """Adapters by name, with the folder each was loaded from."""

    enabled: bool = True  # --enable-lora
    changeable: bool = True  # VLLM_ALLOW_RUNTIME_LORA_UPDATING
    most: int = 2  # --max-loras
    max_rank: int = 16
    paths: dict[str, str] = field(default_factory=dict)

    def marker(self, name: str) -> str:
        """The word of a loaded adapter; empty for the base model."""
        path = self.paths.get(name)
        return (Path(path) / MARKER_FILE).read_text(encoding="utf-8").strip() if path else ""

    async def load(self, request: web.Request) -> web.Response:
        """POST /v1/load_lora_adapter."""
        if not self.changeable:
            return web.json_response({"detail": "Not Found"}, status=404)
        asked = await request.json()
        name, path = asked.get("lora_name"), asked.get("lora_path")
        if not name or not path:
            return refusal(400, "Both 'lora_name' and 'lora_path' must be provided.")
        if name in self.paths and not asked.get("load_inplace"):
            return refusal(400, f"The lora adapter '{name}' has already been loaded.")
        if not self.enabled:
            return refusal(500, "LoRA is not enabled.")
        config = Path(path) / "adapter_config.json"
        if not config.is_file():
            return refusal(404, f"Loading lora {name} failed: No adapter found for {path}")
        rank = json.loads(config.read_text(encoding="utf-8"))["r"]
        if rank > self.max_rank:
            told = f"LoRA rank {rank} is greater than max_lora_rank {self.max_rank}."
            return refusal(500, told)
        self.paths[name] = path
        return web.Response(text=f"Success: LoRA adapter '{name}' added successfully.")

    async def unload(self, request: web.Request) -> web.Response:
        """POST /v1/unload_lora_adapter."""
        if not self.changeable:
            return web.json_response({"detail": "Not Found"}, status=404)
        name = (await request.json()).get("lora_name")
        if self.paths.pop(name, None) is None:
            return refusal(404, f"The lora adapter '{name}' cannot be found.")
        return web.Response(text=f"Success: LoRA adapter '{name}' removed successfully.")
