"""kubectl: the person's own way into the cluster."""

import json

from bootstrap.core.model.profile import Policy
from bootstrap.core.model.state import ToolState
from bootstrap.core.model.tool import Answer, Reading, Tool, reading_of


def parse(answer: Answer) -> Reading:
    """`clientVersion.gitVersion`, with a vendor's suffix. Warnings on stderr do not matter."""
    try:
        version = json.loads(answer.out)["clientVersion"]["gitVersion"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return Reading(failure=answer.printed)
    return reading_of(version, answer)


def detail(state: ToolState) -> str:
    """Google's dispatcher runs another kubectl, one that it picks by the cluster's version."""
    return "a Google Cloud SDK dispatcher" if "-dispatcher" in state.version else ""


TOOL = Tool(
    name="kubectl",
    executable="kubectl",
    # `--short` is gone since 1.28, the long text too; without `--client` no cluster means exit 1.
    version_args=("version", "--client", "-o", "json"),
    parse=parse,
    source="artifact",
    default_policy=Policy.INSTALL,
    by_hand="install it from https://kubernetes.io/docs/tasks/tools/",
    version_is_of_the_file=True,
    detail=detail,
)
