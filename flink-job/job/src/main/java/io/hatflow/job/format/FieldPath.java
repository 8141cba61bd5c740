package io.hatflow.job.format;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The way to a field of a record: names of nested fields, or keys of maps. Written with dots; a backslash takes the next character as it is,
 * so that a name may hold a dot.
 */
public record FieldPath(List<String> names) implements Serializable {

    public FieldPath {
        names = List.copyOf(names);
    }

    /** @throws IllegalArgumentException if a name is empty, or a backslash stands at the end */
    static FieldPath parse(String text) {
        List<String> names = new ArrayList<>();
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '.') {
                names.add(name.toString());
                name.setLength(0);
            } else if (c != '\\') {
                name.append(c);
            } else if (++i < text.length()) {
                name.append(text.charAt(i));
            } else {
                throw new IllegalArgumentException("a backslash at the end");
            }
        }
        names.add(name.toString());
        if (names.contains("")) {
            throw new IllegalArgumentException("an empty name");
        }
        return new FieldPath(names);
    }

    /** As it is written in settings. */
    @Override
    public String toString() {
        return names.stream()
                .map(name -> name.replace("\\", "\\\\").replace(".", "\\."))
                .collect(Collectors.joining("."));
    }
}
