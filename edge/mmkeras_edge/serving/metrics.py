"""What Prometheus is told: requests, predictions, the queue, absent inputs, the process."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from mmkeras_edge.serving.workers import Workers

TIMES_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)  # borders of the histograms
TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters of one server; no label comes from a request but its route and method."""

    def __init__(self, workers: Workers, model: dict[str, str]):
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "mmkeras_requests",
            "Requests by what came of them.",
            ["route", "method", "status"],
            registry=registry,
        )
        self.predictions = Histogram(
            "mmkeras_prediction_seconds",
            "From the whole body and a free model to the answer.",
            buckets=TIMES_S,
            registry=registry,
        )
        self.waits = Histogram(
            "mmkeras_queue_seconds",
            "From the whole body to a free model.",
            buckets=TIMES_S,
            registry=registry,
        )
        self.absent = Counter(
            "mmkeras_absent_inputs",
            "Inputs that a prediction did without.",
            ["input"],
            registry=registry,
        )
        count = Gauge("mmkeras_workers", "Predictions that run at once.", registry=registry)
        count.set(workers.count)
        pending = Gauge(
            "mmkeras_pending_predictions", "Predictions that run or wait.", registry=registry
        )
        pending.set_function(lambda: workers.pending)
        about = Gauge("mmkeras_model_info", "The file that answers.", [*model], registry=registry)
        about.labels(**model).set(1)
        ProcessCollector(registry=registry)  # memory, processor time, open files; from /proc

    def text(self) -> bytes:
        return generate_latest(self.registry)
