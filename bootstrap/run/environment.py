"""The variables that make the profile's tools and cluster usable: PATH and KUBECONFIG."""

from bootstrap.run.session import Session


def variables(session: Session) -> dict[str, str]:
    """What `env` prints and `exec` sets. Taken over twice, they are as after the first time."""
    around, profile = session.around, session.profile
    found = {"PATH": ":".join(around.folders(profile.id))}
    if profile.cluster is not None:
        found["KUBECONFIG"] = str(around.places.kubeconfig(profile.cluster.name))
    return found


def in_effect(session: Session) -> bool:
    """Whether the shell that started this run has them already, wherever on its PATH."""
    environ = session.around.environ
    links = str(session.around.places.links(session.profile.id))
    kubeconfig = variables(session).get("KUBECONFIG")
    return links in environ.get("PATH", "").split(":") and kubeconfig in (
        None,
        environ.get("KUBECONFIG"),
    )
