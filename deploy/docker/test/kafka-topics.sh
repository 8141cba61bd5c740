#!/usr/bin/env bash
exec java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 org.apache.kafka.tools.TopicCommand "$@"
