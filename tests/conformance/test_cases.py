from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.suite.cases import CallStep, CheckStep, DropStep
from elastic_hal.conformance.boundary import boundary_cases
from elastic_hal.conformance.cases import CaseFile, load_case_file
from elastic_hal.conformance.coverage import coverage_problems
from elastic_hal.conformance.document import CaseFileError, parse_document
from elastic_hal.conformance.suite import load_guests

HEAD = "interface: elastic:hal/crypto@0.2.0\n"
KEY = """\
      - call: key.generate
        args: {algorithm: {mac: hmac-sha-256}, usage: [sign, verify], exportable: true}
        bind: key
"""


HASH = "      - call: hash\n        args: "
LIST = "      - call: supported-algorithms\n        expect: "


def load(text: str, contract: model.Resolve, tmp_path: Path) -> CaseFile:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return load_case_file(path, contract, "file.yaml")


def one_case(steps: str) -> str:
    return f"{HEAD}cases:\n  - id: one\n    title: One\n    steps:\n{steps}"


def only_call(text: str, contract: model.Resolve, tmp_path: Path) -> CallStep:
    step = load(text, contract, tmp_path).cases[0].steps[-1]
    assert isinstance(step, CallStep)
    return step


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"hex:00 ff"', b"\x00\xff"),
        ('"hex:"', b""),
        ('"text:é:x"', "é:x".encode()),
        ('"base64:AAE="', b"\x00\x01"),
        ("[1, 0xff]", b"\x01\xff"),
        ('{repeat: "hex:0b", count: 20}', ("repeat", b"\x0b", 20)),
        ('{concat: ["text:a", [98]]}', ("concat", [b"a", b"b"])),
        ('{append: "text:a", bytes: "text:b"}', ("concat", [b"a", b"b"])),
        ('{truncate: "text:ab", by: 1}', ("truncate", b"ab", 1)),
        ('{slice: "text:abc", to: -1}', ("slice", b"abc", None, -1)),
        ('{flip-bit: {zero: "text:ab"}, at: -1}', ("flip-bit", ("zero", b"ab"), -1)),
    ],
)
def test_bytes(written: str, meant: object, contract: model.Resolve, tmp_path: Path) -> None:
    text = one_case(f"      - call: hash\n        args: {{algorithm: sha-256, data: {written}}}\n")
    assert only_call(text, contract, tmp_path).arguments == ("sha-256", meant)


def test_a_whole_case(contract: model.Resolve, tmp_path: Path) -> None:
    text = one_case(
        KEY
        + """
      - call: key.usage
        args: {self: $key}
        expect: {ok: {$contains: sign}}
        bind: usage
      - call: compute-mac
        args: {key: $key, data: "text:a"}
        repeat: 3
        bind: tags
      - check: $tags
        is: {$each: {$length: 32}}
      - call: verify-mac
        args: {key: $key, data: "text:a", tag: {flip-bit: $tags.0, at: 0}}
        expect: {err: verification-failed}
      - drop: $key
"""
    )
    case = load(text, contract, tmp_path).cases[0]
    assert case.positive == ("key.usage",)
    assert case.negative == ("verify-mac",)
    assert case.catalogue == ("CRY-1", "CRY-10")
    assert case.needs == case.catalogue
    assert case.place == "file.yaml:3"
    generate, usage, macs, check, verify, drop = case.steps
    assert isinstance(generate, CallStep)
    assert generate.arguments == ({"mac": "hmac-sha-256"}, ["sign", "verify"], True)
    assert isinstance(usage, CallStep)
    assert usage.expect == ("ok", ("contains", "sign"))
    assert isinstance(macs, CallStep)
    assert macs.repeat == 3
    assert check == CheckStep(("ref", "tags"), ("each", ("length", 32, 32)), check.line)
    assert isinstance(verify, CallStep)
    assert verify.arguments[2] == ("flip-bit", ("ref", "tags", "0"), 0)
    assert verify.expect == ("err", [{"verification-failed": ("any",)}])
    assert isinstance(drop, DropStep)


def test_a_table_gives_a_case_for_each_row(contract: model.Resolve, tmp_path: Path) -> None:
    text = f"""{HEAD}cases:
  - id: hash-{{name}}
    title: "{{name}} of nothing"
    needs: ["CRY-6/{{name}}"]
    each:
      - {{name: sha-256, digest: "hex:e3b0"}}
      - {{name: blake3, digest: "hex:af13"}}
    steps:
      - call: hash
        args: {{algorithm: "@name", data: "hex:"}}
        expect: {{ok: {{$starts-with: "@digest"}}}}
"""
    first, second = load(text, contract, tmp_path).cases
    assert (first.id, first.title, first.needs) == ("hash-sha-256", "sha-256 of nothing", ("CRY-6/sha-256",))
    assert isinstance(second.steps[0], CallStep)
    assert second.steps[0].arguments == ("blake3", b"")
    assert second.steps[0].expect == ("ok", ("starts-with", b"\xaf\x13"))


