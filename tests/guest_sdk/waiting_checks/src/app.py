"""Checks that run inside a guest: channels, the event loop, resources. Each prints what is wrong, as JSON."""

import asyncio
import contextlib
import json
import traceback

from elastic_hal.guest_sdk import channels, clock, errors, eventloop, program, resources, storage
from elastic_hal.guest_sdk.bindings.elastic_hal import poll

ME = "waiting-checks"


def ends(**options):
    return channels.Sender("self", to=ME, **options), channels.Receiver("self", source=ME)


def check_blocking_messages():
    sender, receiver = ends()
    with sender, receiver:
        sender.send(b"one")
        sender.send(b"")
        sender.send(bytearray(b"three"))
        assert [receiver.receive() for _ in range(3)] == [b"one", b"", b"three"]
        assert sender.peer().name == receiver.peer().name == ME
        sender.finish()
        assert list(receiver) == []


def check_streams():
    framing = channels.Framing.BYTES
    with (
        channels.Sender("self", to=ME, framing=framing, capacity=4 << 20) as sender,
        channels.Receiver("self", source=ME, framing=framing) as receiver,
    ):
        data = bytes(range(256)) * 10_000
        sender.send(data)
        sender.finish()
        assert b"".join(receiver) == data


def check_non_blocking():
    sender, receiver = ends(capacity=4)
    with sender, receiver:
        with contextlib.suppress(errors.WouldBlock):
            raise AssertionError(receiver.try_receive())
        assert sender.try_send(b"1234") == 4
        try:
            sender.try_send(b"5")
        except errors.WouldBlock:
            pass
        else:
            raise AssertionError("there is no room")
        assert receiver.try_receive() == b"1234"


def check_timeouts():
    sender, receiver = ends(capacity=1)
    with sender, receiver, clock.Stopwatch() as watch:
        with contextlib.suppress(errors.TimedOut):
            raise AssertionError(receiver.receive(timeout=0.05))
        sender.send(b"1")
        with contextlib.suppress(errors.TimedOut):
            raise AssertionError(sender.send(b"2", timeout=0.05))
        assert watch.elapsed >= 0.1
        assert receiver.receive(timeout=300) == b"1"


def check_nobody_else():
    for name, peer in (("self", "another"), ("another", ME)):
        try:
            channels.Sender(name, to=peer)
        except errors.AccessDenied:
            continue
        raise AssertionError("not granted")


def check_peer_comes_late():
    with channels.Sender("self", to=ME) as sender:
        assert sender.peer() is None


def check_back_pressure_between_tasks():
    async def main():
        sender, receiver = ends(capacity=100)

        async def produce():
            for number in range(200):
                await sender.asend(str(number).encode())
            sender.finish()

        async with asyncio.TaskGroup() as group:
            group.create_task(produce())
            got = group.create_task(collect(receiver))
        return got.result()

    assert eventloop.run(main()) == [str(number).encode() for number in range(200)]


async def collect(receiver):
    return [message async for message in receiver]


def check_a_channel_a_timer_and_an_object_at_once():
    async def main():
        happened = []
        sender, receiver = ends()
        with sender, receiver, storage.open("results") as results, results.create("log") as log:

            async def listen():
                happened.append(("message", await receiver.areceive()))

            async def tick():
                await asyncio.sleep(0.02)
                happened.append(("tick",))
                await sender.asend(b"after the tick")

            async def write():
                for _ in range(3):
                    await log.awrite(b"x" * 1000)
                happened.append(("written",))

            await asyncio.gather(listen(), tick(), write())
        with storage.open("results") as results:
            assert len(results.read("log")) == 3000
        return happened

    happened = eventloop.run(main())
    assert sorted(happened) == [("message", b"after the tick"), ("tick",), ("written",)]
    assert happened.index(("tick",)) < happened.index(("message", b"after the tick"))


def check_timers_come_in_order():
    async def main():
        order = []

        async def after(seconds):
            await asyncio.sleep(seconds)
            order.append(seconds)

        await asyncio.gather(*(after(seconds) for seconds in (0.06, 0.0, 0.03)))
        return order

    assert eventloop.run(main()) == [0.0, 0.03, 0.06]


def check_asyncio_timeout_cancels_a_wait():
    async def main():
        sender, receiver = ends()
        with sender, receiver:
            try:
                async with asyncio.timeout(0.03):
                    await receiver.areceive()
            except TimeoutError:
                await sender.asend(b"still usable")
                return await receiver.areceive()

    assert eventloop.run(main()) == b"still usable"


def check_two_tasks_wait_for_one_end():
    async def main():
        sender, receiver = ends()
        with sender, receiver:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(receiver.areceive()) for _ in range(2)]
                await asyncio.sleep(0.01)
                for message in (b"a", b"b"):
                    await sender.asend(message)
            return sorted(task.result() for task in tasks)

    assert eventloop.run(main()) == [b"a", b"b"]


def check_what_a_task_waits_for_is_closed():
    async def main():
        sender, receiver = ends()
        with sender:
            waiting = asyncio.create_task(receiver.areceive())
            await asyncio.sleep(0.01)
            receiver.close()
            return await asyncio.gather(waiting, return_exceptions=True)

    (problem,) = eventloop.run(main())
    assert isinstance(problem, ValueError), problem
    assert "closed" in str(problem)


def check_a_deadlock_is_told():
    async def main():
        await asyncio.Event().wait()

    try:
        eventloop.run(main())
    except eventloop.DeadlockError:
        return
    raise AssertionError("it waited for nothing")


def check_errors_of_tasks_come_out():
    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
            group.create_task(asyncio.sleep(60))

    async def fails():
        await asyncio.sleep(0.01)
        raise KeyError("mine")

    lost = True
    try:
        eventloop.run(main())
    except* KeyError:
        lost = False
    assert not lost


def check_left_tasks_are_cancelled():
    ended = []

    async def goes_on():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cancelled")

    async def main():
        asyncio.get_running_loop().create_task(goes_on())
        await asyncio.sleep(0)
        return "done"

    assert eventloop.run(main()) == "done"
    assert ended == ["cancelled"]


def check_a_poll_by_hand():
    now, later = poll.subscribe_instant(0), poll.subscribe_duration(3_600_000_000_000)
    assert poll.poll([later, now, now]) == [1, 2]
    assert poll.poll([]) == []


def check_resources():
    has = resources.allocation()
    assert (has.memory_bytes, has.most_memory_bytes, has.cpu, has.most_cpu) == (128 << 20, 192 << 20, 0.5, 1.0)
    for request, amount in ((resources.request_memory, 1 << 40), (resources.request_cpu, 1.0)):
        try:
            request(amount)
        except errors.LimitExceeded:
            continue
        assert request is resources.request_cpu
    assert resources.request_cpu(0.75) == 0.75
    assert resources.request_memory(192 << 20) == 192 << 20
    kept = [bytes(20 << 20) for _ in range(7)]
    assert len(kept) == 7, "140 MiB are more than it had at first"


def check_memory_that_was_not_asked_for():
    try:
        kept = [bytes(20 << 20) for _ in range(10)]
    except MemoryError:
        return
    raise AssertionError(f"{len(kept)} times 20 MiB fit")


def main(arguments):
    checks = {name.removeprefix("check_"): value for name, value in globals().items() if name.startswith("check_")}
    for name in arguments or checks:
        try:
            checks[name]()
        except BaseException:
            print(json.dumps({"check": name, "problem": traceback.format_exc()}), flush=True)
        else:
            print(json.dumps({"check": name, "problem": None}), flush=True)


Run = program.command(main)
