"""What a download that failed says. `state` is left to the engine, which knows the other steps."""

import shlex
from pathlib import Path

from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.values.masking import mask
from bootstrap.errors import Exit, KbootError
from bootstrap.store.fetch.urls import origin

_WITNESSES = {
    "catalogue": "kboot's catalogue",
    "publisher": "the publisher's checksum file",
    "first-seen": "the lock file",
}
"""Trust level → who says what the digest should be."""


def unreachable(artifact: Artifact, url: str, why: str) -> KbootError:
    return KbootError(
        Exit.NETWORK_UNREACHABLE,
        f"{_name(artifact)} could not be downloaded",
        why=f"{mask(url)}: {why}",
        next=f"check the network and https_proxy, or: kboot up --mirror {origin(artifact.url)}=URL",
    )


def offline(artifact: Artifact) -> KbootError:
    """What was there when the plan was made is not, or is damaged."""
    return KbootError(
        Exit.OFFLINE_MISSING,
        f"{_name(artifact)} would have to be downloaded",
        why="--offline, and neither the store nor the drop folder has the intact file",
        next="the same command without --offline, on a machine with a network",
    )


def wrong_by_hand(
    artifact: Artifact, path: Path, algorithm: str, found: str, expected: str
) -> KbootError:
    return KbootError(
        Exit.INTEGRITY,
        f"the file put there by hand for {_name(artifact)} is not the file it should be",
        why=f"{path} has {algorithm} {_short(found)}; {_witness(artifact)} says {_short(expected)}",
        next=f"rm {shlex.quote(str(path))}   (or put the right file there)",
        items=(f"got      {algorithm} {found}", f"expected {algorithm} {expected}"),
    )


def bad_status(artifact: Artifact, url: str, status: int) -> KbootError:
    if status in (404, 410):
        why = f"the release is not at {mask(url)} (HTTP status {status})"
    else:
        why = f"{mask(url)} answers with HTTP status {status}"
    return KbootError(
        Exit.SERVER_ERROR,
        f"the server did not give {_name(artifact)}",
        why=why,
        next=f"kboot up --mirror {origin(artifact.url)}=URL   (a place that has it)",
    )


def too_many_redirects(artifact: Artifact, url: str, limit: int) -> KbootError:
    return KbootError(
        Exit.SERVER_ERROR,
        f"the server did not give {_name(artifact)}",
        why=f"{mask(url)} redirects more than {limit} times",
        next=f"kboot up --mirror {origin(artifact.url)}=URL   (a place that has it)",
    )


def after_tries(failure: KbootError, tried: int) -> KbootError:
    """The same failure, saying that it was not given up at once."""
    failure.why += f"; tried {tried} times"
    return failure


def wrong_size(artifact: Artifact, url: str, announced: int | None) -> KbootError:
    """`announced` in bytes; None: more came than may."""
    got = "more" if announced is None else f"{announced:,} bytes"
    wanted = f"{artifact.size:,} bytes" if artifact.size is not None else "a release is smaller"
    return _integrity(
        artifact, url, f"got {got} from {mask(url)}; {_witness(artifact)} says {wanted}"
    )


def wrong_file(
    artifact: Artifact, url: str, algorithm: str, found: str, expected: str, size: int
) -> KbootError:
    """Digests are hex, `size` is bytes received."""
    why = (
        f"got {algorithm} {_short(found)} ({size:,} bytes) from {mask(url)}; "
        f"{_witness(artifact)} says {_short(expected)}"
    )
    digests = (f"got      {algorithm} {found}", f"expected {algorithm} {expected}")
    return _integrity(artifact, url, why, digests)


def bad_checksum_file(artifact: Artifact, url: str, why: str) -> KbootError:
    return _integrity(artifact, url, f"the checksum file {mask(url)} {why}")


def _integrity(artifact: Artifact, url: str, why: str, items: tuple[str, ...] = ()) -> KbootError:
    publisher = origin(artifact.url)
    if url == artifact.url:
        advice = f"kboot up --mirror {publisher}=URL   (a place that has the released file)"
    else:
        advice = f"kboot up --mirror {publisher}={publisher}"
    return KbootError(
        Exit.INTEGRITY,
        f"{_name(artifact)} is not the file it should be",
        why=why,
        next=advice,
        items=items,
    )


def _name(artifact: Artifact) -> str:
    return f"{artifact.tool} {artifact.version} for {artifact.platform}"


def _witness(artifact: Artifact) -> str:
    return _WITNESSES[artifact.trust]


def _short(digest: str) -> str:
    return f"{digest[:4]}…{digest[-4:]}"
