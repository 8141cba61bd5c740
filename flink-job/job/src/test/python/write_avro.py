"""Writes letters into a topic by Confluent's own serializer, which registers their schema; prints each letter as a JSON line.

Usage: write_avro.py SERVERS TOPIC REGISTRY-URL CA-FILE USER:PASSWORD COUNT
"""

import json
import sys

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

SCHEMA = """
{"type": "record", "name": "Letter", "namespace": "org.example", "fields": [
  {"name": "payload", "type": {"type": "record", "name": "Payload", "fields": [
    {"name": "caseNumber", "type": "long"},
    {"name": "body", "type": ["null", "string"]},
    {"name": "language", "type": {"type": "enum", "name": "Language", "symbols": ["en", "de"]}}]}}]}
"""


def delivered(error: KafkaError | None, message: Message) -> None:
    if error is not None:
        raise KafkaException(error)


def main() -> None:
    servers, topic, url, authority, login, count = sys.argv[1:]
    registry = SchemaRegistryClient({"url": url, "ssl.ca.location": authority, "basic.auth.user.info": login})
    serializer = AvroSerializer(registry, SCHEMA)
    context = SerializationContext(topic, MessageField.VALUE)
    producer = Producer({"bootstrap.servers": servers})
    for number in range(int(count)):
        body = f"Letter {number}. The parties agree to pay within thirty days of notice."
        letter = {"payload": {"caseNumber": number, "body": body, "language": "en"}}
        producer.produce(topic, serializer(letter, context), key=f"key-{number}", on_delivery=delivered)
        print(json.dumps(letter))
    if producer.flush(30) > 0:
        raise KafkaException(f"{servers} has not taken all {count} letters")


if __name__ == "__main__":
    main()
