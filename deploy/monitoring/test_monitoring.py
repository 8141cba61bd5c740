"""Checks dashboard, alerts, their tests and their run-books against each other: python3 -m unittest test_monitoring. PROMTOOL names promtool."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import check
import dashboard

HERE = Path(__file__).parent
PROMTOOL = os.environ.get("PROMTOOL", "promtool")
ALERTS = (HERE / "alerts.yaml").read_text(encoding="utf-8")
NAMES = re.findall(r"- alert: (\w+)", ALERTS)


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    """What promtool says, both streams together."""
    return subprocess.run(
        [PROMTOOL, *map(str, arguments)], cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


class AlertsTest(unittest.TestCase):
    def test_rules_and_configuration_are_valid(self) -> None:
        for arguments in (("check", "config", "prometheus.yml"), ("check", "rules", "alerts.yaml"), ("test", "rules", "alerts_test.yaml")):
            with self.subTest(arguments):
                done = promtool(*arguments)
                self.assertEqual(0, done.returncode, done.stdout)

    def test_each_alert_is_seen_to_fire_and_not_to_fire(self) -> None:
        tests = (HERE / "alerts_test.yaml").read_text(encoding="utf-8")
        silent = set(re.findall(r"alertname: (\w+), exp_alerts: \[\]", tests))
        firing = set(re.findall(r"alertname: (\w+)\n\s+exp_alerts:", tests))
        self.assertEqual(set(NAMES), silent)
        self.assertEqual(set(NAMES), firing)

    def test_each_alert_has_a_run_book_of_three_parts(self) -> None:
        page = (HERE / "../../docs/operations.md").read_text(encoding="utf-8")
        run_books = dict(re.findall(r"^### (Hatflow\w+)\n\n((?:.+\n)+)", page, re.MULTILINE))
        self.assertEqual(set(NAMES), set(run_books))
        for name, text in run_books.items():
            with self.subTest(name):
                self.assertRegex(text, r"(?s)\*Means\*.*\*Look\*.*\*Do\*")

    def test_each_alert_leads_to_its_run_book(self) -> None:
        anchors = re.findall(r"runbook_url: docs/operations.md#(\w+)", ALERTS)
        self.assertEqual([name.lower() for name in NAMES], anchors)


class DashboardTest(unittest.TestCase):
    def test_the_file_is_what_the_script_writes(self) -> None:
        self.assertEqual(dashboard.dashboard(), json.loads(dashboard.FILE.read_text(encoding="utf-8")), "run dashboard.py")

    def test_expressions_are_valid(self) -> None:
        rules = [{"record": f"panel:{i}", "expr": each} for i, (_, each) in enumerate(check.dashboard_expressions())]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:  # JSON is YAML.
            json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
            file.flush()
            done = promtool("check", "rules", file.name)
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertIn(f"SUCCESS: {len(rules)} rules found", done.stdout)

    def test_panels_do_not_overlap(self) -> None:
        cells = [
            (x, y)
            for panel in dashboard.panels_json()
            for place in [panel["gridPos"]]
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        self.assertEqual(len(cells), len(set(cells)))
        self.assertLess(max(x for x, _ in cells), 24)


if __name__ == "__main__":
    unittest.main()
