package io.hatflow.job;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a reporter for Prometheus shows at a moment. */
record PrometheusScrape(List<Sample> samples) {

    private static final Pattern LINE = Pattern.compile("([\\w:]+)\\{(.*)} (\\S+)");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\"");

    record Sample(String name, Map<String, String> labels, double value) {}

    static PrometheusScrape of(int port) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/metrics"))
                .build();
        String text = HttpClient.newHttpClient()
                .send(request, BodyHandlers.ofString())
                .body();
        List<Sample> samples = new ArrayList<>();
        text.lines().map(LINE::matcher).filter(Matcher::matches).forEach(line -> {
            Map<String, String> labels = new HashMap<>();
            LABEL.matcher(line.group(2)).results().forEach(label -> labels.put(label.group(1), label.group(2)));
            samples.add(new Sample(line.group(1), labels, Double.parseDouble(line.group(3))));
        });
        return new PrometheusScrape(samples);
    }

    /** Those of one name that have all these labels, each given as a name and its value. */
    Stream<Sample> series(String name, String... labels) {
        return samples.stream().filter(sample -> {
            boolean matches = sample.name().equals(name);
            for (int i = 0; i < labels.length; i += 2) {
                matches &= labels[i + 1].equals(sample.labels().get(labels[i]));
            }
            return matches;
        });
    }

    /** Over all tasks. */
    long sum(String name, String... labels) {
        return (long) series(name, labels).mapToDouble(Sample::value).sum();
    }

    /** The names of what an operator reports. */
    Set<String> names(String operator) {
        return samples.stream()
                .filter(sample -> operator.equals(sample.labels().get("operator_name")))
                .map(Sample::name)
                .collect(Collectors.toSet());
    }
}
