package io.hatflow.inference.text;

import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where the sentences of a text begin: the rules of {@code docs/segmentation.md}, mirrored in Python's {@code segmentation.py}.
 *
 * <p>Every character that a rule names lies in the Basic Multilingual Plane and is listed here, so no Unicode table's version matters.
 */
final class Sentences {

    private static final String SPACE =
            "\\t\\n\\x0B\\f\\r \\x85\\xA0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000";
    private static final String CLOSERS = "\"')\\]}\u201D\u2019\u00BB";

    /**
     * One alternative per rule. The first one begins at the start of a run only and never gives back, so that the leaders of a table of
     * contents (thousands of dots) are looked at once.
     */
    private static final Pattern BOUNDARY =
            Pattern.compile("(?<![.!?\u2026])(?<terminator>[.!?\u2026]++)[" + CLOSERS + "]*+[" + SPACE + "]++"
                    + "|[\u3002\uFF01\uFF1F]++[" + CLOSERS + "\u300D\u300F\uFF09]*+[" + SPACE + "]*+"
                    + "|;[" + SPACE + "]++");

    private static final String BOUNDARY_STARTERS = ".!?\u2026\u3002\uFF01\uFF1F;";

    private static final Pattern SPACE_RUN = Pattern.compile("[" + SPACE + "]++");
    private static final Pattern LINE_BREAK = Pattern.compile("\r\n|[\n\r\\x85\u2028]");
    private static final String LINE_STARTERS = "\n\r\u0085\u2028\u2029\f";

    private static final Set<String> ABBREVIATIONS = Set.of("""
            acct al approx apr art arts assn assoc attn aug ave bldg blvd cf ch cl co corp dec dept dr ed eds esq est etc ex exh ext \
            feb fig figs fri ft gen gov hon inc jan jr jul jun lt ltd mar max messrs min misc mon mr mrs ms mt nd no nos nov oct op \
            para paras pg ph pp prof pt pty rd ref rep rev sat sch sec sect secs sen sep sept sr st ste sun supp tel thu tue univ viz \
            vol vols vs wed""".split("\\s+"));

    private Sentences() {}

    /** Positions at which the sentences of {@code text} begin, ascending; the first is 0. */
    static int[] starts(String text) {
        TreeSet<Integer> starts = new TreeSet<>();
        // Tried only where a match can begin: searching the whole text with them takes eight times as long.
        Matcher boundary = BOUNDARY.matcher(text).useTransparentBounds(true);
        for (int i = 0; i < text.length(); i++) {
            if (BOUNDARY_STARTERS.indexOf(text.charAt(i)) >= 0
                    && boundary.region(i, text.length()).lookingAt()) {
                if (!".".equals(boundary.group("terminator")) || !dotContinues(text, i, boundary.end())) {
                    starts.add(boundary.end());
                }
                i = boundary.end() - 1;
            }
        }
        // What of a run comes before its first line break does not matter.
        Matcher space = SPACE_RUN.matcher(text);
        for (int i = 0; i < text.length(); i++) {
            if (LINE_STARTERS.indexOf(text.charAt(i)) >= 0
                    && space.region(i, text.length()).lookingAt()) {
                if (endsParagraph(space.group())) {
                    starts.add(space.end());
                }
                i = space.end() - 1;
            }
        }
        starts.remove(text.length());
        starts.add(0);
        return starts.stream().mapToInt(Integer::intValue).toArray();
    }

    private static boolean endsParagraph(String space) {
        return space.indexOf('\f') >= 0
                || space.indexOf('\u2029') >= 0
                || LINE_BREAK.matcher(space).results().limit(2).count() == 2;
    }

    /** Whether the single full stop at {@code dot} does not end a sentence; {@code following} is the next character that is not space. */
    private static boolean dotContinues(String text, int dot, int following) {
        if (following < text.length() && text.charAt(following) >= 'a' && text.charAt(following) <= 'z') {
            return true;
        }
        int wordStart = dot;
        boolean letters = false;
        while (wordStart > 0 && (text.charAt(wordStart - 1) == '.' || isLetterOrDigit(text.charAt(wordStart - 1)))) {
            wordStart--;
            letters |= isLetter(text.charAt(wordStart));
        }
        String word = text.substring(wordStart, dot);
        if (word.length() == 1) {
            return true;
        }
        if (letters) {
            return word.indexOf('.') >= 0 || ABBREVIATIONS.contains(word.toLowerCase(Locale.ROOT));
        }
        return !word.isEmpty() && beginsLine(text, wordStart);
    }

    private static boolean beginsLine(String text, int position) {
        for (int i = position - 1; i >= 0; i--) {
            if (LINE_STARTERS.indexOf(text.charAt(i)) >= 0) {
                return true;
            }
            if (!SPACE_RUN.matcher(text.substring(i, i + 1)).matches()) {
                return false;
            }
        }
        return true;
    }

    private static boolean isLetter(char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }

    private static boolean isLetterOrDigit(char c) {
        return isLetter(c) || (c >= '0' && c <= '9');
    }
}
