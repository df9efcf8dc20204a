"""The differential test: generated configurations, pulled by real containerd, compared request by request with `explain`."""
