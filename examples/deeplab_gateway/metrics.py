"""What Prometheus reads: requests and latencies of each variant, and the shares. For one process with threads."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from examples.deeplab_gateway.shares import Shares

# One more line for each figure, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

BUCKETS_S = (0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10)


class Metrics:
    """The figures, in a registry of their own."""

    def __init__(self, shares: Shares) -> None:
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
        self.registry.register(_InForce(shares))

    def count(self, variant: str, status: int, duration_s: float) -> None:
        """Count one request to the model server."""
        self._requests.labels(variant, str(status)).inc()
        self._inference.labels(variant).observe(duration_s)


class _InForce(Collector):
    """The shares as they are when somebody asks."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares

    def collect(self) -> Iterator[Metric]:
        shares, problem = self._shares.read()
        percent = GaugeMetricFamily("deeplab_gateway_share_percent", "Share of users by variant.", labels=["variant"])
        for variant, share in shares.items():
            percent.add_metric([variant], share)
        yield percent
        yield GaugeMetricFamily(
            "deeplab_gateway_shares_file_broken",
            "1 while the file of shares cannot be used and older shares are in force.",
            value=problem is not None,
        )
