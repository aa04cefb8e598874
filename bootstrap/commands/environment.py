"""The variables that make the profile's tools and cluster usable: PATH and KUBECONFIG."""

from bootstrap.commands.session import Session


def variables(session: Session) -> dict[str, str]:
    """What `env` prints and `exec` sets."""
    around, profile = session.around, session.profile
    found = {"PATH": ":".join(around.folders(profile.id))}
    if profile.cluster is not None:
        found["KUBECONFIG"] = str(around.places.kubeconfig(profile.cluster.name))
    return found
