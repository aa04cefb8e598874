"""A kubeconfig is read as real kubectls read it, by what they said of each of these texts."""

import base64
import json
import time
from functools import cache
from typing import Any

import pytest
import yaml

from bootstrap.kubeconfig import document
from bootstrap.kubeconfig.document import DEPTH, VALUES, InPython, Twice, parse
from bootstrap.kubeconfig.private import SIZE_LIMIT
from tests.helpers.places import TRANSCRIPTS

KINDS = ("clusters", "users", "contexts")
SAID: dict[str, dict[str, Any]] = {
    version: json.loads(
        (TRANSCRIPTS.parent / "kubeconfigs" / f"kubectl-v{version}.json").read_text()
    )
    for version in ("1.20.0", "1.37.1")
}
CASES = SAID["1.37.1"]
STRICTER = {
    *("empty", "comment", "dash", "null", "tilde"),  # nothing in it: whoever asks looks before
    *("!!timestamp ok", "!!binary", "!!binary nonutf", "!!set", "!!omap", "!local", "!local map"),
    *("!!python", "!!map list", "!!seq map", "!!str list", "cadata binary", "cadata list"),
    *("name <<", "merge dup", "merge seq", "redefined anchor", "%YAML 1.1", "%TAG"),
    *("two docs", "two docs first empty", "doc end then", "second rubbish", "indent bad"),
}
"""What a kubectl reads and kboot does not: nobody writes it, and no reader agrees on it."""
STRICTER_STILL = {"python": {"tab after", "tab flow", "tab end"}, "libyaml": {"BOM mid"}}


@pytest.fixture(params=[document._Loader, InPython], ids=["libyaml", "python"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(document, "_Loader", request.param)
    return "python" if request.param is InPython else "libyaml"


def content(case: str) -> bytes:
    record = CASES[case]
    return base64.b64decode(record["in"]) if "in" in record else str(record["text"]).encode()


REFUSED = [case for case in CASES if any(said[case]["rc"] for said in SAID.values())]


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_kubectl_refuses_is_refused(case: str, loader: str) -> None:
    with pytest.raises(ValueError):
        parse(content(case))


@pytest.mark.parametrize("case", [case for case in CASES if case not in REFUSED])
def test_what_kubectls_read_is_read_alike_or_not_at_all(case: str, loader: str) -> None:
    if case in STRICTER | STRICTER_STILL[loader]:
        with pytest.raises(ValueError):
            parse(content(case))
        return
    ours, theirs = parse(content(case)), json.loads(CASES[case]["out"])
    assert (ours.get("current-context") or "") == theirs["current-context"]
    for kind in KINDS:
        assert essence(ours.get(kind), kind) == essence(theirs.get(kind), kind)


def essence(entries: Any, kind: str) -> dict[str, Any]:
    """By name, what of it is a word: kubectl leaves out what is empty, and all that is unknown."""
    found = {}
    for entry in entries or ():
        body = (entry or {}).get(kind[:-1]) or {}
        keys = ("server", "token", "cluster", "user", "namespace")
        found[(entry or {}).get("name") or ""] = {key: body.get(key) or "" for key in keys}
    return found


def test_of_a_key_that_stands_twice_the_last_is_read_and_whoever_writes_is_told() -> None:
    text = "users: []\nclusters: []\nusers: [{name: a}]\n"
    assert parse(text)["users"] == [{"name": "a"}]
    with pytest.raises(Twice, match=r"users stands twice .* line 3"):
        parse(text, once=True)


LARGE = {
    "values": "a: [" + "b," * (SIZE_LIMIT // 2 - 10) + "]\n",
    "deep in flow style": "[" * SIZE_LIMIT,
    "deep in block style": "- " * (SIZE_LIMIT // 2),
    "deep by indent": "".join(f"{' ' * depth}a:\n" for depth in range(1400)),
    "aliases of aliases": "a: &a [x]\n"
    + "".join(f"{chr(n)}: &{chr(n)} [*{chr(n - 1)},*{chr(n - 1)}]\n" for n in range(98, 123)),
    "aliases of itself": "a: &a [*a]\n",
    "too long": "a: " + "b" * SIZE_LIMIT,
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_what_is_deep_or_large_is_refused_before_it_costs(text: str, loader: str) -> None:
    """As much as reading the most that is allowed, at the worst, and never a RecursionError."""
    began = time.process_time()
    with pytest.raises(ValueError):
        parse(text)
    assert time.process_time() - began < 10 * the_most(loader)


@cache
def the_most(loader: str) -> float:
    """Seconds of the processor that the largest document takes."""
    began = time.process_time()
    parse("a:\n" + "- b\n" * (VALUES - 3))
    return time.process_time() - began


def test_what_is_as_deep_as_allowed_is_read(loader: str) -> None:
    assert parse("a: " + "[" * (DEPTH - 1) + "]" * (DEPTH - 1))
    with pytest.raises(ValueError, match="deep"):
        parse("a: " + "[" * DEPTH + "]" * DEPTH)


@pytest.mark.parametrize("spoilt", ["token: {}: x", "token: '{}", "token: {}\n\tx: y", "{}: ["])
def test_what_is_wrong_is_told_without_the_line_that_may_hold_a_key(
    spoilt: str, loader: str
) -> None:
    with pytest.raises(ValueError, match="it is not YAML") as raised:
        parse(f"users:\n- name: a\n  user:\n    {spoilt.format('s3cr3t')}\n")
    assert "s3cr3t" not in str(raised.value)


def test_libyaml_reads_where_it_is_there() -> None:
    assert (document._Loader is InPython) is not yaml.__with_libyaml__
