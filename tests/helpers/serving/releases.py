"""Made programs in the place of releases that only their publishers' checksum files vouch for.

No bytes but the real ones fit a digest of the catalogue's, so what is to end well without them is
one of these.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

from tests.helpers.serving.mirror import Mirror


class Release(NamedTuple):
    """A version without a shipped digest, and the path at which its publisher has it."""

    tool: str
    version: str
    path: str
    answer: str
    """What the program says of itself, whatever it is asked."""

    @property
    def checksum_path(self) -> str:
        return f"{self.path}.sha256"

    def program(self, size: int = 0) -> bytes:
        """A script of at least so many bytes."""
        return f"#!/bin/sh\necho '{self.answer}'\nexit\n".encode().ljust(size, b"#")

    def publish(self, mirror: Mirror, folder: Path, size: int = 0) -> None:
        """Put it, with its checksum file, on the mirror; the files are kept in `folder`."""
        content = self.program(size)
        digest = hashlib.sha256(content).hexdigest().encode()
        for path, served in {self.path: content, self.checksum_path: digest}.items():
            file = folder / path.strip("/").replace("/", "-")
            file.write_bytes(served)
            mirror.files[path] = file


def _kubectl(version: str) -> Release:
    path = f"/release/v{version}/bin/linux/amd64/kubectl"
    answer = f'{{"clientVersion": {{"gitVersion": "v{version}"}}}}'
    return Release("kubectl", version, path, answer)


KUBECTL = _kubectl("1.24.0")
NEXT_KUBECTL = _kubectl("1.24.3")
MINIKUBE = Release(
    "minikube",
    "1.25.0",
    "/minikube/releases/v1.25.0/minikube-linux-amd64",
    "minikube version: v1.25.0",
)

PUBLISHERS = ("https://dl.k8s.io", "https://storage.googleapis.com")


def profile(*releases: Release) -> str:
    """A profile that asks for exactly these."""
    tools = "".join(f'{each.tool} = "{each.version}"\n' for each in releases)
    return f'name = "made"\n\n[tools]\n{tools}'


def settings(mirror: Mirror) -> dict[str, str]:
    """The variables that lead kboot to this mirror."""
    return {
        "KBOOT_MIRRORS": ",".join(f"{each}={mirror.url}" for each in PUBLISHERS),
        "KBOOT_CA_BUNDLE": str(mirror.ca_file),
    }
