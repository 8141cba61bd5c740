#!/usr/bin/env bash
# Of the stand-in for apache/kafka: settings from the environment, as Kafka's image takes them, and the broker.
set -euo pipefail
export CLUSTER_ID="${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}"
java -XX:TieredStopAtLevel=1 kafka.docker.KafkaDockerWrapper setup --default-configs-dir /etc/kafka/docker \
    --mounted-configs-dir /mnt/shared/config --final-configs-dir /opt/kafka/config
exec java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile=/opt/kafka/broker-log.properties \
    kafka.Kafka /opt/kafka/config/server.properties
