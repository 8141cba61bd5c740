package io.hatflow.inference.text;

import java.util.regex.Pattern;

/**
 * The characters that the rules of {@code docs/segmentation.md} name. All lie in the Basic Multilingual Plane and are listed here, so no
 * Unicode table's version matters.
 */
final class Characters {

    /** White space, and what takes no space; for a class of a pattern. */
    static final String SPACE =
            "\\t\\n\\x0B\\f\\r \\x85\\xA0\\xAD\\u1680\\u2000-\\u200F\\u2028\\u2029\\u202F\\u205F\\u2060\\u3000\\uFEFF";

    /** What ends a line, for a class of a pattern and as it is. */
    static final String BREAKS = "\n\r\u0085\u2028\u2029\f";

    private static final String SPACES =
            "\t\n\u000B\f\r \u0085\u00A0\u00AD\u1680\u2028\u2029\u202F\u205F\u2060\u3000\uFEFF";
    private static final String TERMINATORS = ".!?\u2026\u3002\uFF01\uFF1F;";
    private static final String CLOSERS = "\"')]}\u201D\u2019\u00BB\u300D\u300F\uFF09";
    private static final Pattern LINE_BREAK = Pattern.compile("\r\n|[" + BREAKS + "]");
    private static final Pattern SMALL = Pattern.compile("[a-z\u00DF-\u00F6\u00F8-\u00FF"
            + "\u0101\u0103\u0105\u0107\u0109\u010B\u010D\u010F\u0111\u0113\u0115\u0117\u0119\u011B\u011D\u011F\u0121\u0123\u0125\u0127"
            + "\u0129\u012B\u012D\u012F\u0131\u0133\u0135\u0137\u013A\u013C\u013E\u0140\u0142\u0144\u0146\u0148\u014B\u014D\u014F\u0151"
            + "\u0153\u0155\u0157\u0159\u015B\u015D\u015F\u0161\u0163\u0165\u0167\u0169\u016B\u016D\u016F\u0171\u0173\u0175\u0177\u017A"
            + "\u017C\u017E\u03AC-\u03CE\u0430-\u045F\uFB00-\uFB06]");

    private Characters() {}

    static boolean isSpace(char c) {
        return SPACES.indexOf(c) >= 0 || (c >= '\u2000' && c <= '\u200F');
    }

    /** White space proper, which takes space. */
    static boolean isWhite(char c) {
        return isSpace(c) && c != '\u00AD' && c != '\u2060' && c != '\uFEFF' && (c < '\u200B' || c > '\u200F');
    }

    static boolean isBreak(char c) {
        return BREAKS.indexOf(c) >= 0;
    }

    static boolean hasBreak(CharSequence text) {
        return LINE_BREAK.matcher(text).find();
    }

    /** Whether a small letter is at {@code position}, which may be the end of the text. */
    static boolean isSmall(String text, int position) {
        return position < text.length()
                && SMALL.matcher(text).region(position, position + 1).matches();
    }

    /** Whether the last character before {@code end}, closers aside, is a terminator. */
    static boolean endsSentence(String text, int end) {
        int last = end - 1;
        while (last >= 0 && CLOSERS.indexOf(text.charAt(last)) >= 0) {
            last--;
        }
        return last >= 0 && TERMINATORS.indexOf(text.charAt(last)) >= 0;
    }

    static boolean isLetter(char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }
}