@pytest.mark.parametrize(
    ("steps", "line", "message"),
    [
        ("      - call: hsh\n", 6, "has no function 'hsh' (did you mean 'hash'?)"),
        (HASH + "{algorithm: sha-256}\n", 6, "lacks the argument 'data'"),
        (
            "      - call: hash\n        args: {algoritm: sha-256}\n",
            7,
            "no parameter 'algoritm' (did you mean 'algorithm'?)",
        ),
        (
            "      - call: hash\n        args: {algorithm: sha256, data: []}\n",
            7,
            "no case 'sha256' (did you mean 'sha-256'?)",
        ),
        (HASH + "{algorithm: sha-256, data: abc}\n", 7, "'abc' is not a list<u8>"),
        (HASH + '{algorithm: sha-256, data: "hex:0"}\n', 7, "hex digits are not valid"),
        (HASH + "{algorithm: sha-256, data: [256]}\n", 7, "256 is outside u8"),
        (HASH + "{algorithm: sha-256, data: $x}\n", 7, "nothing is bound as $x"),
        (HASH + "{algorithm: [], data: []}\n", 7, "a list is not a hash-algorithm"),
        (
            "      - call: hash\n        args: {algorithm: sha-256, data: []}\n        expect: {err: nope}\n",
            8,
            "no case 'nope'",
        ),
        (LIST + "err\n", 7, "returns no error"),
        (
            "      - call: supported-algorithms\n        expect: {ok: {hsh: []}}\n",
            7,
            "no field 'hsh' (did you mean 'hash'?)",
        ),
        (
            "      - call: supported-algorithms\n        expect: {ok: {$lenth: 3}}\n",
            7,
            "no matcher $lenth (did you mean '$length'?)",
        ),
        (
            "      - call: supported-algorithms\n        expect: {ok: {$length: 3}}\n",
            7,
            "$length does not apply to a algorithms",
        ),
        (LIST + "sure\n", 7, "'sure' is no expectation"),
        ("      - call: other/hash\n", 6, "uses no interface 'other'"),
        ("      - drop: key\n", 6, "a bound name such as $key"),
        ("      - call: hash\n        check: $x\n", 6, "exactly one of call, drop and check"),
        ("      - cal: hash\n", 6, "no key 'cal' (did you mean 'call'?)"),
        (KEY + "      - call: sign\n        args: {key: $key.x, message: []}\n", 10, "a key has no part 'x'"),
        (
            KEY + "      - call: hash\n        args: {algorithm: $key, data: []}\n",
            10,
            "$key is a key, but a hash-algorithm",
        ),
        (KEY + '      - check: $key\n        is: {$matches: "("}\n', 10, "does not apply to a key"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    steps: str, line: int, message: str, contract: model.Resolve, tmp_path: Path
) -> None:
    with pytest.raises(CaseFileError) as caught:
        load(one_case(steps), contract, tmp_path)
    (problem,) = caught.value.problems
    assert str(problem).startswith(f"file.yaml:{line}: ")
    assert message in str(problem)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "file.yaml:1: the file is empty"),
        ("a: [", "is not valid YAML"),
        ("- 1\n", "a case file must be a mapping"),
        ("interface: x\n", "lacks the key 'cases'"),
        (
            "interface: elastic:hal/cripto@0.2.0\ncases: []\n",
            "'elastic:hal/cripto@0.2.0' (did you mean",
        ),
        (f"{HEAD}cases: []\ncases: []\n", "file.yaml:3: the key 'cases' is given twice"),
        (f"{HEAD}cases: 3\n", "file.yaml:2: cases must be a list"),
        (f"{HEAD}caes: []\ncases: []\n", "no key 'caes' (did you mean 'cases'?)"),
        (f"{HEAD}cannot-fail: {{hsh: no}}\ncases: []\n", "no function 'hsh'"),
        (f"{HEAD}boundary: {{exclude: {{hash.dat: no}}}}\ncases: []\n", "no parameter 'hash.dat'"),
        (f"{HEAD}cases:\n  - {{id: A, title: t, steps: []}}\n", "'A' is not kebab case"),
        (f"{HEAD}cases:\n  - {{id: a, title: t, steps: []}}\n", "there are no steps"),
        (f"{HEAD}cases:\n  - {{id: a, title: t, given: [x], steps: []}}\n", "there is no fixture 'x'"),
    ],
)
def test_a_wrong_file_is_refused(text: str, message: str, contract: model.Resolve, tmp_path: Path) -> None:
    with pytest.raises(CaseFileError) as caught:
        load(text, contract, tmp_path)
    assert message in str(caught.value)


