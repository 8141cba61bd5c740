package io.hatflow.job.format;

import java.io.EOFException;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/** Single values of Avro as text: numbers by their digits, logical types by ISO 8601 or as their names say. */
final class AvroScalars {

    /** Digits after which a decimal is written with an exponent: the zeros come from the schema, and there may be a billion. */
    private static final int MOST_PLAIN_DIGITS = 1_000;

    private static final int DURATION_BYTES = 12;
    private static final int UUID_BYTES = 16;

    /** Reads a value that was written by the schema that this was made for. */
    @FunctionalInterface
    interface Reader {
        FieldValue read(StrictDecoder in) throws IOException;
    }

    private AvroScalars() {}

    /** How a value of a schema is read; null where the schema is of no single value that could be text. */
    static @Nullable Reader reader(Schema schema) {
        String logical = String.valueOf(schema.getProp("logicalType"));
        return switch (schema.getType()) {
            case STRING -> in -> FieldValue.text(in.readString());
            case BOOLEAN -> in -> FieldValue.scalar("a boolean", Boolean.toString(in.readBoolean()));
            case INT -> ofInt(logical);
            case LONG -> ofLong(logical);
            case FLOAT -> in -> FieldValue.scalar("a float", Float.toString(in.readFloat()));
            case DOUBLE -> in -> FieldValue.scalar("a double", Double.toString(in.readDouble()));
            case ENUM -> ofEnum(schema.getEnumSymbols());
            case BYTES -> ofBytes(schema);
            case FIXED -> ofFixed(schema, logical);
            default -> null;
        };
    }

    private static Reader ofInt(String logical) {
        return switch (logical) {
            case "date" ->
                in -> FieldValue.scalar(
                        "a date", LocalDate.ofEpochDay(in.readInt()).toString());
            case "time-millis" -> in -> timeOfDay(in.readInt(), ChronoUnit.MILLIS);
            default -> in -> FieldValue.scalar("an int", Integer.toString(in.readInt()));
        };
    }

    private static Reader ofLong(String logical) {
        return switch (logical) {
            case "time-micros" -> in -> timeOfDay(in.readLong(), ChronoUnit.MICROS);
            case "timestamp-millis" -> in -> timestamp(in.readLong(), ChronoUnit.MILLIS);
            case "timestamp-micros" -> in -> timestamp(in.readLong(), ChronoUnit.MICROS);
            case "timestamp-nanos" -> in -> timestamp(in.readLong(), ChronoUnit.NANOS);
            case "local-timestamp-millis" -> in -> localTimestamp(in.readLong(), ChronoUnit.MILLIS);
            case "local-timestamp-micros" -> in -> localTimestamp(in.readLong(), ChronoUnit.MICROS);
            case "local-timestamp-nanos" -> in -> localTimestamp(in.readLong(), ChronoUnit.NANOS);
            default -> in -> FieldValue.scalar("a long", Long.toString(in.readLong()));
        };
    }

    private static FieldValue timestamp(long count, ChronoUnit unit) {
        return FieldValue.scalar("a timestamp", Instant.EPOCH.plus(count, unit).toString());
    }

    private static FieldValue localTimestamp(long count, ChronoUnit unit) {
        Instant asIfUtc = Instant.EPOCH.plus(count, unit);
        return FieldValue.scalar(
                "a timestamp", LocalDateTime.ofInstant(asIfUtc, ZoneOffset.UTC).toString());
    }

    /** Beyond a day it is no time of day; then its number is all there is. */
    private static FieldValue timeOfDay(long count, ChronoUnit unit) {
        long day = Duration.ofDays(1).dividedBy(unit.getDuration());
        return FieldValue.scalar(
                "a time of day",
                count >= 0 && count < day ? LocalTime.MIDNIGHT.plus(count, unit).toString() : Long.toString(count));
    }

    private static Reader ofEnum(List<String> symbols) {
        return in -> {
            int index = in.readEnum();
            if (index < 0 || index >= symbols.size()) {
                throw new IOException("symbol " + index + " of an enum of " + symbols.size());
            }
            return FieldValue.scalar("an enum", symbols.get(index));
        };
    }

    private static @Nullable Reader ofBytes(Schema schema) {
        if (!(schema.getLogicalType() instanceof LogicalTypes.Decimal decimal)) {
            return null;
        }
        // A digit takes less than half a byte, and a number of megabytes takes long to write out.
        int most = decimal.getPrecision() / 2 + 8;
        return in -> {
            ByteBuffer bytes = in.readBytes(null);
            if (bytes.remaining() == 0 || bytes.remaining() > most) {
                throw new IOException(
                        "a decimal of " + bytes.remaining() + " bytes and the precision " + decimal.getPrecision());
            }
            byte[] unscaled = new byte[bytes.remaining()];
            bytes.get(unscaled);
            return decimal(unscaled, decimal.getScale());
        };
    }

    private static @Nullable Reader ofFixed(Schema schema, String logical) {
        int size = schema.getFixedSize();
        if (schema.getLogicalType() instanceof LogicalTypes.Decimal decimal && size > 0) {
            return in -> decimal(fixed(in, size), decimal.getScale());
        }
        if (logical.equals("uuid") && size == UUID_BYTES) {
            return in -> {
                ByteBuffer bytes = ByteBuffer.wrap(fixed(in, size));
                return FieldValue.scalar("a UUID", new UUID(bytes.getLong(), bytes.getLong()).toString());
            };
        }
        if (logical.equals("duration") && size == DURATION_BYTES) {
            return in -> duration(ByteBuffer.wrap(fixed(in, size)).order(ByteOrder.LITTLE_ENDIAN));
        }
        return null;
    }

    private static byte[] fixed(StrictDecoder in, int size) throws IOException {
        if (size > in.remaining()) {
            throw new EOFException();
        }
        byte[] bytes = new byte[size];
        in.readFixed(bytes, 0, size);
        return bytes;
    }

    private static FieldValue decimal(byte[] unscaled, int scale) {
        BigDecimal decimal = new BigDecimal(new BigInteger(unscaled), scale);
        return FieldValue.scalar(
                "a decimal", scale <= MOST_PLAIN_DIGITS ? decimal.toPlainString() : decimal.toString());
    }

    /** Months, days and milliseconds, each an unsigned int. */
    private static FieldValue duration(ByteBuffer parts) {
        String months = "P" + Integer.toUnsignedString(parts.getInt()) + "M";
        String days = Integer.toUnsignedString(parts.getInt()) + "D";
        String seconds = BigDecimal.valueOf(Integer.toUnsignedLong(parts.getInt()), 3)
                .stripTrailingZeros()
                .toPlainString();
        return FieldValue.scalar("a duration", months + days + "T" + seconds + "S");
    }
}
