package io.hatflow.inference.text;

import io.hatflow.inference.text.CleanedText.Edit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Words that a hyphen at the end of a line tears apart. */
final class LineEnds {

    private static final Pattern HYPHEN = Pattern.compile("[-\u00AD\u2010]([" + Characters.SPACE + "]++)");
    private static final Pattern WORD = Pattern.compile("[A-Za-z]++");
    private static final int LONGEST_PART = 40;

    private static final Set<String> COMPOUND_HEADS = Set.of("""
            arms cross eighty fifteen fifty forty half mutually ninety non quasi royalty self seventy sixty third thirty twelve twenty well \
            wholly world""".split("\\s+"));
    private static final Set<String> COMPOUND_TAILS = Set.of("""
            based bearing day days exclusive free hour hours managed month months owned paid parties party quarter related sized specific \
            sublicensable term transferable user users week weeks wide year years""".split("\\s+"));

    private final String text;
    private final List<Torn> torn = new ArrayList<>();
    /** Words of the text but for the torn ones, in lower case. */
    private final Set<String> words = new HashSet<>();
    /** What a hyphen joins within a line, in lower case, with the hyphen. */
    private final Set<String> compounds = new HashSet<>();

    private LineEnds(String text) {
        this.text = text;
    }

    static List<Edit> hyphens(String text) {
        LineEnds ends = new LineEnds(text);
        ends.findTorn();
        if (!ends.torn.isEmpty()) {
            ends.readVocabulary();
        }
        return ends.torn.stream()
                .filter(Torn::isWord)
                .map(word -> Edit.delete(word.hyphen() + (ends.isCompound(word) ? 1 : 0), word.end()))
                .toList();
    }

    /**
     * The parts of a word before and after a hyphen and white space; empty where there is none.
     *
     * @param start where the first part begins
     * @param end where the second does
     */
    private record Torn(String first, String second, int start, int hyphen, int end, boolean soft) {

        boolean isWord() {
            return first.length() > 1
                    && second.length() > 1
                    && (second.equals(second.toLowerCase(Locale.ROOT))
                            || (first + second).equals((first + second).toUpperCase(Locale.ROOT)));
        }
    }

    private void findTorn() {
        Matcher word = WORD.matcher(text);
        for (MatchResult match : HYPHEN.matcher(text).results().toList()) {
            if (Characters.hasBreak(match.group(1))) {
                int start = match.start();
                while (start > Math.max(0, match.start() - LONGEST_PART)
                        && Characters.isLetter(text.charAt(start - 1))) {
                    start--;
                }
                word.region(match.end(), Math.min(text.length(), match.end() + LONGEST_PART));
                String second = word.lookingAt() ? word.group() : "";
                boolean soft = text.charAt(match.start()) == '\u00AD';
                torn.add(new Torn(
                        text.substring(start, match.start()), second, start, match.start(), match.end(), soft));
            }
        }
    }

    private void readVocabulary() {
        Set<Integer> parts = new HashSet<>();
        torn.forEach(word -> parts.addAll(List.of(word.start(), word.end())));
        String before = "";
        int end = -2;
        Matcher match = WORD.matcher(text);
        while (match.find()) {
            String word = match.group().toLowerCase(Locale.ROOT);
            if (!parts.contains(match.start())) {
                words.add(word);
            }
            if (match.start() == end + 1 && text.charAt(end) == '-') {
                compounds.add(before + "-" + word);
            }
            before = word;
            end = match.end();
        }
    }

    /** Whether the hyphen belongs to the word. */
    private boolean isCompound(Torn torn) {
        String first = torn.first().toLowerCase(Locale.ROOT);
        String second = torn.second().toLowerCase(Locale.ROOT);
        if (torn.soft() || words.contains(first + second)) {
            return false;
        }
        return compounds.contains(first + "-" + second)
                || COMPOUND_HEADS.contains(first)
                || COMPOUND_TAILS.contains(second)
                || (words.contains(first) && words.contains(second));
    }
}
