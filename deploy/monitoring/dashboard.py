#!/usr/bin/env python3
"""Writes dashboard.json, for Grafana 10 and later, from the panels below."""

import json
from dataclasses import dataclass
from pathlib import Path

TASK = "flink_taskmanager_job_task_operator"
FILE = Path(__file__).parent / "dashboard.json"


def task(metric: str) -> str:
    """A metric that each task has for itself."""
    return f'{TASK}_{metric}{{job_name=~"$job"}}'


def model(metric: str) -> str:
    """A metric of a model: of what a task answered, or of what the tasks of a TaskManager share and report alike."""
    return f'{TASK}_model_{metric}{{job_name=~"$job", model=~"$model"}}'


def job(metric: str) -> str:
    """A metric that the JobManager has of the job."""
    return f'flink_jobmanager_job_{metric}{{job_name=~"$job"}}'


def jvm(metric: str) -> str:
    """A metric of a TaskManager's JVM, which knows of no job of Flink's: of what Prometheus calls hatflow."""
    return f'flink_taskmanager_Status_JVM_{metric}{{job="hatflow"}}'


def rate(series: str) -> str:
    """Per second."""
    return f"rate({series}[$__rate_interval])"


def per_model(expression: str) -> str:
    """The sum over TaskManagers of what their tasks report alike."""
    return f"sum by (model) (max by (tm_id, model) ({expression}))"


def quantile(share: float, distribution: str, by: str = "model, ") -> str:
    """Of a distribution of a model."""
    buckets = rate(model(f"le_{distribution}_bucket"))
    if distribution == "batchSegments":  # The one that tasks share.
        buckets = f"max by (tm_id, model, le) ({buckets})"
    return f"histogram_quantile({share}, sum by ({by}le) ({buckets}))"


def quantiles(distribution: str, *shares: float) -> list[tuple[str, str]]:
    """Queries for these quantiles, by model."""
    return [(f"{{{{model}}}} p{100 * share:g}", quantile(share, distribution)) for share in shares]


def mean_millis(micros: str) -> str:
    """The mean of a sum of microseconds over labelled documents."""
    return f"sum({rate(task(micros))}) / sum({rate(task('labelled'))}) / 1000"


ANSWERED = f"sum({rate(task('labelled'))} + {rate(task('rejected'))})"
CHECKPOINTED = f"({job('lastCheckpointCompletedTimestamp')} > 0)"  # Before the first, it is -1.
CHECKPOINT_AGE = f"time() - max{CHECKPOINTED} / 1000"
DEAD_LETTER_SHARE = f"sum({rate(task('rejected'))}) / sum({rate(task('received'))})"
IDENTITY = "model, version, precision, device"
RUNNING_MODELS = f"count by ({IDENTITY}) (max by (tm_id, {IDENTITY}) ({model('version_precision_device_info')}))"


def of_labels(metric: str, offset: str = "") -> str:
    """A sum that a model has for each label, by the documents that it answered within ten minutes."""
    summed = f"sum by (model, label) (increase({model(metric)}[10m]{offset}))"
    return f"{summed} / on (model) group_left sum by (model) (increase({model('topScorePercent_count')}[10m]{offset}))"


@dataclass(frozen=True)
class Panel:
    """A panel: its queries are pairs of a legend and an expression, its unit one of Grafana's."""

    title: str
    unit: str
    queries: list[tuple[str, str]]
    about: str = ""
    kind: str = "timeseries"
    stacked: bool = False


