"""Reports of exceptions: what they name, and that none of them grows without bound."""

import sys

import pytest

from elastic_hal.guest_sdk import failures


def raised(make):
    try:
        make()
    except BaseException as error:
        return error
    raise AssertionError("it did not raise")


def test_a_chain_names_every_exception():
    def make():
        try:
            {"one": 1}.pop("first")
        except KeyError as error:
            raise RuntimeError("second") from error

    told = failures.described(raised(make))
    assert told.index("KeyError: 'first'") < told.index("RuntimeError: second")
    assert '.pop("first")' in told


def test_a_group_names_its_parts():
    def make():
        raise ExceptionGroup("two", [ValueError("one"), ModuleNotFoundError("No module named 'x'", name="_ssl")])

    told = failures.described(raised(make))
    assert "ValueError: one" in told
    assert "hint: connections are those of elastic_hal.guest_sdk.tls" in told


@pytest.mark.parametrize("text", ["x" * 1_000_000, "line\n" * 100_000, "\U0001f600" * 100_000, "\udcff" * 10])
def test_messages_are_cut(text):
    def make():
        raise ValueError(text)

    told = failures.described(raised(make))
    assert len(told.encode(errors="backslashreplace")) < 8_000
    assert told.startswith("Traceback (most recent call last):\n")
    assert "ValueError: " in told


def test_notes_are_cut():
    def make():
        error = ValueError("short")
        for _ in range(100):
            error.add_note("n" * 10_000)
        raise error

    assert len(failures.described(raised(make))) < 8_000


def test_a_deep_recursion_fits():
    def make(depth=0):
        return make(depth + 1) if depth < 400 else 1 // 0

    told = failures.described(raised(make))
    assert len(told) < 8_000
    assert told.rstrip().endswith("ZeroDivisionError: integer division or modulo by zero")


def test_a_long_chain_ends_with_the_last():
    def make():
        error = None
        for number in range(200):
            following = ValueError(f"{number} " + "y" * 500)
            following.__cause__, error = error, following
        raise error

    told = failures.described(raised(make))
    assert len(told.encode()) < 8_000
    assert "\nValueError: 199 " in told


def test_a_report_never_raises(capsys):
    class Broken(Exception):
        @property
        def __notes__(self):
            raise RuntimeError("no notes")

    failures.report(Broken("text"))
    assert "Broken" in capsys.readouterr().err


def test_what_is_thrown_away_is_told_too(monkeypatch, capsys):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    failures.install()

    class Noisy:
        def __del__(self):
            raise KeyError("in del")

    Noisy()
    told = capsys.readouterr().err
    assert "KeyError: 'in del'" in told
    assert 'raise KeyError("in del")' in told
