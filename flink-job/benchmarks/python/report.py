"""Writes the tables and pictures of docs/benchmarks.md, docs/benchmarks/tables.md and docs/reliability.md, and the arithmetic of
docs/scaling.md. Prose between the generated parts stays.

python report.py docs      reads docs/benchmarks/{results,waiting,checkpoints,growth,formats}.json and docs/reliability/soak.json, those that are there;
                           of further runs, docs/benchmarks/results-*.json, the headline ratios and the streams that results.json lacks
"""

from __future__ import annotations

import json
import math
import re
import sys
import textwrap
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

BARS = {
    "operator_vs_ceiling": 0.97,
    "pipeline_vs_ceiling": 0.93,
    "pipeline_vs_naive": 4,
    "pipeline_vs_padded": 2.5,
    "int8_pipeline_vs_naive": 7,
    "int8_pipeline_vs_padded": 4.5,
    "int8_vs_fp32": None,
    "fill": 0.9,
}
"""The headline ratios and what we want of them on the mixed stream."""

OURS = ("ceiling", "operator", "pipeline", "pipeline-int8")
BLUE, GREY, LIGHT = "#2b6cb0", "#8a8f98", "#b9d3ee"

plt.rcParams.update(
    {
        "svg.hashsalt": "hatflow",  # the same picture for the same figures
        "svg.fonttype": "none",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.constrained_layout.use": True,
    }
)


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"| --- |{' ---: |' * (len(head) - 1)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def provenance(results: dict[str, Any]) -> str:
    machine, settings = results["machine"], results["settings"]
    return "\n".join(
        [
            f"Measured {results['begun'][:10]} by `{results['command']}`.",
            "",
            f"- {machine['processors']} processors: {machine['processor']} ({', '.join(machine['vectorInstructions'])}), "
            f"{machine['memoryGiB']} GiB, {machine['system']}; load at the start: {machine['loadBefore']}",
            f"- {machine['java']}, ONNX Runtime {machine['onnxRuntime']}, Flink {machine['flink']}, Kafka {machine['kafka']}",
            "- " + ", ".join(f"{name} {value}" for name, value in settings.items() if value is not None),
        ]
    )


def headlines(runs: list[dict[str, Any]]) -> str:
    """The ratios of each run on the mixed stream, beside what we want of them, and the picture of all contenders."""
    runs = sorted((run for run in runs if stream_of(run, "mixed")), key=lambda run: run["begun"])
    columns = [headline_ratios(stream_of(run, "mixed")) for run in runs]
    rows = [
        [f"`{name}`", f"{bar:.2f}" if bar else "", *(column.get(name, "") for column in columns)] for name, bar in BARS.items()
    ]
    begun = [run["begun"].replace("T", " ")[:16] for run in runs]
    ratios = table(["ratio on *mixed*, ± its standard error", "we want", *begun], rows)
    return f"{ratios}\n\n![Documents per second of every contender](benchmarks/throughput.svg)"


def stream_of(run: dict[str, Any], name: str) -> dict[str, Any]:
    """A stream of a run, empty if the run left it out."""
    return next((stream for stream in run["throughput"] if stream["stream"] == name), {})


def headline_ratios(stream: dict[str, Any]) -> dict[str, str]:
    shown = {name: f"{ratio['median']:.2f}" for name, ratio in stream["ratios"].items()}
    rates = stream["closeDocumentsPerSecond"]
    for name in set(rates) - {"ceiling"}:
        ratios = [one / other for one, other in zip(rates[name], rates["ceiling"], strict=True)]
        # 1.25: how much more the median of so many normal ratios varies than their mean.
        error = 1.25 * stdev(ratios) / math.sqrt(len(ratios))
        shown[f"{name}_vs_ceiling"] = f"{median(ratios):.3f} ± {error:.3f}"
    return {**shown, "fill": f"{stream['fill']['ofDenseLayers']:.2f} (of segments {stream['fill']['ofSegments']:.2f})"}


