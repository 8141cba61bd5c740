package io.hatflow.chaos;

/** What the commands of this module share. */
final class Commands {

    private Commands() {}

    /** @throws IllegalArgumentException if it is not */
    static void requirePositive(String option, double value) {
        if (!(value > 0)) {
            throw new IllegalArgumentException(option + " is " + value + ", expected more than 0");
        }
    }

    static void say(String sentence) {
        System.out.println(sentence);
        System.out.flush();
    }
}
