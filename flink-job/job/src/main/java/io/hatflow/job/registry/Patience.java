package io.hatflow.job.registry;

import java.time.Duration;

/**
 * How long a registry is waited for.
 *
 * @param limit for one question in all, whatever the number of addresses and attempts
 * @param answerLimit for one attempt
 * @param firstPause after each address has failed once; doubles with every further round
 * @param longestPause between two rounds
 * @param unknownFor for how long it is believed that the registry does not know an id; a producer may register it meanwhile
 */
record Patience(Duration limit, Duration answerLimit, Duration firstPause, Duration longestPause, Duration unknownFor) {

    /** Shorter, as a person who submits a job or types a command is waiting. */
    static final Patience OF_A_PERSON = new Patience(
            Duration.ofSeconds(20),
            Duration.ofSeconds(10),
            Duration.ofMillis(100),
            Duration.ofSeconds(5),
            Duration.ofSeconds(10));

    /** Outlasts a restart of the registry; what takes longer is Flink's restart strategy's affair. */
    static final Patience OF_A_TASK = new Patience(
            Duration.ofSeconds(60),
            Duration.ofSeconds(10),
            Duration.ofMillis(100),
            Duration.ofSeconds(5),
            Duration.ofSeconds(10));
}
