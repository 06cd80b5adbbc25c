"""What Salus talks to under load: the fake Telegram that keeps time, and a fake model server.

Both are the fakes of the other tests with their memory of everything taken away. The model
answers with the first sentences of the passages it was given, as a served model streams: the
first token after a while, then a few tokens at a time.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.fakes.model_server import FakeModelServer, _event
from tests.fakes.telegram_server import FakeTelegram, Json

_PASSAGE = re.compile(r"^\[(\d)\] [^\n]* › [^\n]*\n(.+?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
_SENTENCE = re.compile(r"[^.!?。！？\n]{12,}[.!?。！？]")
_TOKEN = re.compile(r"\s*[A-Za-z0-9'-]+|\s*[^A-Za-z0-9]")
FIRST_TOKEN_S = 0.25
STEP_S = 0.1
STEPS = 5
KEPT = 20_000  # messages people may still press buttons under


class LoadTelegram(FakeTelegram):
    """A fake that notes when each update was confirmed and each message answered.

    One chat is answered in order, so the n-th thing said there belongs to the n-th answer; an
    answer that was shown while it grew counts from its last change.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.calls = deque(maxlen=100)  # type: ignore[assignment]  # as a list, but forgetful
        self.accepted: list[float] = []
        self.said: dict[int, list[float]] = defaultdict(list)
        self.answers: dict[int, dict[int, float]] = defaultdict(dict)
        self.pressed: dict[str, float] = {}
        self.press_answered: list[float] = []
        self.votable: dict[int, Json] = {}
        self.parts = 0

    def _confirm(self, offset: int) -> None:
        before = self.updates
        super()._confirm(offset)
        now = self.clock()
        for update in before[: len(before) - len(self.updates)]:
            self.accepted.append(now - self._queued.pop(update["update_id"]))

    async def say(self, text: str, **more: Any) -> Json:
        said = await super().say(text, **more)
        self.said[said["chat"]["id"]].append(self.clock())
        return said

    async def press(self, message: Json, data: str, **more: Any) -> str:
        callback = await super().press(message, data, **more)
        self.pressed[callback] = self.clock()
        return callback

    async def _do_answer_callback_query(self, params: Json) -> bool:
        done = await super()._do_answer_callback_query(params)
        began = self.pressed.pop(str(params["callback_query_id"]), None)
        if began is not None:
            self.press_answered.append(self.clock() - began)
        return done

    def _keep(self, message: Json) -> Json:
        kept = super()._keep(message)
        chat, id_ = kept["chat"]["id"], kept["message_id"]
        if "photo" not in kept and "edited_keyboard" not in kept:
            self.answers[chat][id_] = self.clock()
        if _thumbs(kept):
            self.votable[chat] = kept
        while len(self.messages) > KEPT:
            del self.messages[next(iter(self.messages))]
        return kept

    async def _do_edit_message_reply_markup(self, params: Json) -> Json:
        at = self.answers[int(params["chat_id"])].get(int(params["message_id"]))
        changed = await super()._do_edit_message_reply_markup(params)
        if at is not None:  # other buttons are not another answer
            self.answers[int(params["chat_id"])][int(params["message_id"])] = at
        return changed

    def waits(self) -> list[float]:
        """Seconds from each thing said to its answer, over all chats."""
        found: list[float] = []
        for chat, said in self.said.items():
            answers = [at for _, at in sorted(self.answers[chat].items())]
            found += [b - a for a, b in zip(said, answers, strict=False)]
        return found

    def unanswered(self) -> int:
        """Things said that have no answer, and presses nobody acknowledged."""
        open_ = sum(max(0, len(s) - len(self.answers[c])) for c, s in self.said.items())
        return open_ + len(self.pressed)

    def doubled(self) -> int:
        """Answers beyond one for each thing said."""
        return sum(max(0, len(a) - len(self.said[c])) for c, a in list(self.answers.items()))

    def begin(self) -> None:
        """Forget what was before: counting starts now."""
        for kept in (self.accepted, self.said, self.answers, self.pressed, self.press_answered):
            kept.clear()


def _thumbs(message: Json) -> str:
    """The data of the thumb up under a message, if there is one."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    data = (button.get("callback_data", "") for row in rows for button in row)
    return next((d for d in data if d.startswith("v:up:")), "")


def thumb(message: Json) -> str:
    """What pressing 👍 sends."""
    return _thumbs(message)


class LoadModel(FakeModelServer):
    """Answers from the passages in the prompt; many at once."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.tokens = 0

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions, streaming."""
        body = await request.json()
        self.asked += 1
        events = self._events(str(body["messages"][-1]["content"]))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await asyncio.sleep(FIRST_TOKEN_S)
        size = -(-len(events) // STEPS)
        for start in range(0, len(events), size):
            if start:
                await asyncio.sleep(STEP_S)
            await response.write(b"".join(events[start : start + size]))
        await response.write(_event({}, "stop") + b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    def _events(self, prompt: str) -> list[bytes]:
        """The answer, one event a token."""
        tokens = _TOKEN.findall(answer(prompt))
        self.tokens += len(tokens)
        return [_event({"content": token}, None) for token in tokens]


def answer(prompt: str) -> str:
    """Three sentences of the passages, each with the number of its own."""
    found: list[str] = []
    for number, text in _PASSAGE.findall(prompt.split("The person's own numbers:", maxsplit=1)[0]):
        sentence = _SENTENCE.search(text)
        if sentence and len(found) < 3:
            said = sentence[0].strip()
            found.append(f"{said[:-1]} [{number}]{said[-1]}")
    return " ".join(found) or "No passage."


@asynccontextmanager
async def model() -> AsyncGenerator[LoadModel, None]:
    """A running model server; its ``url`` ends in /v1."""
    fake = LoadModel()
    app = web.Application(client_max_size=2**22)
    app.router.add_get("/v1/models", fake.models)
    app.router.add_post("/v1/chat/completions", fake.chat)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield fake
    finally:
        await runner.cleanup()
