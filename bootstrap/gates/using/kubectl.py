"""Gate `kubectl`: the person's own names the very nodes that the API server names."""

import re

from bootstrap.api.client import ApiClient
from bootstrap.api.objects import name, objects
from bootstrap.core.model.gate import Lack
from bootstrap.gates.look import TRY_AGAIN, Looks, steadily
from bootstrap.gates.made.trial import Trial
from bootstrap.gates.using.programs import Programs, without
from bootstrap.gates.why.trouble import Trouble

_STAYS = re.compile(
    r"(?i)x509: (?!.*not yet valid)|unauthorized|must be logged in|forbidden|exec format error"
    r"|context .*not exist|no such file|not found|permission denied"
    r"|unknown (flag|command|shorthand)|error loading config|no configuration has been provided"
)
"""What a kubectl that cannot work with its kubeconfig, or at all, says for good."""


def pass_kubectl(trial: Trial, programs: Programs) -> Looks[None]:
    run = programs.kubectl_nodes
    if isinstance(run, Lack):
        yield without(run)
        return
    while True:
        before = yield from steadily(lambda: _nodes(trial.client))
        ran = run()
        after = yield from steadily(lambda: _nodes(trial.client))
        # `nodes/minikube` up to 1.10, `node/minikube` since.
        found = sorted(line.rpartition("/")[2] for line in ran.out.split())
        if ran.ended_well and found in (before, after):
            counted = f"{len(found)} node" + ("s" if len(found) != 1 else "")
            yield trial.passed(f"kubectl lists {counted}")
        # What the server says is the same before and after: it is kubectl's own, and stays.
        stays = before == after
        if ran.ended_well:
            words = f"kubectl names {found}, and the API server {after}"
            yield trial.failed(
                "kubectl sees other nodes", Trouble("kubectl-differs", words, final=stays)
            )
        else:
            final = stays and bool(_STAYS.search(ran.said))
            trouble = Trouble("kubectl-fails", f"kubectl get nodes: {ran.said}", final)
            look = trial.failed("kubectl cannot list the nodes", trouble)
            yield look._replace(again=TRY_AGAIN)


def _nodes(client: ApiClient) -> list[str]:
    return sorted(name(each) for each in objects(client.get_json("/api/v1/nodes"), "items"))
