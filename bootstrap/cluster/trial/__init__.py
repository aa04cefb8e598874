"""Use the cluster: what kboot makes in a namespace of its own, and what that shows."""
