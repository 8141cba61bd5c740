package io.hatflow.job.registry;

/** Under which subject a registry keeps the schema of a topic's values. Confluent's clients have the same three. */
public enum SubjectNameStrategy {
    /** {@code TOPIC-value}: a topic holds one type of record. */
    TOPIC,
    /** The record's full name: a type has one history, whatever the topic. */
    RECORD,
    /** {@code TOPIC-NAME}: a type has a history in each topic. */
    TOPIC_RECORD;

    /** The subject of a record with a full name, such as {@code io.hatflow.events.DeadLetter}, in a topic. */
    public String subject(String topic, String fullName) {
        return switch (this) {
            case TOPIC -> topic + "-value";
            case RECORD -> fullName;
            case TOPIC_RECORD -> topic + "-" + fullName;
        };
    }
}