def closest(rates: dict[str, list[float]]) -> list[str]:
    """A sentence about the close repetitions, none if the run had none."""
    shown = [f"{contender} {median(each):.1f} documents/s ({min(each):.1f}–{max(each):.1f})" for contender, each in rates.items()]
    return [f"The longer, close repetitions, for the first two ratios: {', '.join(shown)}."] if shown else []


def throughput(results: dict[str, Any], further: list[dict[str, Any]], folder: Path) -> str:
    runs = [results, *further]
    parts = []
    streams = {stream["stream"]: run for run in reversed(runs) for stream in run["throughput"]}
    figure, axes = plt.subplots(1, len(streams), figsize=(9, 3.6), squeeze=False)
    for axis, (name, run) in zip(axes[0], sorted(streams.items(), reverse=True), strict=True):
        stream = stream_of(run, name)
        rates = stream["documentsPerSecond"]
        of_ceiling = {
            contender: median(one / ceiling for one, ceiling in zip(each, rates["ceiling"], strict=True))
            for contender, each in rates.items()
        }
        parts += [
            f"### {name}",
            provenance(run),
            f"{stream['documents']} documents, {stream['meanSegments']:.1f} segments on average, {stream['windowedShare']:.0%} of them in "
            f"windows. Segments are {stream['fill']['ofSegments']:.1%} full; of the rows that pass through the dense layers "
            f"{stream['fill']['ofDenseLayers']:.1%} are text. The ceiling was reached with {stream['ceilingChoice']}.",
            f"The {len(rates['ceiling'])} repetitions of all contenders:",
            table(
                ["contender", "documents/s", "range", "of the ceiling"],
                [
                    [contender, f"{median(each):.3f}", f"{min(each):.3f}–{max(each):.3f}", f"{of_ceiling[contender]:.2f}"]
                    for contender, each in rates.items()
                ],
            ),
            *closest(stream["closeDocumentsPerSecond"]),
            table(
                ["ratio within a repetition", "median", "range"],
                [
                    [f"`{ratio}`", f"{each['median']:.2f}", f"{each['least']:.2f}–{each['greatest']:.2f}"]
                    for ratio, each in stream["ratios"].items()
                ],
            ),
        ]
        contenders = list(rates)[::-1]
        medians = [median(rates[contender]) for contender in contenders]
        axis.barh(contenders, medians, color=[BLUE if contender in OURS else GREY for contender in contenders])
        for place, value in enumerate(medians):
            axis.text(value, place, f" {value:.2f}", va="center", fontsize=8)
        axis.set_title(name)
        axis.set_xlabel("documents per second")
    save(figure, folder, "throughput")
    return "\n\n".join(parts)


def latency(results: dict[str, Any], folder: Path) -> str:
    found = results["latency"]
    loads = found["loads"]
    names = {"p50": "p50", "p90": "p90", "p99": "p99", "p999": "p99.9"}
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    x = [load["percentOfCapacity"] for load in loads]
    for key, name in names.items():
        left.plot(x, [load["latencyMillis"][key] for load in loads], marker="o", label=name)
    left.axhline(found["loneMedianMillis"], color=GREY, linestyle="--", label="alone")
    left.set(xlabel="% of capacity offered", ylabel="milliseconds", yscale="log")
    left.legend(fontsize=8)
    right.plot(x, [load["segmentsPerBatch"] for load in loads], marker="o", color=BLUE, label="segments")
    right.plot(x, [load["documentsPerBatch"] for load in loads], marker="o", color=GREY, label="documents")
    right.set(xlabel="% of capacity offered", ylabel="in a micro-batch, mean")
    right.legend(fontsize=8)
    save(figure, folder, "latency")
    rows = [
        [
            f"{load['percentOfCapacity']} %",
            str(load["documents"]),
            *(f"{load['latencyMillis'][key]:,.0f}" for key in names),
            f"{load['slowdown']['p50']:.1f}, {load['slowdown']['p99']:.1f}",
            f"{load['documentsPerBatch']:.1f}",
            f"{load['segmentsPerBatch']:.1f}",
        ]
        for load in loads
    ]
    parts = [
        f"100 % are {found['capacity']:.2f} documents/s. A lone document of {found['medianSegments']} segments takes "
        f"{found['loneMedianMillis']:,.0f} ms.",
        table(
            [
                "load",
                "documents",
                *(f"{name}, ms" for name in names.values()),
                "÷ its own time alone: p50, p99",
                "documents a batch",
                "segments a batch",
            ],
            rows,
        ),
    ]
    if found["p99At70OverLone"] is not None:
        parts.append(f"At 70 % of the capacity, p99 is {found['p99At70OverLone']:.1f} times a lone median document.")
    return "\n\n".join([*parts, "![Latency and size of micro-batches over load](latency.svg)"])


