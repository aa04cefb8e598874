"""A file whose digest kboot does not ship is held against its publisher's checksum file."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from bootstrap.core.model.catalogue import Artifact
from bootstrap.errors import Exit, KbootError
from bootstrap.host.files.places import Places
from bootstrap.store.keep.commit import Delivery, install
from bootstrap.store.keep.intact import Known
from bootstrap.store.keep.inventory import inventory
from bootstrap.store.keep.receipt import place_of, read_receipt
from tests.helpers.serving.mirror import Fault, Mirror
from tests.helpers.working.samples import BODY, PATH, artifact, executables

SHA256 = hashlib.sha256(BODY).hexdigest()
SHA512 = hashlib.sha512(BODY).hexdigest()
Publish = Callable[[str, str], None]


def vouched_for(algorithm: str = "sha256") -> Artifact:
    """As the catalogue gives it at level publisher: no digest yet."""
    return artifact()._replace(
        sha256="",
        size=None,
        trust="publisher",
        algorithm=algorithm,
        checksum_url=f"{artifact().url}.{algorithm}",
    )


@pytest.fixture
def publish(mirror: Mirror, tmp_path: Path) -> Publish:
    """Put a checksum file beside the artifact."""

    def write(algorithm: str, content: str) -> None:
        file = tmp_path / f"checksum.{algorithm}"
        file.write_text(content, encoding="utf-8")
        mirror.files[f"{PATH}.{algorithm}"] = file

    return write


def put(mirror: Mirror, places: Places, wanted: Artifact) -> Path:
    checksum = f"{mirror.url}{PATH}.{wanted.algorithm}"
    delivery = Delivery(mirror.url + PATH, mirror.ca_file, "then", checksum)
    return install(wanted, places, delivery, lambda event: None)


def refused(mirror: Mirror, places: Places, wanted: Artifact) -> KbootError:
    with pytest.raises(KbootError) as caught:
        put(mirror, places, wanted)
    assert executables(places.data) == []
    assert list(places.staging.iterdir()) == []
    return caught.value


@pytest.mark.parametrize(
    ("algorithm", "content"),
    [
        ("sha256", SHA256),
        ("sha256", SHA256.upper() + "\n"),
        ("sha256", f"{SHA256}  kubectl\n"),
        ("sha256", f"{SHA256} *bin/linux/amd64/kubectl"),
        ("sha512", SHA512),
    ],
)
def test_a_file_that_its_publisher_vouches_for_is_installed_and_the_receipt_says_how(
    algorithm: str, content: str, mirror: Mirror, places: Places, publish: Publish
) -> None:
    publish(algorithm, content)
    path = put(mirror, places, vouched_for(algorithm))
    assert path.read_bytes() == BODY
    receipt = read_receipt(path.parent)
    assert receipt is not None
    assert (receipt.trust, receipt.sha256) == ("publisher", SHA256)
    assert path.parent == place_of(places, vouched_for()._replace(sha256=SHA256))


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_file_verified_before_is_used_without_asking_anybody(
    algorithm: str, mirror: Mirror, places: Places, publish: Publish
) -> None:
    publish(algorithm, SHA256 if algorithm == "sha256" else SHA512)
    path = put(mirror, places, vouched_for(algorithm))
    mirror.requests.clear()
    assert put(mirror, places, vouched_for(algorithm)) == path
    assert mirror.requests == []
    assert [each.trust for each in inventory(Known(places))] == ["publisher"]


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_another_file_than_the_checksum_says_is_refused(
    algorithm: str, mirror: Mirror, places: Places, publish: Publish
) -> None:
    wrong = "0" * (64 if algorithm == "sha256" else 128)
    publish(algorithm, wrong)
    error = refused(mirror, places, vouched_for(algorithm))
    assert error.code is Exit.INTEGRITY
    assert "the publisher's checksum file says" in error.why
    found = SHA256 if algorithm == "sha256" else SHA512
    assert [line.split()[-1] for line in error.items] == [found, wrong]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("<html><body>Please log in</body></html>", "holds no sha256"),
        (SHA256[:-1], "holds no sha256"),
        (SHA512, "holds no sha256"),
        (hashlib.sha1(BODY).hexdigest(), "holds no sha256"),
        (f"{SHA256}  minikube", "is for another file, minikube"),
        (f"{SHA256}\n{SHA256}\n", "holds no sha256"),
        ("a" * 5000, "is longer than"),
    ],
)
def test_what_is_no_checksum_of_this_file_is_refused_before_the_file_is_asked_for(
    content: str, said: str, mirror: Mirror, places: Places, publish: Publish
) -> None:
    publish("sha256", content)
    error = refused(mirror, places, vouched_for())
    assert error.code is Exit.INTEGRITY
    assert said in error.why
    assert [request.path for request in mirror.requests] == [f"{PATH}.sha256"]


def test_a_checksum_file_that_is_not_there_is_the_servers_error(
    mirror: Mirror, places: Places
) -> None:
    assert refused(mirror, places, vouched_for()).code is Exit.SERVER_ERROR
    assert [request.status for request in mirror.requests] == [404]


def test_a_checksum_file_is_asked_for_again_where_that_may_help(
    mirror: Mirror, places: Places, publish: Publish
) -> None:
    publish("sha256", SHA256)
    busy = Fault(status=503, headers={"Retry-After": "0"})
    mirror.fault(f"{PATH}.sha256", busy, busy)
    assert put(mirror, places, vouched_for()).read_bytes() == BODY
    assert [request.status for request in mirror.requests] == [503, 503, 200, 200]


def test_a_damaged_file_is_fetched_and_verified_anew(
    mirror: Mirror, places: Places, publish: Publish
) -> None:
    publish("sha256", SHA256)
    path = put(mirror, places, vouched_for())
    path.chmod(0o755)
    path.write_bytes(b"#!/bin/sh\necho owned\n")
    assert put(mirror, places, vouched_for()).read_bytes() == BODY
