"""`kboot verify --context NAME`: the gates against any cluster of the person's kubeconfig."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bootstrap.core.model.gate import GateResult, Lack, selected
from bootstrap.core.model.state import ToolState
from bootstrap.core.result.advice import for_context
from bootstrap.engine.look.ask import answers
from bootstrap.engine.prove.kubectl_proxy import kubectl_proxy
from bootstrap.engine.prove.passing import Proving, Use
from bootstrap.engine.prove.using import Using
from bootstrap.errors import Exit, KbootError
from bootstrap.gates.look import Expected
from bootstrap.host.files.proofs import forget_proofs_at
from bootstrap.host.yours.kubeconfigs import kubectl_files, shown
from bootstrap.kubeconfig.contexts import NoContext, Target, find
from bootstrap.kubeconfig.private import Connection
from bootstrap.run.proving import run_gates, timeout
from bootstrap.run.session import Session
from bootstrap.store.fetch.connection import proxy_for
from bootstrap.tools.kubectl import TOOL as KUBECTL
from bootstrap.ui.layout import paragraph


def pass_gates_of_context(session: Session) -> tuple[GateResult, ...]:
    """Every gate, or those of --gates. No profile says which versions there should be."""
    files = kubectl_files(session.around.environ, session.around.places)
    target = _find(session, files)
    kubectl = answers(session.take_asked())["kubectl"]
    gates = selected(session.arguments.gates or session.profile.verify.gates)
    with _connection(session, target, kubectl, files) as connection:
        proving = Proving(
            connection,
            Expected(kubectl=kubectl.version or None),
            timeout=timeout(session),
            emit=session.screen.event,
            use=_use(session, kubectl, files),
        )
        results = run_gates(session, proving, gates, partial(_addressed, session))
    if not all(result.fine for result in results):
        forget_proofs_at(session.around.places, target.connection.server)
    return results


def _addressed(session: Session, fix: str, reason: str) -> str:
    return for_context(fix, reason, session.context, session.profile.program)


def _find(session: Session, files: tuple[Path, ...]) -> Target:
    places = " and ".join(shown(file, session.around.places) for file in files)
    try:
        return find(files, session.context)
    except NoContext as error:
        raise KbootError(
            Exit.USAGE,
            f"there is no context {session.context!r}",
            why=f"{places} {'has' if len(files) == 1 else 'have'} "
            + ("these:" if error.names else "none"),
            items=error.names,
            state="nothing was changed",
            next="kubectl config get-contexts",
        ) from error
    except ValueError as error:
        raise KbootError(
            Exit.TOOL_NOT_UNDERSTOOD,
            f"kboot does not understand the kubeconfig with context {session.context!r}",
            why=str(error),
            state="nothing was changed",
            next=f"mend it; kubectl reads {places} here",
        ) from error


@contextmanager
def _connection(
    session: Session, target: Target, kubectl: ToolState, files: tuple[Path, ...]
) -> Iterator[Connection]:
    why = target.needs_kubectl
    if not why and proxy_for(target.connection.server):
        why = "a proxy is set in the environment (https_proxy)"
    if not why:
        yield target.connection
        return
    if not kubectl.path:
        raise KbootError(
            Exit.HOST_UNFIT,
            f"context {target.context!r} can only be reached through kubectl, and none is on PATH",
            why=why,
            state="nothing was changed",
            next=KUBECTL.by_hand,
        )
    if session.screen.verbose:
        session.screen.talk(paragraph(f"Through {kubectl.path} proxy, since {why}"))
    env = session.around.for_children("", {"KUBECONFIG": _joined(files)})
    # What gives the context its credentials may need any variable of the person's.
    with kubectl_proxy(target, kubectl.path, {**session.around.environ, **env}) as connection:
        yield connection


def _use(session: Session, kubectl: ToolState, files: tuple[Path, ...]) -> Use:
    using = Using(
        around=session.around,
        profile_id=session.profile.id,
        kubeconfig=_joined(files),
        cluster="",
        image=session.settings.image or session.knowledge.catalogue.gate_image,
        kubectl=kubectl.path or Lack("there is no kubectl on PATH"),
        docker=Lack("no profile says with which docker"),
        keep=session.arguments.keep,
        context=session.context,
    )
    return using.begin


def _joined(files: tuple[Path, ...]) -> str:
    return ":".join(map(str, files))
