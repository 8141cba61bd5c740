package io.hatflow.chaos;

/** What goes wrong, or is done on purpose while documents flow. */
enum FaultKind {
    /** SIGKILL of a TaskManager with batches in flight. */
    TASKMANAGER_KILLED,
    /** SIGKILL of the JobManager. */
    JOBMANAGER_KILLED,
    /** SIGKILL of the broker in mid-transaction. */
    BROKER_KILLED,
    /** SIGKILL of the schema registry just after writers have changed their schema; it is away for a while. */
    REGISTRY_KILLED,
    /** SIGSTOP of a TaskManager or the JobManager for longer than the heartbeat's timeout. */
    PROCESS_FROZEN,
    /** No room for checkpoints. */
    DISK_FULL,
    /** A run of the model that never returns. */
    INFERENCE_HANGS,
    /** A segmentation fault inside a run of the model. */
    RUNTIME_CRASHES,
    /** No memory for any run of the model. */
    RUNTIME_OUT_OF_MEMORY,
    /** Stop with a savepoint, go on with another parallelism, and back. */
    RESCALED,
    /** Cancel while batches are in flight, go on from the newest checkpoint. */
    CANCELLED,
    /** Stop with a savepoint, go on with another jar. */
    UPGRADED,
    /** A document that crashes every process in which the model sees it. */
    KILLER_DOCUMENT;

    /** Whether it can strike where documents come in this form. */
    boolean strikes(Format format) {
        return this != REGISTRY_KILLED || format == Format.CONFLUENT_AVRO;
    }

    /** Whether it is done to the job alone, so that every process must live on. */
    boolean sparesProcesses() {
        return this == RESCALED || this == CANCELLED || this == UPGRADED;
    }
}
