package example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnJobTest {

    @Test
    void ticketsAreLabelled(@TempDir Path folder) throws Exception {
        Path tickets = Files.writeString(
                folder.resolve("tickets.txt"),
                "This Agreement shall be governed by and construed in accordance with the laws of the State of New York.\n"
                        + "   \n"
                        + "The printer on the second floor is out of paper.\n");
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment();
        environment.setParallelism(1);

        List<String> lines = OwnJob.labelled(
                        OwnJob.tickets(environment, tickets.toString()), "../../deploy/bundles/contract-clauses")
                .map(OwnJob::line)
                .executeAndCollect(10);

        assertEquals(3, lines.size());
        assertTrue(lines.get(0).startsWith("[Governing Law]"), lines.get(0));
        assertTrue(lines.get(1).startsWith("rejected, the text is empty"), lines.get(1));
        assertTrue(lines.get(2).startsWith("[]: The printer"), lines.get(2));
    }
}
