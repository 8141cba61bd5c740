package io.hatflow.inference.text;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How lines follow each other in a text.
 *
 * @param width the length in code points that nine lines out of ten do not exceed
 * @param blankLines whether a blank line follows every line
 */
record Spacing(String text, int width, boolean blankLines) {

    private static final Pattern SPACE = Pattern.compile("[" + Characters.SPACE + "]");

    static Spacing of(String text, List<Line> lines) {
        int[] lengths = lines.stream().mapToInt(Line::length).sorted().toArray();
        int single = 0;
        int more = 0;
        int torn = 0;
        for (int i = 1; i < lines.size(); i++) {
            if (lines.get(i).breaks() == 1) {
                single++;
            } else {
                more++;
                torn += torn(text, lines.get(i - 1), lines.get(i)) ? 1 : 0;
            }
        }
        boolean blankLines = more > 0 && 4 * single <= single + more && 5 * torn >= more;
        return new Spacing(text, lengths.length == 0 ? 0 : lengths[lengths.length * 9 / 10], blankLines);
    }

    /** Whether a line may go on in the next: nothing ends and a small letter follows, or the next word had no more room. */
    boolean goesOn(Line before, Line after) {
        if (torn(text, before, after)) {
            return true;
        }
        Matcher space = SPACE.matcher(text).region(after.start(), after.end());
        int wordEnd = space.find() ? space.start() : after.end();
        return 10 * (before.length() + 1 + text.codePointCount(after.start(), wordEnd)) > 9 * width;
    }

    static boolean torn(String text, Line before, Line after) {
        return Characters.isSmall(text, after.start()) && !Characters.endsSentence(text, before.end());
    }
}
