"""Channels between workloads: who can open what, what arrives, and what the others see."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.bindings.elastic_hal import channels as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.channels import ChannelsProvider, Exchange
from elastic_hal.reference_impl.channels.buffer import MOST_MESSAGES, Buffer
from elastic_hal.reference_impl.channels.exchange import MOST_CAPACITY, MOST_CAPACITY_IN_ALL, MOST_WAITING
from elastic_hal.reference_impl.polling import PollProvider, wait_for
from elastic_hal.runtime.channel_grants import ChannelGrant
from elastic_hal.runtime.control import Control
from elastic_hal.runtime.identity import Identity, content_digest
from elastic_hal.runtime.policy import Grant

BYTES, MESSAGES = wit.Framing.BYTES, wit.Framing.MESSAGES


class Host:
    """Three workloads with the grants of a policy: A may send to B under `line`, everybody else nothing."""

    def __init__(self, demanded_of_b: str | None = None) -> None:
        self.exchange = Exchange()
        self.a = self.workload("A", ChannelGrant("line", "B", True, demanded_of_b))
        self.b = self.workload("B", ChannelGrant("line", "A", False))
        self.stranger = self.workload("C", ChannelGrant("other", "B", True))

    def workload(self, name: str, *ends: ChannelGrant, content: bytes | None = None) -> ChannelsProvider:
        identity = Identity(name, content_digest(content or name.encode()))
        return ChannelsProvider(self.exchange, identity, Grant(channels=ends), Control())

    def ends(self, framing: wit.Framing = BYTES, capacity: int = 1024) -> tuple[wit.Sender, wit.Receiver]:
        sender = self.a.Sender_open("line", named("B"), framing, capacity)
        return sender, self.b.Receiver_open("line", named("A"), framing)


def named(name: str, content: bytes | None = None) -> wit.Workload:
    digest = None if content is None else bytes.fromhex(content_digest(content).removeprefix("sha256:"))
    return wit.Workload(name=name, digest=digest)


@pytest.fixture
def host() -> Host:
    return Host()


def test_what_is_pushed_is_read_in_order(host: Host) -> None:
    sender, receiver = host.ends()
    assert sender.push(b"hello, ") == 7
    assert sender.push(b"world") == 5
    assert receiver.read(9) == b"hello, wo"
    assert receiver.read(100) == b"rld"
    with pytest.raises(types.Error_WouldBlock):
        receiver.read(1)


@pytest.mark.parametrize("receiver_first", [True, False])
def test_ends_meet_whoever_comes_first(host: Host, receiver_first: bool) -> None:
    if receiver_first:
        receiver = host.b.Receiver_open("line", named("A"), BYTES)
        with pytest.raises(types.Error_WouldBlock):
            receiver.peer()
        with pytest.raises(types.Error_WouldBlock):
            receiver.read(1)
        sender = host.a.Sender_open("line", named("B"), BYTES, 10)
        sender.push(b"x")
    else:
        sender = host.a.Sender_open("line", named("B"), BYTES, 10)
        sender.push(b"x")
        with pytest.raises(types.Error_WouldBlock):
            sender.peer()
        receiver = host.b.Receiver_open("line", named("A"), BYTES)
    assert receiver.read(1) == b"x"
    assert sender.peer() == named("B", b"B")
    assert receiver.peer() == named("A", b"A")


def test_messages_keep_their_bounds(host: Host) -> None:
    sender, receiver = host.ends(MESSAGES)
    for message in (b"one", b"", b"three"):
        assert sender.push(message) == len(message)
    assert [receiver.read(100) for _ in range(2)] == [b"one", b""]
    with pytest.raises(types.Error_LimitExceeded, match="5 bytes"):
        receiver.read(4)
    assert receiver.read(5) == b"three"


def test_back_pressure_of_bytes(host: Host) -> None:
    sender, receiver = host.ends(capacity=10)
    assert sender.push(b"0123456") == 7
    assert sender.push(b"789abc") == 3
    room = sender.subscribe()
    assert not room.ready()
    with pytest.raises(types.Error_WouldBlock):
        sender.push(b"a")
    assert sender.push(b"") == 0
    assert receiver.read(4) == b"0123"
    assert room.ready()
    assert sender.push(b"abcdef") == 4
    assert receiver.read(100) == b"456789abcd"


def test_a_message_waits_for_the_room_that_it_needs(host: Host) -> None:
    sender, receiver = host.ends(MESSAGES, capacity=10)
    sender.push(b"12345")
    sender.push(b"123")
    with pytest.raises(types.Error_WouldBlock):
        sender.push(b"1234")
    room = sender.subscribe()
    assert not room.ready(), "two bytes are free, but the message has four"
    receiver.read(10)
    assert room.ready()
    assert sender.push(b"1234") == 4
    with pytest.raises(types.Error_LimitExceeded):
        sender.push(b"12345678901")


def test_empty_messages_are_bounded_too(host: Host) -> None:
    sender, receiver = host.ends(MESSAGES)
    for _ in range(MOST_MESSAGES):
        sender.push(b"")
    with pytest.raises(types.Error_WouldBlock):
        sender.push(b"")
    receiver.read(1)
    assert sender.push(b"") == 0


def test_a_closed_sender_is_seen_when_all_is_read(host: Host) -> None:
    sender, receiver = host.ends()
    arrived = receiver.subscribe()
    assert not arrived.ready()
    sender.push(b"last")
    sender.finish()
    sender.finish()
    with pytest.raises(types.Error_InvalidState):
        sender.push(b"more")
    assert arrived.ready()
    assert receiver.read(10) == b"last"
    with pytest.raises(types.Error_ConnectionClosed):
        receiver.read(10)
    assert arrived.ready()


def test_a_closed_receiver_is_seen_and_nothing_is_kept(host: Host) -> None:
    sender, receiver = host.ends(capacity=4)
    sender.push(b"full")
    room = sender.subscribe()
    assert not room.ready()
    receiver.drop()
    assert room.ready()
    with pytest.raises(types.Error_ConnectionClosed):
        sender.push(b"x")
    again = host.b.Receiver_open("line", named("A"), BYTES)
    with pytest.raises(types.Error_WouldBlock):
        again.read(10)


def test_a_receiver_that_comes_later_reads_what_a_closed_sender_left(host: Host) -> None:
    for text in (b"first", b"second"):
        sender = host.a.Sender_open("line", named("B"), BYTES, 100)
        sender.push(text)
        sender.drop()
    for text in (b"first", b"second"):
        receiver = host.b.Receiver_open("line", named("A"), BYTES)
        assert receiver.read(100) == text
        with pytest.raises(types.Error_ConnectionClosed):
            receiver.read(100)
        receiver.drop()


def test_what_nobody_reads_is_bounded(host: Host) -> None:
    for _ in range(MOST_WAITING):
        host.a.Sender_open("line", named("B"), BYTES, 10).drop()
    with pytest.raises(types.Error_LimitExceeded):
        host.a.Sender_open("line", named("B"), BYTES, 10)
    host.b.Receiver_open("line", named("A"), BYTES).drop()
    host.a.Sender_open("line", named("B"), BYTES, 10)


def test_receivers_that_wait_are_bounded(host: Host) -> None:
    waiting = [host.b.Receiver_open("line", named("A"), BYTES) for _ in range(MOST_WAITING)]
    with pytest.raises(types.Error_LimitExceeded):
        host.b.Receiver_open("line", named("A"), BYTES)
    waiting.pop().drop()
    host.b.Receiver_open("line", named("A"), BYTES)


def test_buffers_are_bounded_in_all(host: Host) -> None:
    ends = [host.ends(capacity=MOST_CAPACITY) for _ in range(MOST_CAPACITY_IN_ALL // MOST_CAPACITY)]
    with pytest.raises(types.Error_LimitExceeded):
        host.ends(capacity=1)
    ends[0][0].drop()
    with pytest.raises(types.Error_LimitExceeded):
        host.ends(capacity=1)  # the receiver has not read to the end
    ends[0][1].drop()
    assert host.ends(capacity=MOST_CAPACITY)


def test_channels_of_one_name_meet_in_order(host: Host) -> None:
    senders = [host.a.Sender_open("line", named("B"), BYTES, 10) for _ in range(3)]
    for number, sender in enumerate(senders):
        sender.push(bytes([number]))
    receivers = [host.b.Receiver_open("line", named("A"), BYTES) for _ in range(3)]
    assert [receiver.read(10) for receiver in receivers] == [b"\0", b"\1", b"\2"]


def test_a_third_workload_cannot_tell_whether_there_is_a_channel(host: Host) -> None:
    def attempts() -> Iterator[str]:
        tries = (
            lambda: host.stranger.Sender_open("line", named("B"), BYTES, 10),
            lambda: host.stranger.Sender_open("line", named("A"), BYTES, 10),
            lambda: host.stranger.Receiver_open("line", named("A"), BYTES),
            lambda: host.stranger.Receiver_open("line", named("A", b"A"), BYTES),
            lambda: host.stranger.Receiver_open("line", named("no such"), BYTES),
        )
        for attempt in tries:
            with pytest.raises(types.Error_AccessDenied) as refused:
                attempt()
            # The text repeats what was asked for, and says nothing of what there is.
            yield str(refused.value)

    before = list(attempts())
    sender, receiver = host.ends()
    sender.push(b"secret")
    assert list(attempts()) == before
    assert receiver.read(100) == b"secret"


def test_a_workload_that_has_another_ones_name_and_not_its_digest_gets_nothing() -> None:
    host = Host(demanded_of_b=content_digest(b"B"))
    impostor = host.workload("B", ChannelGrant("line", "A", False), content=b"evil")
    sender = host.a.Sender_open("line", named("B"), BYTES, 10)
    sender.push(b"secret")
    false_end = impostor.Receiver_open("line", named("A"), BYTES)
    with pytest.raises(types.Error_WouldBlock):
        false_end.read(10)
    with pytest.raises(types.Error_WouldBlock):
        false_end.peer()
    assert host.b.Receiver_open("line", named("A"), BYTES).read(10) == b"secret"
    with pytest.raises(types.Error_WouldBlock):
        false_end.read(10)


def test_a_guest_can_demand_a_digest_too(host: Host) -> None:
    sender = host.a.Sender_open("line", named("B", b"another"), BYTES, 10)
    sender.push(b"secret")
    receiver = host.b.Receiver_open("line", named("A", b"A"), BYTES)
    with pytest.raises(types.Error_WouldBlock):
        receiver.read(10)
    with pytest.raises(types.Error_WouldBlock):
        sender.peer()


def test_both_ends_agree_on_the_framing(host: Host) -> None:
    host.a.Sender_open("line", named("B"), BYTES, 10)
    with pytest.raises(types.Error_InvalidArgument, match="framing"):
        host.b.Receiver_open("line", named("A"), MESSAGES)
    assert host.b.Receiver_open("line", named("A"), BYTES)


@pytest.mark.parametrize(
    ("name", "peer", "capacity"),
    [
        ("", named("B"), 1),
        ("n" * 65, named("B"), 1),
        ("line", named(""), 1),
        ("line", named("é" * 129), 1),
        ("line", wit.Workload("B", b"short"), 1),
        ("line", named("B"), 0),
        ("line", named("B"), MOST_CAPACITY + 1),
    ],
)
def test_bounds(host: Host, name: str, peer: wit.Workload, capacity: int) -> None:
    with pytest.raises(types.Error_InvalidArgument):
        host.a.Sender_open(name, peer, BYTES, capacity)


def test_bounds_of_calls(host: Host) -> None:
    sender, receiver = host.ends(capacity=MOST_CAPACITY)
    with pytest.raises(types.Error_LimitExceeded):
        sender.push(bytes((1 << 20) + 1))
    assert sender.push(bytes(1 << 20)) == 1 << 20
    with pytest.raises(types.Error_InvalidArgument):
        receiver.read(0)
    assert len(receiver.read(2**32 - 1)) == 1 << 20


def test_a_stream_across_threads_arrives_whole() -> None:
    buffer = Buffer(1000, messages=False)
    sent = bytes(range(256)) * 400
    got = bytearray()
    sending, receiving = Control(), Control()

    def send() -> None:
        left = memoryview(sent)
        while left:
            try:
                left = left[buffer.push(bytes(left[:700])) :]
            except types.Error_WouldBlock:
                wait_for([make(sending, buffer.can_push, buffer.room)], sending)
        buffer.close_sender()

    thread = threading.Thread(target=send)
    thread.start()
    while True:
        try:
            got += buffer.read(300)
        except types.Error_WouldBlock:
            wait_for([make(receiving, buffer.can_read, buffer.arrived)], receiving)
        except types.Error_ConnectionClosed:
            break
    thread.join()
    assert bytes(got) == sent


@given(
    st.lists(st.one_of(st.binary(max_size=3000), st.integers(1, 3000)), max_size=60),
    st.integers(1, 5000),
    st.booleans(),
)
def test_a_buffer_is_a_queue(steps: list[bytes | int], capacity: int, messages: bool) -> None:
    """Bytes are pushes and numbers are reads, held against a list."""
    buffer, model = Buffer(capacity, messages=messages), list[bytes]()
    for step in steps:
        held = sum(map(len, model))
        if isinstance(step, bytes):
            taken = min(len(step), capacity - held)
            if messages and taken < len(step):
                with pytest.raises((types.Error_WouldBlock, types.Error_LimitExceeded)):
                    buffer.push(step)
            elif step and not taken:
                with pytest.raises(types.Error_WouldBlock):
                    buffer.push(step)
            else:
                assert buffer.push(step) == taken
                model += [step] if messages else [bytes([byte]) for byte in step[:taken]]
        elif not model:
            with pytest.raises(types.Error_WouldBlock):
                buffer.read(step)
        elif messages and len(model[0]) > step:
            with pytest.raises(types.Error_LimitExceeded):
                buffer.read(step)
        else:
            count = 1 if messages else step
            assert buffer.read(step) == b"".join(model[:count])
            del model[:count]


def make(control: Control, ready: object, changes: object) -> object:
    from elastic_hal.reference_impl.polling import Pollable

    return Pollable(control, ready, changes)  # type: ignore[arg-type]


def test_one_wait_for_a_channel_and_a_timer(host: Host) -> None:
    sender, receiver = host.ends()
    control = Control()
    poll = PollProvider(control)
    timer = poll.subscribe_duration(1)
    receiving = host.b
    arrived = make(control, receiver._channel.buffer.can_read, receiver._channel.buffer.arrived)  # type: ignore[attr-defined]
    assert poll.poll([timer, arrived]) == [0]  # type: ignore[list-item]
    assert receiving is host.b
    later = threading.Timer(0.02, sender.push, [b"now"])
    later.start()
    assert poll.poll([poll.subscribe_duration(2**63), arrived]) == [1]  # type: ignore[list-item]
    later.join()
