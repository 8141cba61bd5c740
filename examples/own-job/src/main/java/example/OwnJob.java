package example;

import io.hatflow.flink.Classified;
import io.hatflow.flink.TextClassification;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.connector.file.src.reader.TextLineInputFormat;
import org.apache.flink.core.fs.Path;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** A job of one's own: reads support tickets from a file, one a line, and prints which labels they carry. */
public final class OwnJob {

    /** One of our own records; the classifier only asks for its text. */
    public record Ticket(String body) {}

    private OwnJob() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 2) {
            throw new IllegalArgumentException(
                    "expected two arguments: BUNDLE, a folder, and TICKETS, a file of one ticket a line");
        }
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
        labelled(tickets(environment, arguments[1]), arguments[0])
                .map(OwnJob::line)
                .print();
        environment.execute("own job");
    }

    static DataStream<Ticket> tickets(StreamExecutionEnvironment environment, String file) {
        FileSource<String> lines = FileSource.forRecordStreamFormat(new TextLineInputFormat(), new Path(file))
                .build();
        return environment
                .fromSource(lines, WatermarkStrategy.noWatermarks(), "tickets")
                .map(Ticket::new);
    }

    static DataStream<Classified<Ticket>> labelled(DataStream<Ticket> tickets, String bundle) {
        DataStream<Classified<Ticket>> labelled =
                TextClassification.of(tickets, Ticket::body).bundle(bundle).classify();
        return labelled;
    }

    static String line(Classified<Ticket> ticket) {
        return ticket.isRejected()
                ? "rejected, " + ticket.rejection().message() + ": "
                        + ticket.element().body()
                : ticket.present().stream().map(label -> label.label()).toList() + ": "
                        + ticket.element().body();
    }
}
