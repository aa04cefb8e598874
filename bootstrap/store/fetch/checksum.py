"""The publisher's checksum file: what a file must be whose digest kboot does not ship."""

import re
from pathlib import Path, PurePosixPath
from threading import Event as Flag

from urllib3.response import BaseHTTPResponse

from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.values.masking import mask
from bootstrap.store.fetch import failures
from bootstrap.store.fetch.request import ask

LONGEST = 4096
"""Bytes. A checksum file is one line; more is something else, such as a login page."""

_DIGITS = {"sha256": 64, "sha512": 128}
_LINE = re.compile(r"\A([0-9a-fA-F]+)(?:[ \t]+[*]?(\S+))?\s*\Z")


def with_digest(
    artifact: Artifact, url: str, ca_bundle: Path | None, stop: Flag | None = None
) -> Artifact:
    """The artifact with the digest that its checksum file at `url` names.

    `url` is `artifact.checksum_url` after mirrors were applied. Raises KbootError as `ask` does,
    and 30 for a file that is no checksum file, or that is for another file.
    """

    def receive(at: str, answer: BaseHTTPResponse) -> str:
        return _receive(artifact, at, answer)

    digest = ask(artifact, url, ca_bundle, receive, stop=stop)
    if artifact.algorithm == "sha512":
        return artifact._replace(sha512=digest)
    return artifact._replace(sha256=digest)


def _receive(artifact: Artifact, url: str, response: BaseHTTPResponse) -> str:
    content = b""
    for block in response.stream(LONGEST, decode_content=False):
        content += block
        if len(content) > LONGEST:
            raise failures.bad_checksum_file(artifact, url, f"is longer than {LONGEST} bytes")
    return parse(content.decode("ascii", "replace"), artifact, url)


def parse(text: str, artifact: Artifact, url: str) -> str:
    """The hex digest of a bare line (as Kubernetes and minikube publish), or of `hex  name`."""
    found = _LINE.match(text)
    if found is None or len(found[1]) != _DIGITS[artifact.algorithm]:
        seen = f"holds no {artifact.algorithm} but {text.strip()[:40]!r}" if text else "is empty"
        raise failures.bad_checksum_file(artifact, url, seen)
    name = PurePosixPath(found[2] or "").name
    if name and name != PurePosixPath(artifact.url).name:
        raise failures.bad_checksum_file(artifact, mask(url), f"is for another file, {name}")
    return found[1].lower()
