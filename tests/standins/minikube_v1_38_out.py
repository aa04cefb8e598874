"""How v1.38 speaks: plain lines, or CloudEvents with `--output json`; and how it ends."""

import json
import os
from collections.abc import Sequence

from .call import say

START = (
    "Initial Minikube Setup", "Selecting Driver", "Downloading Artifacts", "Starting Node",
    "Updating Driver", "Pulling Base Image", "Running on Localhost", "Local OS Release",
    "Creating Container", "Creating VM", "Running Remotely", "Preparing Kubernetes",
    "Generating certificates", "Booting control plane", "Configuring RBAC rules",
    "Configuring CNI", "Configuring Localhost Environment", "Verifying Kubernetes",
    "Enabling Addons", "Done",
)  # fmt: skip
STOP = ("Stopping", "PowerOff", "Done")
DELETE = ("Deleting", "Stopping", "PowerOff", "Done")


class Exit(Exception):
    """The call ends here: with a reason, or with what it has said already."""

    def __init__(
        self, code: int, reason: str = "", text: str = "", *, advice: str = "", mark: str = "X"
    ) -> None:
        super().__init__(reason, text)
        self.code, self.reason, self.text = code, reason, text
        self.advice, self.mark = advice, mark


class Out:
    def __init__(self, steps: Sequence[str] = (), *, json_events: bool = False) -> None:
        self.steps, self.json_events = steps, json_events

    def step(self, text: str, name: str) -> None:
        if not self.json_events:
            say(f"* {text}\n")
            return
        last = str(len(self.steps) - 1)
        here = str(self.steps.index(name))
        data = {"currentstep": here, "message": text, "name": name, "totalsteps": last}
        self._event("step", data)

    def info(self, text: str, *, mark: str = "  - ") -> None:
        if self.json_events:
            self._event("info", {"message": text})
        else:
            say(f"{mark}{text}\n")

    def hidden(self, text: str, name: str) -> None:
        """A step that is seen in events and on a terminal only."""
        if self.json_events:
            self.step(text, name)

    def warning(self, text: str) -> None:
        if self.json_events:
            self._event("warning", {"message": text})
        else:
            say(f"! {text}\n", error=True)

    def remark(self, text: str, *, mark: str = "* ") -> None:
        """What belongs to a warning; among the events it is an error, without a code."""
        if self.json_events:
            self._event("error", {"message": text})
        else:
            say(f"{mark}{text}\n", error=True)

    def exit(self, ending: Exit) -> int:
        if ending.reason and self.json_events:
            data = {"advice": ending.advice, "exitcode": str(ending.code), "issues": ""}
            data |= {"message": ending.text, "name": ending.reason, "url": ""}
            self._event("error", data)
        elif ending.reason:
            say("\n\n")
            say(f"{ending.mark} Exiting due to {ending.reason}: {ending.text}\n", error=True)
            if ending.advice:
                say(f"* Suggestion: {ending.advice}\n", error=True)
        return ending.code

    def _event(self, kind: str, data: dict[str, str]) -> None:
        event = {
            "specversion": "1.0",
            "id": _uuid4(),
            "source": "https://minikube.sigs.k8s.io/",
            "type": f"io.k8s.sigs.minikube.{kind}",
            "datacontenttype": "application/json",
            "data": data,
        }
        say(json.dumps(event, separators=(",", ":"), ensure_ascii=False) + "\n")


def _uuid4() -> str:
    text = os.urandom(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
