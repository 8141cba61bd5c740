package io.hatflow.job.format;

import io.hatflow.job.config.SettingValues;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Settings of documents as a job reads them. */
final class Settings {

    private Settings() {}

    /**
     * Reads settings.
     *
     * @param settings such as {@code text=payload.body}
     * @throws io.hatflow.job.config.SettingsException with all mistakes
     */
    static FormatSettings of(String format, String... settings) {
        String[] flags = Stream.concat(
                        Stream.of("--document.format=" + format),
                        Stream.of(settings).map(setting -> "--document." + setting))
                .toArray(String[]::new);
        SettingValues values = new SettingValues(flags, Map.of(), FormatSettings.SETTINGS, List.of());
        FormatSettings read = FormatSettings.from(values, true);
        values.throwMistakes();
        return read;
    }
}
