"""Reports of traps in words."""

from elastic_hal.runtime.outcome import describe_trap, python_exception, python_failure, ran_out_of_memory

REPORT = """error while executing at wasm backtrace:
    0:     0x1f - <unknown>!inner
    1:     0x33 - guest.wasm!outer

Caused by:
    wasm trap: wasm `unreachable` instruction executed"""
TRACEBACK = """Traceback (most recent call last):
  File "/0/app.py", line 1, in first
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/0/app.py", line 13, in run
ValueError: bad thing

thread '<unnamed>' (1) panicked at lib.rs:1293:29:
"""


def test_the_cause_comes_first_and_then_the_functions() -> None:
    text = describe_trap(REPORT, "last words")
    assert text == "wasm trap: wasm `unreachable` instruction executed\n  in inner ← outer"
    assert "more memory" in describe_trap(REPORT)


def test_a_python_guest_is_told_by_its_last_exception() -> None:
    assert python_exception(TRACEBACK) == "ValueError: bad thing"
    assert describe_trap(REPORT, TRACEBACK) == "ValueError: bad thing (/0/app.py:13, in run)"
    assert python_exception("no traceback") == ""
    assert python_exception("Traceback (most recent call last):\nobject address  : 0x1\nMemoryError") == "MemoryError"
    assert python_exception("Traceback (most recent call last):\n") == ""


def test_memory_is_told_by_last_words_only() -> None:
    assert ran_out_of_memory("", "MemoryError\n" + "noise\n" * 10)
    assert not ran_out_of_memory("", "MemoryError\n" + "noise\n" * 30)
    assert not ran_out_of_memory(REPORT, TRACEBACK)
    assert describe_trap("") == "unknown cause"


def test_the_place_is_the_programs_own() -> None:
    inside = """Traceback (most recent call last):
  File "src/app.py", line 7, in main
    work()
  File "/python/json/decoder.py", line 345, in decode
app.main.<locals>.Odd: first line
second line
"""
    assert python_failure(inside) == "app.main.<locals>.Odd: first line (src/app.py:7, in main)"
    assert python_failure(inside.replace("src/", "/0/")).endswith("(/python/json/decoder.py:345, in decode)")
    assert python_failure("Traceback (most recent call last):\nTimeoutError\n") == "TimeoutError"


def test_a_group_is_told_by_itself_not_by_its_parts() -> None:
    group = """  + Exception Group Traceback (most recent call last):
  |   File "src/app.py", line 55, in main
  |     async with asyncio.TaskGroup() as tasks:
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "src/app.py", line 53, in fail
    | ValueError: task 1
    +------------------------------------
"""
    assert python_failure(group) == (
        "ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception) (src/app.py:55, in main)"
    )