def test_every_wrong_case_is_reported_at_once(contract: model.Resolve, tmp_path: Path) -> None:
    text = f"{HEAD}cases:\n" + "".join(
        f"  - {{id: c{index}, title: t, steps: [{{call: nothing-{index}}}]}}\n" for index in range(3)
    )
    with pytest.raises(CaseFileError) as caught:
        load(text, contract, tmp_path)
    assert [problem.line for problem in caught.value.problems] == [3, 4, 5]


def test_an_id_is_used_once(contract: model.Resolve, tmp_path: Path) -> None:
    case = "  - {id: a, title: t, steps: [{call: supported-algorithms}]}\n"
    with pytest.raises(CaseFileError, match="the id 'a' is used twice"):
        load(f"{HEAD}cases:\n{case}{case}", contract, tmp_path)


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(CaseFileError, match="too many values"):
        parse_document("\n".join(lines), "bomb.yaml")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(CaseFileError):
        parse_document(text, "file.yaml")


def test_gaps_in_the_coverage_are_named(contract: model.Resolve, tmp_path: Path) -> None:
    text = """interface: elastic:hal/timezone@0.2.0
cases:
  - id: zone
    title: Zone
    steps: [{call: zone-id, expect: ok}]
"""
    problems = [problem.message for problem in coverage_problems(load(text, contract, tmp_path))]
    assert problems == [
        "zone-id has no negative case",
        "display has no positive case",
        "display has no negative case",
        "utc-offset has no positive case",
        "utc-offset has no negative case",
    ]


def test_a_wasi_function_needs_a_catalogue_id(contract: model.Resolve, tmp_path: Path) -> None:
    text = "interface: wasi:clocks/wall-clock@0.2.9\ncases: []\n"
    messages = [problem.message for problem in coverage_problems(load(text, contract, tmp_path))]
    assert "now has no catalogue id" in messages


def test_a_superfluous_excuse_is_named(contract: model.Resolve, tmp_path: Path) -> None:
    text = (
        HEAD
        + "cannot-fail: {hash: never}\n"
        + one_case(
            "      - call: hash\n        args: {algorithm: sha-256, data: []}\n        expect: err\n"
        ).removeprefix(HEAD)
    )
    messages = [problem.message for problem in coverage_problems(load(text, contract, tmp_path))]
    assert "hash is in `cannot-fail` but has a negative case" in messages


def test_the_shipped_cases_load_and_cover_the_contract(contract: model.Resolve) -> None:
    guests = load_guests(contract)
    interfaces = {guest.interface.id for guest in guests}
    with_functions = {interface.id for interface in contract.main.interfaces.values() if interface.functions}
    assert with_functions <= interfaces
    assert all(case.catalogue for guest in guests for case in guest.cases)
    for guest in guests:
        identifiers = [case.id for case in guest.cases]
        assert len(set(identifiers)) == len(identifiers)


def test_boundary_cases_vary_one_argument_and_end_with_the_call_that_works(
    contract: model.Resolve, tmp_path: Path
) -> None:
    text = one_case(HASH + '{algorithm: sha-256, data: "text:abc"}\n        expect: ok\n')
    cases = {case.id: case for case in boundary_cases(load(text, contract, tmp_path))}
    assert set(cases) == {"boundary-hash-algorithm", "boundary-hash-data"}
    calls = [step for step in cases["boundary-hash-data"].steps if isinstance(step, CallStep)]
    assert [call.arguments[1] for call in calls] == [
        b"",
        b"\x00",
        ("repeat", b"\x00", 1_048_576),
        ("repeat", b"\xff", 1_048_577),
        b"abc",
    ]
    assert {call.expect for call in calls} == {("typed",)}
    algorithms = [step.arguments[0] for step in cases["boundary-hash-algorithm"].steps if isinstance(step, CallStep)]
    assert algorithms[:-1] == [
        "sha-256", "sha-384", "sha-512", "sha3-256", "sha3-384", "sha3-512", "blake2b-512", "blake3",
    ]  # fmt: skip


def test_the_life_of_a_resource(contract: model.Resolve, tmp_path: Path) -> None:
    text = one_case(
        KEY
        + """
      - call: mac-context.start
        args: {key: $key}
        bind: context
      - call: mac-context.finish
        args: {self: $context}
"""
    )
    cases = {case.id: case for case in boundary_cases(load(text, contract, tmp_path))}
    orphan = cases["life-mac-context-by-mac-context-start-without-parent"]
    shown = [step.function if isinstance(step, CallStep) else "drop" for step in orphan.steps]
    assert shown == ["key.generate", "mac-context.start", "drop", "mac-context.finish", "drop"]
