"""Collects what a support ticket needs into a .tar.gz, without text of documents and without secrets."""

import argparse
import io
import json
import platform
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import masking

ROOT = Path(__file__).resolve().parent.parent.parent
LOG_BYTES = 5_000_000
METRICS_AT_ONCE = 40
README = """What a support ticket about hatflow needs. Look through it before you send it.

Of Flink: versions, settings, jobs with their exceptions and checkpoints, metrics, back pressure, thread dumps, and the end of each log. Of
the bundle: its manifest. Values of settings that sound secret are masked, wherever they stand. Left out are Flink's standard output, its
accumulators and all of Kafka; the job writes no text of documents into what is here. not-collected.txt says what could not be had.
"""


class Diagnosis:
    """An archive that is being filled. What cannot be had is noted in it, and the rest goes on."""

    def __init__(self, archive: tarfile.TarFile, folder: str) -> None:
        self._archive = archive
        self._folder = folder
        self._now = int(time.time())
        self.missing: list[str] = []

    def add(self, name: str, text: str) -> None:
        """A file of the archive, without secrets."""
        content = masking.in_text(text).encode()
        entry = tarfile.TarInfo(f"{self._folder}/{name}")
        entry.size, entry.mtime, entry.mode = len(content), self._now, 0o600
        self._archive.addfile(entry, io.BytesIO(content))

    def add_json(self, name: str, value: Any) -> None:
        """The same of JSON, by its structure."""
        self.add(name, json.dumps(masking.in_json(value), indent=1, ensure_ascii=False) + "\n")

    def attempt(self, name: str, what: Callable[[], Any]) -> Any:
        """Adds what a function returns, a text or JSON, and returns it; None where that fails."""
        try:
            value = what()
        except (OSError, ValueError) as e:
            self.missing.append(f"{name}: {e}")
            return None
        self.add(name, value) if isinstance(value, str) else self.add_json(name, value)
        return value


