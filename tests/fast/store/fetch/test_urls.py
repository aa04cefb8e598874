import pytest

from bootstrap.core.values.masking import mask
from bootstrap.errors import Exit, KbootError
from bootstrap.store.fetch.urls import is_loopback, mirrored, origin, parse_mirrors, redirected

URL = "https://dl.example/release/v1/kubectl"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), URL),
        (("https://dl.example=https://m.example/k8s",), "https://m.example/k8s/release/v1/kubectl"),
        (("https://dl.example/=https://m.example/",), "https://m.example/release/v1/kubectl"),
        (("https://dl.example/release=https://m.example",), "https://m.example/v1/kubectl"),
        (("https://dl.ex=https://m.example",), URL),
        (("https://other.example=https://m.example",), URL),
        (("https://dl.example=http://127.0.0.1:80",), "http://127.0.0.1:80/release/v1/kubectl"),
        (("https://dl.example=https://dl.example", "https://dl.example=https://m.example"), URL),
    ],
)
def test_the_first_mirror_whose_prefix_fits_is_used(texts: tuple[str, ...], expected: str) -> None:
    assert mirrored(URL, parse_mirrors(texts)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "https://a", "https://a=", "=https://b", "a=b", "https://a=ftp://b", "https://=https://b"],
)
def test_a_malformed_mirror_is_a_usage_error(text: str) -> None:
    with pytest.raises(KbootError) as caught:
        parse_mirrors([text])
    assert caught.value.code is Exit.USAGE


@pytest.mark.parametrize(
    "target", ["http://m.example", "http://127.0.0.1.example", "http://10.0.0.1"]
)
def test_a_mirror_without_https_is_denied_unless_it_is_on_this_machine(target: str) -> None:
    with pytest.raises(KbootError) as caught:
        parse_mirrors([f"https://dl.example={target}"])
    assert caught.value.code is Exit.POLICY_DENIES


def test_an_unmirrored_url_without_https_is_denied() -> None:
    with pytest.raises(KbootError) as caught:
        mirrored("http://dl.example/file", ())
    assert caught.value.code is Exit.POLICY_DENIES


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/other", "https://dl.example/other"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("https://cdn.example/x", "https://cdn.example/x"),
    ],
)
def test_a_redirect_may_lead_to_any_https_address(location: str, expected: str) -> None:
    assert redirected(URL, location) == expected


@pytest.mark.parametrize(
    "location",
    ["http://dl.example/x", "http://127.0.0.1/x", "ftp://a/x", "file:///x", "https://[x/"],
)
def test_a_redirect_never_leads_out_of_https(location: str) -> None:
    with pytest.raises(KbootError) as caught:
        redirected(URL, location)
    assert caught.value.code is Exit.POLICY_DENIES


def test_loopback_is_recognised_by_its_spelling_only() -> None:
    assert all(map(is_loopback, ["localhost", "127.0.0.1", "127.9.9.9", "::1"]))
    assert not any(
        map(is_loopback, ["", "localhost.example", "127.example", "10.0.0.1", "x127.0.0.1"])
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:pw@h/x", "https://***@h/x"),
        ("https://token@h/x", "https://***@h/x"),
        ("a=https://me:pw@h b=https://me:pw@i", "a=https://***@h b=https://***@i"),
        ("https://h/x?sig=abc&y=1", "https://h/x?…"),
        ("https://h/x@1.2", "https://h/x@1.2"),
    ],
)
def test_credentials_are_masked_wherever_a_url_is_shown(text: str, shown: str) -> None:
    assert mask(text) == shown


def test_an_origin_has_no_credentials() -> None:
    assert origin("https://me:pw@h:8443/x?y") == "https://h:8443"
