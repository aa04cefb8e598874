"""How a person gets a file to kboot that kboot cannot fetch."""

from bootstrap.core.model.catalogue import Artifact


def how_to_bring(artifact: Artifact, folder: str) -> tuple[str, ...]:
    """Lines: what to fetch, what it must be, where to put it. `folder` is the drop folder."""
    what = f"{artifact.tool} {artifact.version} from {artifact.url}"
    if not artifact.digest:
        known = (
            f"  its digest is only in {artifact.checksum_url}, so kboot needs the network for it"
        )
        return what, known
    algorithm = "sha512" if artifact.sha512 else "sha256"
    where = f"put it, its {algorithm} being its name, at {folder}/{artifact.digest}"
    return what, f"  {where}"
