"""What run.sh found, for a person: ``python summary.py RESULTS_FOLDER``."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean, median
from typing import Any

OPERATORS_SHOWN = 12
GOALS = [("operator", "ceiling", 0.9), ("pipeline", "ceiling", None), ("operator", "padded8", 5), ("operator", "naive", 20)]

Part = dict[str, Any]


def samples(file: Path) -> list[tuple[datetime, float]]:
    """When, and the share of time in which the GPU computed anything."""
    found = []
    for line in file.read_text().splitlines() if file.is_file() else []:
        when, busy, *_ = line.split(", ")
        try:
            found.append((datetime.strptime(when, "%Y/%m/%d %H:%M:%S.%f").replace(tzinfo=UTC), float(busy) / 100))
        except ValueError:
            continue  # a line that was cut off, or [N/A]
    return found


def busy(gpu: list[tuple[datetime, float]], run: Part) -> str:
    begun = datetime.fromisoformat(run["begun"].replace("Z", "+00:00"))
    during = [ratio for when, ratio in gpu if begun <= when <= begun + timedelta(seconds=run["seconds"])]
    return f"{mean(during):.2f}" if during else "–"


def machine(parts: list[Part]) -> dict[str, float]:
    rates: dict[str, float] = {}
    for part in parts:
        if part["part"] == "machine":
            rates = part.get("matrixTeraflops", {})
            print(f"{part.get('gpu', 'no GPU')}; {part['processors']} processors; {part['versions']}")
            print("matrix products, TFLOP/s:", {kind: round(rate, 1) for kind, rate in rates.items()})
    return rates


def bare_graphs(parts: list[Part], rates: dict[str, float]) -> None:
    print("\nbare graph           inputs    rows         ms      rows/s   TFLOP/s   of the matrix rate")
    for part in parts:
        if part["part"] == "bareGraph":
            rate = rates.get("float16" if part["precision"] == "fp16" else "float32")
            share = f"{part['teraflops'] / rate:.3f}" if rate else "–"
            print(
                f"{part['bundle']:<22}{part['inputs']:<8}{part['rows']:>5} {part['milliseconds']:>10.3f} {part['rowsPerSecond']:>11,.0f} "
                f"{part['teraflops']:>9.2f}   {share}"
            )


def profiles(parts: list[Part]) -> None:
    for part in parts:
        if part["part"] == "profile":
            note = "" if part["blocking"] else ", not blocking"
            print(f"\noperators of {part['bundle']}, {part['rows']} rows: {part['milliseconds']:.2f} ms{note}")
            for each in part["operators"][:OPERATORS_SHOWN]:
                share = each["milliseconds"] / part["milliseconds"]
                print(
                    f"  {each['operator']:<26}{each['provider']:<24}{each['calls']:>5} {each['milliseconds']:>9.3f} ms  {share:.3f}"
                )


def races(parts: list[Part], gpu: list[tuple[datetime, float]]) -> None:
    for part in parts:
        runs = defaultdict(list)
        for run in part.get("runs", []):
            if run["step"] == "measured":
                runs[run["contender"]].append(run)
        if runs:
            print(f"\n{part['step']}: documents/s (median), GPU busy in each run")
        rates = {name: median(run["documents"] / run["seconds"] for run in each) for name, each in runs.items()}
        for name, each in runs.items():
            print(f"  {name:<20}{rates[name]:>12,.1f}   {', '.join(busy(gpu, run) for run in each)}")
        for one, other, goal in GOALS:
            if one in rates and other in rates:
                print(f"  {one} ÷ {other}: {rates[one] / rates[other]:.2f}{f' (goal {goal})' if goal else ''}")


def devices(parts: list[Part]) -> None:
    for part in parts:
        if part["part"] == "java" and "runs" not in part:
            print(f"\n{part['step']}")
            for name in ("opened", "together", "againstCpu", "outOfMemory"):
                if name in part:
                    print(f"  {name}: {part[name]}")


def main() -> None:
    folder = Path(sys.argv[1])
    parts = [json.loads(line) for line in (folder / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    rates = machine(parts)
    bare_graphs(parts, rates)
    profiles(parts)
    races(parts, samples(folder / "nvidia-smi.csv"))
    devices(parts)


if __name__ == "__main__":
    main()
