"""How an image of this machine gets onto a cluster's nodes, by minikube's era. Pure."""

from bootstrap.core.values.version import Version, find_version

MINIKUBE = "kboot exec -- minikube"
"""As it is typed: the one of the profile, which need not be on PATH."""
LOADS_SINCE = Version((1, 20))
"""`minikube image load` came with 1.18, from a file with pull request 10807, and `image ls` with
11007: 1.20.0 is the first of which both are recorded."""


def loads_images(minikube: str | None) -> bool:
    """`minikube`: its version; None: not known, so taken for one of today."""
    version = find_version(minikube or "")
    return version is None or version >= LOADS_SINCE


def bring_image(image: str, cluster: str, driver: str, minikube: str | None) -> str:
    """What to type."""
    if loads_images(minikube):
        return f"{MINIKUBE} -p {cluster} image load {image}"
    # With driver none this machine's docker is the node's; the others have had a cache since 0.2x.
    return (
        f"docker pull {image}" if driver == "none" else f"{MINIKUBE} -p {cluster} cache add {image}"
    )
