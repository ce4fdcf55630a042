"""`junit.xml` in the form that CI systems read: a suite for each interface, a test case for each case."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

from elastic_hal.conformance.results import CaseResult, SuiteResult, Verdict

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_report(result: SuiteResult) -> str:
    """The text of the file."""
    root = ElementTree.Element("testsuites", name=f"elastic-hal conformance: {_clean(result.adapter)}")
    by_interface: dict[str, list[CaseResult]] = {}
    for case in result.results:
        by_interface.setdefault(case.interface, []).append(case)
    for interface, cases in by_interface.items():
        verdicts = [case.verdict for case in cases]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=interface,
            timestamp=result.started,
            tests=str(len(cases)),
            failures=str(verdicts.count(Verdict.FAIL) + verdicts.count(Verdict.XPASS)),
            errors=str(verdicts.count(Verdict.ERROR)),
            skipped=str(verdicts.count(Verdict.SKIP) + verdicts.count(Verdict.XFAIL)),
            time=f"{sum(case.seconds for case in cases):.3f}",
        )
        for case in cases:
            _add_case(suite, case)
    if result.unavailable is not None:
        suite = ElementTree.SubElement(root, "testsuite", name=_clean(result.adapter), tests="1", errors="1")
        test = ElementTree.SubElement(
            suite, "testcase", name="the runtime is available", classname=_clean(result.adapter)
        )
        ElementTree.SubElement(test, "error", message=_clean(result.unavailable))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_case(suite: ElementTree.Element, case: CaseResult) -> None:
    test = ElementTree.SubElement(
        suite, "testcase", name=case.case.id, classname=case.interface, time=f"{case.seconds:.3f}"
    )
    tag = {
        Verdict.FAIL: "failure",
        Verdict.XPASS: "failure",
        Verdict.ERROR: "error",
        Verdict.SKIP: "skipped",
        Verdict.XFAIL: "skipped",
    }.get(case.verdict)
    if tag is not None:
        detail = ElementTree.SubElement(test, tag, message=_clean(case.reason))
        if tag != "skipped":
            shown = [
                f"expected: {json.dumps(case.expected)}",
                f"observed: {json.dumps(case.observed)}",
                f"run it alone: {case.command_line}",
            ]
            detail.text = _clean("\n".join(shown))


def _clean(text: str) -> str:
    """The text without what XML 1.0 can't hold."""
    return _NOT_IN_XML.sub("\ufffd", text)
