"""What diagnose.sh masks and what it leaves: deploy/monitoring/test.sh runs it"""

import json
import unittest

import masking

SECRET = "hush-Xq7"

WITH_SECRETS = [
    f"password={SECRET}",
    f"kafka.properties.ssl.keystore.password: {SECRET}",
    f'sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="a" password="{SECRET}";',
    f"--kafka.properties.ssl.key.password {SECRET} --model.bundle /opt/bundles",
    f"--kafka.properties.sasl.jaas.config=x password='{SECRET}';",
    f'{{"ssl.truststore.password": "{SECRET}"}}',
    f"HATFLOW_REGISTRY_PROPERTIES_BASIC_AUTH_USER_INFO=alice:{SECRET}",
    f"registry.properties.bearer.auth.token: {SECRET}",
    f"accessToken={SECRET}",
    f"s3.secret-key: {SECRET}",
    f"fs.azure.account.key.mine.blob: {SECRET}",
    f"connecting to https://alice:{SECRET}@registry:8081/subjects",
    f"Authorization: Bearer {SECRET}-and-more",
    f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
    f"kafka:\n  properties:\n    sasl.jaas.config: >-\n      module required\n      {SECRET};\n  group-id: mine",
    f"2026-11-30 10:00:00,000 INFO  Main [] -     ****** (sensitive information)\n2026-11-30 10:00:00,000 INFO  Main [] -     {SECRET}",
]

WITHOUT_SECRETS = [
    "kafka.group-id: mine",
    "sasl.jaas.password: ${file:/run/secrets/kafka.properties:password}",
    "tokens seen: 1983, of 2 documents",
    "0.classify.tokenizeMicros: 12345",
    "The password of this sentence is not one",
    "2026-11-30 10:00:00,000 INFO  Main [] -     ****** (sensitive information)\n2026-11-30 10:00:00,000 INFO  Main [] -     --model.bundle",
]


class SecretsTest(unittest.TestCase):
    def test_secrets_are_masked(self) -> None:
        for text in WITH_SECRETS:
            with self.subTest(text):
                self.assertNotIn(SECRET, masking.in_text(text))
                self.assertIn(masking.MASK, masking.in_text(text))

    def test_the_rest_stays(self) -> None:
        for text in WITHOUT_SECRETS:
            with self.subTest(text):
                self.assertEqual(text, masking.in_text(text))

    def test_what_stands_below_a_secret_in_yaml_stays(self) -> None:
        self.assertTrue(masking.in_text(WITH_SECRETS[14]).endswith("\n  group-id: mine"))

    def test_json_is_masked_by_its_keys(self) -> None:
        value = {
            "user-config": {"kafka.properties.ssl.key.password": SECRET, "kafka.group-id": "mine"},
            "pairs": [{"key": "s3.secret-key", "value": SECRET}, {"key": "rest.port", "value": "8081"}],
            "$internal.application.program-args": f"--kafka.properties.ssl.key.password={SECRET};--model.bundle=/opt",
            "metrics": [{"id": "0.classify.tokenizeMicros", "value": "12345"}],
        }
        masked = masking.in_json(value)
        self.assertNotIn(SECRET, json.dumps(masked))
        self.assertEqual("mine", masked["user-config"]["kafka.group-id"])
        self.assertEqual({"key": "rest.port", "value": "8081"}, masked["pairs"][1])
        self.assertIn("--model.bundle=/opt", masked["$internal.application.program-args"])
        self.assertEqual(value["metrics"], masked["metrics"])


if __name__ == "__main__":
    unittest.main()
