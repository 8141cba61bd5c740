package io.hatflow.benchmarks.throughput;

import io.hatflow.benchmarks.document.Document;
import io.hatflow.benchmarks.kafka.DefaultSettings;
import io.hatflow.benchmarks.kafka.WireFormat;
import io.hatflow.benchmarks.model.Resources;
import io.hatflow.job.JobSettings;
import io.hatflow.job.format.Decoded;
import io.hatflow.job.format.DocumentDecoder;
import io.hatflow.job.format.DocumentFormat;
import io.hatflow.job.registry.RegistrySettings;
import io.hatflow.job.registry.SchemaRegistry;
import io.hatflow.job.source.SourceRecord;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the decoders of the job take, without a job around them: less than what a pipeline's times vary by. */
final class Decoding {

    private static final int ROUNDS = 30;

    private Decoding() {}

    /** Microseconds of each format for a document: the median of rounds that take turns, the first half of them to warm up. */
    static Map<String, Double> micros(List<WireFormat> formats, Path bundle, List<Document> documents) {
        Map<String, DocumentDecoder> decoders = new LinkedHashMap<>();
        Map<String, List<SourceRecord>> records = new LinkedHashMap<>();
        Map<String, List<Double>> micros = new LinkedHashMap<>();
        for (WireFormat format : formats) {
            decoders.put(format.name(), decoder(format, bundle));
            records.put(format.name(), records(format, documents));
            micros.put(format.name(), new ArrayList<>());
        }
        for (int round = 0; round < ROUNDS; round++) {
            boolean counts = round >= ROUNDS / 2;
            decoders.forEach((name, decoder) -> {
                double taken = micros(decoder, records.getOrDefault(name, List.of()), documents);
                if (counts) {
                    micros.getOrDefault(name, List.of()).add(taken);
                }
            });
        }
        Map<String, Double> medians = new LinkedHashMap<>();
        micros.forEach((name, each) -> medians.put(name, Ratio.median(each)));
        return medians;
    }

    private static DocumentDecoder decoder(WireFormat format, Path bundle) {
        JobSettings settings = DefaultSettings.of(
                "decoding",
                "none:9092",
                bundle,
                Resources.ofCpu(1),
                format.settings().toArray(String[]::new));
        RegistrySettings registry = settings.registry();
        return DocumentFormat.of(settings.format(), () -> new SchemaRegistry(registry))
                .decoder();
    }

    private static List<SourceRecord> records(WireFormat format, List<Document> documents) {
        List<SourceRecord> records = new ArrayList<>();
        for (Document document : documents) {
            byte[] key = document.id().getBytes(StandardCharsets.UTF_8);
            records.add(new SourceRecord(
                    "documents",
                    0,
                    records.size(),
                    0,
                    key,
                    List.of(),
                    format.value().apply(document)));
        }
        return records;
    }

    private static double micros(DocumentDecoder decoder, List<SourceRecord> records, List<Document> documents) {
        long nanos = 0;
        for (int i = 0; i < records.size(); i++) {
            long begun = System.nanoTime();
            Decoded decoded = decoder.decode(records.get(i));
            nanos += System.nanoTime() - begun;
            requireWhole(decoded, documents.get(i));
        }
        return nanos / 1e3 / records.size();
    }

    private static void requireWhole(Decoded decoded, Document sent) {
        io.hatflow.events.Document document = decoded.document();
        if (document == null
                || !document.getId().equals(sent.id())
                || !sent.text().equals(document.getText())) {
            throw new IllegalStateException(sent.id() + " is not decoded to what was sent; nothing can be compared");
        }
    }
}
