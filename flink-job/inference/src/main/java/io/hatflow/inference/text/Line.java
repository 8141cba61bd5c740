package io.hatflow.inference.text;

import java.util.ArrayList;
import java.util.List;

/**
 * A line that is not blank, without the space around it.
 *
 * @param start first code unit
 * @param end code unit after the last
 * @param place code points of the text before it
 * @param length code points
 * @param breaks line breaks between the last such line, or the start of the text, and this one
 * @param page whether a form feed is among them
 */
record Line(int start, int end, int place, int length, int breaks, boolean page) {

    static List<Line> of(String text) {
        List<Line> lines = new ArrayList<>();
        int breaks = 0;
        boolean page = false;
        int place = 0;
        for (int i = 0; i < text.length(); ) {
            char c = text.charAt(i);
            if (!Characters.isSpace(c)) {
                int end = end(text, i);
                int length = text.codePointCount(i, end);
                lines.add(new Line(i, end, place, length, breaks, page));
                breaks = 0;
                page = false;
                place += length;
                i = end;
                continue;
            }
            if (Characters.isBreak(c)) {
                breaks += c == '\n' && i > 0 && text.charAt(i - 1) == '\r' ? 0 : 1;
                page |= c == '\f';
            }
            place++;
            i++;
        }
        return lines;
    }

    private static int end(String text, int start) {
        int end = start;
        for (int i = start; i < text.length() && !Characters.isBreak(text.charAt(i)); i++) {
            end = Characters.isSpace(text.charAt(i)) ? end : i + 1;
        }
        return end;
    }

    String of(String text, int most) {
        return text.substring(start, Math.min(end, start + most));
    }

    String content(String text) {
        return text.substring(start, end);
    }
}
