"""Record histories of pods from a real cluster. For maintainers.

    python -m tests.helpers.histories.record KUBECONFIG FOLDER [STORY ...] [--enter PROGRAM]

PROGRAM runs words in the only node, where /run/kubelet.pid names a kubelet that is started again
when it ends. Without it, the stories that need it are left out. Everything that is made in the
cluster is in one namespace for each story, and gone afterwards.
"""

import argparse
from contextlib import ExitStack
from pathlib import Path

import yaml

from bootstrap.api.client import ApiClient
from bootstrap.api.objects import objects
from bootstrap.kubeconfig.private import Connection, connection_of, select
from tests.helpers.histories.past import History
from tests.helpers.histories.recorder import NAMESPACES, WATCHED, Recorder, own_namespace, watching
from tests.helpers.histories.stories import STORIES

_SETTLES = 3.0
"""Seconds for which is recorded what comes after the end."""


def record(connection: Connection, name: str, given: argparse.Namespace) -> History:
    story = STORIES[name]
    with ApiClient(connection, timeout=10.0) as client, ExitStack() as stack:
        recorder = Recorder(
            client,
            name,
            seed=given.seed,
            image=given.image,
            bare=given.bare,
            enter=given.enter,
        )
        stack.enter_context(own_namespace(client, recorder.namespace))
        for plural in WATCHED:
            path = f"{NAMESPACES}/{recorder.namespace}/{plural}"
            stack.enter_context(watching(connection, path, recorder.saw))
        stack.enter_context(watching(connection, "/api/v1/nodes", recorder.saw))
        story.plays(recorder)
        recorder.wait(_SETTLES)
        info = objects(client.get_json("/api/v1/nodes"), "items")[0]["status"]["nodeInfo"]
    about = {
        "kubernetes": info["kubeletVersion"],
        "runtime": info["containerRuntimeVersion"],
        "seed": given.seed,
        "drawn": recorder.drawn,
    }
    steps = tuple(recorder.steps)
    return History(name, about, recorder.namespace, recorder.pod, story.ends, story.said, steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kubeconfig", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("stories", nargs="*", metavar="STORY", help=", ".join(STORIES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--image", default="docker.io/library/busybox:1.35")
    parser.add_argument(
        "--bare", metavar="IMAGE", default="registry.k8s.io/pause:3.10.1", help="without a shell"
    )
    parser.add_argument("--enter", metavar="PROGRAM")
    parser.add_argument("--suffix", default="", help="to each history's name")
    given = parser.parse_args()
    document = yaml.safe_load(given.kubeconfig.read_text())
    chosen = select(document, document["current-context"])
    connection = connection_of(chosen, given.kubeconfig.parent)
    given.folder.mkdir(parents=True, exist_ok=True)
    for name in given.stories or STORIES:
        if STORIES[name].in_node and not given.enter:
            continue
        made = record(connection, name, given)
        made._replace(name=f"{name}{given.suffix}").write(given.folder)
        print(f"{made.name}: {len(made.steps)} steps, {made.steps[-1].at:.0f} s", flush=True)


if __name__ == "__main__":
    main()