ROWS: dict[str, list[Panel]] = {
    "At a glance": [
        Panel("Tasks that run", "none", [("", f"count({task('received')})")], "Of the operator classify.", "stat"),
        Panel("Documents a second", "none", [("", ANSWERED)], "Labelled, and dead letters.", "stat"),
        Panel("Waiting in Kafka", "short", [("", f"sum({task('pendingRecords')})")], "Records that no task has read yet.", "stat"),
        Panel(
            "Latency, p99", "ms", [("", quantile(0.99, "latencyMillis", ""))], "From a record's arrival in the task to its answer.", "stat"
        ),
        Panel("Dead letters", "percentunit", [("", DEAD_LETTER_SHARE)], "Of the records. The job ends at dead-letters.max-ratio.", "stat"),
        Panel("Last checkpoint", "s", [("", CHECKPOINT_AGE)], "Its age. Must stay far below kafka.transaction-timeout.", "stat"),
        Panel("Restarts in a day", "none", [("", f"sum(increase({job('numRestarts')}[1d]))")], kind="stat"),
        Panel("Model busy", "percentunit", [("", f"max({rate(model('busyMicros'))}) / 1e6")], "1 means that it never rests.", "stat"),
    ],
    "Documents": [
        Panel(
            "Documents a second",
            "none",
            [("labelled", f"sum({rate(task('labelled'))})"), ("dead letters", f"sum({rate(task('rejected'))})")],
        ),
        Panel(
            "Waiting",
            "short",
            [("in Kafka", f"sum({task('pendingRecords')})"), ("in hand", f"sum({task('inFlight')})")],
            "Lag of the source, and records without an answer yet. In hand are at most classify.capacity for each task.",
        ),
        Panel(
            "Dead letters a second, by reason",
            "none",
            [("{{reason}}", f"sum by (reason) ({rate(task('reason_rejectedFor'))})")],
            "docs/delivery.md explains the reasons.",
            stacked=True,
        ),
        Panel(
            "Latency",
            "ms",
            quantiles("latencyMillis", 0.5, 0.9, 0.99),
            "From a record's arrival in the task to its answer. With exactly-once, consumers wait for the next checkpoint besides.",
        ),
        Panel(
            "Age of a record when it is answered",
            "ms",
            quantiles("ageMillis", 0.5, 0.99),
            "Since the record's timestamp: latency, and the time in Kafka.",
        ),
        Panel(
            "Where a document's time goes, mean",
            "ms",
            [
                ("tokenizing", mean_millis("tokenizeMicros")),
                ("waiting for the model", mean_millis("queueMicros")),
                ("in a run of the model", mean_millis("inferenceMicros")),
            ],
            stacked=True,
        ),
    ],
    "Model": [
        Panel(
            "Busy",
            "percentunit",
            [("{{model}} {{tm_id}}", f"max by (tm_id, model) ({rate(model('busyMicros'))}) / 1e6")],
            "Share of the time that a run is under way.",
        ),
        Panel(
            "Segments in a batch",
            "short",
            [
                *quantiles("batchSegments", 0.5, 0.99),
                ("{{model}} budget", f"max by (model) ({model('budgetSegments')})"),
            ],
            "Near the budget, batches are full: the model is what limits.",
        ),
        Panel(
            "Fill of segments",
            "percentunit",
            [("{{model}}", f"min by (model) ({model('fillRatio')})")],
            "Real tokens of all token places, since the start.",
        ),
        Panel(
            "Age of the oldest that waits",
            "ms",
            [("{{model}} {{tm_id}}", f"max by (tm_id, model) ({model('queueAgeMillis')})")],
        ),
        Panel("Time of a run", "ms", quantiles("runMillis", 0.5, 0.99), "Of the run that answered a document."),
        Panel("Segments a second", "short", [("{{model}}", per_model(rate(model("batchedSegments"))))]),
        Panel(
            "Which model runs where",
            "none",
            [
                ("{{model}} {{version}} {{precision}} {{device}}", RUNNING_MODELS),
            ],
            "Number of TaskManagers. Two versions of one model only during an upgrade.",
        ),
        Panel(
            "Batches halved for lack of memory",
            "none",
            [("{{model}}", per_model(f"increase({model('outOfMemory')}[$__rate_interval])"))],
        ),
    ],
    "Answers": [
        Panel(
            "Documents with a label, the ten most frequent",
            "percentunit",
            [("{{model}} {{label}}", f"topk(10, {of_labels('label_assigned')})")],
        ),
        Panel(
            "The same, the ten that moved most within an hour",
            "percentunit",
            [("{{model}} {{label}}", f"topk(10, abs({of_labels('label_assigned')} - {of_labels('label_assigned', ' offset 1h')}))")],
            "Empty in the first hour.",
        ),
        Panel(
            "Mean score of a label, the ten highest",
            "percentunit",
            [("{{model}} {{label}}", f"topk(10, {of_labels('label_scorePermille')} / 1000)")],
        ),
        Panel(
            "Best score of a document (%)",
            "none",
            quantiles("topScorePercent", 0.1, 0.5, 0.9),
            "If it drifts, documents no longer resemble those that the model was trained on, or the model has changed.",
        ),
        Panel("Segments of a document", "short", quantiles("documentSegments", 0.5, 0.99)),
        Panel(
            "Documents of several windows, cut and cached, a second",
            "none",
            [(name, f"sum({rate(task(name))})") for name in ("windowed", "truncated", "sampled", "cached")],
        ),
    ],
    "Flink": [
        Panel("Restarts", "none", [("{{job_name}}", f"sum by (job_name) (increase({job('numRestarts')}[10m]))")], "Within ten minutes."),
        Panel(
            "Checkpoints: age and duration",
            "s",
            [
                ("{{job_name}} age", f"time() - max by (job_name) {CHECKPOINTED} / 1000"),
                ("{{job_name}} duration", f"max by (job_name) ({job('lastCheckpointDuration')}) / 1000"),
            ],
            "Events of exactly-once are visible with the next checkpoint.",
        ),
        Panel("Size of checkpoints", "bytes", [("{{job_name}}", f"max by (job_name) ({job('lastCheckpointFullSize')})")]),
        Panel(
            "Checkpoints and transactions that failed",
            "none",
            [
                ("checkpoints", f"sum(increase({job('numberOfFailedCheckpoints')}[10m]))"),
                ("transactions", f"sum({task('failedCommittables')})"),
            ],
            "Checkpoints within ten minutes; transactions since the last restart.",
        ),
        Panel(
            "Heap",
            "percentunit",
            [("{{tm_id}}", f"max by (tm_id) ({jvm('Memory_Heap_Used')} / {jvm('Memory_Heap_Max')})")],
            "The model is not in it.",
        ),
        Panel(
            "Memory outside the heap",
            "bytes",
            [
                ("{{tm_id}} direct", f"max by (tm_id) ({jvm('Memory_Direct_MemoryUsed')})"),
                ("{{tm_id}} metaspace", f"max by (tm_id) ({jvm('Memory_Metaspace_Used')})"),
            ],
            "What Flink counts; the model's memory is only in the container's.",
        ),
        Panel("Processor time of the JVM", "percentunit", [("{{tm_id}}", f"max by (tm_id) ({jvm('CPU_Load')})")], "Of all processors."),
    ],
}

