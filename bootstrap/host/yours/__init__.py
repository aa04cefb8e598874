"""The person's own kubeconfig files: which they are, read, replaced, and kept as they were."""
