"""The notifier with channels that answer as a test likes, on a clock that stands until there is nothing to do."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.casework import Notice
from gateway.core.channel import Delivered, Outcome, Refused, Rejected, Retry, TooOften
from gateway.core.clock import ManualClock
from gateway.core.types import Level
from gateway.delivery import notices
from gateway.delivery.lane import LONGEST_PAUSE_S
from gateway.delivery.notifier import Notifier
from gateway.delivery.standing import Standing
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer
from tests.delivery.made import T0
from tests.delivery.telling import LIMIT, FlakyWriter, Group, stage
from tests.delivery.told import make_notice, told

RED, YELLOW = Level.RED, Level.YELLOW

OUTCOMES = st.sampled_from(
    [
        *[Delivered("ok")] * 6,
        Retry("no answer"),
        Retry("busy", 30.0),
        TooOften("too often", 600.0),
        Refused("sign not match"),
        Rejected("bad text"),
        RuntimeError("a stranger's fault"),
    ]
)


@settings(max_examples=40, deadline=None)
@given(
    levels=st.lists(st.sampled_from([RED, YELLOW, YELLOW]), max_size=40),
    script=st.lists(OUTCOMES, max_size=30),
    failures=st.lists(st.booleans(), max_size=30),
)
def test_every_red_is_told_alone_and_nothing_is_lost_or_told_twice(
    levels: list[Level], script: list[Outcome | Exception], failures: list[bool]
) -> None:
    made = [make_notice(number, level) for number, level in enumerate(levels)]

    async def run() -> tuple[Group, dict[str, str]]:
        with tempfile.TemporaryDirectory() as folder:
            async with stage(Path(folder), *script, failures=failures) as on:
                for notice in made:
                    await on.writer.commit(told(notice))
                    await on.step()
                await on.until_idle()
                states = {
                    row.notice.key: row.state
                    for notice in made
                    for row in await Writer.transaction(on.writer, notices.of_ticket, notice.ticket)
                }
                return on.group, states

    group, states = asyncio.run(run())
    times_seen = Counter(notice.key for message in group.seen for notice in message)
    assert set(states) == {notice.key for notice in made}
    assert {key for key, state in states.items() if state == "sent"} == set(times_seen)
    assert set(times_seen.values()) <= {1}
    assert all(len(batch) == 1 for _, batch, _ in group.calls if any(notice.level is RED for notice in batch))
    parked = {key for key, state in states.items() if state == "parked"}
    assert parked <= {batch[0].key for _, batch, answer in group.calls if isinstance(answer, Rejected)}
    for begin, _, _ in group.calls:
        window = [batch[0].level for at, batch, _ in group.calls if begin <= at < begin + 60.0]
        assert len(window) <= LIMIT
        assert window.count(YELLOW) <= LIMIT // 2


async def test_waiting_yellow_notices_are_one_message_and_red_ones_are_not(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.writer.commit(told(*(make_notice(number, RED if number < 3 else YELLOW) for number in range(10))))
        await on.until_idle()
        assert sorted(len(message) for message in on.group.seen) == [1, 1, 1, 7]
        counted = {name: count for name, count in on.notifier.counters()["duty"].items() if count}
        assert counted == {"attempts": 4, "delivered": 10, "digested": 7}


async def test_what_does_not_fit_follows_in_the_next_message(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.writer.commit(told(*(make_notice(number) for number in range(25))))
        await on.until_idle()
        assert [len(message) for message in on.group.seen] == [10, 10, 5]


async def test_a_channel_that_cannot_digest_gets_one_notice_at_a_time(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.group.digests = False
        await on.writer.commit(told(*(make_notice(number) for number in range(5))))
        await on.until_idle()
        assert [len(batch) for _, batch, _ in on.group.calls] == [1] * 5


async def test_the_receipt_and_the_time_are_kept(tmp_path: Path) -> None:
    async with stage(tmp_path, Delivered("errcode 0 ok")) as on:
        await on.writer.commit(told(make_notice(1, RED)))
        await on.until_idle()
        (row,) = await on.writer.transaction(notices.of_ticket, make_notice(1).ticket)
        assert (row.state, row.answer, row.sent_at, row.attempts) == ("sent", "errcode 0 ok", T0 + 1000, 1)


async def test_a_red_goes_at_once_though_yellow_has_spent_its_half(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.group.digests = False
        await on.writer.commit(told(*(make_notice(number) for number in range(100))))
        while not await on.step():
            pass
        assert len(on.group.calls) == LIMIT // 2
        now = on.clock.now()
        await on.writer.commit(told(*(make_notice(200 + number, RED) for number in range(LIMIT // 2))))
        while not await on.step():
            pass
        reds = [at for at, batch, _ in on.group.calls if batch[0].level is RED]
        assert reds == [now] * (LIMIT // 2)


@pytest.mark.parametrize("level", [RED, YELLOW])
async def test_pauses_between_tries_grow_and_have_an_end(tmp_path: Path, level: Level) -> None:
    async with stage(tmp_path, *[Retry("no answer")] * 60) as on:
        await on.writer.commit(told(make_notice(1, level)))
        await on.until_idle()
        times = [at for at, _, _ in on.group.calls]
        pauses = [later - at for at, later in pairwise(times)]
        assert len(pauses) == 60
        assert max(pauses) <= LONGEST_PAUSE_S[level]
        assert max(pauses[10:]) > LONGEST_PAUSE_S[level] / 2
        assert max(pauses[:2]) <= 2.0


async def test_a_channel_that_is_down_says_so_and_all_that_waits_goes_when_it_is_back(tmp_path: Path) -> None:
    async with stage(tmp_path, *[Retry("no answer within 10 s")] * 40) as on:
        assert on.notifier.health()[0].state == "ok"
        await on.writer.commit(told(make_notice(1, RED), make_notice(2)))
        while on.group.script:
            on.clock.time += await on.step()
        (part,) = on.notifier.health()
        assert (part.name, part.state, part.reason) == ("channel duty", "degraded", "down: no answer within 10 s")
        assert part.since is not None
        assert part.since < on.clock.now()
        await on.writer.commit(told(make_notice(3, RED)))
        await on.until_idle()
        assert on.notifier.health()[0].state == "ok"
        back = [at for at, _, answer in on.group.calls if isinstance(answer, Delivered)]
        assert back[-1] - back[0] < 2.0


async def test_a_refusal_rests_the_channel_and_health_says_what_a_person_must_do(tmp_path: Path) -> None:
    async with stage(tmp_path, *[Refused("errcode 310000 sign not match")] * 5) as on:
        await on.writer.commit(told(*(make_notice(number, RED) for number in range(4))))
        await on.step()
        assert on.notifier.health()[0].reason == "refused: errcode 310000 sign not match"
        await on.until_idle()
        times = [at for at, _, _ in on.group.calls]
        assert min(later - at for at, later in pairwise(times[:6])) >= 30.0
        assert [len(message) for message in on.group.seen] == [1] * 4


async def test_a_deaf_robot_is_left_alone_for_as_long_as_it_is_deaf(tmp_path: Path) -> None:
    async with stage(tmp_path, TooOften("errcode 130101", 600.0)) as on:
        await on.writer.commit(told(make_notice(1), make_notice(2, RED)))
        await on.step()
        assert on.notifier.health()[0].reason == "too often: errcode 130101"
        await on.until_idle()
        first, second, *_ = [at for at, _, _ in on.group.calls]
        assert second - first >= 600.0


async def test_a_digest_that_is_rejected_is_taken_apart_and_only_the_bad_one_is_parked(tmp_path: Path) -> None:
    async with stage(tmp_path, Rejected("430102"), Delivered("ok"), Rejected("430102")) as on:
        await on.writer.commit(told(*(make_notice(number) for number in range(4))))
        await on.until_idle()
        assert [len(batch) for _, batch, _ in on.group.calls] == [4, 1, 1, 1, 1]
        counts = await on.writer.transaction(notices.counts)
        assert counts["duty"] == {"pending": 0, "parked": 1, "sent": 3}


async def test_a_delivery_that_cannot_be_written_down_is_not_made_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.writer.commit(told(make_notice(1, RED)))
        assert isinstance(on.writer, FlakyWriter)
        on.writer._failures += [False, True, True, True]
        await on.until_idle()
        assert len(on.group.calls) == 1


async def test_a_stranger_that_raises_loses_nothing_and_its_words_are_not_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage(tmp_path, ValueError("https://robot.example/?key=5a1f")) as on:
        await on.writer.commit(told(make_notice(1, RED)))
        await on.until_idle()
        assert len(on.group.seen) == 1
        assert "ValueError" in caplog.text
        assert "5a1f" not in caplog.text


async def test_the_budget_survives_a_restart(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.writer.commit(told(*(make_notice(number, RED) for number in range(LIMIT))))
        await on.until_idle()
        again = Group(on.clock)
        notifier = Notifier(on.writer, {"duty": again}, on.clock)
        await notifier._remember()
        await on.writer.commit(told(make_notice(99, RED)))
        assert await notifier._lanes["duty", RED].step() > 60.0
        assert not again.calls


async def test_notices_of_a_channel_that_is_gone_are_told_by_health(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.writer.commit(told(make_notice(1, channel="old"), make_notice(2, channel="old"), make_notice(3)))
        running = asyncio.create_task(on.notifier.run())
        async with asyncio.timeout(10):
            while not on.group.seen:  # noqa: ASYNC110 - the test's own channel
                await asyncio.sleep(0.01)
        _, stray = on.notifier.health()
        assert (stray.name, stray.state) == ("channel old", "degraded")
        assert stray.reason == "not configured any more, and 2 notices wait for it"
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


def test_a_message_that_was_under_way_does_not_end_a_silence() -> None:
    standing = Standing("duty")
    standing.note(TooOften("errcode 130101", 600.0), T0)
    assert not standing.note(Delivered("ok"), T0 + 1)
    assert standing.hold_s(T0 + 1) == 599.0
    assert standing.note(Delivered("ok"), T0 + 601)
    assert standing.health().state == "ok"


class Dead(Group):
    """A channel that never answers."""

    async def send(self, batch: Sequence[Notice]) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError


class Slow(Group):
    """A channel on which a yellow message takes for ever."""

    async def send(self, batch: Sequence[Notice]) -> Outcome:
        if batch[0].level is YELLOW:
            await asyncio.Event().wait()
        return await super().send(batch)


async def test_neither_a_dead_channel_nor_a_slow_yellow_message_holds_up_a_red(tmp_path: Path) -> None:
    writer, clock = Writer(Store(tmp_path / "state")), ManualClock(T0 + 1000)
    dead, slow = Dead(clock), Slow(clock)
    notifier = Notifier(writer, {"dead": dead, "slow": slow}, clock)
    running = asyncio.create_task(notifier.run())
    await writer.commit(told(make_notice(1, RED, "dead"), make_notice(1, YELLOW, "slow")))
    notifier.wake()
    await writer.commit(told(make_notice(2, RED, "slow"), make_notice(3, RED, "slow")))
    notifier.wake()
    async with asyncio.timeout(10):
        while len(slow.seen) < 2:  # noqa: ASYNC110 - the test's own channel
            await asyncio.sleep(0.01)
    assert [message[0].ticket for message in slow.seen] == [make_notice(2).ticket, make_notice(3).ticket]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    counts = await writer.transaction(notices.counts)
    assert counts["dead"]["pending"] == counts["slow"]["pending"] == 1
    await writer.close()


async def test_a_gateway_without_channels_has_nothing_to_do(tmp_path: Path) -> None:
    writer = Writer(Store(tmp_path / "state"))
    notifier = Notifier(writer, {}, ManualClock(T0))
    running = asyncio.create_task(notifier.run())
    await asyncio.sleep(0)
    notifier.wake()
    assert notifier.health() == ()
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await writer.close()
