"""Checks that run inside a guest: TLS and attested TLS. Each prints what is wrong, as JSON.

The arguments are the name of a check and what the host has for it, as JSON: the port of a server that sends back what
it gets, the port of one that says nothing, its root, a PKCS#12 file.
"""

import asyncio
import base64
import contextlib
import json
import traceback

from elastic_hal.guest_sdk import attested_tls, clock, crypto, errors, eventloop, program, tls

HERE = "127.0.0.1"


def fails_with(error, function, *arguments, **options):
    try:
        result = function(*arguments, **options)
    except error as failure:
        return failure
    raise AssertionError(f"it gave {result}, and {error.__name__} was expected")


def new_keys(name="here"):
    with crypto.SigningKey.generate(crypto.SignatureAlgorithm.ECDSA_P256_SHA_256) as key:
        spki = key.public_key().to_spki()
        return tls.self_signed(key, name), tls.PublicKeys([crypto.hash(spki)])


def server(has, **options):
    root = tls.certificates_from_pem(has["root"])
    return tls.connect(HERE, has["echo"], trust=tls.Roots(root), server_name="echo.test", timeout=300, **options)


def check_a_server_elsewhere(has):
    with server(has, protocols=["other/1", "echo/1"]) as connection:
        info = connection.info
        assert (info.version, info.protocol, info.server_name) == (tls.TlsVersion.TLS13, "echo/1", "echo.test")
        assert info.cipher_suite.startswith("TLS_")
        assert (info.peer_address.host, info.peer_address.port) == (HERE, has["echo"])
        assert len(info.peer_certificates) >= 1
        connection.send(b"hello")
        assert connection.receive_exactly(5, timeout=300) == b"hello"
        connection.send(b"and " * 100_000)
        connection.close_output()
        assert b"".join(connection) == b"and " * 100_000
        fails_with(errors.InvalidState, connection.send, b"more")


def check_both_ends_derive_the_same(has):
    with server(has, protocols=["export/1"]) as connection:
        exported = connection.receive_exactly(48, timeout=300)
        assert connection.export_keying_material("EXPORTER-test", b"context", 48) == exported
        assert connection.export_keying_material("EXPORTER-test", b"another", 48) != exported


def check_the_server_must_be_the_expected_one(has):
    root = tls.Roots(tls.certificates_from_pem(has["root"]))
    _, stranger = new_keys()
    for trust, name in ((root, "other.test"), (stranger, "echo.test"), (root, None)):
        fails_with(
            errors.VerificationFailed, tls.connect, HERE, has["echo"], trust=trust, server_name=name, timeout=300
        )
    with tls.connect(HERE, has["echo"], trust=tls.PublicKeys([bytes.fromhex(has["key"])]), timeout=300):
        pass
    with tls.connect(HERE, has["echo"], trust=tls.Anyone(), timeout=300):
        pass


def check_a_key_of_a_file(has):
    with tls.load_pkcs12(base64.b64decode(has["pkcs12"]), "secret") as keys:
        assert len(keys.certificates()) == 2
        with server(has, keys=keys, protocols=["who/1"]) as connection:
            assert connection.receive_exactly(5, timeout=300) == b"guest"
    fails_with(errors.VerificationFailed, tls.load_pkcs12, base64.b64decode(has["pkcs12"]), "wrong")


def check_addresses_are_granted(has):
    fails_with(errors.AccessDenied, tls.connect, "192.0.2.1", 443)
    fails_with(errors.AccessDenied, tls.connect, "localhost", has["echo"])
    fails_with(errors.AccessDenied, tls.listen, "127.0.0.2", 0, keys=new_keys()[0])


