"""How v1.38.1 speaks: plain lines, or CloudEvents with `--output json`; and how it ends."""

import getpass
import hashlib
import json
import os
import tempfile
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
STEPS = {"start": START, "stop": STOP, "delete": DELETE}
WIDTH = 93


class Exit(Exception):
    """The call ends here: with a reason, or with what it has said already."""

    def __init__(
        self,
        code: int,
        reason: str = "",
        text: str = "",
        *,
        advice: str = "",
        event_advice: str = "",
        mark: str = "X",
        box: Sequence[str] = (),
    ) -> None:
        """`box`: the call's words, for those reasons that ask to be reported.

        `event_advice`: where an event has another, which is one that nobody filled in.
        """
        super().__init__(reason, text)
        self.code, self.reason, self.text = code, reason, text
        self.advice, self.event_advice = advice, event_advice or advice
        self.mark, self.box = mark, box


class Out:
    def __init__(self, command: str, *, json_events: bool = False) -> None:
        self.steps = STEPS.get(command, ())
        self.json_events = json_events

    def step(self, text: str, name: str = "", *, mark: str = "* ") -> None:
        """One of the command's steps; without a name, what is said between them."""
        if not self.json_events:
            say(f"{mark}{text}\n")
        elif name:
            here, last = self.steps.index(name), len(self.steps) - 1
            data = {"currentstep": str(here), "message": text, "name": name}
            self._event("step", data | {"totalsteps": str(last)})
        else:
            self._event("info", {"message": text})

    def hidden(self, text: str, name: str) -> None:
        """A step that is seen on a terminal and among the events only."""
        if self.json_events:
            self.step(text, name)

    def warning(self, text: str) -> None:
        if self.json_events:
            self._event("warning", {"message": text})
        else:
            say(f"! {text}\n", error=True)

    def remark(self, text: str, *, mark: str = "* ") -> None:
        """What belongs to a warning. Among the events it is an error, without a code."""
        if self.json_events:
            self._event("error", {"message": text})
        else:
            say(f"{mark}{text}\n", error=True)

    def exit(self, ending: Exit) -> int:
        if ending.reason and self.json_events:
            data = {"advice": ending.event_advice, "exitcode": str(ending.code), "issues": ""}
            data |= {"message": ending.text, "name": ending.reason, "url": ""}
            self._event("error", data)
        elif ending.reason:
            say("\n\n")
            say(f"{ending.mark} Exiting due to {ending.reason}: {ending.text}\n", error=True)
            if ending.advice:
                say(f"* Suggestion: {ending.advice}\n", error=True)
            if ending.box:
                say(_box(ending.box), error=True)
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


def _box(words: Sequence[str]) -> str:
    """Where to report it; the log's name is made of the user and of the call's words."""
    digest = hashlib.sha1("".join([getpass.getuser(), *words]).encode()).hexdigest()
    log = f"{tempfile.gettempdir()}/minikube_{words[0]}_{digest}_0.log"
    lines = (
        "",
        "* If the above advice does not help, please let us know:",
        "  https://github.com/kubernetes/minikube/issues/new/choose",
        "",
        "* Please run `minikube logs --file=logs.txt` and attach logs.txt to the GitHub issue.",
        "* Please also attach the following file to the GitHub issue:",
        f"* - {log}",
        "",
    )
    edge = "─" * WIDTH
    inner = [f"│    {line}".ljust(WIDTH + 1) + "│" for line in lines]
    return "\n".join(["* ", f"╭{edge}╮", *inner, f"╰{edge}╯"]) + "\n"


def _uuid4() -> str:
    text = os.urandom(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
