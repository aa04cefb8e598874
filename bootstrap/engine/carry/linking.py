"""Links to the profile's tools in a folder of the person's own."""

from bootstrap.core.model.step import LinkTools, Step
from bootstrap.engine.carry.work import Work
from bootstrap.host.files.lock import hold
from bootstrap.store.keep.links import put_links


def link_tools(step: Step, work: Work) -> str:
    """Under the store's lock, so that no other kboot changes the same folder meanwhile."""
    assert isinstance(step, LinkTools)
    places = work.around.places
    waiting = work.waiting(step.subject)
    with hold(places.store_lock, timeout=work.limits.store_lock, waiting=waiting):
        put_links(places, step)
    return f"to profile {step.profile}"
