package io.hatflow.inference.bundle;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;

/** What libraries say, in the one line that a person needs. */
final class Sentences {

    private Sentences() {}

    /** The first line of a message, and for JSON the place. */
    static String of(Exception e) {
        if (e instanceof JsonProcessingException json) {
            JsonLocation at = json.getLocation();
            String place = at == null || at.getLineNr() < 1
                    ? ""
                    : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
            String message = first(json.getOriginalMessage());
            return (message.startsWith("Trailing token") ? "something follows its end" : message) + place;
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : first(e.getMessage());
    }

    private static String first(String message) {
        return message.lines().findFirst().orElse("");
    }
}
