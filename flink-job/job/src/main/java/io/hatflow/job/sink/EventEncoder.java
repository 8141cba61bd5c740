package io.hatflow.job.sink;

import java.io.Serializable;

/** Makes the value of a record of an event. Travels to the tasks and is used by one of them; not thread-safe. */
interface EventEncoder<T> extends Serializable {

    /**
     * Prepares for events of a topic, before the first.
     *
     * @throws io.hatflow.job.registry.RegistryException if a registry stands in the way
     */
    default void open(String topic) {}

    /** The value of an event's record in a topic. */
    byte[] encode(String topic, T event);
}