def waiting(found: dict[str, dict[str, Any]], folder: Path) -> str:
    """``found``: by what they are, runs of waiting.sh with one state of the code and another."""
    percentiles = {"p50": "p50", "p90": "p90", "p99": "p99", "p999": "p99.9", "largest": "largest"}
    figure, axis = plt.subplots(figsize=(6, 3.2))
    for (name, run), color in zip(found.items(), (GREY, BLUE), strict=False):
        axis.plot(percentiles.values(), [run["waiting"]["shortSlowdown"][key] for key in percentiles], marker="o", color=color, label=name)
    axis.set(ylabel="latency ÷ alone", yscale="log", title="documents of up to 8 segments")
    axis.legend(fontsize=8)
    save(figure, folder, "waiting")
    runs = [run["waiting"] for run in found.values()]
    long = next(iter(found.values()))["settings"]["segments"]
    rows = [
        *(
            [f"up to 8 segments: latency ÷ alone, {name}", *(f"{run['shortSlowdown'][key]:.1f}" for run in runs)]
            for key, name in percentiles.items()
        ),
        ["the same in ms, p50 and p99", *(f"{run['shortMillis']['p50']:,.0f}, {run['shortMillis']['p99']:,.0f}" for run in runs)],
        [
            f"{long:,} segments: latency ÷ alone, each",
            *(", ".join(f"{millis / run['longAloneMillis']:.2f}" for millis in run["longMillis"]) for run in runs),
        ],
        ["the same alone, in s", *(f"{run['longAloneMillis'] / 1000:.1f}" for run in runs)],
        ["offered, documents/s", *(f"{run['offered']:.2f}" for run in runs)],
        ["from the job's submission to its first event, in s", *(f"{run['startMillis'] / 1000:.1f}" for run in runs)],
    ]
    parts = [provenance(list(found.values())[-1]), table(["", *found], rows)]
    return "\n\n".join([*parts, "![How much longer short documents take than alone, before and now](benchmarks/waiting.svg)"])


def checkpoints(results: dict[str, Any]) -> str:
    rows = [
        [
            f"{point['stream']}, `{point['order']}`",
            f"{point['seconds']:.0f}",
            str(point["checkpoints"]),
            *(f"{point['millis'][key] / 1000:.2f}" for key in ("p50", "p90", "largest")),
            f"{point['longestAloneMillis'] / 1000:.2f}",
        ]
        for point in results["points"]
    ]
    head = ["stream, `classify.order`", "full for, s", "checkpoints", "p50, s", "p90, s", "longest, s", "longest document alone, s"]
    return "\n\n".join([provenance(results), table(head, rows)])