class Flink:
    """The REST interface of a JobManager."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def read(self, path: str) -> bytes:
        """The answer; of a long one, the end."""
        with urllib.request.urlopen(f"{self._url}{path}", timeout=30) as answer:
            content: bytes = answer.read()
            return content[-LOG_BYTES:]

    def get(self, path: str) -> Any:
        """The answer, which is JSON."""
        return json.loads(self.read(path))

    def log(self, path: str) -> str:
        """The end of a log."""
        return self.read(path).decode("utf-8", "replace")

    def metrics(self, path: str) -> list[Any]:
        """The values of all metrics of a path."""
        names = [each["id"] for each in self.get(path)]
        values: list[Any] = []
        for begin in range(0, len(names), METRICS_AT_ONCE):
            some = ",".join(urllib.parse.quote(name, safe="") for name in names[begin : begin + METRICS_AT_ONCE])
            values += self.get(f"{path}?get={some}")
        return values


def collect_process(diagnosis: Diagnosis, flink: Flink, folder: str, path: str) -> None:
    """Of the JobManager or of a TaskManager."""
    diagnosis.attempt(f"{folder}/metrics.json", lambda: flink.metrics(f"{path}/metrics"))
    diagnosis.attempt(f"{folder}/thread-dump.json", lambda: flink.get(f"{path}/thread-dump"))
    diagnosis.attempt(f"{folder}/log.txt", lambda: flink.log(f"{path}/log"))


def collect_vertex(diagnosis: Diagnosis, flink: Flink, name: str, path: str) -> None:
    """Of a vertex of a job: an operator, or a chain of them."""
    diagnosis.attempt(f"{name}-backpressure.json", lambda: flink.get(f"{path}/backpressure"))
    diagnosis.attempt(f"{name}-metrics.json", lambda: flink.metrics(f"{path}/subtasks/metrics"))


def collect_job(diagnosis: Diagnosis, flink: Flink, job: str) -> None:
    """Of a job, with its vertices."""
    folder, path = f"job-{job}", f"/jobs/{job}"
    details = diagnosis.attempt(f"{folder}/job.json", lambda: flink.get(path))
    for name in ("config", "exceptions", "checkpoints", "checkpoints/config"):
        diagnosis.attempt(f"{folder}/{name.replace('/', '-')}.json", lambda name=name: flink.get(f"{path}/{name}"))
    diagnosis.attempt(f"{folder}/metrics.json", lambda: flink.metrics(f"{path}/metrics"))
    for i, vertex in enumerate((details or {}).get("vertices", [])):
        collect_vertex(diagnosis, flink, f"{folder}/vertex-{i}", f"{path}/vertices/{vertex['id']}")


def collect_flink(diagnosis: Diagnosis, flink: Flink) -> None:
    """All that Flink tells. Raises OSError where it does not answer."""
    diagnosis.add_json("overview.json", flink.get("/overview"))
    for name in ("config", "environment"):
        diagnosis.attempt(f"jobmanager/{name}.json", lambda name=name: flink.get(f"/jobmanager/{name}"))
    collect_process(diagnosis, flink, "jobmanager", "/jobmanager")
    taskmanagers = diagnosis.attempt("taskmanagers.json", lambda: flink.get("/taskmanagers"))
    for i, each in enumerate((taskmanagers or {}).get("taskmanagers", [])):
        path = f"/taskmanagers/{urllib.parse.quote(each['id'], safe='')}"
        diagnosis.attempt(f"taskmanager-{i}/details.json", lambda path=path: flink.get(path))
        collect_process(diagnosis, flink, f"taskmanager-{i}", path)
    jobs = diagnosis.attempt("jobs.json", lambda: flink.get("/jobs/overview"))
    for each in (jobs or {}).get("jobs", []):
        collect_job(diagnosis, flink, each["jid"])


def versions(flink: Flink) -> dict[str, Any]:
    """Of Flink, of this checkout, and of this machine."""
    described = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--tags"], capture_output=True, text=True, check=False
    )
    return {
        "flink": flink.get("/config"),
        "hatflow_checkout": described.stdout.strip() or "unknown",
        "collected_on": platform.platform(),
        "collected_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def prometheus_answer(url: str, path: str) -> Any:
    """The data of an answer of Prometheus."""
    with urllib.request.urlopen(f"{url.rstrip('/')}/api/v1/{path}", timeout=30) as answer:
        return json.load(answer)["data"]


def collect(diagnosis: Diagnosis, options: argparse.Namespace) -> None:
    """Everything that the options ask for. Raises OSError where Flink does not answer."""
    flink = Flink(options.flink)
    diagnosis.add("README.txt", README)
    diagnosis.add_json("versions.json", versions(flink))
    collect_flink(diagnosis, flink)
    if options.prometheus:
        query = "query?" + urllib.parse.urlencode({"query": '{__name__=~"flink_.*"}'})
        diagnosis.attempt("prometheus/alerts.json", lambda: prometheus_answer(options.prometheus, "alerts"))
        diagnosis.attempt("prometheus/metrics.json", lambda: prometheus_answer(options.prometheus, query))
    if options.bundle:
        diagnosis.attempt("manifest.json", lambda: json.loads((options.bundle / "manifest.json").read_text(encoding="utf-8")))
    if options.config:
        diagnosis.attempt(f"settings/{options.config.name}", lambda: options.config.read_text(encoding="utf-8"))
    for file in options.log:
        diagnosis.attempt(f"logs/{file.name}", lambda file=file: file.read_bytes()[-LOG_BYTES:].decode("utf-8", "replace"))
    diagnosis.add("not-collected.txt", "".join(f"{each}\n" for each in diagnosis.missing) or "nothing\n")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="diagnose.sh", description=__doc__)
    parser.add_argument("--flink", default="http://localhost:8081", metavar="URL", help="the JobManager's REST interface (%(default)s)")
    parser.add_argument("--prometheus", metavar="URL", help="a Prometheus that asks the job: its alerts and the last values of its metrics")
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="the model bundle, of which the manifest is taken")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the job's settings, job.yaml")
    parser.add_argument(
        "--log", type=Path, metavar="FILE", action="append", default=[], help="a log that Flink does not show; may be repeated"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="the archive (hatflow-diagnosis-TIME.tar.gz)")
    return parser.parse_args()


def main() -> None:
    """Writes the archive, or nothing where Flink does not answer."""
    options = arguments()
    folder = time.strftime("hatflow-diagnosis-%Y%m%d-%H%M%S")
    output = options.output or Path(f"{folder}.tar.gz")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        diagnosis = Diagnosis(archive, folder)
        try:
            collect(diagnosis, options)
        except (OSError, ValueError) as e:
            sys.exit(f"diagnose.sh: no Flink answers at {options.flink}: {e}; give its address with --flink")
    output.write_bytes(content.getvalue())
    print(f"{output}: look through it before you send it", *(f"not collected: {each}" for each in diagnosis.missing), sep="\n")


if __name__ == "__main__":
    main()