def check_time_limits(has):
    with clock.Stopwatch() as watch:
        fails_with(errors.TimedOut, tls.connect, HERE, has["silent"], trust=tls.Anyone(), timeout=0.1)
        with server(has) as connection:
            fails_with(errors.TimedOut, connection.receive, timeout=0.1)
            connection.send(b"abc")
            fails_with(errors.TimedOut, connection.receive_exactly, 4, timeout=0.5)
            connection.send(b"def")
            assert connection.receive_exactly(4, timeout=300) == b"abcd", "what came before is not lost"
            assert connection.receive_exactly(2, timeout=300) == b"ef"
        with tls.listen(HERE, 0, keys=new_keys()[0]) as listener:
            fails_with(errors.TimedOut, listener.accept, timeout=0.1)
        assert watch.elapsed >= 0.8
    fails_with(errors.TimedOut, attested_tls.connect, HERE, has["silent"], policy="ourselves", timeout=0.1)


def check_an_end_in_the_middle(has):
    with server(has) as connection:
        connection.send(b"abc")
        connection.close_output()
        fails_with(errors.ConnectionClosed, connection.receive_exactly, 4, timeout=300)
        assert connection.receive(2) == b"ab", "what came before is not lost"
        assert connection.try_receive() == b"c"
        fails_with(errors.ConnectionClosed, connection.receive)
    with server(has, protocols=["breaks/1"]) as connection:
        assert connection.receive_exactly(4, timeout=300) == b"some"
        fails_with(errors.Peer, connection.receive, timeout=300)


def check_nobody_listens_there(has):
    with tls.listen(HERE, 0, keys=new_keys()[0]) as listener:
        port = listener.address.port
    fails_with(errors.ConnectionClosed, tls.connect, HERE, port, trust=tls.Anyone(), timeout=300)


def check_a_blocking_listener(has):
    failures = []
    with (
        tls.listen(HERE, 0, keys=new_keys()[0], on_failure=failures.append) as listener,
        server(has, protocols=["dial/1"]) as elsewhere,
    ):
        elsewhere.send(listener.address.port.to_bytes(2, "big"))
        for number in range(3):
            with listener.accept(timeout=300) as accepted:
                greeting = accepted.receive_exactly(8, timeout=300)
                assert greeting == f"number {number}".encode()
                accepted.send(greeting)
                assert accepted.info.peer_certificates == []
        fails_with(errors.TimedOut, listener.accept, timeout=0.1)
    kinds = [type(failure) for failure in failures]
    assert kinds in ([errors.Peer], [errors.Peer, errors.ConnectionClosed]), failures


def check_both_ends_at_once(_has):
    keys, trust = new_keys("server")
    own, own_trust = new_keys("client")
    data = bytes(range(256)) * 12_000

    async def client(address):
        with await tls.aconnect(address.host, address.port, trust=trust, keys=own) as connection:
            async with asyncio.TaskGroup() as group:
                group.create_task(send(connection))
                received = group.create_task(everything(connection))
            return received.result()

    async def send(connection):
        await connection.asend(data)
        connection.close_output()

    async def everything(connection):
        return b"".join([piece async for piece in connection])

    async def main():
        with tls.listen(HERE, 0, keys=keys, client_trust=own_trust) as listener:
            talking = asyncio.create_task(client(listener.address))
            with await listener.aaccept() as accepted:
                assert accepted.info.peer_certificates == own.certificates()
                async for piece in accepted:
                    await accepted.asend(piece)
                accepted.close_output()
                return await talking

    assert eventloop.run(main()) == data


def check_bad_clients_hold_nobody_up(_has):
    keys, trust = new_keys()
    failures = []

    async def main():
        with tls.listen(HERE, 0, keys=keys, protocols=["a/1"], on_failure=failures.append) as listener:
            address = listener.address
            for _ in range(3):
                with contextlib.suppress(errors.HalError):
                    attempt = asyncio.create_task(
                        tls.aconnect(address.host, address.port, trust=trust, protocols=["other/1"])
                    )
                    good = asyncio.create_task(tls.aconnect(address.host, address.port, trust=trust, protocols=["a/1"]))
                    with await listener.aaccept() as accepted, await good:
                        assert accepted.info.protocol == "a/1"
                    (await attempt).close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    raise AssertionError(await listener.aaccept())

    eventloop.run(main())
    assert [type(failure) for failure in failures] == [errors.Peer] * 3, failures


