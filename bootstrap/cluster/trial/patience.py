"""How long a trouble is waited out that Kubernetes itself takes for a passing one."""

import time
from contextlib import closing

from bootstrap.cluster.gate_look import Looks

PATIENCE = 15.0
"""Seconds for which the same trouble must last to be taken for one that waiting does not mend."""
_LASTING = frozenset(
    {
        "claim-not-bound",
        "container-not-created",
        "image-not-pulled",
        "kubectl-differs",
        "kubectl-fails",
        "node-not-ready",
        "pod-network-fails",
        "pod-not-created",
        "pod-not-scheduled",
        "pod-unschedulable",
        "storageclass-missing",
        "volume-not-mounted",
        "webhook-fails",
    }
)
"""Not `serviceaccount-missing`: after an API server was away, the controller manager comes back to
it only after up to half a minute."""


def patiently(looks: Looks[None], seconds: float = PATIENCE) -> Looks[None]:
    """The same looks; one whose trouble lasts for too long is final."""
    reason, since = "", 0.0
    with closing(looks):
        for look in looks:
            now = time.monotonic()
            if look.reason != reason:
                reason, since = look.reason, now
            lasts = reason in _LASTING and now - since >= seconds
            yield look._replace(final=look.final or lasts)
