"""Prints the events of a topic as JSON lines, read by Confluent's deserializer, which finds their schemas in a registry.

Usage: read_avro.py SERVERS TOPIC REGISTRY-URL CA-FILE USER:PASSWORD
"""

import base64
import json
import sys
from datetime import datetime

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from topic import committed


def plain(value: object) -> str:
    """Bytes and times as the job's own JSON has them."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"Events hold no {type(value)}")


def main() -> None:
    servers, topic, url, authority, login = sys.argv[1:]
    registry = SchemaRegistryClient({"url": url, "ssl.ca.location": authority, "basic.auth.user.info": login})
    deserializer = AvroDeserializer(registry)
    context = SerializationContext(topic, MessageField.VALUE)
    for message in committed(servers, topic):
        print(json.dumps(deserializer(message.value(), context), default=plain))


if __name__ == "__main__":
    main()
