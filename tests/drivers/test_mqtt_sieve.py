"""The bytes of a broker, in pieces of any size, on their way to paho."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.mqtt.inbox import PAYLOAD_LIMIT
from drivers.mqtt.publish import Message
from drivers.mqtt.sieve import PACKET_LIMIT, PacketTooLarge, Sieve
from tests.drivers.mqtt_bytes import varint


def packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + varint(len(body)) + body


class Stream:
    """A socket with what the broker sent, in pieces; between two of them there is nothing to read yet."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = [part for piece in pieces for part in (piece, None)]
        self.most = 0

    def receive(self, size: int) -> bytes:
        self.most = max(self.most, size)
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if piece is None:
            raise BlockingIOError
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]


def passed(stream: Stream, at_once: int = 1 << 20) -> bytes:
    sieve, out = Sieve(), bytearray()
    while True:
        try:
            piece = sieve.read(at_once, stream.receive)
        except BlockingIOError:
            continue
        if not piece:
            assert not sieve.holds_bytes
            return bytes(out)
        out += piece


@given(
    st.lists(st.tuples(st.integers(16, 255), st.binary(max_size=300)), max_size=8),
    st.lists(st.integers(1, 400), min_size=1, max_size=20),
    st.integers(1, 500),
)
def test_what_is_small_passes_unchanged(packets: list[tuple[int, bytes]], cuts: list[int], at_once: int) -> None:
    sent = b"".join(packet(first, body) for first, body in packets)
    pieces, rest = [], sent
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    assert passed(Stream(*(piece for piece in [*pieces, rest] if piece)), at_once) == sent


@pytest.mark.parametrize("surplus", [0, 1, 200, 5_000_000])
def test_a_large_message_is_cut_and_the_next_one_is_whole(surplus: int) -> None:
    topic = b"\x00\x03a/b\x00\x07"
    body = topic + b"x" * (PACKET_LIMIT - len(topic) + surplus)
    after = packet(0x30, b"\x00\x01anext")
    stream = Stream(packet(0x32, body) + after)
    assert passed(stream) == packet(0x32, body[:PACKET_LIMIT]) + after
    assert stream.most <= 64 * 1024


def test_what_is_left_of_a_message_that_was_cut_is_still_too_large() -> None:
    longest_topic, its_length, number = 65_535, 2, 2
    assert PACKET_LIMIT - longest_topic - its_length - number > PAYLOAD_LIMIT


@pytest.mark.parametrize("first", [0x20, 0x40, 0x90, 0xD0, 0x00, 0xF0])
def test_no_other_packet_is_large(first: int) -> None:
    with pytest.raises(PacketTooLarge, match=r"a packet of 100\.0 MB; the limit is 0\.2 MB"):
        passed(Stream(bytes([first]) + varint(100_000_000)))


def test_a_broken_length_is_left_for_paho_to_see() -> None:
    assert passed(Stream(b"\x30\xff\xff\xff\xff\xff")).startswith(b"\x30\xff\xff\xff\xff\xff")


@pytest.mark.parametrize(
    "body", [b"\x30\x05\x00\x03a/b" * 3, b"\x30\x05\x00\x03a/b" * PACKET_LIMIT], ids=["short", "cut"]
)
def test_a_message_is_taken_out_only_between_two_packets(body: bytes) -> None:
    sent, after = packet(0x90 if len(body) < PACKET_LIMIT else 0x32, body), packet(0x30, b"\x00\x01anext")
    sieve, stream, taken = Sieve(), Stream(after + sent + after * 9), 0
    while True:
        with suppress(BlockingIOError):
            message = sieve.message()
            taken += message is not None
            assert message in {None, Message(b"a", b"next", dup=False, retain=False)}
            if not sieve.read(1, stream.receive):
                break
    assert taken


@given(st.lists(st.binary(min_size=1, max_size=2_000), max_size=20))
def test_garbage_is_passed_cut_or_refused(pieces: list[bytes]) -> None:
    with suppress(PacketTooLarge):
        assert len(passed(Stream(*pieces))) <= sum(map(len, pieces))
