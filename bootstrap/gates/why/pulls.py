"""Why a container does not have its image."""

import re

from bootstrap.api.client import ApiClient
from bootstrap.api.objects import Object, name, text
from bootstrap.gates.why.ends import MAIN, main_of
from bootstrap.gates.why.trouble import Trouble, last_event

ASKED = "kboot.dev/image"
"""Annotation of a pod: the image that it was to run; admission may name another."""
WORDS = 700
"""Characters of what a runtime says. Those of containerd begin with the chain of who was asked."""
IMAGES = {
    "ErrImagePull": "image-not-pulled",
    "ImagePullBackOff": "image-not-pulled",
    "RegistryUnavailable": "image-not-pulled",
    "ErrImageNeverPull": "image-not-there",
    "InvalidImageName": "image-name-invalid",
}
"""What a container waits for, in the kubelet's words, and kboot's reason."""
_NEVER_PULLED = re.compile(
    r"manifest unknown|failed to resolve (reference|source metadata for) .*: not found"
    r"|repository .*(does not exist|not found)|access .* denied|authorization failed|unauthorized"
    r"|no match(ing manifest)? for (platform|linux)|invalid reference format"
    r"|: x509: (?!.*not yet valid)"
)
"""What a registry said for good. Anything else may pass: a name server that does not reach its own,
as with a VPN that is not up yet, says that there is no such host."""


def of_image(client: ApiClient, namespace: str, pod: Object, status: Object) -> Trouble:
    """The kubelet's later events, and the state, do not say why any more; 1.35's state does."""
    waiting = status["state"]["waiting"]
    reason = text(waiting, "reason")
    event = last_event(client, namespace, pod, word="pull", field=f"spec.containers{{{MAIN}}}")
    told = text(event, "message", limit=WORDS)
    said = told or text(waiting, "message", limit=WORDS) or reason
    changed = _image_changed(pod)
    words = f"pod {name(pod)}: image {text(status, 'image')}{changed}: {said}"
    kind = "image-changed" if changed else IMAGES[reason]
    stays = IMAGES[reason] != "image-not-pulled" or never_pulled(said)
    return Trouble(kind, words, final=stays)


def _image_changed(pod: Object) -> str:
    """What admission made of the image that kboot had named, in words; empty: nothing."""
    asked = text(pod, "metadata", "annotations", ASKED)
    if asked and text(main_of(pod), "image") != asked:
        return f", which admission put in place of {asked}"
    # kboot has it pulled where it is not there, or never.
    if text(main_of(pod), "imagePullPolicy") == "Always":
        return ", which admission has pulled always (imagePullPolicy)"
    return ""


def never_pulled(words: str) -> bool:
    """Of a failed pull's words: that it cannot come to succeed by trying again."""
    return bool(_NEVER_PULLED.search(words))
