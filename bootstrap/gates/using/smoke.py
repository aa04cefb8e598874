"""Gate `smoke`: the kinds that people make, used together, as the 2018 tutorial does.

A Secret and a ConfigMap mounted into a Deployment of two replicas behind a Service, and into a
StatefulSet with a claim behind a headless one. A client asks both by name. Then the StatefulSet's
pod is deleted, and its data must be there under the same name.
"""

import re
from functools import partial

from bootstrap.api.failure import ApiFailure
from bootstrap.api.objects import name, objects, text
from bootstrap.gates.look import Looks, steadily
from bootstrap.gates.made import manifests
from bootstrap.gates.made.answer import Meaning, answer
from bootstrap.gates.made.manifests import PORT, Mount
from bootstrap.gates.made.trial import Trial, nonce
from bootstrap.gates.why.ends import MAIN
from bootstrap.gates.why.trouble import Trouble

_CONFIG = Mount("config", "/config", {"configMap": {"name": "web"}})
_SECRET = Mount("secret", "/secret", {"secret": {"secretName": "web"}})
_GIVEN = {"port": str(PORT), "replicas": "2"}

_WEB = """
mkdir -p /tmp/www
echo "$(cat /config/greeting) $(cat /secret/word) $(hostname)" > /tmp/www/index.html
echo "serving as $(hostname)"
exec httpd -f -p $port -h /tmp/www
"""
_STORE = """
mkdir -p /tmp/www
starts=$(cat /data/$own-starts 2>/dev/null || echo 0)
echo $((starts + 1)) > /data/$own-starts
[ -s /data/$own-word ] || cat /secret/word > /data/$own-word
echo "$(cat /config/greeting) $(cat /data/$own-word) $(cat /data/$own-starts)" > /tmp/www/index.html
exec httpd -f -p $port -h /tmp/www
"""

# Every round asks a Service anew, until all that is wanted was seen. Names are short, so that the
# search list of resolv.conf is used as people's programs use it.
_ASK_BOTH = """
hosts=; web='not asked yet'; store='not asked yet'
while true; do
    echo "of Service web, the replicas that answered rightly:${hosts:- none};" \
        "its last answer: $web; store-0's: $store" | tee /dev/termination-log
    web=$(wget -q -T 3 -O - http://web/ 2>&1)
    case "$web" in
        "$greeting $word "*) host=${web##* }
            case " $hosts " in *" $host "*) ;; *) hosts="$hosts $host" ;; esac ;;
    esac
    store=$(wget -q -T 3 -O - http://store-0.store:$port/ 2>&1)
    set -- $hosts
    starts=${store##* }
    if [ $# -ge $replicas ] && [ "$store" = "$greeting $word $starts" ] &&
        [ "$starts" -gt "${before:-0}" ]; then
        echo "$starts" > /dev/termination-log
        exit 0
    fi
    [ $# -gt 0 ] && [ $# -lt $replicas ] || sleep 1
done
"""


def pass_smoke(trial: Trial) -> Looks[None]:
    yield from trial.begin()
    apps = yield from trial.apps()
    expected = {"greeting": f"hello-{nonce()}", "word": nonce()}
    yield from _make(trial, apps, **expected)
    yield from trial.complete("Deployment", "web", apps)
    yield from trial.complete("StatefulSet", "store", apps)
    yield from trial.bound(f"{manifests.HELD}-store-0")
    # Not once, where somebody else has deleted it meanwhile.
    starts = yield from _ask(trial, "client-1", **expected, before="0")
    yield from read_logs(trial)
    before = yield from trial.read("Pod", "store-0")
    yield from trial.remove("Pod", "store-0")
    yield from trial.replaced("store-0", text(before, "metadata", "uid"))
    yield from _ask(trial, "client-2", **expected, before=starts)
    yield trial.passed(f"every kind of object worked together ({apps})")


def _make(trial: Trial, apps: str, greeting: str, word: str) -> Looks[None]:
    mounts = (_CONFIG, _SECRET)
    # The volume may be a person's own, bound by chance: no file of theirs has such a name.
    store = _script(_STORE, own=trial.namespace)
    for manifest in (
        manifests.config_map("web", {"greeting": greeting}),
        manifests.secret("web", {"word": word}),
        manifests.service("web"),
        manifests.service("store", headless=True),
        manifests.deployment("web", apps, trial.image, _script(_WEB), mounts, replicas=2),
        manifests.stateful_set("store", apps, trial.image, store, mounts, "/data"),
    ):
        yield from trial.make(manifest)


def _ask(trial: Trial, client: str, **expected: str) -> Looks[str]:
    """How often the StatefulSet's pod has been started."""
    script = trial.lasting(_script(_ASK_BOTH, **expected))
    closer = partial(of_answers, f"{expected['greeting']} {expected['word']}", expected["before"])
    meaning = Meaning("services-unanswered", closer)
    return (yield from answer(trial, client, script, meaning=meaning))


def of_answers(right: str, before: str, trouble: Trouble) -> Trouble:
    """store-0 answers rightly, but knows less than its predecessor had written."""
    found = re.search(rf"store-0's: {re.escape(right)} (\d+)", trouble.words)
    if not found or int(found[1]) > int(before):
        return trouble
    lost = f"the volume of store-0 tells of start {found[1]}, and told of {before} before"
    return trouble._replace(reason="data-lost", words=f"{lost}; {trouble.words}")


def _script(body: str, **given: str) -> str:
    """`body`, with variables set before it."""
    return " ".join(f"{key}={value}" for key, value in {**_GIVEN, **given}.items()) + "\n" + body


def read_logs(trial: Trial) -> Looks[None]:
    """A replica's log says what it printed."""
    client, pods = trial.client, f"/api/v1/namespaces/{trial.namespace}/pods"
    while True:
        listed = yield from steadily(lambda: client.get_json(f"{pods}?labelSelector=app%3Dweb"))
        first = objects(listed, "items")[:1]
        said = ""
        try:
            # Admission may have added containers, and then one has to be named.
            log = f"{pods}/{name(first[0])}/log?container={MAIN}"
            said = client.get(log).body.decode("utf-8", "replace")
        except ApiFailure as failure:
            said = failure.words
        except IndexError:
            said = "no pod is labelled app=web"
        if "serving as " in said:
            return
        words = f"its log should have the line `serving as …`, and the answer is: {said[:200]}"
        yield trial.failed("logs cannot be read", Trouble("logs-unreadable", words))
