"""The gates that only look: what the API server, nodes and kube-system say."""
