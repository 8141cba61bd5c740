#!/usr/bin/env python3
"""Whether a Prometheus that asks the running job finds what alerts and dashboard name: check.py PROMETHEUS [SECONDS]

Each rule is evaluated without an error and no critical one fires; each selector of theirs has series; each label that they group by exists; each
expression of the dashboard has an answer. What Kubernetes alone has is left out. Waits SECONDS for that, and ends with 1, and a line for
each problem, where it does not come.
"""

import json
import re
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator

import dashboard

# Of the kubelet, and labels that Prometheus gives in Kubernetes.
ELSEWHERE = re.compile(r"container_")
LABELS_ELSEWHERE = {"namespace", "pod"}
# They compare with what was an hour ago.
NEEDS_HISTORY = re.compile(r"offset 1h")
VARIABLES = {"$job": ".*", "$model": ".*", "$__rate_interval": "1m"}


def get(prometheus: str, path: str, **parameters: str) -> dict | list:
    """The data of an answer of Prometheus' HTTP API."""
    with urllib.request.urlopen(f"{prometheus}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=20) as answer:
        return json.load(answer)["data"]


def substituted(expression: str) -> str:
    """An expression of the dashboard with values for its variables."""
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


def selectors(expression: str) -> set[str]:
    """What an expression reads: names of metrics, with their matchers."""
    return set(re.findall(r"\b(?:flink|container)_\w+(?:\{[^}]*\})?", expression))


def grouping(expression: str) -> set[str]:
    """The labels that an expression groups or joins by."""
    return {
        label.strip() for labels in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression) for label in labels.split(",") if label.strip()
    }


def dashboard_expressions() -> Iterator[tuple[str, str]]:
    """Title and expression of each query of each panel, ready to be asked."""
    for row in dashboard.ROWS.values():
        for panel in row:
            for _, expression in panel.queries:
                yield panel.title, substituted(expression)


def problems_of_rules(rules: list[dict]) -> Iterator[str]:
    """Rules that Prometheus cannot evaluate, has not yet, or that fire though the job runs. Restarts may well have been too many."""
    for rule in rules:
        if rule["health"] != "ok":
            yield f"{rule['name']} is {rule['health']}: {rule.get('lastError', 'not evaluated yet')}"
        if rule["state"] == "firing" and rule["labels"]["severity"] == "critical":
            yield f"{rule['name']} fires: {[alert['annotations']['summary'] for alert in rule['alerts']]}"


def problems_of_names(prometheus: str, name: str, expression: str) -> Iterator[str]:
    """Selectors and labels of an expression that do not exist."""
    for selector in sorted(selectors(expression)):
        if not ELSEWHERE.match(selector) and not get(prometheus, "query", query=selector)["result"]:
            yield f"{name}: there is no {selector}"
    for label in sorted(grouping(expression) - LABELS_ELSEWHERE - set(get(prometheus, "labels"))):
        yield f"{name}: no series has the label {label}"


def problems(prometheus: str) -> Iterator[str]:
    """All that is wrong, one sentence each."""
    rules = [rule for group in get(prometheus, "rules")["groups"] for rule in group["rules"]]
    if not rules:
        yield "Prometheus has no rules"
    yield from problems_of_rules(rules)
    expressions = list(dashboard_expressions())
    for name, expression in [(rule["name"], rule["query"]) for rule in rules] + expressions:
        yield from problems_of_names(prometheus, name, expression)
    for title, expression in expressions:
        if not NEEDS_HISTORY.search(expression) and not get(prometheus, "query", query=expression)["result"]:
            yield f"{title}: no answer to {expression}"


def main() -> None:
    """Reads the arguments and waits."""
    prometheus = sys.argv[1]
    end = time.monotonic() + (float(sys.argv[2]) if len(sys.argv) > 2 else 0)
    found = sorted(set(problems(prometheus)))
    while found and time.monotonic() < end:
        time.sleep(2)
        found = sorted(set(problems(prometheus)))
    if found:
        sys.exit("\n".join(f"check: {each}" for each in found))


if __name__ == "__main__":
    main()
