"""kubectls that a test made up, at their publisher's paths with a checksum file beside each."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.driving.kboot import Kboot, script
from tests.helpers.serving.mirror import Mirror


def path_of(version: str) -> str:
    return f"/release/v{version}/bin/linux/amd64/kubectl"


def made_up(program: Path, version: str) -> None:
    """A program that says its version as kubectl does, whatever it is asked."""
    script(program, f"""echo '{{"clientVersion": {{"gitVersion": "v{version}"}}}}'""")


@contextmanager
def published(kboot: Kboot, *versions: str) -> Iterator[Mirror]:
    """These versions can be downloaded; none of them has a digest in kboot's catalogue."""
    folder = kboot.folder / "published"
    folder.mkdir()
    files: dict[str, Path] = {}
    for version in versions:
        program = folder / f"kubectl-{version}"
        made_up(program, version)
        checksum = folder / f"{version}.sha256"
        checksum.write_text(hashlib.sha256(program.read_bytes()).hexdigest(), encoding="ascii")
        files |= {path_of(version): program, f"{path_of(version)}.sha256": checksum}
    with Mirror(files) as mirror:
        kboot.env["KBOOT_MIRRORS"] = f"https://dl.k8s.io={mirror.url}"
        kboot.env["KBOOT_CA_BUNDLE"] = str(mirror.ca_file)
        yield mirror


def wants(kboot: Kboot, version: str, name: str = "p") -> str:
    """A profile file of that name, which asks for this kubectl."""
    return kboot.profile(f'name = "{name}"\n[tools]\nkubectl = "{version}"\n', f"{name}.toml")


def downloads(mirror: Mirror) -> list[str]:
    """The versions whose program was fetched, in order."""
    paths = (request.path for request in mirror.requests)
    return [path.split("/")[2].removeprefix("v") for path in paths if path.endswith("/kubectl")]
