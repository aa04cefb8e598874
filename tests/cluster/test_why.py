"""Why a pod does not come, of what Kubernetes says about it."""

from bootstrap.cluster.api import ApiClient
from bootstrap.cluster.trial import why
from tests.cluster.apiserver import ApiServer, as_json


def test_why_an_image_cannot_be_pulled_is_said_also_after_the_kubelets_later_events(
    server: ApiServer, client: ApiClient
) -> None:
    cause = 'Failed to pull image "a:1": no such host'
    events = [
        {"type": "Warning", "message": message, "lastTimestamp": f"2026-11-24T18:00:0{second}Z"}
        for second, message in enumerate((cause, "Error: ErrImagePull", "Error: ImagePullBackOff"))
    ]
    server.documents["/api/v1/namespaces/kboot-1/events"] = as_json({"items": events})
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "a:1"'}
    status = {"name": "main", "image": "a:1", "state": {"waiting": waiting}}
    pod = {"metadata": {"name": "dns"}, "status": {"containerStatuses": [status]}}
    found = why.of_pod(client, "kboot-1", pod)
    assert (found.reason, found.words) == ("image-not-pulled", f"pod dns: image a:1: {cause}")
