"""How v1.19 speaks: plain lines, or CloudEvents with `--output json`; and how it ends."""

import json
import os

from .call import say

# Reason → exit code, of those the stand-in can end with.
EXIT_CODES = {
    "DRV_NEEDS_ROOT": 57,
    "DRV_NOT_HEALTHY": 55,
    "DRV_UNSUPPORTED_OS": 56,
    "GUEST_DRIVER_MISMATCH": 81,
    "GUEST_PROVISION": 80,
    "GUEST_START": 80,
    "GUEST_STOP_TIMEOUT": 82,
    "HOST_CONFIG_LOAD": 38,
    "HOST_HOME_MKDIR": 37,
    "K8S_DOWNGRADE_UNSUPPORTED": 106,
    "K8S_INSTALL_FAILED": 100,
    "K8S_OLD_UNSUPPORTED": 106,
    "MK_USAGE": 14,
    "PROVIDER_VIRTUALBOX_NOT_FOUND": 65,
    "RSRC_INSUFFICIENT_REQ_MEMORY": 23,
}
STEPS = (
    "Initial Minikube Setup", "Selecting Driver", "Downloading Artifacts", "Starting Node",
    "Updating Driver", "Pulling Base Image", "Running on Localhost", "Local OS Release",
    "Creating Container", "Creating VM", "Running Remotely", "Preparing Kubernetes",
    "Generating certificates", "Booting control plane", "Configuring RBAC rules",
    "Configuring CNI", "Configuring Localhost Environment", "Verifying Kubernetes",
    "Enabling Addons", "Done",
)  # fmt: skip


class Exit(Exception):
    """The call ends here. Without a reason nothing more is said."""

    def __init__(
        self, reason: str, text: str = "", *, advice: str = "", url: str = "", code: int = 0
    ) -> None:
        super().__init__(reason, text)
        self.reason, self.text, self.advice, self.url = reason, text, advice, url
        self.code = code or EXIT_CODES[reason]


class Out:
    def __init__(self, *, json_events: bool) -> None:
        self.json_events = json_events

    def step(self, text: str, name: str = "", *, mark: str = "* ") -> None:
        if not self.json_events:
            say(f"{mark}{text}\n")
            return
        here = str(STEPS.index(name)) if name else ""
        total = str(len(STEPS) - 1) if name else ""
        data = {"currentstep": here, "message": f"{text}\n", "name": name, "totalsteps": total}
        self._event("step", data)

    def info(self, text: str) -> None:
        if self.json_events:
            self._event("info", {"message": f"{text}\n"})
        else:
            say(f"  - {text}\n")

    def warning(self, text: str) -> None:
        if self.json_events:
            self._event("warning", {"message": f"{text}\n"})
        else:
            say(f"! {text}\n", error=True)

    def exit(self, ending: Exit) -> int:
        if ending.reason and self.json_events:
            data = {"advice": ending.advice, "exitcode": str(ending.code), "issues": ""}
            data |= {"message": ending.text, "name": ending.reason, "url": ending.url}
            self._event("error", data)
        elif ending.reason:
            styled = os.environ.get("MINIKUBE_IN_STYLE", "").lower() in {"1", "t", "true"}
            mark = "❌  " if styled else "X "
            say(f"\n{mark}Exiting due to {ending.reason}: {ending.text}\n", error=True)
            if ending.advice:
                say(f"* Suggestion: {ending.advice}\n", error=True)
            if ending.url:
                say(f"* Documentation: {ending.url}\n", error=True)
        return ending.code

    def _event(self, kind: str, data: dict[str, str]) -> None:
        event = {
            "data": data,
            "datacontenttype": "application/json",
            "id": _uuid4(),
            "source": "https://minikube.sigs.k8s.io/",
            "specversion": "1.0",
            "type": f"io.k8s.sigs.minikube.{kind}",
        }
        say(json.dumps(event, separators=(",", ":"), ensure_ascii=False) + "\n")


def _uuid4() -> str:
    text = os.urandom(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
