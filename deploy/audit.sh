#!/usr/bin/env bash
# Asks OSV (https://osv.dev) for known vulnerabilities of everything that ships: the jars for the cluster and for SQL, what the demo and
# the commands need besides, and what onnx-export needs. Leaves the bills of material in target/audit.
# Ends with 0 if nothing is known, 1 if something is, 2 if OSV could not be asked.
set -euo pipefail
cd "$(dirname "$0")/.."

bills=(flink-job/job/target/sbom-cluster.json flink-job/sql/target/sbom-sql.json flink-job/cli/target/sbom-local.json)
# They are not made by builds that are offline.
for bill in "${bills[@]}"; do
    for pom in pom.xml flink-job/{job,sql,cli}/pom.xml; do
        [[ $bill -nt $pom ]] || { ./mvnw -q -B -ntp -pl flink-job/cli,flink-job/sql -am verify -DskipTests; break 2; }
    done
done
rm -rf target/audit
mkdir -p target/audit
cp "${bills[@]}" target/audit/
for venv in tool runtime; do python3 -m venv "target/audit/$venv"; done
target/audit/tool/bin/pip install -q --disable-pip-version-check cyclonedx-bom==7.5.0
target/audit/runtime/bin/pip install -q --disable-pip-version-check ./onnx-export
target/audit/tool/bin/cyclonedx-py environment --output-reproducible -o target/audit/sbom-python.json target/audit/runtime/bin/python
rm -rf target/audit/tool target/audit/runtime

python3 - "${OSV_URL:-https://api.osv.dev}" target/audit/sbom-*.json <<'PYTHON'
import json
import pathlib
import sys
import urllib.request

url, *bills = sys.argv[1:]
found = {}
asked = set()
for bill in bills:
    components = json.loads(pathlib.Path(bill).read_text()).get("components", [])
    packages = sorted({each["purl"].split("?")[0] for each in components if "purl" in each})
    asked.update(packages)
    request = urllib.request.Request(
        url + "/v1/querybatch",
        json.dumps({"queries": [{"package": {"purl": package}} for package in packages]}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            results = json.load(response)["results"]
    except OSError as e:
        print(f"audit: {url} could not be asked ({e}); nothing is known about {len(packages)} packages of {bill}", file=sys.stderr)
        sys.exit(2)
    for package, result in zip(packages, results, strict=True):
        if ids := [each["id"] for each in result.get("vulns", [])]:
            found[package] = ids
for package, ids in sorted(found.items()):
    print(package, *(f"https://osv.dev/vulnerability/{each}" for each in ids))
print(f"audit: {len(asked)} packages, {len(found)} with known vulnerabilities")
sys.exit(1 if found else 0)
PYTHON
