"""What containers have printed."""

from bootstrap.api.client import ApiClient
from bootstrap.api.failure import ApiFailure
from bootstrap.api.objects import Object, name, text

_LINES = 3
_NO_LOG = ("unable to retrieve container logs", "failed to try resolving symlinks")
"""With which a kubelet's answer begins, well as it ends, when the container's log is gone."""


def last_words(
    client: ApiClient,
    namespace: str,
    pod: Object,
    container: str,
    *,
    lines: int = _LINES,
    previous: bool = False,
) -> str:
    """The last lines of one of its containers, or empty. `previous`: of the one before."""
    path = f"/api/v1/namespaces/{namespace}/pods/{name(pod)}/log"
    query = f"?container={container}&tailLines={lines}{'&previous=true' if previous else ''}"
    try:
        reply = client.get(path + query)
    except ApiFailure:
        return ""
    said = reply.body.decode("utf-8", "replace") if reply.status == 200 else ""
    if said.startswith(_NO_LOG):
        return ""
    return text({"log": " / ".join(filter(None, said.split("\n")))}, "log")
