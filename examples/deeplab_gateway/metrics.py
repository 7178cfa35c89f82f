"""What Prometheus reads: requests and latencies of each variant, and the shares. For one process with threads."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from examples.deeplab_gateway.shares import Percentages

# One more line for each figure, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

BUCKETS_S = (0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10)


class Metrics:
    """The figures, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "deeplab_gateway_requests",
            "Requests to the model server by variant and status of the gateway's answer.",
            ["variant", "status"],
            registry=self.registry,
        )
        self._inference = Histogram(
            "deeplab_gateway_inference_seconds",
            "From the request to the model server to its answer, failed ones included.",
            ["variant"],
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self._share = Gauge(
            "deeplab_gateway_share_percent", "Share of users by variant.", ["variant"], registry=self.registry
        )
        self._broken = Gauge(
            "deeplab_gateway_shares_file_broken",
            "1 while the file of shares cannot be used and older shares are in force.",
            registry=self.registry,
        )

    def count(self, variant: str, status: int, duration_s: float) -> None:
        """Count one request to the model server."""
        self._requests.labels(variant, str(status)).inc()
        self._inference.labels(variant).observe(duration_s)

    def show_shares(self, shares: Percentages, problem: str | None) -> None:
        """Set the gauges to what is in force now."""
        self._share.clear()
        for variant, share in shares.items():
            self._share.labels(variant).set(share)
        self._broken.set(problem is not None)
