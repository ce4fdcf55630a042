"""`junit.xml` in the form that CI systems read: a suite for each interface, a test case for each case.

It keeps to what the schemas in use agree on: every suite with all its counts, its time, host and time stamp (without a
zone, in UTC), every failure with its type, names on one line, nothing at the root but the suites.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from xml.etree import ElementTree

from elastic_hal.conformance.reports.html import once_more
from elastic_hal.conformance.results import CaseResult, SuiteResult, Verdict

HOST = "localhost"
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGS = {
    Verdict.FAIL: "failure",
    Verdict.XPASS: "failure",
    Verdict.ERROR: "error",
    Verdict.SKIP: "skipped",
    Verdict.XFAIL: "skipped",
}
_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def junit_report(result: SuiteResult) -> str:
    """The text of the file."""
    root = ElementTree.Element("testsuites")
    by_interface: dict[str, list[CaseResult]] = {}
    for case in result.results:
        by_interface.setdefault(case.interface, []).append(case)
    for interface, cases in by_interface.items():
        suite = _add_suite(root, result, interface, cases)
        for case in cases:
            _add_case(suite, case, result.options)
        _end_suite(suite)
    if result.unavailable is not None:
        _add_unavailable(root, result, result.unavailable)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_suite(
    root: ElementTree.Element, result: SuiteResult, name: str, cases: Sequence[CaseResult]
) -> ElementTree.Element:
    tags = [_TAGS.get(case.verdict) for case in cases]
    counts = {"tests": len(tags), **{name: tags.count(tag) for name, tag in _COUNTED.items()}}
    return _suite(root, result, name, counts, sum(case.seconds for case in cases))


def _suite(
    root: ElementTree.Element, result: SuiteResult, name: str, counts: dict[str, int], seconds: float
) -> ElementTree.Element:
    attributes = {
        "id": str(len(root)),
        "name": _name(name),
        "package": "elastic-hal-conformance",
        "timestamp": result.started.partition("+")[0],
        "hostname": HOST,
        "time": f"{seconds:.3f}",
        **{counted: str(count) for counted, count in counts.items()},
    }
    suite = ElementTree.SubElement(root, "testsuite", attributes)
    properties = ElementTree.SubElement(suite, "properties")
    for key, value in (("runtime", result.adapter), ("version", result.version), ("platform", result.platform or "")):
        ElementTree.SubElement(properties, "property", name=key, value=_name(value))
    return suite


def _end_suite(suite: ElementTree.Element) -> None:
    for name in ("system-out", "system-err"):
        ElementTree.SubElement(suite, name)


def _add_unavailable(root: ElementTree.Element, result: SuiteResult, why: str) -> None:
    counts = {"tests": 1, "failures": 0, "errors": 1, "skipped": 0}
    suite = _suite(root, result, result.adapter, counts, result.seconds)
    test = ElementTree.SubElement(
        suite,
        "testcase",
        name="the runtime is available",
        classname=_name(result.adapter),
        time=f"{result.seconds:.3f}",
    )
    ElementTree.SubElement(test, "error", message=_clean(why), type="unavailable").text = _clean(why)
    _end_suite(suite)


def _add_case(suite: ElementTree.Element, case: CaseResult, options: Sequence[str]) -> None:
    test = ElementTree.SubElement(
        suite, "testcase", name=_name(case.case.id), classname=_name(case.interface), time=f"{case.seconds:.3f}"
    )
    tag = _TAGS.get(case.verdict)
    if tag == "skipped":
        ElementTree.SubElement(test, tag, message=_clean(case.reason))
    elif tag is not None:
        detail = ElementTree.SubElement(test, tag, message=_clean(case.reason), type=case.verdict.value)
        shown = [
            f"expected: {json.dumps(case.expected, allow_nan=False)}",
            f"observed: {json.dumps(case.observed, allow_nan=False)}",
            f"run it alone: {case.command_line}",
            f"judge it again: {once_more(case, options)}",
        ]
        detail.text = _clean("\n".join(shown))


def _name(text: str) -> str:
    """A name, which stands on one line and is not empty."""
    return " ".join(_clean(text).split()) or "-"


def _clean(text: str) -> str:
    """The text without what XML 1.0 can't hold."""
    return _NOT_IN_XML.sub("\ufffd", text)
