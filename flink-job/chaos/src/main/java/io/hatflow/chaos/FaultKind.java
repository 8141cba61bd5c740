package io.hatflow.chaos;

/** What goes wrong, or is done on purpose while documents flow. */
enum FaultKind {
    TASKMANAGER_KILLED("SIGKILL of a TaskManager with batches in flight"),
    JOBMANAGER_KILLED("SIGKILL of the JobManager"),
    BROKER_KILLED("SIGKILL of the broker in mid-transaction"),
    PROCESS_FROZEN("SIGSTOP of a TaskManager or the JobManager for longer than the heartbeat's timeout"),
    DISK_FULL("no room for checkpoints"),
    INFERENCE_HANGS("a run of the model that never returns"),
    RUNTIME_CRASHES("a segmentation fault inside a run of the model"),
    RUNTIME_OUT_OF_MEMORY("no memory for any run of the model"),
    RESCALED("stop with a savepoint, go on with another parallelism, and back"),
    UPGRADED("stop with a savepoint, go on with another jar"),
    KILLER_DOCUMENT("a document that crashes every process in which the model sees it");

    private final String meaning;

    FaultKind(String meaning) {
        this.meaning = meaning;
    }

    String meaning() {
        return meaning;
    }
}
