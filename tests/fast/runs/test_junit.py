"""`kboot verify --output junit`: one XML document on stdout, whatever happens."""

import signal
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.helpers.driving.kboot import Done, Kboot, as_root
from tests.helpers.serving.apiserver import (
    ApiServer,
    as_json,
)
from tests.helpers.waiting import until

LIVE = "api,version,nodes,system,serviceaccount"
VERIFY = ("verify", "--context", "prod", "--gates", LIVE)
JUNIT = ("--output", "junit")


def parsed(done: Done) -> ElementTree.Element:
    """The one document on stdout. Its counts must be those of what is in it."""
    suite = ElementTree.fromstring(done.out)
    assert suite.tag == "testsuite"
    assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
    for count, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.attrib[count]) == len(suite.findall(f"testcase/{kind}"))
    seconds = sum(float(case.get("time", "0")) for case in suite.findall("testcase"))
    assert float(suite.attrib["time"]) == pytest.approx(seconds, abs=0.01)
    return suite


def kinds(suite: ElementTree.Element) -> dict[str, str]:
    """Test case → what stands in it; empty: passed."""
    return {
        case.attrib["name"]: "".join(child.tag for child in case)
        for case in suite.findall("testcase")
    }


def counts(suite: ElementTree.Element) -> tuple[int, ...]:
    return tuple(int(suite.attrib[each]) for each in ("tests", "failures", "errors", "skipped"))


def test_gates_that_pass_are_cases_without_more(mine: Kboot) -> None:
    done = mine.run(*VERIFY, *JUNIT)
    assert done.code == 0
    suite = parsed(done)
    assert suite.attrib["name"] == "kboot verify prod"
    assert kinds(suite) == dict.fromkeys(LIVE.split(","), "")
    assert counts(suite) == (5, 0, 0, 0)


@as_root
def test_of_a_profiles_cluster_it_is_the_same(running: Kboot) -> None:
    done = running.run("verify", "p.toml", "--gates", "nodes", *JUNIT)
    assert done.code == 0
    suite = parsed(done)
    assert (suite.attrib["name"], list(kinds(suite))) == ("kboot verify old", ["api", "nodes"])


def test_failed_is_a_failure_unknown_an_error_and_the_rest_is_skipped(
    mine: Kboot, server: ApiServer
) -> None:
    server.documents["/api/v1/nodes"] = as_json({"items": []})
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    server.documents[account] = as_json({"kind": "Status", "message": "dev cannot look"}, 403)
    done = mine.run(*VERIFY, "--timeout", "1s", *JUNIT)
    assert done.code == mine.run(*VERIFY, "--timeout", "1s").code == 73
    suite = parsed(done)
    assert counts(suite) == (5, 1, 1, 1)
    assert kinds(suite)["nodes"] == "failure"
    assert kinds(suite)["system"] == "skipped"
    assert kinds(suite)["serviceaccount"] == "error"
    failure = suite.find("testcase/failure")
    assert failure is not None and failure.text is not None
    assert (failure.attrib["message"], failure.attrib["type"]) == ("no node", "node-missing")
    assert "fix: kubectl --context prod get nodes" in failure.text


BEFORE = {
    "usage": (2, ("verify", "--context", "prod", "default"), "usage"),
    "no such flag": (2, ("verify", "--nonsense"), "usage"),
    "no such context": (2, ("verify", "--context", "staging"), "usage"),
    "no profile": (10, ("verify", "./nowhere.toml"), "profile-invalid"),
    "no cluster": (73, ("verify", "default"), "cluster-not-ready"),
}


@pytest.mark.parametrize(("code", "words", "kind"), BEFORE.values(), ids=BEFORE)
def test_what_fails_before_the_gates_is_the_one_case_of_a_document_too(
    code: int, words: tuple[str, ...], kind: str, mine: Kboot
) -> None:
    done = mine.run(*words, *JUNIT)
    assert done.code == code
    suite = parsed(done)
    assert (kinds(suite), counts(suite)) == ({"verify": "error"}, (1, 0, 1, 0))
    error = suite.find("testcase/error")
    assert error is not None and error.attrib["type"] == kind and error.attrib["message"]
    assert error.attrib["message"] in " ".join(done.err.split())


def test_a_run_that_is_stopped_tells_the_gates_that_it_passed(
    mine: Kboot, server: ApiServer
) -> None:
    server.documents["/api/v1/nodes"] = as_json({"items": []})
    with mine.start(*VERIFY, *JUNIT) as process:
        until(lambda: "/api/v1/nodes" in server.requests)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    suite = parsed(Done(130, out, err))
    assert kinds(suite) == {"api": "", "version": "", "verify": "error"}


def test_words_that_are_no_xml_and_no_ascii_make_a_document_all_the_same(
    mine: Kboot, server: ApiServer
) -> None:
    said = 'bell \x07 escape \x1b[31m <tag attr="x"> & Größe \ufffe \U0001f600 ]]>'
    server.documents["/api/v1/nodes"] = as_json({"kind": "Status", "message": said}, 403)
    for locale in ("C", "C.UTF-8"):
        mine.env.update(LC_ALL=locale, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
        done = mine.run(*VERIFY, *JUNIT)
        assert done.code == 73 and done.out.isascii()
        told = parsed(done).find("testcase[@name='nodes']/error")
        assert told is not None and told.text is not None
        wanted = 'bell escape [31m <tag attr="x"> & Größe 😀 ]]>'
        assert told.text.splitlines()[0] == wanted


def test_a_name_that_is_no_text_makes_a_document_all_the_same(mine: Kboot) -> None:
    done = mine.run("verify", "--context", "pr\udce4d\x1b\x07", *JUNIT)
    assert done.code == 2
    assert parsed(done).attrib["name"] == r"kboot verify pr\udce4d\x1b\x07"


def test_only_verify_has_it(mine: Kboot, tmp_path: Path) -> None:
    for command in ("up", "plan", "doctor", "down", "env"):
        done = mine.run(command, *JUNIT)
        assert (done.code, done.out) == (2, "")
