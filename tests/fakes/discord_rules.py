"""What Discord refuses in a message, a form or a name, each fault with its path and code."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.fakes.discord_values import LAYOUT, Json, RefusedError, Upload, invalid, walk

CONTENT, NONCE = 2000, 25
FILES, FILE_BYTES = 10, 10 * 2**20
_EMBED = {"title": 256, "description": 4096}
_BUTTONS = {1, 2, 3, 4, 5, 6}  # styles
_SELECTS = {3, 5, 6, 7, 8}
_IN_LAYOUT = {1, 9, 10, 12, 13, 14, 17}
_IN_FORM = {1, 10, 18}


def too_long(path: str, most: int) -> RefusedError:
    """A string over its limit."""
    return invalid(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")


def length(value: Any, path: str, most: int, least: int = 1) -> None:
    """A required string of ``least`` to ``most`` characters."""
    if not isinstance(value, str) or (least and not value):
        raise invalid(path, "BASE_TYPE_REQUIRED", "This field is required")
    if not least <= len(value) <= most:
        raise invalid(
            path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length."
        )


def check_message(body: Json, files: list[Upload], *, edit: bool = False) -> None:
    """A message of the bot. Raises RefusedError (50035, 50006, 40005)."""
    content = body.get("content") or ""
    layout = bool(int(body.get("flags") or 0) & LAYOUT)
    if len(content) > CONTENT:
        raise too_long("content", CONTENT)
    if len(str(body.get("nonce") or "")) > NONCE:
        raise too_long("nonce", NONCE)
    _check_embeds(body.get("embeds") or [])
    _check_files(body, files)
    _check_mentions(body.get("allowed_mentions"))
    components = body.get("components") or []
    if layout:
        _check_layout(body, components)
    else:
        _check_rows(components)
    shown = content.strip() or body.get("embeds") or files or components
    if not (shown or edit or body.get("sticker_ids") or body.get("poll")):
        raise RefusedError(400, 50006, "Cannot send an empty message")


def _check_embeds(embeds: list[Json]) -> None:
    if len(embeds) > 10:
        raise invalid("embeds", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    total = 0
    for number, embed in enumerate(embeds):
        total += _check_embed(embed, f"embeds.{number}")
    if total > 6000:
        raise invalid(
            "embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000"
        )


def _check_embed(embed: Json, path: str) -> int:
    parts = [(k, embed.get(k), most) for k, most in _EMBED.items()]
    parts.append(("footer.text", (embed.get("footer") or {}).get("text"), 2048))
    parts.append(("author.name", (embed.get("author") or {}).get("name"), 256))
    if len(embed.get("fields") or []) > 25:
        raise too_long(f"{path}.fields", 25)
    for number, field in enumerate(embed.get("fields") or []):
        for key, most in (("name", 256), ("value", 1024)):
            if not field.get(key):
                raise invalid(
                    f"{path}.fields.{number}.{key}", "BASE_TYPE_REQUIRED", "This field is required"
                )
            parts.append((f"fields.{number}.{key}", field[key], most))
    for name, text, most in parts:
        if text and len(text) > most:
            raise too_long(f"{path}.{name}", most)
    return sum(len(text) for _, text, _ in parts if text)


def _check_files(body: Json, files: list[Upload]) -> None:
    if len(files) > FILES:
        raise too_long("attachments", FILES)
    if any(len(f.data) > FILE_BYTES for f in files):
        raise RefusedError(413, 40005, "Request entity too large")
    for number, one in enumerate(body.get("attachments") or []):
        if len(one.get("description") or "") > 1024:
            raise too_long(f"attachments.{number}.description", 1024)


def _check_mentions(allowed: Json | None) -> None:
    if allowed is None:
        return
    parse = allowed.get("parse") or []
    if not set(parse) <= {"roles", "users", "everyone"}:
        raise invalid("allowed_mentions.parse", "BASE_TYPE_CHOICES", "Unknown value")
    for kind in ("users", "roles"):
        if kind in parse and allowed.get(kind):
            raise invalid(
                "allowed_mentions",
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )


def _check_rows(rows: list[Json]) -> None:
    if len(rows) > 5:
        raise too_long("components", 5)
    for number, row in enumerate(rows):
        path = f"components.{number}"
        if row.get("type") != 1:
            raise invalid(f"{path}.type", "BASE_TYPE_CHOICES", "Value must be one of {1}.")
        _check_row(row, path)
    _check_unique(rows)


def _check_row(row: Json, path: str) -> None:
    inside = row.get("components") or []
    wide = any(c.get("type") in _SELECTS for c in inside)
    if not inside or len(inside) > (1 if wide else 5):
        raise invalid(f"{path}.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5.")
    for number, item in enumerate(inside):
        check_item(item, f"{path}.components.{number}")


def check_item(item: Json, path: str) -> None:
    """A button or a select."""
    if item["type"] == 2:
        _check_button(item, path)
    elif item["type"] in _SELECTS:
        length(item.get("custom_id"), f"{path}.custom_id", 100)
        if len(item.get("placeholder") or "") > 150:
            raise too_long(f"{path}.placeholder", 150)
        options = item.get("options") or []
        if item["type"] == 3 and not 1 <= len(options) <= 25:
            raise invalid(f"{path}.options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25.")
        for number, option in enumerate(options):
            length(option.get("label"), f"{path}.options.{number}.label", 100)
            length(option.get("value"), f"{path}.options.{number}.value", 100)
    else:
        raise invalid(f"{path}.type", "BASE_TYPE_CHOICES", "Not a component of a row.")


def _check_button(item: Json, path: str) -> None:
    style = item.get("style")
    if style not in _BUTTONS:
        raise invalid(f"{path}.style", "BASE_TYPE_CHOICES", "Value must be one of {1..6}.")
    if style == 5:
        length(item.get("url"), f"{path}.url", 512)
        if "custom_id" in item:
            raise invalid(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "Not both")
    else:
        length(item.get("custom_id"), f"{path}.custom_id", 100)
    if len(item.get("label") or "") > 80:
        raise too_long(f"{path}.label", 80)
    if not item.get("label") and not item.get("emoji"):
        raise invalid(path, "BUTTON_COMPONENT_INVALID_EMPTY", "A button needs a label or an emoji")


def _check_unique(components: list[Json]) -> None:
    ids = Counter(c["custom_id"] for c in walk(components) if "custom_id" in c)
    for custom_id, number in ids.items():
        if number > 1:
            raise invalid(
                "components", "COMPONENT_CUSTOM_ID_DUPLICATED", f"{custom_id} is used twice"
            )


def _check_layout(body: Json, components: list[Json]) -> None:
    if body.get("content") or body.get("embeds") or body.get("poll"):
        raise invalid(
            "content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "Not with a layout"
        )
    every = walk(components)
    if len(every) > 40:
        raise invalid("components", "BASE_TYPE_MAX_LENGTH", "Must be 40 or fewer in length.")
    if sum(len(c.get("content") or "") for c in every if c.get("type") == 10) > 4000:
        raise invalid("components", "COMPONENT_MAX_TOTAL_TEXT_LENGTH", "More than 4000 characters")
    for number, one in enumerate(components):
        if one.get("type") not in _IN_LAYOUT:
            raise invalid(f"components.{number}.type", "BASE_TYPE_CHOICES", "Not at the top level")
    for row in (c for c in every if c.get("type") == 1):
        _check_row(row, "components.row")
    _check_unique(components)


def check_form(data: Json) -> None:
    """The data of a modal."""
    length(data.get("title"), "data.title", 45)
    length(data.get("custom_id"), "data.custom_id", 100)
    components = data.get("components") or []
    if not 1 <= len(components) <= 5:
        raise invalid("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5.")
    for number, one in enumerate(components):
        path = f"data.components.{number}"
        if one.get("type") not in _IN_FORM:
            raise invalid(f"{path}.type", "BASE_TYPE_CHOICES", "Value must be one of {1, 10, 18}.")
        if one["type"] == 18:
            length(one.get("label"), f"{path}.label", 45)
            if len(one.get("description") or "") > 100:
                raise too_long(f"{path}.description", 100)
    for item in (c for c in walk(components) if c.get("type") == 4):
        _check_input(item)
    _check_unique(components)


def _check_input(item: Json) -> None:
    path = "data.components.input"
    length(item.get("custom_id"), f"{path}.custom_id", 100)
    if len(item.get("placeholder") or "") > 100:
        raise too_long(f"{path}.placeholder", 100)
    if len(item.get("label") or "") > 45:
        raise too_long(f"{path}.label", 45)
    least, most = item.get("min_length") or 0, item.get("max_length") or 4000
    if not 0 <= least <= most <= 4000:
        raise invalid(f"{path}.max_length", "BASE_TYPE_MAX", "Must be between 1 and 4000.")
