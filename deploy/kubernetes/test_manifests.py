"""Checks the manifests: schemas that refuse what they do not know, and rendered overlays that follow from their sources."""

import copy
import hashlib
import json
import os
import shutil
import subprocess
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml

HERE = Path(__file__).parent
KUBERNETES = "1.37"
RENDERED = ("minimal", "gpu", "production", "strimzi")
OPERATOR_CRD = os.environ.get("FLINK_OPERATOR_CRD", "")
KUSTOMIZE = shutil.which("kustomize", path=f"{HERE / 'target/bin'}{os.pathsep}{os.environ.get('PATH', '')}")


def resources(name: str) -> list[dict]:
    """The resources of a rendered overlay."""
    return list(yaml.safe_load_all((HERE / "rendered" / f"{name}.yaml").read_text(encoding="utf-8")))


def all_resources() -> Iterator[tuple[str, dict]]:
    """Each resource of each rendered overlay, with the overlay's name."""
    for name in RENDERED:
        for resource in resources(name):
            yield name, resource


def pod_templates(deployment: dict) -> Iterator[dict]:
    """The pod templates of a FlinkDeployment."""
    for part in (deployment["spec"], deployment["spec"]["jobManager"], deployment["spec"]["taskManager"]):
        if "podTemplate" in part:
            yield part["podTemplate"]


def check_pod_template(template: dict) -> None:
    """Raises ValidationError. The operator fills in what containers may lack."""
    filled = copy.deepcopy(template)
    filled["spec"].setdefault("containers", [{"name": "flink-main-container"}])
    pod = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "template"}, "template": filled}
    kubernetes_validate.validate(pod, KUBERNETES, strict=True)


def check(resource: dict) -> None:
    """Raises ValidationError, of jsonschema or what is derived from it, if the resource has a field that its kind does not."""
    own = HERE / "schemas" / f"{resource['kind']}.json"
    if not own.exists():
        kubernetes_validate.validate(resource, KUBERNETES, strict=True)
        return
    jsonschema.Draft202012Validator(json.loads(own.read_text(encoding="utf-8"))).validate(resource)
    if resource["kind"] == "FlinkDeployment":
        for template in pod_templates(resource):
            check_pod_template(template)


