package io.hatflow.inference.text;

import io.hatflow.inference.text.CleanedText.Edit;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What stands beside lines and is none of the text: bars of tables, numbers of lines. */
final class Margins {

    private static final Pattern BAR = Pattern.compile("[|\u00A6\u2500-\u257F]");
    private static final Pattern RULE = Pattern.compile("[-+=:_|\u00A6\u2500-\u257F" + Characters.SPACE + "]+");

    private static final Pattern LINE_NUMBER = Pattern.compile("([0-9]{1,6})(?:[" + Characters.SPACE + "]+|\\z)");
    private static final int NUMBER_WITHIN = 40;
    private static final int LEAST_NUMBERED = 6;
    private static final int NUMBERED_EACH = 4;

    private Margins() {}

    /** A bar becomes a space, a line of bars and dashes a blank one. */
    static List<Edit> bars(String text) {
        List<Edit> edits = new ArrayList<>();
        Matcher bar = BAR.matcher(text);
        if (!bar.find()) {
            return edits;
        }
        for (Line line : Line.of(text)) {
            List<Edit> bars = bar.region(line.start(), line.end())
                    .results()
                    .map(found -> new Edit(found.start(), found.end(), " "))
                    .toList();
            if (!bars.isEmpty() && RULE.matcher(line.content(text)).matches()) {
                edits.add(Edit.delete(line.start(), line.end()));
            } else {
                edits.addAll(bars);
            }
        }
        return edits;
    }

    /**
     * Runs of lines that begin with numbers, each by one higher than the one before, or 1 again on a new page.
     *
     * <p>Of the lines in a run, there is at most one without a number for every four with one, wherever it is cut off.
     */
    static List<Edit> lineNumbers(String text) {
        List<Edit> edits = new ArrayList<>();
        List<Edit> run = new ArrayList<>();
        int last = 0;
        int unnumbered = 0;
        for (Line line : Line.of(text)) {
            Matcher match = LINE_NUMBER.matcher(line.of(text, NUMBER_WITHIN));
            if (!match.lookingAt()) {
                unnumbered++;
                continue;
            }
            int number = Integer.parseInt(match.group(1));
            // Blank lines may have been counted, their numbers left out.
            boolean follows = (last < number && number <= last + Math.max(1, line.breaks()))
                    || (number == 1 && last >= LEAST_NUMBERED);
            if (!follows || unnumbered * NUMBERED_EACH > run.size()) {
                addLongEnough(edits, run);
                run.clear();
                unnumbered = 0;
            }
            run.add(Edit.delete(line.start(), line.start() + match.end()));
            last = number;
        }
        addLongEnough(edits, run);
        return edits;
    }

    private static void addLongEnough(List<Edit> edits, List<Edit> run) {
        if (run.size() >= LEAST_NUMBERED) {
            edits.addAll(run);
        }
    }
}
