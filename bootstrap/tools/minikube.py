"""minikube: makes and runs the cluster."""

import re

from bootstrap.core.model.profile import Policy
from bootstrap.core.model.tool import Answer, Reading, Tool, reading_of

_VERSION = re.compile(r"^minikube version: *(.*)$", re.MULTILINE)


def parse(answer: Answer) -> Reading:
    """`minikube version: v0.25.0`; later releases add a line with the commit."""
    found = _VERSION.search(answer.out)
    return reading_of(found[1] if found else "", answer)


TOOL = Tool(
    name="minikube",
    executable="minikube",
    # `-o json` is unknown before 1.9.1, and `--short` keeps the words up to 1.19.
    version_args=("version",),
    parse=parse,
    source="artifact",
    default_policy=Policy.INSTALL,
    by_hand="install it from https://minikube.sigs.k8s.io/docs/start/",
    version_is_of_the_file=True,
)
