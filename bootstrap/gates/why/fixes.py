"""What to type about what keeps a trial's things from coming, however the cluster is run."""

from bootstrap.api.failure import REFUSED

_GET = "kboot exec -- kubectl get "
LOOK_CLOSER = "kboot verify --keep, then kboot exec -- kubectl get events --all-namespaces"
_LONGER = "kboot verify --timeout 10m   (it may only be slow)"
FIXES = {
    **REFUSED,
    "data-lost": f"{_GET}storageclass,persistentvolume   (their provisioner lost what was written)",
    "engine-down": "start Docker (systemctl start docker), then the same command again",
    "build-fails": "kboot exec -- docker info   (of the engine that docker builds with)",
    "claim-not-bound": f"{_GET}storageclass,persistentvolume",
    "node-engine-down": "kboot down, then kboot up   (starts the node's engine anew; data stay)",
    "injected-fails": f"{_GET}mutatingwebhookconfigurations   (one of them adds the container)",
    "node-not-ready": "kboot exec -- kubectl describe nodes",
    "name-not-resolved": "kboot exec -- kubectl -n kube-system get pods,services,endpoints   (all "
    "well there? then kube-proxy or the pods' network: kboot down, then kboot up)",
    "image-changed": "let kboot's pods (in namespaces kboot-*) have what they ask for, or have the "
    "nodes reach what they are given",
    "out-of-memory": "have what limits memory in new namespaces (kboot-*: a LimitRange, a webhook) "
    "allow more",
    "not-there-yet": _LONGER,
    "pod-not-ended": _LONGER,
    "pod-not-started": _LONGER,
    "pod-not-scheduled": "kboot down, then kboot up   (starts the scheduler anew; data stay)",
    "pod-unschedulable": "kboot exec -- kubectl describe nodes",
    "services-unanswered": "kboot down, then kboot up   (starts kube-proxy anew; data stay)",
    "provisioner-fails": "kboot exec -- kubectl -n kube-system describe pod storage-provisioner",
    "provisioner-missing": "kboot exec -- kubectl -n kube-system get pods",
}
