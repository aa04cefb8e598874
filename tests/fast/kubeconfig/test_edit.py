"""A kubeconfig's text is changed where it must be, and nowhere else."""

import difflib
import json
import string
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.kubeconfig import document
from bootstrap.kubeconfig.edit import Change, edit
from tests.helpers.deciding.generated import reproducible

BODIES = {
    "cluster": {"certificate-authority": "/home/ann lee/.minikube/ca.crt", "server": "https://1:8"},
    "user": {"client-certificate": "/c.crt", "client-key": "/c.key"},
    "context": {"cluster": "kboot", "user": "kboot"},
}
PUT = Change(put={kind: ("kboot", body) for kind, body in BODIES.items()})
DROP = Change(drop=dict.fromkeys(BODIES, "kboot"))

KUBECTL = """\
apiVersion: v1
clusters:
- cluster:
    server: https://prod.example
  name: prod
contexts:
- context:
    cluster: prod
    user: ann
  name: prod
current-context: prod
kind: Config
preferences: {}
users:
- name: ann
  user:
    token: secret
"""
BY_HAND = """\
# mine, do not touch
---
apiVersion: v1
kind: Config
clusters:

    # production
    -   name: prod  # careful
        cluster:
            server:   "https://prod.example"
            certificate-authority-data: |-
                AAAA
                BBBB

    # nothing below
users:
    -   user: {token: secret}
        name: ann
contexts: [ ]   # none yet
current-context:  prod  # careful
...
# the end"""
TWO = KUBECTL.replace("contexts:", "contexts:\n- context: {cluster: prod, user: b}\n  name: b")
IN_PLACE = {
    "as kubectl writes it": KUBECTL,
    "by hand": BY_HAND,
    "two": TWO,
    "carriage returns": KUBECTL.replace("\n", "\r\n"),
    "no line break at the end": KUBECTL.rstrip("\n"),
    "byte order mark": "\ufeff" + KUBECTL,
    "empty lists": "apiVersion: v1\nclusters: null\ncontexts:\nusers: []\nkind: Config\n",
    "header only": "apiVersion: v1\nkind: Config\n",
    "moved in": "  kind: Config\n  clusters:\n  - name: a\n    cluster: {}\n",
    "block scalar last": "users:\n- name: a\n  user:\n    token: |\n      x\n\n\n",
    "unicode": "clusters:\n- name: größe\n  cluster: {server: 'https://ö'}\n# ünd\n",
}
WHOLE = {
    "flow style": "{kind: Config, clusters: [{name: a, cluster: {server: x}}], octal: 012}",
    "a shared list": "clusters: &empty []\ncontexts: *empty\nusers: *empty\n",
    "a list in flow style": "clusters: [{name: a, cluster: {}}]\nkind: Config\n",
    "json": json.dumps(yaml.safe_load(KUBECTL), indent=4),
    "json in one line": json.dumps(yaml.safe_load(KUBECTL)) + "\n",
}


def names(text: str, kind: str) -> list[str]:
    return [each["name"] for each in yaml.safe_load(text)[f"{kind}s"] or ()]


def rest(text: str) -> dict[str, Any]:
    """The document without kboot's entries and without empty lists."""
    document = yaml.safe_load(text) or {}
    for kind in BODIES:
        kept = [e for e in document.get(f"{kind}s") or () if e.get("name") != "kboot"]
        document[f"{kind}s"] = kept
    return {key: value for key, value in document.items() if value not in (None, [])}


@pytest.mark.parametrize("text", IN_PLACE.values(), ids=IN_PLACE)
def test_putting_entries_in_only_adds_lines(text: str) -> None:
    changed = edit(text, PUT)
    before, after = text.splitlines(), changed.splitlines()
    lost = [line[2:] for line in difflib.ndiff(before, after) if line.startswith("- ")]
    assert all(line.split(":")[0].strip() in ("clusters", "users", "contexts") for line in lost)
    assert rest(changed) == rest(text)
    for kind, body in BODIES.items():
        (entry,) = [e for e in yaml.safe_load(changed)[f"{kind}s"] if e["name"] == "kboot"]
        assert entry == {"name": "kboot", kind: body}


@pytest.mark.parametrize("name", ["as kubectl writes it", "two", "carriage returns"])
def test_taking_them_out_again_gives_the_old_text(name: str) -> None:
    assert edit(edit(IN_PLACE[name], PUT), DROP) == IN_PLACE[name]


@pytest.mark.parametrize("text", [*IN_PLACE.values(), *WHOLE.values()], ids=[*IN_PLACE, *WHOLE])
def test_all_data_are_kept_in_every_form(text: str) -> None:
    changed = edit(text, PUT)
    assert rest(changed) == rest(text)
    assert all("kboot" in names(changed, kind) for kind in BODIES)
    assert edit(changed, PUT) == changed
    gone = edit(changed, DROP)
    assert rest(gone) == rest(text)
    assert not any("kboot" in names(gone, kind) for kind in BODIES)


@pytest.mark.parametrize("indent", [None, 2, 4])
def test_json_stays_json(indent: int | None) -> None:
    text = json.dumps(yaml.safe_load(KUBECTL), indent=indent) + "\n"
    changed = edit(text, PUT)
    assert json.loads(changed)["current-context"] == "prod"
    assert changed == json.dumps(json.loads(changed), indent=indent) + "\n"


def test_how_others_wrote_their_values_is_kept_where_the_whole_is_written_anew() -> None:
    changed = edit("{octal: 012, text: '012', yes: true, clusters: []}", PUT)
    assert all(each in changed for each in ("octal: 012", "text: '012'", "yes: true"))


