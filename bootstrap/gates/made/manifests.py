"""The objects that gates make, for every Kubernetes from 1.8 on. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from bootstrap.gates.why.ends import MAIN
from bootstrap.gates.why.pulls import ASKED

Manifest = Mapping[str, Any]

HELD = "data"
"""The claim of a StatefulSet's pod, before the pod's name."""
PORT = 8080
LOADED = "IfNotPresent"

# `timeout` is not used: how its seconds are given differs between busybox's releases.
_WITHIN = """
ask() {{
{script}
}}
ask & asking=$!
{{ sleep {seconds}; kill $asking; }} &
wait $asking
"""


class Image(NamedTuple):
    """What containers run. `pull`: Kubernetes' imagePullPolicy."""

    name: str
    pull: str = LOADED


class Mount(NamedTuple):
    """One volume of a pod: `source` as in the pod's `volumes`, without its name."""

    name: str
    path: str
    source: Mapping[str, Any]


def config_map(name: str, data: Mapping[str, str]) -> Manifest:
    return {**_head("v1", "ConfigMap", name), "data": dict(data)}


def secret(name: str, data: Mapping[str, str]) -> Manifest:
    return {**_head("v1", "Secret", name), "stringData": dict(data)}


def claim(name: str) -> Manifest:
    """Of the default StorageClass: it names none."""
    return {**_head("v1", "PersistentVolumeClaim", name), "spec": _claim_spec()}


def pod(name: str, image: Image, script: str, mounts: tuple[Mount, ...] = ()) -> Manifest:
    """Runs `script` once. Its exit code and its termination message are the answer."""
    head, spec = _head("v1", "Pod", name), _pod_spec(image, script, mounts)
    head["metadata"]["annotations"] = {ASKED: image.name}
    return {**head, "spec": {**spec, "restartPolicy": "Never"}}


def within(seconds: int, script: str) -> str:
    """`script`, ended after that time with what it has written to its termination message."""
    return _WITHIN.format(seconds=seconds, script=script)


def service(name: str, *, headless: bool = False) -> Manifest:
    """In front of the pods labelled `app: name`."""
    spec: dict[str, Any] = {
        "selector": {"app": name},
        "ports": [{"name": "http", "port": 80, "targetPort": PORT}],
    }
    if headless:
        spec |= {"clusterIP": "None", "ports": [{"name": "http", "port": PORT}]}
    return {**_head("v1", "Service", name), "spec": spec}


def deployment(
    name: str, apps: str, image: Image, script: str, mounts: tuple[Mount, ...], replicas: int
) -> Manifest:
    return {
        **_head(apps, "Deployment", name),
        "spec": {"replicas": replicas, **_template(name, image, script, mounts)},
    }


def stateful_set(
    name: str, apps: str, image: Image, script: str, mounts: tuple[Mount, ...], data: str
) -> Manifest:
    """One replica behind the headless Service of its name, with a claim mounted at `data`."""
    held = Mount(HELD, data, {})
    template = _template(name, image, script, (*mounts, held))
    template["template"]["spec"]["volumes"].pop()  # the claim's volume is the set's to add
    return {
        **_head(apps, "StatefulSet", name),
        "spec": {
            "replicas": 1,
            "serviceName": name,
            **template,
            "volumeClaimTemplates": [{"metadata": {"name": held.name}, "spec": _claim_spec()}],
        },
    }


def _template(name: str, image: Image, script: str, mounts: tuple[Mount, ...]) -> dict[str, Any]:
    labels = {"app": name}
    spec = _pod_spec(image, script, mounts)
    spec["containers"][0]["readinessProbe"] = {
        "httpGet": {"path": "/", "port": PORT},
        "periodSeconds": 1,
        "timeoutSeconds": 5,
    }
    return {
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels, "annotations": {ASKED: image.name}},
            "spec": spec,
        },
    }


def _pod_spec(image: Image, script: str, mounts: tuple[Mount, ...]) -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "containers": [
            {
                "name": MAIN,
                "image": image.name,
                "imagePullPolicy": image.pull,
                "command": ["/bin/sh", "-c", script],
                "volumeMounts": [{"name": each.name, "mountPath": each.path} for each in mounts],
            }
        ],
        "volumes": [{"name": each.name, **each.source} for each in mounts],
    }


def _claim_spec() -> dict[str, Any]:
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Mi"}}}


def _head(version: str, kind: str, name: str) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}}
