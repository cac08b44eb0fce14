import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;

/** JDBC: pgjdbc. See ../README.md. */
public final class PostgresClient extends Jdbc {
    private static final int PATIENCE = 30_000; // milliseconds
    private static final int TIMEOUT = 1; // seconds
    private static final String COPIED = "1\tone\n2\ttwo\n3\tthrée ☃\n";
    private static final String STATUS = """
            SELECT ssl::text, coalesce(version, ''), coalesce(cipher, ''),
                   coalesce(bits::text, ''), coalesce(client_dn, ''),
                   coalesce(client_serial::text, ''), coalesce(issuer_dn, '')
            FROM pg_stat_ssl WHERE pid = pg_backend_pid()""";
    private static final String ASLEEP = """
            SELECT count(*)::text FROM pg_stat_activity
            WHERE pid = %d AND wait_event = 'PgSleep'""";

    /** Ends what `sleeper` does on a connection of the server process `pid`. */
    private interface Stop {
        void run(Statement sleeper, Connection onlooker, int pid) throws Exception;
    }

    private static final Map<String, Step> STEPS = new LinkedHashMap<>();

    static {
        STEPS.put("account",
                query("SELECT current_user::text, current_database()::text, version()"));
        STEPS.put("status", query(STATUS));
        STEPS.put("prepared",
                c -> prepared(c, "SELECT (?::int + 1)::text, ?::text || '/é'", 41, "naïve ☃"));
        STEPS.put("megabyte", c -> megabyte(c, "SELECT ?::text"));
        STEPS.put("failing", PostgresClient::failing);
        STEPS.put("rollback", PostgresClient::rollback);
        STEPS.put("copy", PostgresClient::copy);
        STEPS.put("notify", PostgresClient::hear);
        STEPS.put("cancel", c -> stopped(c, 0, (sleeper, onlooker, pid) -> sleeper.cancel()));
        STEPS.put("cancel_backend", c -> stopped(c, 0, (sleeper, onlooker, pid) ->
                query("SELECT pg_cancel_backend(" + pid + ")").run(onlooker)));
        STEPS.put("timeout", c -> stopped(c, TIMEOUT, (sleeper, onlooker, pid) -> { }));
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> report = new LinkedHashMap<>();
        Map<String, Object> results = new LinkedHashMap<>();
        report.put("own_tls", null);
        report.put("steps", results);
        try (Connection connection = open()) {
            report.put("driver", connection.getMetaData().getDriverName() + " "
                    + connection.getMetaData().getDriverVersion());
            for (String step : told("STEPS").split(",")) {
                results.put(step, STEPS.get(step).run(connection));
            }
        } catch (SQLException refusal) {
            report.put("error", describe(refusal));
        }
        System.out.println(Json.of(report));
    }

    private static Connection open() throws Exception {
        Properties properties = new Properties();
        properties.put("user", told("USER"));
        properties.put("password", told("PASSWORD"));
        // From its first use on, a statement is prepared.
        properties.put("prepareThreshold", "1");
        properties.put("sslmode", told("CA").isEmpty() ? "disable" : "verify-full");
        if (!told("CA").isEmpty()) {
            properties.put("sslrootcert", told("CA"));
        }
        if (!told("CERT").isEmpty()) {
            properties.put("sslcert", told("CERT"));
            properties.put("sslkey", Stores.pkcs8(told("KEY")).toString());
        }
        if (!told("BINDING").isEmpty()) {
            properties.put("channelBinding", told("BINDING"));
        }
        if (!told("NEGOTIATION").isEmpty()) {
            properties.put("sslNegotiation", told("NEGOTIATION"));
        }
        return DriverManager.getConnection("jdbc:postgresql://" + told("HOST") + ":" + told("PORT")
                + "/" + told("DATABASE"), properties);
    }

    private static Object failing(Connection connection) throws Exception {
        try {
            return query("SELECT * FROM nowhere").run(connection);
        } catch (SQLException refusal) {
            return afterwards(describe(refusal), connection);
        }
    }

    private static Object afterwards(Map<String, Object> outcome, Connection connection)
            throws Exception {
        outcome.put("after", query("SELECT 'still here'").run(connection));
        return outcome;
    }

    private static Object rollback(Connection connection) throws Exception {
        Step count = query("SELECT count(*)::text FROM kept");
        query("CREATE TEMPORARY TABLE kept (n int)").run(connection);
        connection.setAutoCommit(false);
        query("INSERT INTO kept VALUES (1)").run(connection);
        List<Object> found = new ArrayList<>((List<?>) count.run(connection));
        connection.rollback();
        connection.setAutoCommit(true);
        found.addAll((List<?>) count.run(connection));
        return found;
    }

    private static Object copy(Connection connection) throws Exception {
        query("CREATE TEMPORARY TABLE copied (n int, word text)").run(connection);
        CopyManager copying = connection.unwrap(PGConnection.class).getCopyAPI();
        copying.copyIn("COPY copied FROM STDIN", new StringReader(COPIED));
        ByteArrayOutputStream back = new ByteArrayOutputStream();
        copying.copyOut("COPY copied TO STDOUT", back);
        Step sum = query("SELECT count(*)::text, sum(n)::text, max(word) FROM copied");
        return Map.of("rows", sum.run(connection), "back", back.toString(StandardCharsets.UTF_8));
    }

    private static Object hear(Connection connection) throws Exception {
        query("LISTEN bell").run(connection);
        try (Connection other = open()) {
            query("NOTIFY bell, 'naïve ☃'").run(other);
        }
        PGConnection listener = connection.unwrap(PGConnection.class);
        List<List<String>> heard = new ArrayList<>();
        for (PGNotification each : listener.getNotifications(PATIENCE)) {
            heard.add(List.of(each.getName(), each.getParameter()));
        }
        return heard;
    }

    /** Lets `stop` end a long query (or its time run out, seconds), and looks what comes after. */
    private static Object stopped(Connection connection, int time, Stop stop) throws Exception {
        int pid = connection.unwrap(PGConnection.class).getBackendPID();
        try (Statement sleeper = connection.createStatement(); Connection onlooker = open()) {
            sleeper.setQueryTimeout(time);
            CompletableFuture<Map<String, Object>> outcome =
                    CompletableFuture.supplyAsync(() -> sleep(sleeper));
            Step asleep = query(ASLEEP.formatted(pid));
            while (!outcome.isDone() && asleep.run(onlooker).equals(List.of(List.of("0")))) {
                Thread.onSpinWait();
            }
            stop.run(sleeper, onlooker, pid);
            return afterwards(outcome.get(), connection);
        }
    }

    private static Map<String, Object> sleep(Statement statement) {
        try {
            statement.execute("SELECT pg_sleep(600)");
            return new LinkedHashMap<>();
        } catch (SQLException refusal) {
            return describe(refusal);
        }
    }
}
