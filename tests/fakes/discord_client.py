"""What a person's Discord client adds and checks: contexts, installations, filled-in forms."""

from __future__ import annotations

from typing import Any

from tests.fakes.discord_values import PRIVATE_THREAD, TEXT, THREAD, Json, Person, Place, walk


def context_of(place: Place) -> int:
    """0: in a guild, 1: with the bot, 2: elsewhere."""
    if place.type in {TEXT, THREAD, PRIVATE_THREAD}:
        return 0
    return 1 if place.private else 2


def owners_of(user: Person, place: Place) -> Json:
    """Through which installations the app is at hand: "0" the guild, "1" the person."""
    owners: Json = {}
    if place.guild is not None and place.guild.bot:
        owners["0"] = str(place.guild.id)
    elif place.private:
        owners["0"] = "0"
    if user.installed:
        owners["1"] = str(user.id)
    return owners


def filled(row: Json, values: dict[str, Any]) -> Json:
    """One row of a submitted form."""
    if row["type"] == 10:
        return {"type": 10, "id": row.get("id", 0), "content": row["content"]}
    if row["type"] == 18:
        return {"type": 18, "id": row.get("id", 0), "component": _value(row["component"], values)}
    return {"type": 1, "components": [_value(c, values) for c in row["components"]]}


def _value(item: Json, values: dict[str, Any]) -> Json:
    body: Json = {"type": item["type"], "id": item.get("id", 0), "custom_id": item["custom_id"]}
    value = values.get(item["custom_id"])
    if item["type"] == 4:
        text = str(value if value is not None else item.get("value") or "")
        least, most = item.get("min_length") or 0, item.get("max_length") or 4000
        assert not text or least <= len(text) <= most, f"takes {least} to {most} characters"
        return body | {"value": text}
    if item["type"] in {21, 23}:  # radio group, checkbox
        return body | {"value": value if value is not None else (None, False)[item["type"] == 23]}
    return body | {"values": list(value or [])}


def form_data(form: Json, values: dict[str, Any]) -> Json:
    """A form, filled in. Raises AssertionError where a client would not send it."""
    items = {c["custom_id"]: c for c in walk(form["components"]) if "custom_id" in c}
    assert set(values) <= set(items), f"{set(values) - set(items)} not in {set(items)}"
    missing = [
        k
        for k, c in items.items()
        if c["type"] == 4 and c.get("required", True) and not values.get(k, c.get("value"))
    ]
    assert not missing, f"a client asks for {missing} first"
    rows = [filled(row, values) for row in form["components"]]
    return {"custom_id": form["custom_id"], "components": rows}
