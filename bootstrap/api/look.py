"""One look at a cluster: who it is, which version it serves, how many nodes are ready."""

import base64
import binascii
import hashlib
import time
from collections.abc import Callable, Sequence

from bootstrap.api.client import ApiClient
from bootstrap.api.failure import ApiFailure
from bootstrap.api.objects import holds, objects, text
from bootstrap.api.signs import questions, signs
from bootstrap.core.model.state import ApiLook
from bootstrap.kubeconfig.private import SIZE_LIMIT, Connection
from bootstrap.regular import read_regular

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


_VERSION, _SYSTEM, _NODES = "/version", "/api/v1/namespaces/kube-system", "/api/v1/nodes"


def look(
    connection: Connection,
    gates: Sequence[str] = (),
    *,
    timeout: float = 2.0,
    keep: Callable[[ApiClient], None] = ApiClient.close,
) -> ApiLook:
    """Ask once, in one round, within `timeout` seconds for everything together.

    `gates`: those whose signs are looked at, too.
    Never raises for what the server does: `failure` says it, beside what was learnt before it.
    `keep` is given the client, with its connection, for more questions.
    """
    client = ApiClient(connection, timeout=timeout, deadline=time.monotonic() + timeout)
    try:
        return _seen(client, connection, gates)
    finally:
        keep(client)


def _seen(client: ApiClient, connection: Connection, gates: Sequence[str]) -> ApiLook:
    seen = ApiLook()
    try:
        fingerprint = ca_fingerprint(connection)
        with client.asked_ahead((_VERSION, _SYSTEM, _NODES, *questions(gates))):
            # major and minor are empty from a localkube (1.9), so only gitVersion counts.
            version = text(client.get_json(_VERSION), "gitVersion")
            seen = seen._replace(server_version=version)
            uid = text(client.get_json(_SYSTEM), "metadata", "uid")
            seen = seen._replace(identity=f"{fingerprint}:{uid}" if uid else "")
            nodes = objects(client.get_json(_NODES), "items")
            seen = seen._replace(signs=signs(client, gates, nodes))
    except ApiFailure as failure:
        return seen._replace(failure=failure.words)
    if not seen.server_version or not seen.identity:
        return seen._replace(failure=f"{connection.server} answers, but not as Kubernetes does")
    ready = sum(holds(node, "Ready") for node in nodes)
    return seen._replace(nodes_ready=ready, nodes_total=len(nodes))


def ca_fingerprint(connection: Connection) -> str:
    """The first 16 hex digits of the SHA-256 of the cluster's CA certificate (its DER form).

    Raises ApiFailure when it cannot be read.
    """
    pem = connection.ca_pem
    try:
        if pem is None:
            content = read_regular(connection.ca_file or "", SIZE_LIMIT)
            pem = content.decode("ascii", errors="replace")
        blocks = [
            base64.b64decode(block.partition(_END)[0], validate=False)
            for block in pem.split(_BEGIN)[1:]
            if _END in block
        ]
    except OSError as error:
        words = f"the CA certificate {connection.ca_file} cannot be read: {error.strerror}"
        raise ApiFailure("api-credentials", words) from error
    except binascii.Error as error:
        raise ApiFailure("api-credentials", "the CA certificate is not valid PEM") from error
    if not blocks:
        raise ApiFailure("api-credentials", "there is no CA certificate in the kubeconfig")
    return hashlib.sha256(b"".join(blocks)).hexdigest()[:16]
