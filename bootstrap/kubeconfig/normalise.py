"""What minikube wrote into kboot's private kubeconfig, turned into the form that kboot keeps.

Loads PyYAML: only `engine.carry.clusters` imports it, once a step has run.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bootstrap.errors import Exit, KbootError, refused
from bootstrap.kubeconfig.document import parse
from bootstrap.kubeconfig.private import content_of, select


def normalise(path: Path, context: str) -> None:
    """Keep only `context` in the file, as its current context, as JSON, with mode 0600.

    The file is replaced in one rename, so that a reader sees the old one or the new one. Raises
    KbootError (72), the file being as it was, when it is not a kubeconfig with that context.
    """
    try:
        document = _parse(path)
        chosen = select(document, context)
    except ValueError as error:
        raise KbootError(
            Exit.TOOL_NOT_UNDERSTOOD,
            f"kboot does not understand the kubeconfig that minikube wrote for {context}",
            why=str(error),
            state=f"{path} is as minikube left it",
            next="kboot up",
        ) from error
    _replace(path, json.dumps(chosen, indent=1) + "\n")


def _parse(path: Path) -> Mapping[str, Any]:
    try:
        content = content_of(path)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    try:
        return parse(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _replace(path: Path, content: str) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        # minikube may have left the file readable by others; it holds the way to the key.
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600
        )
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o600)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        failure = refused(error, f"kboot cannot write {path}", str(path))
        raise failure.with_state(f"{path} is as minikube left it") from error