def growth(results: dict[str, Any], folder: Path) -> str:
    length, queue, tasks = results["length"], results["queue"], results["parallelism"]
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.2))
    axes[0].loglog([p["segments"] for p in length], [p["millis"] for p in length], marker="o", color=BLUE)
    axes[0].set(xlabel="segments of a document", ylabel="milliseconds")
    axes[1].semilogx([p["documents"] for p in queue], [p["submitMicros"] for p in queue], marker="o", color=GREY, label="hand in")
    axes[1].semilogx([p["documents"] for p in queue], [p["answerMicros"] for p in queue], marker="o", color=BLUE, label="answer")
    axes[1].set(xlabel="documents in the queue", ylabel="µs a document", ylim=(0, None))
    axes[1].legend(fontsize=8)
    axes[2].semilogx(
        [p["tasks"] for p in tasks], [p["cpuMicros"] for p in tasks], marker="o", color=BLUE, base=2, label="processors"
    )
    axes[2].semilogx(
        [p["tasks"] for p in tasks], [p["blockedMicros"] for p in tasks], marker="o", color=GREY, base=2, label="blocked"
    )
    axes[2].set(xlabel="tasks", ylabel="µs a document", ylim=(0, None))
    axes[2].legend(fontsize=8)
    save(figure, folder, "growth")
    return "\n\n".join(
        [
            provenance(results),
            table(
                ["segments of one document", "segments computed", "seconds", "ms a computed segment", "of which tokenizing, ms"],
                [
                    [
                        f"{p['segments']:,}",
                        f"{p['computedSegments']:,}",
                        f"{p['millis'] / 1000:.3f}",
                        f"{p['millis'] / p['computedSegments']:.2f}",
                        f"{p['tokenizeMillis']:.1f}",
                    ]
                    for p in length
                ],
            ),
            table(
                ["documents in the queue", "µs to hand one in", "µs to answer one"],
                [[f"{p['documents']:,}", f"{p['submitMicros']:.2f}", f"{p['answerMicros']:.2f}"] for p in queue],
            ),
            table(
                [
                    "tasks",
                    "documents/s",
                    "share of the device's capacity",
                    "µs of processors a document",
                    "µs blocked a document",
                ],
                [
                    [
                        str(p["tasks"]),
                        f"{p['documentsPerSecond']:.0f}",
                        f"{p['deviceShare']:.2f}",
                        f"{p['cpuMicros']:.0f}",
                        f"{p['blockedMicros']:.1f}",
                    ]
                    for p in tasks
                ],
            ),
            "![Growth of cost with documents, queue and tasks](growth.svg)",
        ]
    )


HELD = ("resident MiB", "heap MiB", "metaspace MiB", "direct MiB", "threads", "file descriptors")
PROCESSES = ("taskmanager-1", "taskmanager-2", "jobmanager", "broker")


def formats(results: dict[str, Any]) -> str:
    points = results["formats"]
    ours = points["hatflow"]["documentsPerSecond"]
    rows = []
    for name, point in points.items():
        rates, micros = point["documentsPerSecond"], point["decodingMicros"]
        ratios = [one / other for one, other in zip(rates, ours, strict=True)]
        error = stdev(ratios) / math.sqrt(len(ratios))
        rows.append(
            [
                f"`{name}`",
                f"{mean(rates):.2f}",
                "1" if name == "hatflow" else f"{mean(ratios):.3f} ± {error:.3f}",
                f"{micros:.1f}",
                f"{micros * mean(rates) / 1e4:.3f} %",
            ]
        )
    head = [
        "`document.format`",
        "documents/s",
        "of `hatflow`'s, with its standard error",
        "µs to decode a document",
        "of its time",
    ]
    return "\n\n".join([provenance(results), table(head, rows)])


