"""No spelling of a secret is shown, and what is none stays readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.core.values.masking import mask, mask_value, mask_word, masked
from tests.helpers.deciding.generated import reproducible

SECRET = "s3cRetCanary7"
TOKEN = "AKCp8kqX2mW9zT4vB7nL1cR5"
ADDRESSES = [
    f"https://me:{SECRET}@h.example/x",
    f"https://{SECRET}@h.example/x",
    f"https://me:{SECRET}@b@h.example/x",
    f"https://me:a/{SECRET}@h.example/x",
    f"https://me:12/{SECRET}@h.example",
    f"https://me:#{SECRET}@h.example",
    f"https://me:{SECRET}?b@h.example",
    f"https://me:'{SECRET}@h.example",
    f"https://me:a=b,{SECRET}@h",
    f"https://a/{SECRET}@h.example/x",
    f"HTTP://me:{SECRET}@127.0.0.1:3128",
    f"ssh://me:{SECRET}@h",
    f"https://h/x?sig={SECRET}",
    f"https://h/x#{SECRET}",
    f"https://h/{TOKEN}/x",
    f"https://h/k8s/0f8fad5b-d9cb-469f-a165-70867728950e{TOKEN}",
]
OTHERS = [
    f"Authorization: Bearer {SECRET}",
    f"Proxy-Authorization: Basic {SECRET}==",
    f"'Authorization': 'token {SECRET}'",
    f"used bearer {SECRET}, and failed",
    f"token: {SECRET}",
    f'{{"id-token": "{SECRET}"}}',
    f"client-key-data: {SECRET}",
    f"password={SECRET}",
    f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
    f"got eyJhbGciOiJSUzI1NiIs.{SECRET}.x",
]
FRAMES = ["{}", "cannot use '{}', it says", '"{}"', "({})", "https://dl.k8s.io={}", "[{}, {}]"]
FRAMES += ["['https://dl.k8s.io','{}']", "a\n{}\nb", "`kboot up --mirror {}`"]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("secret", [*ADDRESSES, *OTHERS])
def test_no_spelling_of_a_secret_is_shown(secret: str, frame: str) -> None:
    text = frame.format(secret, secret)
    for shown in (mask(text), mask_value(text), repr(masked({"a": [text], "b": 1}))):
        assert SECRET not in shown and TOKEN not in shown


@pytest.mark.parametrize("blank", [" ", "'", '"', "\t", "\n", ", "])
@pytest.mark.parametrize("before", ["https://", "https://dl.k8s.io=https://", ""])
def test_of_a_whole_value_blanks_and_quotes_are_part_of_the_password(
    before: str, blank: str
) -> None:
    assert mask_value(f"{before}me:a{blank}{SECRET}@h") == f"{before}***@h"


@pytest.mark.parametrize(
    "text",
    [
        "https://dl.k8s.io/release/v1.35.2/bin/linux/amd64/kubectl",
        "https://storage.googleapis.com/minikube/releases/v1.38.1/minikube-linux-amd64",
        "https://download.docker.com/linux/static/stable/x86_64/docker-28.2.2.tgz",
        "https://download.virtualbox.org/virtualbox/5.2.8/VirtualBox-5.2.8-121009-Linux_amd64.run",
        "https://kubernetes.io/docs/tasks/tools/",
        "https://192.168.49.2:8443",
        "registry.k8s.io/busybox:1.28@sha256:0123456789abcdef0123456789abcdef",
        "unix:///var/run/docker.sock",
        "its token is missing; basic authentication is off",
        "secret default-token-x7x2x is not there",
        "put it, its sha256 being its name, at /home/me/.cache/kboot/downloads/0a1b2c3d4e5f",
        "kboot up --mirror https://dl.k8s.io=https://mirror.example/k8s",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask(text) == mask_word(text) == text


@pytest.mark.parametrize("rest", [f"x?sig={SECRET}", f"x#{SECRET}", f"{TOKEN}/x"])
def test_an_address_without_a_scheme_is_one_too(rest: str) -> None:
    shown = mask_value(f"127.0.0.1:3128/{rest}")
    assert shown.startswith("127.0.0.1:3128/") and SECRET not in shown and TOKEN not in shown
    assert mask_value("localhost,10.0.0.0/8,.corp") == "localhost,10.0.0.0/8,.corp"


def test_an_at_in_a_path_is_no_password() -> None:
    text = "cannot get https://registry.example/@scope/x nor https://h/x@1.2"
    assert mask(text) == text


@reproducible(300)
@given(st.text(alphabet="ab:/@#?=,'\" \n.%", max_size=30))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask(f"https://{text}")
    assert mask(once) == once
    mask_value(text)