def test_an_entry_is_replaced_where_it_stands() -> None:
    old = edit(TWO, PUT).replace("https://1:8", "https://1:7")
    middle = old.replace(
        "- cluster:\n    server: https://prod", "# x\n- cluster:\n    server: https://prod"
    )
    changed = edit(middle, PUT)
    assert changed == middle.replace("https://1:7", "https://1:8")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("current-context: prod # here\nkind: Config\n", "current-context: 'kboot' # here\n"),
        ("current-context: ''\n", "current-context: 'kboot'\n"),
        ("current-context:\nkind: Config\n", "current-context: 'kboot'\n"),
        ("kind: Config\n", "current-context: 'kboot'\n"),
    ],
)
def test_the_current_context_alone_is_changed_when_asked(before: str, after: str) -> None:
    changed = edit(before, Change(current="kboot"))
    assert after in changed
    assert set(changed.splitlines()) - set(before.splitlines()) == {after.rstrip("\n")}


@pytest.mark.parametrize("text", ["", "\n", "# nothing but words\n"])
def test_an_empty_file_becomes_a_kubeconfig(text: str) -> None:
    document = yaml.safe_load(edit(text, PUT))
    assert (document["apiVersion"], document["kind"]) == ("v1", "Config")
    assert names(edit(text, PUT), "context") == ["kboot"]


@pytest.mark.parametrize(
    "text",
    [
        *("just words", "- a list", "a: b\n\tc: tab", "a: 1\n---\nb: 2\n", "[" * 300),
        *("clusters: words\n", "clusters: {a: b}\n", "!!python/object/apply:os.system ['true']"),
    ],
)
def test_what_is_no_kubeconfig_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"it is|its clusters|it has the tag|cannot change"):
        edit(text, PUT)


NO_WORDS = (
    *("72225e2", "0089", "1e3", "0x1f", "0o17", "0b1", "1_000", "+1", ".5", "12:30", "1.2.3"),
    *("y", "Y", "n", "N", "yes", "No", "on", "OFF", "true", "False", "null", "Null", "~"),
    *("<<", "=", ".inf", "-.INF", ".nan", "2018-01-02", "2018-01-02T03:04:05Z", "-", "?", "*a"),
    *("a: b", "a #b", "'", '"', "a\nb", "\t", "\u2028", "\ufeff", " a", "{a}", "%a", "@a", "\x7f"),
)


@pytest.mark.parametrize("word", NO_WORDS)
@pytest.mark.parametrize("text", ["", KUBECTL, BY_HAND, *WHOLE.values()])
def test_what_is_put_is_in_quotes_and_a_word_for_every_reader(word: str, text: str) -> None:
    body = {"server": word, "extensions": [{"name": word, "extension": {word: word}}]}
    changed = edit(text, Change(put={"cluster": (word, body)}, current=word))
    for read in (yaml.safe_load, plainly, document.parse):
        found = read(changed)
        assert found["current-context"] == word
        assert {"name": word, "cluster": body} in found["clusters"]


def plainly(text: str) -> Any:
    """As a reader that takes what is in quotes for a word, and nothing else."""
    for token in yaml.scan(text):
        if isinstance(token, yaml.ScalarToken) and token.plain:
            assert token.value not in NO_WORDS
    return yaml.load(text, Loader=yaml.BaseLoader)


@pytest.mark.parametrize("name", ["no", "1", "a b", "-", "null", "ß", "a: b", "'"])
def test_a_name_that_yaml_would_take_for_something_else_is_a_name(name: str) -> None:
    change = Change(put={kind: (name, body) for kind, body in BODIES.items()}, current=name)
    document = yaml.safe_load(edit(KUBECTL, change))
    assert document["current-context"] == document["users"][1]["name"] == name


def left_plain(word: str) -> bool:
    """What PyYAML writes without quotes, and client-go reads as something else: `y`, `0o17`."""
    found: list[Any] = document.parse(f"x:\n{yaml.safe_dump([word])}")["x"]
    return found != [word]


words = st.text(st.sampled_from([*string.printable[:94], " ", "ä", "\n"]), min_size=1, max_size=12)
words = words.filter(lambda word: not left_plain(word))
scalars = st.one_of(words, st.integers(), st.booleans(), st.none(), st.just("2018-01-02"))
bodies = st.dictionaries(words, st.one_of(scalars, st.lists(scalars, max_size=2)), max_size=3)


def entries(kind: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    other = words.filter(lambda name: name != "kboot")
    one = st.builds(lambda name, body: {"name": name, kind: body}, other, bodies)
    return st.lists(one, max_size=3, unique_by=lambda each: str(each["name"]))


documents = st.fixed_dictionaries(
    {"apiVersion": st.just("v1")},
    optional={
        "clusters": st.one_of(entries("cluster"), st.none()),
        "users": entries("user"),
        "contexts": entries("context"),
        "current-context": words,
        "preferences": bodies,
        "extensions": entries("extension"),
    },
)


@reproducible(100)
@given(documents, st.sampled_from([None, False, True]), st.integers(2, 6), st.booleans())
def test_any_other_entries_stay_equal(
    whole: dict[str, Any], flow: bool | None, indent: int, unicode: bool
) -> None:
    text = yaml.safe_dump(
        whole, default_flow_style=flow, indent=indent, allow_unicode=unicode, width=40
    )
    changed = edit(text, PUT)
    assert rest(changed) == rest(text)
    assert all(names(changed, kind).count("kboot") == 1 for kind in BODIES)
    assert rest(edit(changed, DROP)) == rest(text)