def soak(results: dict[str, Any], folder: Path) -> str:
    settings, found = results["settings"], results["result"]
    samples, restarts, trends = found["samples"], found["restarts"], found["trends"]
    minutes = [sample["seconds"] / 60 for sample in samples]
    outside = [name for name in trends if name.split(": ")[-1] not in (*HELD, "starts")]

    figure, axes = plt.subplots(2, 3, figsize=(11, 5.6))
    drawn = ["resident MiB", "heap MiB", "metaspace MiB", "threads", "file descriptors"]
    for axis, what in zip(axes.flat, drawn, strict=False):
        for process, color in zip(PROCESSES, (BLUE, LIGHT, GREY, "black"), strict=True):
            values = [sample["values"][f"{process}: {what}"] for sample in samples]
            axis.plot(minutes, values, color=color, linewidth=0.9, label=process)
        axis.set(title=what, ylim=(0, None))
    axes[0, 0].legend(fontsize=8)
    remembered = ("broker: transactional ids", "broker: producers it remembers", "temporary files")
    for name, color in zip(remembered, (BLUE, GREY, "black"), strict=True):
        axes[1, 2].plot(minutes, [sample["values"][name] for sample in samples], color=color, linewidth=0.9, label=name)
    axes[1, 2].set(title="outside of processes", yscale="log")
    axes[1, 2].legend(fontsize=8)
    for axis in axes.flat:
        for restart in restarts:
            axis.axvline(restart["at"] / 60, color=GREY, linewidth=0.4, linestyle=":")
    for axis in axes[1]:
        axis.set(xlabel="minutes")
    save(figure, folder, "soak")

    verdict = found["verdict"]
    return "\n\n".join(
        [
            f"Started {settings['begun'][:10]}: {settings['bundle']} on {settings['processors']} processors, {found['answered']:,} records in "
            f"{minutes[-1]:.0f} minutes at {settings['load']:.0%} of the {found['capacity']:.1f} a second that it can handle, "
            f"{len(restarts)} restarts: {verdict['lost']} lost, {verdict['duplicated']} duplicated, {verdict['wrong']} wrong. "
            f"Documents flowed again after {median(r['recovery'] for r in restarts):.1f} s (median; longest "
            f"{max(r['recovery'] for r in restarts):.1f} s).",
            table(
                ["mean, slope an hour ± its standard error", *PROCESSES],
                [[what, *(slope(trends[f"{process}: {what}"]) for process in PROCESSES)] for what in HELD],
            ),
            table(["outside of processes", "mean, slope an hour"], [[name, slope(trends[name])] for name in outside]),
            "![What processes and broker hold over time; dotted lines are restarts](reliability/soak.svg)",
        ]
    )


def slope(trend: dict[str, float]) -> str:
    return f"{trend['mean']:.1f}, {trend['perHour']:+.1f} ± {trend['standardError']:.1f}"


TARGET = 1000
UTILISATION = 0.7
ASSUMED_CARD_TERAFLOPS = 100
ASSUMED_CARD_SHARE = 0.3
CAPACITY = 128


def flop_of_segment(width: int, layers: int, tokens: int) -> float:
    """Of a full segment: query, key, value and output, a feed-forward four times as wide, and attention."""
    dense = 2 * (4 * width * width + 2 * width * 4 * width) * tokens
    return layers * (dense + 4 * tokens * tokens * width)


def capacity(results: dict[str, Any], growth: dict[str, Any]) -> str:
    mixed = stream_of(results, "mixed")
    processors = results["settings"]["threads"]
    rates = mixed["closeDocumentsPerSecond"] or mixed["documentsPerSecond"]
    per_core = median(rates["pipeline"]) / processors
    segments, size = mixed["meanSegments"], mixed["meanCharacters"]
    longest = growth["length"][-1]
    tokenize = longest["tokenizeMillis"] / longest["segments"] * 1e3
    coordinate = growth["parallelism"][-1]["cpuMicros"]
    beside = TARGET * (segments * tokenize + coordinate) / 1e6 / UTILISATION
    tasks = max(1, math.ceil(beside))
    state = tasks * CAPACITY * size / 1e6
    lines = [
        f"Measured {results['begun'][:10]} (throughput) and {growth['begun'][:10]} (growth) on {results['machine']['processor']}.",
        table(
            ["what", "arithmetic", "result"],
            [
                ["r, measured", f"{per_core * processors:.3f} documents/s ÷ {processors} processors", f"{per_core:.3f} /s"],
                ["s, B, measured", "", f"{segments:.1f} segments, {size:,.0f} bytes"],
                ["t, measured", f"{longest['tokenizeMillis']:.0f} ms ÷ {longest['segments']:,} segments", f"{tokenize:.0f} µs"],
                ["c, measured", "", f"{coordinate:.0f} µs"],
                [
                    "cores, this model on CPUs",
                    f"{TARGET} ÷ ({per_core:.3f} · {UTILISATION})",
                    f"{TARGET / per_core / UTILISATION:,.0f}",
                ],
                *card_rows("this model (width 384, 6 S blocks, segments of 64 tokens)", segments, flop_of_segment(384, 6, 64)),
                *card_rows("HAT-base (width 768, 12 S blocks, segments of 128)", segments, flop_of_segment(768, 12, 128)),
                [
                    "cores beside cards = tasks = slots",
                    f"{TARGET} · ({segments:.1f} · {tokenize:.0f} µs + {coordinate:.0f} µs) ÷ {UTILISATION}",
                    f"{beside:.1f} → {tasks}",
                ],
                ["partitions", f"2 · {tasks}", str(2 * tasks)],
                ["documents in flight, at most", f"{tasks} · {CAPACITY}", f"{tasks * CAPACITY:,}"],
                ["checkpoint, at most", f"{tasks} · {CAPACITY} · {size:,.0f} bytes", f"{state:.1f} MB"],
                ["Kafka, in", f"{TARGET} · {size:,.0f} bytes", f"{TARGET * size / 1e6:.1f} MB/s"],
            ],
        ),
    ]
    return "\n\n".join(lines)


