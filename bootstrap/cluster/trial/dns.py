"""Gate `dns`: a name of the cluster's resolves from inside a pod."""

from bootstrap.cluster.gate_look import Look, Looks
from bootstrap.cluster.trial.manifests import within
from bootstrap.cluster.trial.trial import Trial

_SECONDS = 20
"""A resolver asks a server that is silent for up to a minute, before it says so."""

# KUBERNETES_SERVICE_HOST is in every pod, from 1.0 on. nslookup's exit code is not used: what it
# means differs between busybox's releases.
_SCRIPT = r"""
domain=$(sed -n 's/^search .*[ .]svc\.\([^ ]*\).*/\1/p' /etc/resolv.conf | head -n 1)
name=kubernetes.default.svc.${domain:-cluster.local}
asked=$(grep ^nameserver /etc/resolv.conf)
echo "$name: no answer from" $asked > /dev/termination-log
for try in 1 2 3 4 5; do
    said=$(nslookup "$name" 2>&1)
    if echo "$said" | grep -qwF "$KUBERNETES_SERVICE_HOST"; then
        echo "$name is $KUBERNETES_SERVICE_HOST" > /dev/termination-log
        exit 0
    fi
    sleep 1
done
{ echo "$name does not resolve to $KUBERNETES_SERVICE_HOST (asked:" $asked"):"
  echo "$said" | grep . | tail -n 2 | uniq; } > /dev/termination-log
exit 1
"""


def pass_dns(trial: Trial) -> Looks[None]:
    yield from trial.begin()
    said = yield from trial.answer("dns", within(_SECONDS, _SCRIPT), otherwise="name-not-resolved")
    yield Look(passed=True, message=said)
