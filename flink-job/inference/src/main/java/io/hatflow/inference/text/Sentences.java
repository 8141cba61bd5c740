package io.hatflow.inference.text;

import java.util.Locale;
import java.util.Map;
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

    private static final String CLOSERS = "\"')\\]}\u201D\u2019\u00BB";

    /**
     * One alternative per rule. The first one begins at the start of a run only and never gives back, so that the leaders of a table of
     * contents (thousands of dots) are looked at once.
     */
    private static final Pattern BOUNDARY = Pattern.compile(
            "(?<![.!?\u2026])(?<terminator>[.!?\u2026]++)[" + CLOSERS + "]*+[" + Characters.SPACE + "]++"
                    + "|[\u3002\uFF01\uFF1F]++[" + CLOSERS + "\u300D\u300F\uFF09]*+[" + Characters.SPACE + "]*+"
                    + "|;[" + Characters.SPACE + "]++");

    private static final String BOUNDARY_STARTERS = ".!?\u2026\u3002\uFF01\uFF1F;";

    private static final Pattern SPACE_RUN = Pattern.compile("[" + Characters.SPACE + "]++");
    private static final Pattern FOUR_DIGITS = Pattern.compile("[0-9]{4}");
    private static final Map<Character, String> LIGATURES = Map.of(
            '\uFB00', "ff", '\uFB01', "fi", '\uFB02', "fl", '\uFB03', "ffi", '\uFB04', "ffl", '\uFB05', "st", '\uFB06',
            "st");
    private static final Pattern LINE_BREAK = Pattern.compile("\r\n|[\n\r\\x85\u2028]");

    private static final Set<String> ABBREVIATIONS = Set.of("""
            acct al approx apr art arts assn assoc attn aug ave bldg blvd cf ch cl co corp dec dept dr ed eds esq est etc ex exh ext \
            feb fig figs fri ft gen gov hon inc jan jr jul jun lt ltd mar max messrs min misc mon mr mrs ms mt nd no nos nov oct op \
            para paras pg ph pp prof pt pty rd ref rep rev sat sch sec sect secs sen sep sept sr st ste sun supp tel thu tue univ viz \
            vol vols vs wed""".split("\\s+"));

    private Sentences() {}

    /** Positions at which the sentences of {@code text} begin, ascending; the first is 0. */
    static int[] starts(String received) {
        String text = withoutFullWidth(received);
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
            if (Characters.isBreak(text.charAt(i))
                    && space.region(i, text.length()).lookingAt()) {
                if (endsParagraph(space.group()) && !goesOn(text, i, space.end())) {
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

    /** Whether what ends before the white space around {@code inSpace} has no terminator and a small letter follows it. */
    private static boolean goesOn(String text, int inSpace, int following) {
        if (!Characters.isSmall(text, following)) {
            return false;
        }
        int end = inSpace;
        while (end > 0 && Characters.isSpace(text.charAt(end - 1))) {
            end--;
        }
        return !Characters.endsSentence(text, end);
    }

    /** Full-width forms as their ASCII twins, but for the two that are wide terminators. */
    private static String withoutFullWidth(String text) {
        StringBuilder narrow = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c > '\uFF00' && c < '\uFF5F' && c != '\uFF01' && c != '\uFF1F') {
                narrow = narrow == null ? new StringBuilder(text) : narrow;
                narrow.setCharAt(i, (char) (c - 0xFF00 + 0x20));
            }
        }
        return narrow == null ? text : narrow.toString();
    }

    /** Whether the single full stop at {@code dot} does not end a sentence; {@code following} is the next character that is not space. */
    private static boolean dotContinues(String text, int dot, int following) {
        if (Characters.isSmall(text, following)) {
            return true;
        }
        int start = dot;
        while (start > 0 && isOfWord(text.charAt(start - 1))) {
            start--;
        }
        String word = withoutLigatures(text.substring(start, dot));
        if (word.length() == 1) {
            return true;
        }
        if (word.chars().anyMatch(c -> Characters.isLetter((char) c))) {
            return word.indexOf('.') >= 0 || ABBREVIATIONS.contains(word.toLowerCase(Locale.ROOT));
        }
        return !word.isEmpty() && !FOUR_DIGITS.matcher(word).find() && beginsLine(text, start);
    }

    private static String withoutLigatures(String word) {
        StringBuilder letters = new StringBuilder();
        for (int i = 0; i < word.length(); i++) {
            letters.append(LIGATURES.getOrDefault(word.charAt(i), word.substring(i, i + 1)));
        }
        return letters.toString();
    }

    private static boolean isOfWord(char c) {
        return c == '.' || (c >= '0' && c <= '9') || Characters.isLetter(c) || LIGATURES.containsKey(c);
    }

    private static boolean beginsLine(String text, int position) {
        for (int i = position - 1; i >= 0; i--) {
            if (Characters.isBreak(text.charAt(i))) {
                return true;
            }
            if (!Characters.isSpace(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }
}