def card_rows(model: str, segments: float, flop: float) -> list[list[str]]:
    rate = ASSUMED_CARD_TERAFLOPS * ASSUMED_CARD_SHARE * 1e12
    cards = TARGET * segments * flop / rate / UTILISATION
    return [
        [
            f"cards, {model}, **R and e assumed**",
            f"{TARGET} · {segments:.1f} · {flop / 1e9:.1f} GFLOP ÷ ({ASSUMED_CARD_TERAFLOPS} TFLOP/s · {ASSUMED_CARD_SHARE} · {UTILISATION})",
            f"{cards:.1f}",
        ]
    ]


def save(figure: Any, folder: Path, name: str) -> None:
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)


def wrapped(line: str) -> str:
    """Prose in lines of 120 characters, as on the rest of the page; tables and pictures as they are."""
    if line.startswith(("|", "!", "#")):
        return line
    return textwrap.fill(line, 120, subsequent_indent="  " if line.startswith("- ") else "", break_on_hyphens=False)


def fill_in(page: Path, part: str, generated: str) -> None:
    """Replace what stands between the marks of a part."""
    generated = "\n".join(map(wrapped, generated.split("\n")))
    text, count = re.subn(
        rf"(<!-- generated: {part} -->\n).*?(\n<!-- end -->)",
        lambda match: f"{match[1]}{generated}{match[2]}",
        page.read_text(),
        flags=re.DOTALL,
    )
    if count != 1:
        raise SystemExit(f"{page} has {count} places for {part}, expected one: <!-- generated: {part} --> … <!-- end -->")
    page.write_text(text)


def main() -> None:
    docs = Path(sys.argv[1])
    page, folder = docs / "benchmarks.md", docs / "benchmarks"
    tables = folder / "tables.md"
    found = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    results, grown = found.get("results"), found.get("growth")
    if results:
        further = [run for name, run in sorted(found.items()) if name.startswith("results-")]
        fill_in(page, "headlines", headlines([results, *further]))
        fill_in(tables, "throughput", throughput(results, further, folder))
        if "latency" in results:
            fill_in(tables, "latency", latency(results, folder))
    states = {name: found[stem] for name, stem in (("before", "waiting-before"), ("now", "waiting")) if stem in found}
    if states:
        fill_in(page, "waiting", waiting(states, folder))
    if grown:
        fill_in(tables, "growth", growth(grown, folder))
    if "checkpoints" in found:
        fill_in(tables, "checkpoints", checkpoints(found["checkpoints"]))
    if "formats" in found:
        fill_in(tables, "formats", formats(found["formats"]))
    if results and grown:
        fill_in(docs / "scaling.md", "capacity", capacity(results, grown))
    soaked = docs / "reliability" / "soak.json"
    if soaked.exists():
        fill_in(docs / "reliability.md", "soak", soak(json.loads(soaked.read_text()), soaked.parent))


if __name__ == "__main__":
    main()
