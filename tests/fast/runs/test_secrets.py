"""Whatever kboot is told in confidence, it tells nobody: on no stream, in no file, to no child."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import ANSWER, TOOLS, Kboot, on_linux, script

pytestmark = on_linux

SECRET = "s3cRetCanary7xQ9"
TO = "127.0.0.1:1"
"""Nothing listens there."""
SPELLINGS = {
    "password": f"https://me:{SECRET}@{TO}",
    "user alone": f"https://{SECRET}@{TO}",
    "at": f"https://me:{SECRET}@b@{TO}",
    "slash": f"https://me:a/{SECRET}@{TO}",
    "slash after a number": f"https://me:12/{SECRET}@{TO}",
    "hash": f"https://me:#{SECRET}@{TO}",
    "question": f"https://me:{SECRET}?b@{TO}",
    "comma": f"https://me:a,{SECRET}@{TO}",
    "equals": f"https://me:a={SECRET}@{TO}",
    "quote": f"https://me:a'{SECRET}@{TO}",
    "blank": f"https://me:a {SECRET}@{TO}",
    "percent": f"https://me:%41{SECRET}@{TO}",
    "path": f"https://{TO}/{SECRET}Zk8/x",
    "query": f"https://{TO}/x?token={SECRET}",
    "fragment": f"https://{TO}/x#{SECRET}",
    "plain http": f"http://me:{SECRET}@mirror.example",
}
ODD = ("password", "slash", "comma", "equals", "quote", "blank", "query")
"""Those that a shell, a list or a parser may take apart."""
EVERY = ("doctor", "plan", "verify", "down", "env", "exec")


def leaks(kboot: Kboot, *texts: str, but: tuple[Path, ...] = ()) -> list[str]:
    """Where the canary is, beside what the person wrote."""
    found = [text for text in texts if SECRET in text]
    for file in sorted(kboot.folder.rglob("*")):
        if file.is_file() and not file.is_symlink() and file not in but:
            found += [str(file)] if SECRET.encode() in file.read_bytes() else []
            found += [f"name {file}"] if SECRET in file.name else []
    return found


def every_command(kboot: Kboot) -> list[str]:
    """All that they print, in every format, on both streams."""
    said = []
    # Beside the others: it tries its mirror three times.
    up = kboot.start("up", "p.toml", "--output", "json", "-v", "--events", "events")
    for command in EVERY:
        formats = {"verify": ("text", "json", "junit"), "env": ("text",), "exec": ("text",)}
        for output in formats.get(command, ("text", "json")):
            words = [command, "p.toml", "--output", output, "-v"]
            words += ["--events", "events"] if command == "verify" else []
            words += ["--save-state", "state"] if command == "doctor" else []
            words += ["--", "printenv", "PATH"] if command == "exec" else []
            done = kboot.run(*words)
            said += [done.out, done.err]
    with up:
        said += up.communicate()
    return said


@pytest.fixture
def asking(kboot: Kboot) -> Kboot:
    """Somebody whose kubectl has to be downloaded from dl.k8s.io, and whose minikube tells what
    words it was given."""
    kboot.profile(TOOLS)
    return kboot


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_in_a_mirror_of_the_settings_file_is_told_nowhere(
    spelling: str, asking: Kboot
) -> None:
    settings = asking.home / ".config" / "kboot" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"mirrors = [{json.dumps(f'https://dl.k8s.io={SPELLINGS[spelling]}')}]\n")
    said = every_command(asking)
    assert leaks(asking, *said, but=(settings,)) == []
    settings.write_text(f"mirrors = {json.dumps(f'https://dl.k8s.io={SPELLINGS[spelling]}')}\n")
    done = asking.run("doctor", "p.toml")
    assert done.code == 2 and "wrong type" in done.err
    assert leaks(asking, done.err, but=(settings,)) == []


@pytest.mark.parametrize("spelling", ODD)
def test_a_secret_on_the_command_line_or_in_the_environment_is_told_nowhere(
    spelling: str, asking: Kboot
) -> None:
    mirror = f"https://dl.k8s.io={SPELLINGS[spelling]}"
    said: list[str] = []
    for words in (
        ("up", "p.toml", "--mirror", mirror, "--events", "events"),
        ("up", "p.toml", "--mirror", SPELLINGS[spelling]),
        ("plan", "p.toml", "--output", "json", "--mirror", mirror),
        ("plan", "p.toml", "--mirorr", mirror),
        ("doctor", "p.toml", mirror),
    ):
        done = asking.run(*words)
        said += [done.out, done.err]
    asking.env["KBOOT_MIRRORS"] = f"https://other.example=https://m.example,{mirror}"
    said += _both(asking, "up", "p.toml")
    assert leaks(asking, *said) == []


def _both(kboot: Kboot, *words: str) -> tuple[str, str]:
    done = kboot.run(*words)
    return done.out, done.err


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_of_a_proxy_is_told_nowhere(spelling: str, asking: Kboot) -> None:
    value = SPELLINGS[spelling].replace("https://", "http://")
    asking.env |= dict.fromkeys(("https_proxy", "HTTP_PROXY", "DOCKER_HOST"), value)
    said = [*_both(asking, "doctor", "p.toml", "-v", "--save-state", "state")]
    said += _both(asking, "doctor", "p.toml", "--output", "json")
    said += _both(asking, "up", "p.toml", "--events", "events")
    asking.env["https_proxy"] = value.removeprefix("http://")
    said += _both(asking, "doctor", "p.toml", "-v")
    assert leaks(asking, *said) == []


KUBECONFIGS: Mapping[str, str] = {
    "token": f"users: [{{name: u, user: {{token: {SECRET}}}}}]",
    "server": f"users: []\nclusters: [{{name: c, cluster: {{server: 'https://u:{SECRET}@{TO}'}}}}]",
    "broken": f"users:\n- name: u\n  user:\n    token: {SECRET}\n   password: x",
    "key": f"users: [{{name: u, user: {{client-key-data: {SECRET}, client-certificate-data: x}}}}]",
}


@pytest.mark.parametrize("kind", KUBECONFIGS)
def test_a_secret_of_a_kubeconfig_is_told_nowhere(kind: str, kboot: Kboot) -> None:
    text = KUBECONFIGS[kind]
    file = kboot.home / ".kube" / "config"
    file.parent.mkdir()
    if "clusters:" not in text:
        text += f"\nclusters: [{{name: c, cluster: {{server: 'https://{TO}'}}}}]"
    text += "\ncontexts: [{name: c, context: {cluster: c, user: u}}]\ncurrent-context: c\n"
    file.write_text(text)
    script(kboot.bin / "kubectl", f"echo '{ANSWER}'")
    kboot.profile(TOOLS)
    said: list[str] = []
    for output in ("text", "json", "junit"):
        words = ("verify", "--context", "c", "--output", output, "--timeout", "2s")
        said += _both(kboot, *words, "--events", "events")
    said += [*_both(kboot, "doctor", "p.toml"), *_both(kboot, "plan", "p.toml")]
    assert leaks(kboot, *said, but=(file,)) == []


def test_what_a_tool_prints_of_a_secret_is_told_nowhere(kboot: Kboot) -> None:
    said_by_tool = (
        f"proxyconnect tcp: http://me:{SECRET}@proxy.example:3128: Authorization: Basic {SECRET}"
    )
    for name in ("kubectl", "minikube", "docker", "VBoxManage"):
        script(kboot.bin / name, f'echo "{said_by_tool}" >&2; echo "{said_by_tool}"; exit 1')
    own = tuple(kboot.bin.iterdir())
    kboot.profile(TOOLS + 'minikube = "1.38.1"\ndocker = "28"\nvirtualbox = "7"\n')
    assert leaks(kboot, *every_command(kboot), but=own) == []


def test_a_child_is_given_no_secret_on_its_command_line(kboot: Kboot) -> None:
    log = kboot.folder / "words"
    for name in ("kubectl", "minikube", "docker", "VBoxManage"):
        script(kboot.bin / name, f'echo "$@" >>{log}; echo "{ANSWER}"')
    kboot.profile(TOOLS + 'minikube = "1.38.1"\ndocker = "28"\nvirtualbox = "7"\n')
    mirror = f"https://dl.k8s.io={SPELLINGS['password']}"
    kboot.env |= {"https_proxy": SPELLINGS["password"], "KBOOT_MIRRORS": mirror}
    every_command(kboot)
    assert log.exists() and SECRET not in log.read_text()
