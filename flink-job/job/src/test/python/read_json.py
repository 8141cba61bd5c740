"""Prints the events of a topic as JSON lines, read as any program would that knows Kafka and JSON and nothing else.

Usage: read_json.py SERVERS TOPIC
"""

import json
import sys

from topic import committed


def main() -> None:
    servers, topic = sys.argv[1:]
    for message in committed(servers, topic):
        print(json.dumps(json.loads(message.value())))


if __name__ == "__main__":
    main()
