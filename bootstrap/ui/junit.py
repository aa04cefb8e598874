"""The gates as a JUnit file, which CI services draw as a table."""

import re
from xml.etree import ElementTree

from bootstrap.core.model.gate import GateResult, GateStatus
from bootstrap.core.result.report import Report
from bootstrap.core.values.masking import mask

_NO_XML = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to say: escapes of a program's, bytes that are no text."""


def junit(report: Report) -> str:
    """One test case per gate, in ASCII. What could not be told is an error, as is what failed
    before or between the gates, which gets a case of its own."""
    about = report.context or (report.profile.name if report.profile else "")
    command = report.command or "verify"  # of a line that was not understood
    suite = ElementTree.Element("testsuite", name=_text(f"kboot {command} {about}").strip())
    for result in report.gates:
        _gate(suite, result)
    if report.error is not None:
        error = report.error
        case = ElementTree.SubElement(suite, "testcase", classname="kboot", name=command)
        words = (error.why, *error.items, error.state, error.next and f"next: {error.next}")
        _tell(case, "error", error.what, error.code.id, words)
    for name, path in _COUNTED.items():
        suite.set(name, str(len(suite.findall(path))))
    suite.set("time", f"{sum(result.seconds for result in report.gates):.3f}")
    if report.left_behind:
        ElementTree.SubElement(suite, "system-err").text = _text(report.left_behind)
    ElementTree.indent(suite)
    document: bytes = ElementTree.tostring(suite, encoding="us-ascii", xml_declaration=True)
    return document.decode("ascii")


def _gate(suite: ElementTree.Element, result: GateResult) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname="kboot.gates", name=result.gate)
    case.set("time", f"{result.seconds:.3f}")
    if result.passed:
        return
    words = (result.why, result.fix and f"fix: {result.fix}")
    _tell(case, _KINDS[result.status], result.message, result.reason, words)


def _tell(
    case: ElementTree.Element, kind: str, message: str, reason: str, words: tuple[str, ...]
) -> None:
    told = ElementTree.SubElement(case, kind, message=_text(message))
    if reason:
        told.set("type", reason)
    told.text = _text("\n".join(filter(None, words)))


def _text(text: str) -> str:
    return _NO_XML.sub(lambda found: ascii(found[0])[1:-1], mask(text))


_KINDS = {
    GateStatus.FAILED: "failure",
    GateStatus.UNKNOWN: "error",
    GateStatus.SKIPPED: "skipped",
    GateStatus.NOT_APPLICABLE: "skipped",
}
_COUNTED = {
    "tests": "testcase",
    "failures": "testcase/failure",
    "errors": "testcase/error",
    "skipped": "testcase/skipped",
}