def check_clients_that_were_ready_are_given_up_too(_has):
    keys, trust = new_keys()

    async def main():
        listener = tls.listen(HERE, 0, keys=keys)
        address = listener.address
        clients = [asyncio.create_task(tls.aconnect(address.host, address.port, trust=trust)) for _ in range(2)]
        while len(listener._under_way) < 2 or not all(task.done() for task in listener._under_way):
            await listener._next_event()
        listener.close()
        for client in clients:
            with await client as connection:
                try:
                    async with asyncio.timeout(20):
                        raise AssertionError(await connection.areceive())
                except errors.ConnectionClosed:
                    pass

    eventloop.run(main())


def check_cancelled_waits_leave_nothing_behind(has):
    async def main():
        with tls.listen(HERE, 0, keys=new_keys()[0]) as listener:
            for _ in range(50):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.001):
                        await listener.aaccept()
        for _ in range(50):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.001):
                    await tls.aconnect(HERE, has["silent"], trust=tls.Anyone())

    eventloop.run(main())


def check_attested_both_ends(_has):
    async def main():
        with attested_tls.listen(HERE, 0, policy="ourselves") as listener:
            talking = asyncio.create_task(attested_tls.aconnect(HERE, listener.address.port, policy="ourselves"))
            with await listener.aaccept() as server, await talking as client:
                assert server.peer_workload == client.peer_workload
                assert len(server.peer_workload) == 32
                assert server.peer.public_key != client.peer.public_key
                assert [measured.name for measured in client.peer.measurements] == ["platform", "runtime", "workload"]
                assert client.info.protocol == "elastic-hal-attested-tls/1"
                await client.asend(b"a question")
                assert await server.areceive_exactly(10) == b"a question"
                server.send(b"an answer")
                assert client.receive_exactly(9) == b"an answer"

    eventloop.run(main())


def check_attested_what_the_policy_refuses(_has):
    failures = []

    async def main(servers, clients):
        with attested_tls.listen(HERE, 0, policy=servers, on_failure=failures.append) as listener:
            accepting = asyncio.create_task(listener.aaccept())
            try:
                await attested_tls.aconnect(HERE, listener.address.port, policy=clients)
            except errors.HalError as error:
                while not failures:
                    await asyncio.sleep(0.01)
                accepting.cancel()
                return type(error), type(failures.pop())
            raise AssertionError("they accept each other")

    assert eventloop.run(main("strangers", "ourselves")) == (errors.Peer, errors.VerificationFailed)
    assert eventloop.run(main("ourselves", "strangers")) == (errors.VerificationFailed, errors.Peer)


def check_attested_grants(_has):
    fails_with(errors.AccessDenied, attested_tls.connect, "192.0.2.1", 443, policy="ourselves")

    async def main():
        with attested_tls.listen(HERE, 0, policy="not granted") as listener:
            talking = asyncio.create_task(attested_tls.aconnect(HERE, listener.address.port, policy="ourselves"))
            try:
                await listener.aaccept()
            finally:
                fails = await asyncio.gather(talking, return_exceptions=True)
                assert isinstance(fails[0], errors.HalError), fails

    fails_with(errors.AccessDenied, eventloop.run, main())


def check_attested_needs_the_protocol(has):
    fails_with(errors.Peer, attested_tls.connect, HERE, has["echo"], policy="ourselves", timeout=300)


def main(arguments):
    name, has = arguments
    try:
        globals()[f"check_{name}"](json.loads(has))
    except BaseException:
        print(json.dumps({"check": name, "problem": traceback.format_exc()}), flush=True)
    else:
        print(json.dumps({"check": name, "problem": None}), flush=True)


Run = program.command(main)
