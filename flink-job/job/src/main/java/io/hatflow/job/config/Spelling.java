package io.hatflow.job.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** What somebody may have meant who wrote a name that there is not. */
public final class Spelling {

    private Spelling() {}

    /** The name most like an unknown one, if any is like it at all. */
    public static Optional<String> nearest(String unknown, Collection<String> names) {
        return byLikeness(unknown, names).stream()
                .findFirst()
                .filter(name -> distance(name, unknown) <= Math.max(3, unknown.length() / 2));
    }

    /** The names, those most like an unknown one first. */
    public static List<String> byLikeness(String unknown, Collection<String> names) {
        return names.stream()
                .distinct()
                .sorted(Comparator.comparingInt(name -> distance(name, unknown)))
                .toList();
    }

    /** Levenshtein's: insertions, deletions and replacements that turn one into the other. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
