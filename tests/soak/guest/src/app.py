"""What the guests of the mixed load do; the first argument says which of it. They report in lines on standard output.

A writer says `begin NAME NUMBER` before it touches an object, and `done NAME` once the call has returned or
`failed NAME CASE` once it was refused. Every object consists of its number, repeated; the number 0 is a deletion.
"""

import random

from elastic_hal.guest_sdk import attestation, channels, clock, crypto, errors, program, resources, sealing, storage

PIECE_BYTES = 65536


def say(*words):
    print(*words, flush=True)


def expect(refusal, call, *arguments):
    try:
        call(*arguments)
    except refusal as error:
        say("refused", error.case)
    else:
        say("not", "refused")


def opened():
    """The container with its key, which lies sealed in another one."""
    with storage.open("keys") as keys:
        if "key" not in keys:
            with crypto.EncryptionKey.generate() as key:
                keys.write("key", sealing.seal_key(key), new=True)
        sealed = keys.read("key")
    return storage.open("ledger", key=sealing.unseal_key(sealed))


def write(seed, first, count, largest):
    chance = random.Random(int(seed))
    with opened() as box:
        for number in range(int(first), int(first) + int(count)):
            name, deletes = f"object-{chance.randrange(8)}", chance.randrange(8) == 0
            say("begin", name, 0 if deletes else number)
            try:
                if deletes:
                    box.delete(name)
                else:
                    with box.create(name) as writer:
                        for _ in range(chance.randrange(1, int(largest) + 1)):
                            writer.write(number.to_bytes(8, "big") * (PIECE_BYTES // 8))
            except errors.HalError as error:
                say("failed", name, error.case)
            else:
                say("done", name)


def read(times):
    with opened() as box:
        for _ in range(int(times)):
            for name in box.names():
                try:
                    with box.reader(name) as reader:
                        content = reader.read()
                except errors.NotFound:
                    continue
                number = content[:8]
                whole = content == number * (len(content) // 8)
                say("has", name, int.from_bytes(number, "big") if whole and content else "torn")
            say("looked")


def send(count, seed):
    chance = random.Random(int(seed))
    try:
        with channels.Sender("data", to="receives", capacity=1 << 17) as sender:
            for number in range(int(count)):
                sender.send(number.to_bytes(8, "big") + chance.randbytes(chance.randrange(20_000)))
    except errors.ConnectionClosed:
        say("closed")
    else:
        say("sent")


def receive(count, seed):
    chance = random.Random(int(seed))
    received = 0
    with channels.Receiver("data", source="sends") as receiver:
        for message in receiver:
            assert message == received.to_bytes(8, "big") + chance.randbytes(chance.randrange(20_000))
            received += 1
            if received == int(count):
                break
    say("received", received)


def compute(rounds):
    with crypto.EncryptionKey.generate() as key, crypto.SigningKey.generate() as signing:
        for number in range(int(rounds)):
            data = number.to_bytes(4, "big") * 16384
            sealed = key.encrypt(data, b"soak")
            assert key.decrypt(sealed, b"soak") == data
            signature = signing.sign(data)
            signing.verify(data, signature)
            assert crypto.hash(data) == crypto.hash(bytes(data))
            expect(errors.VerificationFailed, key.decrypt, sealed, b"other")
            expect(errors.VerificationFailed, signing.verify, data + b"x", signature)


def attest(nonce):
    say("evidence", attestation.attest(bytes.fromhex(nonce)).data.hex())


def allocate():
    have = resources.allocation()
    resources.request_memory(have.memory_bytes + (8 << 20))
    block = bytearray(have.memory_bytes // 2)
    resources.request_cpu(0.5)
    for ask in (
        lambda: resources.request_memory(have.most_memory_bytes + 1),
        lambda: resources.request_memory(1 << 60),
    ):
        try:
            ask()
        except errors.LimitExceeded:
            say("refused", "limit-exceeded")
        else:
            say("granted too much")
    with clock.Stopwatch() as watch:
        while watch.elapsed < 0.05:
            block[0] = 1


def loop():
    while True:
        pass


def bomb():
    blocks = []
    while True:
        blocks.append(bytearray(1 << 20))


def flood():
    held = []
    while True:
        held.append(crypto.Hasher())


def wait():
    with channels.Receiver("silence", source="nobody") as receiver:
        receiver.receive()


def recurse():
    def deeper(value):
        return [deeper([value])]

    deeper([])


ROLES = {
    each.__name__: each
    for each in (write, read, send, receive, compute, attest, allocate, loop, bomb, flood, wait, recurse)
}


def main(arguments):
    try:
        ROLES[arguments[0]](*arguments[1:])
    except errors.HalError as error:
        say("error", error.case)
        raise


Run = program.command(main)
