package io.hatflow.job.format;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.time.temporal.TemporalAccessor;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Times as records hold them. */
final class Times {

    private static final Pattern WHOLE = Pattern.compile("-?\\d{1,19}");
    private static final Pattern NUMBER = Pattern.compile("-?\\d{1,19}(\\.\\d{1,19})?([eE][+-]?\\d{1,2})?");
    private static final int LONGEST = 100;
    private static final int DATE = 10;

    private Times() {}

    /**
     * Reads a whole number since 1970, a date, or a date and a time by ISO 8601, with a blank for the T if need be. Where no zone is given,
     * it is UTC.
     *
     * @param unit of numbers; those of seconds may have a fraction
     * @return null where the text is none of these
     */
    static @Nullable Instant parse(String text, EpochUnit unit) {
        if (text.length() > LONGEST) {
            return null;
        }
        try {
            if ((unit == EpochUnit.SECONDS ? NUMBER : WHOLE).matcher(text).matches()) {
                BigDecimal milliseconds =
                        new BigDecimal(text).scaleByPowerOfTen(EpochUnit.MILLISECONDS.digits() - unit.digits());
                return Instant.ofEpochMilli(
                        milliseconds.setScale(0, RoundingMode.FLOOR).longValueExact());
            }
            Instant time = written(text).truncatedTo(ChronoUnit.MILLIS);
            // Events hold milliseconds; what these cannot hold is no time.
            return Instant.ofEpochMilli(time.toEpochMilli());
        } catch (DateTimeException | ArithmeticException e) {
            return null;
        }
    }

    private static Instant written(String text) {
        if (text.length() == DATE) {
            return LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
        }
        String iso = text.length() > DATE && text.charAt(DATE) == ' '
                ? text.substring(0, DATE) + 'T' + text.substring(DATE + 1)
                : text;
        TemporalAccessor parsed =
                DateTimeFormatter.ISO_DATE_TIME.parseBest(iso, ZonedDateTime::from, LocalDateTime::from);
        return parsed instanceof ZonedDateTime zoned
                ? zoned.toInstant()
                : ((LocalDateTime) parsed).toInstant(ZoneOffset.UTC);
    }
}
