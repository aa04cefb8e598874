"""Every mistake in a profile is told, with its place; never a traceback."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.core.model.gate import GATE_IDS
from bootstrap.errors import Exit, KbootError
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.profile_source import load
from tests.helpers.deciding.generated import knowledge, reproducible
from tests.helpers.deciding.profile_text import CLUSTER, TOOLS, parse, refused

LIKE = 'is not a version like "1.9.3", "1.9" or ">=5.2,<5.3"'


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1", '1 is a number; a version is text: write "1"'),
        ('">="', "'>=' is not a version specifier: Invalid specifier: '>='"),
        ('"../x"', f"'../x' {LIKE}"),
        ('""', f"'' {LIKE}"),
        ('"1.9.3\\n"', f"'1.9.3\\n' {LIKE}"),
        ("nan", f"'nan' {LIKE}"),
        ("true", "input should be a valid string"),
        ("1979-05-27", "input should be a valid string"),
        ('["1.9.3"]', "input should be a valid string"),
        ("{}", "this key is needed"),
        (f'"{"9" * 10_000}"', "a version has at most 100 characters; this one has 10000"),
    ],
)
def test_a_version_that_is_none_is_refused_where_it_stands(written: str, said: str) -> None:
    error = refused(f"{TOOLS}kubectl = {written}\n")
    assert error.items == (f"kboot.toml:5  tools.kubectl.version: {said}",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cpu = 2", "cpu: unknown key; did you mean cpus?"),
        ('cpus = "2"', "cpus: input should be a valid integer"),
        ("cpus = 2.0", "cpus: input should be a valid integer"),
        ("cpus = 0", "cpus: input should be greater than or equal to 1"),
        ("memory = 2048", 'memory: 2048 is not text like "2GiB"'),
        ('memory = "2GB"', 'memory: \'2GB\' is not a size like "512MiB" or "2GiB"'),
        ('memory = "0GiB"', 'memory: \'0GiB\' is not a size like "512MiB" or "2GiB"'),
        ('disk = "٢GiB"', 'disk: \'٢GiB\' is not a size like "512MiB" or "2GiB"'),
        ('kubernetes = "1.9"', "kubernetes: '1.9' is not three numbers like \"1.9.0\""),
        ('kubernetes = "1.9.0\\n"', "kubernetes: '1.9.0\\n' is not three numbers like \"1.9.0\""),
        ('bootstrapper = "k3s"', "bootstrapper: input should be 'localkube' or 'kubeadm'"),
        (
            'start_flags = ["--force"]',
            "start_flags: unknown key; there are name, driver, "
            "kubernetes, bootstrapper, cpus, memory, disk",
        ),
    ],
)
def test_a_wrong_key_of_the_cluster_is_refused_where_it_stands(line: str, said: str) -> None:
    assert refused(f"{CLUSTER}{line}\n").items == (f"kboot.toml:9  cluster.{said}",)


OTHER = [
    ("", "kboot.toml  name: this key is needed"),
    (
        'name = "--help"',
        "kboot.toml:1  name: '--help' is not a profile name (a-z, 0-9, ., _, -; not first)",
    ),
    (
        'name = "../x"',
        "kboot.toml:1  name: '../x' is not a profile name (a-z, 0-9, ., _, -; not first)",
    ),
    (
        'name = "work\\n"',
        "kboot.toml:1  name: 'work\\n' is not a profile name (a-z, 0-9, ., _, -; not first)",
    ),
    ("name = " + "[" * 200 + "]" * 200, "kboot.toml:1  name: input should be a valid string"),
    (
        'name = "work"\nhooks = ["rm -rf /"]',
        "kboot.toml:2  hooks: unknown key; did you mean tools?",
    ),
    (
        'name = "work"\ndescription = "\\u001b[31m"',
        "kboot.toml:2  description: '\\x1b[31m' is not text without control characters",
    ),
    (
        'name = "work"\n"\\u001b[31m" = 1',
        "kboot.toml  '\\x1b[31m': unknown key; there are name, description, tools, cluster, verify",
    ),
    ('name = "work"\ntools = "kubectl"', "kboot.toml:2  tools: this must be a table"),
    (
        'name = "work"\ndescription = """\n[tools]\nkubectl = 1\n"""\n[tools]\nkubectl = "x"',
        f"kboot.toml:7  tools.kubectl.version: 'x' {LIKE}",
    ),
    (TOOLS + "[[cluster]]", "kboot.toml:5  cluster: this must be a table"),
    (TOOLS + 'kubctl = "1"', "kboot.toml:5  tools.kubctl: unknown tool; did you mean kubectl?"),
    (
        TOOLS + 'helm = "3.1.0"',
        "kboot.toml:5  tools.helm: unknown tool; there are minikube, kubectl, docker, virtualbox",
    ),
    (
        TOOLS + 'kubectl = { version = "1.9.3", polcy = "warn" }',
        "kboot.toml:5  tools.kubectl.polcy: unknown key; did you mean policy?",
    ),
    (
        TOOLS + 'kubectl = { version = "1.9.3", policy = "instal" }',
        "kboot.toml:5  tools.kubectl.policy: input should be 'install', 'warn' or 'require'",
    ),
    (
        CLUSTER.replace('minikube = "1.38.1"', ""),
        "kboot.toml:6  cluster: a cluster needs minikube: add it to [tools]",
    ),
    (
        CLUSTER.replace('driver = "docker"', ""),
        "kboot.toml:6  cluster.driver: this key is needed",
    ),
    (
        CLUSTER.replace('"docker"', '"dokcer"'),
        "kboot.toml:8  cluster.driver: 'dokcer' is not a driver of minikube's; "
        "did you mean docker?",
    ),
    (
        CLUSTER.replace('"docker"', "[]"),
        "kboot.toml:8  cluster.driver: name at least one driver, and each once",
    ),
    (
        CLUSTER.replace('"docker"', '["docker", "docker"]'),
        "kboot.toml:8  cluster.driver: name at least one driver, and each once",
    ),
    (
        CLUSTER.replace('name = "work"\nd', 'name = "--help"\nd'),
        "kboot.toml:7  cluster.name: '--help' is not a cluster name (letters, digits, -)",
    ),
    (
        CLUSTER.replace('name = "work"\nd', 'name = "a\\nb"\nd'),
        "kboot.toml:7  cluster.name: 'a\\nb' is not a cluster name (letters, digits, -)",
    ),
    (
        TOOLS + '[verify]\ngates = ["nods"]',
        f"kboot.toml:6  verify.gates: 'nods' is not a gate; the gates are {', '.join(GATE_IDS)}",
    ),
    (
        TOOLS + "[verify]\ngates = []",
        'kboot.toml:6  verify.gates: gates is "all" or a list of gates',
    ),
    (
        TOOLS + '[verify]\ntimeout = "0s"',
        'kboot.toml:6  verify.timeout: \'0s\' is not a duration like "90s", "5m" or "1h30m"',
    ),
    (
        TOOLS + "[verify]\ntimeot = 1",
        "kboot.toml:6  verify.timeot: unknown key; did you mean timeout?",
    ),
]


@pytest.mark.parametrize(("text", "said"), OTHER, ids=range(len(OTHER)))
def test_one_mistake_is_named_once_with_file_line_and_key(text: str, said: str) -> None:
    assert refused(text).items == (said,)


HINT = '; put versions in quotes: "1.9.3"'


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        (TOOLS + "kubectl = 1.9.3\n", "kboot.toml:5  not TOML: ", HINT),
        (TOOLS + "docker = { version = 18.02.0-ce }\n", "kboot.toml:5  not TOML: ", HINT),
        (TOOLS + "virtualbox = >=5.2\n", "kboot.toml:5  not TOML: ", HINT),
        (TOOLS + 'minikube = "1"\n', "kboot.toml:5  not TOML: ", ")"),
        (TOOLS.replace("\n", "\r\n") + "x = \r\n", "kboot.toml:5  not TOML: ", ")"),
        ("# \u2028 does not end a line of TOML's\n= 1\n", "kboot.toml:2  not TOML: ", ")"),
        ('name = "work', "kboot.toml: not TOML: ", ")"),
        ("name = " + "[" * 5000, "kboot.toml: ", "nested too deeply"),
        (CLUSTER + "cpus = " + "1" * 5000, "kboot.toml: ", "a number in it has too many digits"),
    ],
    ids=range(9),
)
def test_what_is_not_toml_is_one_error_with_its_line_and_a_hint(
    text: str, place: str, hint: str
) -> None:
    (item,) = refused(text).items
    assert item.startswith(place) and item.endswith(hint)


def test_every_mistake_is_told_at_once_and_in_all_four_parts() -> None:
    error = refused(
        'nam = "x"\n[tools]\nkubectl = 1\nhelm = "3"\n[cluster]\nname = "k"\ndriver = "dokcer"\n'
        'memory = "2GB"\n[verify]\ntimeout = "soon"\n'
    )
    places = [item.split(": ")[0] for item in error.items]
    assert sorted(places) == sorted(
        [
            "kboot.toml  name",
            "kboot.toml:1  nam",
            "kboot.toml:3  tools.kubectl.version",
            "kboot.toml:4  tools.helm",
            "kboot.toml:5  cluster",
            "kboot.toml:7  cluster.driver",
            "kboot.toml:8  cluster.memory",
            "kboot.toml:10  verify.timeout",
        ]
    )
    assert error.code is Exit.PROFILE_INVALID
    assert error.what == "profile kboot.toml is not valid: 8 errors"
    assert (error.state, error.next) == (
        "nothing was changed",
        "mend the file; docs/profile.md lists every key",
    )


def test_a_hundred_mistakes_are_counted_and_twenty_shown() -> None:
    error = refused('name = "work"\n' + "".join(f"key{n} = {n}\n" for n in range(100)))
    assert "100 errors" in error.what
    assert len(error.items) == 21 and error.items[-1] == "… and 80 more"


def test_a_long_value_is_cut_in_the_message() -> None:
    (item,) = refused(f'name = "{"x" * 60_000}"\n').items
    assert len(item) < 310 and item.endswith("…")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'name = "caf\xe9"\n', "it is not UTF-8 (line 1)"),
        (b'name = "x"\n\n\xff\xfe', "it is not UTF-8 (line 3)"),
        (b"#" * 2_000_000, "it is larger than 64 KiB"),
    ],
    ids=["latin-1", "utf-16", "2 MB"],
)
def test_a_file_that_is_no_text_is_refused_as_an_invalid_profile(
    content: bytes, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "kboot.toml"
    path.write_bytes(content)
    with pytest.raises(KbootError) as caught:
        load(str(path), knowledge=knowledge(), home=tmp_path, cache=Cache(tmp_path))
    error = caught.value
    assert (error.code, error.why) == (Exit.PROFILE_INVALID, why)
    assert error.state == "nothing was changed" and error.next


values = st.recursive(
    st.sampled_from(
        ["1", "1.10", "true", '"1.9.3"', '">="', '"docker"', "1979-05-27", "nan", "[]"]
    ),
    lambda inner: st.one_of(
        inner.map(lambda each: f"[{each}]"), inner.map(lambda each: f"{{ version = {each} }}")
    ),
    max_leaves=4,
)
keys = st.sampled_from(
    [
        *("name", "description", "x", "''", "verify", "verify.gates", "verify.timeout"),
        *("tools", "tools.kubectl", "tools.helm"),
        *("cluster", "cluster.name", "cluster.driver", "cluster.cpus", "cluster.memory"),
    ]
)


@reproducible(500)
@given(st.lists(st.tuples(keys, values), max_size=6) | st.text(max_size=80))
def test_any_text_gives_a_profile_or_a_message_and_never_a_traceback(
    drawn: list[tuple[str, str]] | str,
) -> None:
    text = drawn if isinstance(drawn, str) else "\n".join(f"{k} = {v}" for k, v in drawn)
    try:
        assert parse(text).name
    except KbootError as error:
        assert error.code is Exit.PROFILE_INVALID and error.state == "nothing was changed"
        for item in error.items:
            assert re.match(r"kboot\.toml(:\d+)?(  |: )", item), item
            assert item.isprintable() and "_Cluster" not in item, item
