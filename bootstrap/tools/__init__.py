"""One small pure module per tool: how to ask it, how to read its answer, how it is installed."""

from bootstrap.core.model.tool import Tool
from bootstrap.tools import docker, kubectl, minikube, virtualbox

TOOLS: tuple[Tool, ...] = (minikube.TOOL, kubectl.TOOL, docker.TOOL, virtualbox.TOOL)
"""Every tool that a profile may name, in the order in which they are shown."""
