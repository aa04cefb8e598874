from pathlib import Path

import pytest

from bootstrap.core.values.masking import mask_value
from bootstrap.host.programs.environment import child_environment, notable
from bootstrap.host.programs.probe import Question, ask_all

HOSTILE = {
    "MINIKUBE_PROFILE": "somebody-elses",
    "MINIKUBE_DRIVER": "none",
    "MINIKUBE_IN_STYLE": "true",
    "DOCKER_API_VERSION": "1.23",
    "KUBECONFIG": "/evil",
    "LD_PRELOAD": "/evil.so",
    "LD_LIBRARY_PATH": "/evil",
    "DYLD_INSERT_LIBRARIES": "/evil.so",
    "PATH": "/evil",
    "BASH_ENV": "/evil",
    "PYTHONPATH": "/evil",
    "SUDO_USER": "somebody",
}
KEPT = {
    "USER": "ada",
    "LC_ALL": "C.UTF-8",
    "DOCKER_HOST": "tcp://10.0.0.1:2376",
    "MINIKUBE_HOME": "/data",
    "http_proxy": "http://proxy:3128",
    "HTTPS_PROXY": "http://proxy:3128",
    "no_proxy": "localhost",
    "SSL_CERT_FILE": "/ca.pem",
    "XDG_CONFIG_HOME": "/config",
}
ALWAYS = {
    "MINIKUBE_WANTUPDATENOTIFICATION": "false",
    "MINIKUBE_WANTREPORTERRORPROMPT": "false",
    "MINIKUBE_IN_STYLE": "false",
}


def test_a_child_sees_what_is_kept_and_what_kboot_says_and_nothing_else() -> None:
    env = child_environment(
        {**HOSTILE, **KEPT}, path="/links:/usr/bin", home=Path("/home/ada"), extra={"GOGC": "off"}
    )
    told = ask_all({"it": Question(("/usr/bin/env",))}, env)["it"]
    seen = dict(line.split("=", 1) for line in told.out.splitlines())
    own = {"PATH": "/links:/usr/bin", "HOME": "/home/ada", "GOGC": "off"}
    assert seen == {**KEPT, **ALWAYS, **own}


def test_kboot_has_the_last_word() -> None:
    extra = {"KUBECONFIG": "/dev/null", "MINIKUBE_HOME": "/scratch", "MINIKUBE_IN_STYLE": "true"}
    env = child_environment({**HOSTILE, **KEPT}, path="", home=Path("/"), extra=extra)
    assert {name: env[name] for name in extra} == extra


def test_notable_is_what_changes_the_tools_and_what_was_dropped() -> None:
    ignored = ("MINIKUBE_PROFILE", "DOCKER_API_VERSION", "KUBECONFIG", "LD_PRELOAD")
    seen = notable({**HOSTILE, **KEPT})
    assert {name for name in ignored if seen[name] == "(ignored)"} == set(ignored)
    assert seen["DOCKER_HOST"] == "tcp://10.0.0.1:2376"
    assert {"USER", "LC_ALL", "PATH", "XDG_CONFIG_HOME"}.isdisjoint(seen)
    assert list(seen) == sorted(seen)


def test_what_kboot_sets_to_the_same_value_is_not_worth_a_word() -> None:
    assert notable(ALWAYS) == {}


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy", "DOCKER_HOST"])
def test_notable_shows_no_credentials(name: str) -> None:
    assert notable({name: "http://ada:secret@proxy:3128"}) == {name: "http://***@proxy:3128"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("http://token@proxy", "http://***@proxy"),
        ("ada:secret@proxy:3128", "***@proxy:3128"),
        ("http://ada:p@ss/w@proxy", "http://***@proxy"),
        ("ssh://ada@host", "ssh://***@host"),
        ("http://proxy:3128", "http://proxy:3128"),
        ("unix:///run/user/a@b/docker.sock", "unix:///run/user/a@b/docker.sock"),
        ("/home/ada@work/certs", "/home/ada@work/certs"),
        ("", ""),
    ],
)
def test_credentials_are_masked_and_places_are_not(value: str, shown: str) -> None:
    assert mask_value(value) == shown
