"""First light."""

from pathlib import Path
from tests.fakes.telegram_world import world


async def test_smoke(data: Path) -> None:
    """Ask and be answered."""
    async with world(
        data, script=["Most adults need at least 7 hours of sleep a night [1]."], delay_s=0.05
    ) as w:
        first = await w.ask("/start")
        print(first)
        answer = await w.ask("how much sleep do adults need?")
        print(answer)
        logged = await w.ask("slept 6.5 h")
        print(logged)
        print([(c.method, c.params, c.error) for c in w.fake.calls])
        print(await w.counts(), w.said)
        assert 0
