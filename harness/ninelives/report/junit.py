"""JUnit's XML, as GitHub, GitLab and Jenkins read it: one test case for each thing that was checked."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from junitparser import Attr, Error, Failure, IntAttr, JUnitXml, Skipped, TestCase, TestSuite

from ninelives.report.checked import Checked
from ninelives.report.secrets import printable


def junit(checked: Iterable[Checked], title: str) -> str:
    """Return a report as the text of a whole file."""
    xml = JUnitXml(_clean(title))
    for name, cases in groupby(checked, key=lambda each: each.suite):
        suite = TestSuite(_clean(name))
        for each in cases:
            suite.add_testcase(_case(each))
        xml.add_testsuite(suite)
    xml.update_statistics()  # type: ignore[no-untyped-call]
    text: bytes = xml.tostring()  # type: ignore[no-untyped-call]
    return text.decode("utf-8")


class _TestCase(TestCase):
    """Return a test case with its place, which GitLab and several readers for GitHub use."""

    file = Attr("file")
    line = IntAttr("line")


def _case(checked: Checked) -> TestCase:
    case = _TestCase(_clean(checked.name), _clean(checked.group), round(checked.seconds, 3))
    if checked.file is not None:
        case.file, case.line = checked.file, checked.line
    if checked.skipped is not None:
        case.result = [Skipped(_clean(checked.skipped))]
    elif checked.problems:
        kind = Error if checked.crashed else Failure
        result = kind(_clean(checked.problems[0]), "crash" if checked.crashed else "broken")
        result.text = _clean("\n".join(checked.problems))
        case.result = [result]
    if checked.talk:
        case.system_out = _clean(checked.talk)
    return case


def _clean(text: str) -> str:
    """Remove secrets, and replace characters that XML cannot contain: most control characters, half surrogate
    pairs and two others.
    """
    shown = printable(text).encode("utf-8", "replace").decode("utf-8")
    return shown.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
