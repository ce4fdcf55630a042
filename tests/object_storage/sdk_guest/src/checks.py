"""A guest that checks the SDK module for objects from the inside. The first check that fails ends it."""

import asyncio
import io
import shutil

from elastic_hal.guest_sdk import crypto, errors, eventloop, program, storage

LARGE = bytes(range(256)) * 8192 + b"and a bit"


def raises(kind, function, *arguments, **named):
    try:
        function(*arguments, **named)
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def check_whole_objects(box):
    info = box.write("a/1", b"one")
    assert (info.name, info.size, info.container) == ("a/1", 3, "box")
    assert box.read("a/1") == b"one"
    assert box.read("a/1", 1) == b"ne"
    assert box.read("a/1", 1, 2) == b"n"
    assert box.stat("a/1").version == info.version
    assert "a/1" in box
    assert "a/2" not in box
    raises(errors.NotFound, box.read, "a/2")
    raises(errors.AlreadyExists, box.write, "a/1", b"", new=True)
    box.write("a/1", b"two", replaces=info.version)
    raises(errors.InvalidState, box.write, "a/1", b"", replaces=info.version)


def check_like_files(box):
    with box.create("large") as writer:
        shutil.copyfileobj(io.BytesIO(LARGE), writer)
        assert writer.write(memoryview(b"x")) == 1
        writer.writelines([b"y", bytearray(b"z")])
    assert writer.info.size == len(LARGE) + 3
    assert writer.finish() == writer.info
    with box.reader("large") as reader:
        assert reader.info.size == len(LARGE) + 3
        assert reader.read(0) == b""
        assert reader.read(5) == LARGE[:5]
        assert reader.read(1_500_000) == LARGE[5:1_500_005]
        assert reader.read() == LARGE[1_500_005:] + b"xyz"
        assert reader.read() == reader.read(1) == b""
    with box.reader("large") as reader:
        assert b"".join(reader) == LARGE + b"xyz"


def check_a_block_that_fails_leaves_nothing(box):
    def fails():
        with box.create("half") as writer:
            writer.write(LARGE)
            raise LookupError

    raises(LookupError, fails)
    assert "half" not in box


def check_names(box):
    for name in ("n/2", "n/10", "n/1", "m"):
        box.write(name, b"")
    assert list(box.names("n/")) == ["n/1", "n/10", "n/2"]
    box.delete("n/1", "n/2", "nothing")
    assert list(box.names("n/")) == ["n/10"]
    box.clear()
    assert list(box.names()) == []


def check_copies(box):
    box.write("source", LARGE)
    with storage.open("open") as other:
        assert box.copy("source", "copy", other).size == len(LARGE)
        assert other.read("copy") == LARGE
        assert other.move("copy", "moved").name == "moved"
        assert list(other.names()) == ["moved"]
        other.clear()


def check_beside_other_tasks(box):
    turns = []

    async def ticks():
        for turn in range(3):
            turns.append(turn)
            await asyncio.sleep(0)

    async def main():
        other = asyncio.ensure_future(ticks())
        with box.create("slow") as writer:
            await writer.awrite(LARGE)
        with box.reader("slow") as reader:
            found = b""
            while piece := await reader.aread():
                found += piece
        assert found == LARGE
        await other

    eventloop.run(main())
    assert turns == [0, 1, 2]


def check_what_is_said_of_the_container(box):
    info = box.info()
    assert info.protection is storage.Protection.CONTENT_AND_NAMES
    assert storage.Rights.WRITE in info.rights
    assert box.name == "box"
    assert storage.exists("box")
    assert not storage.exists("other")
    raises(errors.AccessDenied, storage.open, "other")
    with crypto.EncryptionKey.generate() as wrong:
        raises(errors.VerificationFailed, storage.open, "box", wrong)


def main(arguments):
    checks = {name: check for name, check in globals().items() if name.startswith("check_")}
    with crypto.EncryptionKey.from_bytes(b"k" * 32) as key, storage.open("box", key) as box:
        for name, check in checks.items():
            box.clear()
            check(box)
            print(name, flush=True)


Run = program.command(main)