def sources_digest(name: str) -> str:
    """SHA-256 of all that an overlay may be rendered from."""
    folders = [HERE / "strimzi"] if name == "strimzi" else [HERE / "base", HERE / "overlays"]
    digest = hashlib.sha256()
    for file in sorted(file for folder in folders for file in folder.rglob("*.yaml")):
        digest.update(str(file.relative_to(HERE)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def strict(schema: dict) -> dict:
    """A schema of a custom resource definition that refuses unknown fields, as the API server does, and knows int-or-string."""
    result = {key: strict(value) if key == "items" else value for key, value in schema.items()}
    if "properties" in schema:
        result["properties"] = {name: strict(value) for name, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            result["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = strict(schema["additionalProperties"])
    if schema.get("x-kubernetes-int-or-string"):
        result = {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    return result


def operator_schema() -> dict:
    """The strict schema of FlinkDeployment in the operator's own definition."""
    definition = yaml.safe_load(Path(OPERATOR_CRD).read_text(encoding="utf-8"))
    schema = strict(definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    schema["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    return schema


def deployment(name: str) -> dict:
    """The FlinkDeployment of an overlay."""
    (found,) = (resource for resource in resources(name) if resource["kind"] == "FlinkDeployment")
    return found


class SchemasTest(unittest.TestCase):
    """Every resource is what its kind allows."""

    def test_every_resource_is_valid(self) -> None:
        for name, resource in all_resources():
            with self.subTest(overlay=name, kind=resource["kind"], resource=resource["metadata"]["name"]):
                check(resource)

    def test_typos_are_refused(self) -> None:
        def flink(change: Callable[[dict], object]) -> dict:
            resource = copy.deepcopy(deployment("production"))
            change(resource["spec"])
            return resource

        def of_kind(kind: str, change: Callable[[dict], object]) -> dict:
            resource = copy.deepcopy(next(each for _, each in all_resources() if each["kind"] == kind))
            change(resource)
            return resource

        typos = {
            "podTemplat": flink(lambda spec: spec.update(podTemplat=spec.pop("podTemplate"))),
            "flinkVersion v2_9": flink(lambda spec: spec.update(flinkVersion="v2_9")),
            "upgradeMode stateless": flink(lambda spec: spec["job"].update(upgradeMode="stateless")),
            "paralelism": flink(lambda spec: spec["job"].update(paralelism=spec["job"].pop("parallelism"))),
            "memory 2600": flink(lambda spec: spec["taskManager"]["resource"].update(memory="2600")),
            "a number as an option": flink(lambda spec: spec["flinkConfiguration"].update({"taskmanager.numberOfTaskSlots": 2})),
            "volumeMount": flink(lambda spec: spec["podTemplate"]["spec"]["containers"][0].update(volumeMount=[])),
            "runAsNonroot": flink(lambda spec: spec["podTemplate"]["spec"]["securityContext"].update(runAsNonroot=True)),
            "secretkeyRef": flink(
                lambda spec: spec["podTemplate"]["spec"]["containers"][0]["env"].append(
                    {"name": "A", "valueFrom": {"secretkeyRef": {}}}
                )
            ),
            "maxUnavailible": of_kind("PodDisruptionBudget", lambda budget: budget["spec"].update(maxUnavailible=1)),
            "engress": of_kind("NetworkPolicy", lambda policy: policy["spec"].update(engress=[])),
            "a number in a ConfigMap": of_kind("ConfigMap", lambda settings: settings["data"].update(port=1)),
            "acess modes": of_kind("PersistentVolumeClaim", lambda claim: claim["spec"].update(acessModes=[])),
            "partition": of_kind("KafkaTopic", lambda topic: topic["spec"].update(partition=8)),
            "operation": of_kind("KafkaUser", lambda user: user["spec"]["authorization"]["acls"][0].update(operation="Read")),
            "patternType prefixed": of_kind(
                "KafkaUser", lambda user: user["spec"]["authorization"]["acls"][0]["resource"].update(patternType="prefixed")
            ),
        }
        for typo, resource in typos.items():
            with self.subTest(typo), self.assertRaises(jsonschema.ValidationError, msg=f"{typo} was not refused"):
                check(resource)

    @unittest.skipUnless(OPERATOR_CRD, "FLINK_OPERATOR_CRD names no file of the operator's definition of FlinkDeployment")
    def test_the_operators_definition_says_the_same(self) -> None:
        validator = jsonschema.Draft202012Validator(operator_schema())
        for name in ("minimal", "gpu", "production"):
            with self.subTest(name):
                validator.validate(deployment(name))
        typo = deployment("minimal")
        typo["spec"]["podTemplat"] = typo["spec"].pop("podTemplate")
        with self.assertRaises(jsonschema.ValidationError):
            validator.validate(typo)


class RenderedTest(unittest.TestCase):
    """The files of rendered/ are what kustomize makes of the sources."""

    def test_no_source_has_changed_since_they_were_rendered(self) -> None:
        for name in RENDERED:
            first = (HERE / "rendered" / f"{name}.yaml").read_text(encoding="utf-8").partition("\n")[0]
            with self.subTest(name):
                self.assertEqual(
                    f"# Sources: {sources_digest(name)}", first, "run deploy/kubernetes/render.sh and look at the difference"
                )

    @unittest.skipUnless(KUSTOMIZE, "there is no kustomize on the PATH or in target/bin")
    def test_kustomize_makes_them(self) -> None:
        for name in RENDERED:
            folder = HERE / ("strimzi" if name == "strimzi" else f"overlays/{name}")
            made = subprocess.run([str(KUSTOMIZE), "build", folder], capture_output=True, text=True, check=True).stdout
            rendered = (HERE / "rendered" / f"{name}.yaml").read_text(encoding="utf-8").partition("\n")[2]
            with self.subTest(name):
                self.assertEqual(made, rendered, "run deploy/kubernetes/render.sh and look at the difference")


class ReferencesTest(unittest.TestCase):
    """What manifests name is there."""

    def test_settings_and_volumes_are_found(self) -> None:
        for name in ("minimal", "gpu", "production"):
            maps = {each["metadata"]["name"] for each in resources(name) if each["kind"] == "ConfigMap"}
            pod = deployment(name)["spec"]["podTemplate"]["spec"]
            volumes = {volume["name"]: volume for volume in pod["volumes"]}
            with self.subTest(name):
                self.assertEqual(maps, {volumes["settings"]["configMap"]["name"]})
                for container in pod["containers"] + pod.get("initContainers", []):
                    self.assertLessEqual({mount["name"] for mount in container["volumeMounts"]}, volumes.keys())

    def test_all_containers_are_of_one_image(self) -> None:
        for name in ("minimal", "gpu", "production"):
            spec = deployment(name)["spec"]
            images = {container["image"] for container in spec["podTemplate"]["spec"].get("initContainers", [])}
            with self.subTest(name):
                self.assertLessEqual(images, {spec["image"]})

    def test_there_is_a_slot_for_each_task_and_a_partition_for_each(self) -> None:
        partitions = {
            each["metadata"]["name"]: each["spec"]["partitions"] for each in resources("strimzi") if each["kind"] == "KafkaTopic"
        }
        for name in ("minimal", "gpu", "production"):
            with self.subTest(name):
                settings = next(each for each in resources(name) if each["kind"] == "ConfigMap")
                kafka = yaml.safe_load(settings["data"]["job.yaml"])["kafka"]
                topics = {kafka["input-topics"], kafka["labelled-topic"], kafka["dead-letter-topic"]}
                self.assertEqual(topics, partitions.keys())
                self.assertGreaterEqual(min(partitions.values()), deployment(name)["spec"]["job"]["parallelism"])

    def test_the_user_has_the_rights_that_the_job_needs(self) -> None:
        user = next(each for each in resources("strimzi") if each["kind"] == "KafkaUser")
        rights = {
            (acl["resource"]["type"], acl["resource"]["name"], acl["resource"]["patternType"]): set(acl["operations"])
            for acl in user["spec"]["authorization"]["acls"]
        }
        self.assertEqual(
            {
                ("topic", "documents", "literal"): {"Read"},
                ("group", "hatflow", "literal"): {"Read"},
                ("topic", "labelled-documents", "literal"): {"Write"},
                ("topic", "dead-letters", "literal"): {"Write"},
                ("transactionalId", "hatflow", "prefix"): {"Write", "Describe"},
            },
            rights,
        )


if __name__ == "__main__":
    unittest.main()
