"""Gate `dns`: a name of the cluster's resolves from inside a pod."""

from functools import partial

from bootstrap.api.client import ApiClient
from bootstrap.api.failure import ApiFailure
from bootstrap.api.objects import at, objects, text
from bootstrap.gates.look import Looks
from bootstrap.gates.made.answer import Meaning, answer
from bootstrap.gates.made.trial import Trial
from bootstrap.gates.why.trouble import Trouble
from bootstrap.gates.why.volumes import addons_are_kept

# KUBERNETES_SERVICE_HOST is in every pod, from 1.0 on. nslookup's exit code is not used: what it
# means differs between busybox's releases. A resolver asks a server that is silent for up to a
# minute before it says so; DNS that was just started answers nobody yet.
_SCRIPT = r"""
set -f  # of nslookup's ** no names of files are to be made
domain=$(sed -n 's/^search .*[ .]svc\.\([^ ]*\).*/\1/p' /etc/resolv.conf | head -n 1)
name=kubernetes.default.svc.${domain:-cluster.local}
asked=$(grep ^nameserver /etc/resolv.conf)
echo "$name: no answer from" $asked | tee /dev/termination-log
while true; do
    said=$(nslookup "$name" 2>&1)
    if echo "$said" | grep -qwF "$KUBERNETES_SERVICE_HOST"; then
        echo "$name is $KUBERNETES_SERVICE_HOST" > /dev/termination-log
        exit 0
    fi
    said=$(echo "$said" | grep . | tail -n 2 | uniq)
    echo "$name does not resolve to $KUBERNETES_SERVICE_HOST (asked:" $asked"):" $said |
        tee /dev/termination-log
    sleep 1
done
"""
_SERVICES = "/api/v1/namespaces/kube-system/services"


def pass_dns(trial: Trial) -> Looks[None]:
    yield from trial.begin()
    said = yield from answer(
        trial,
        "dns",
        trial.lasting(_SCRIPT),
        meaning=Meaning("name-not-resolved", partial(_without_service, trial.client)),
    )
    yield trial.passed(said)


def _without_service(client: ApiClient, trouble: Trouble) -> Trouble:
    """No name can come to resolve where no Service has the address that pods ask."""
    try:
        services = objects(client.get_json(_SERVICES), "items")
    except ApiFailure:
        return trouble
    is_there = any(
        at(each, "metadata", "labels", "k8s-app") == "kube-dns"
        or (text(each, "spec", "clusterIP") or "?") in trouble.words
        for each in services
    )
    if is_there or addons_are_kept(client):
        return trouble
    words = f"kube-system has no Service labelled k8s-app=kube-dns; {trouble.words}"
    return trouble._replace(words=words, final=True)