# Where each kind of panel lies: on a grid of 24 columns.
SIZES = {"stat": (3, 4), "timeseries": (8, 8)}
DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def panel_json(panel: Panel, number: int, x: int, y: int) -> dict:
    """A panel as Grafana has it."""
    width, height = SIZES[panel.kind]
    single = panel.kind == "stat"
    custom = {} if single else {"lineWidth": 1, "fillOpacity": 20 if panel.stacked else 0, "spanNulls": False}
    if panel.stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": DATA_SOURCE,
        "gridPos": {"x": x, "y": y, "w": width, "h": height},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "custom": custom}, "overrides": []},
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}} if single else {"tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [
            {"refId": chr(ord("A") + i), "datasource": DATA_SOURCE, "expr": expression, "legendFormat": legend or "__auto"}
            for i, (legend, expression) in enumerate(panel.queries)
        ],
    }


def panels_json() -> list[dict]:
    """All panels with the rows' headings, from left to right and from top to bottom."""
    made: list[dict] = []
    y = 0
    for title, row in ROWS.items():
        made.append({"id": len(made) + 1, "type": "row", "title": title, "collapsed": False, "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}})
        width, height = SIZES[row[0].kind]
        for i, panel in enumerate(row):
            per_line = 24 // width
            made.append(panel_json(panel, len(made) + 1, i % per_line * width, y + 1 + i // per_line * height))
        y = made[-1]["gridPos"]["y"] + height
    return made


def variable(name: str, label: str, query: str) -> dict:
    """A variable whose values are those of a label."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATA_SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def dashboard() -> dict:
    """The dashboard as Grafana imports it."""
    return {
        "uid": "hatflow",
        "title": "hatflow",
        "description": "Written by deploy/monitoring/dashboard.py.",
        "tags": ["flink", "hatflow"],
        "schemaVersion": 39,
        "timezone": "",
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "graphTooltip": 1,
        "links": [],
        "templating": {
            "list": [
                {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}},
                variable("job", "Job", f"label_values({TASK}_received, job_name)"),
                variable("model", "Model", f'label_values({TASK}_model_batches{{job_name=~"$job"}}, model)'),
            ]
        },
        "annotations": {"list": []},
        "panels": panels_json(),
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
