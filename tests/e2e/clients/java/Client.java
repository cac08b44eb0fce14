import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;

/**
 * JDBC: MariaDB's Connector/J or Oracle's, as CLIENT_VARIANT and the class path say. Both cancel
 * with a KILL QUERY of the greeting's connection id, on a connection made for it; so does Oracle's
 * when a query runs out of its time (MariaDB's lets the server watch). See ../README.md.
 */
public final class Client extends Jdbc {
    private static final Map<String, Step> STEPS = Map.of(
            "account", query("SELECT CURRENT_USER(), @@version"),
            "status", query("SHOW SESSION STATUS "
                    + "WHERE Variable_name IN ('Compression', 'Ssl_cipher', 'Ssl_version')"),
            "prepared", c -> prepared(c, "SELECT ? + 1, CONCAT(?, '/é')", 41, "naïve ☃"),
            "megabyte", c -> megabyte(c, "SELECT ? AS m"),
            "several", query("SELECT 1; SELECT 'two'; SELECT 3"),
            "load_local", Client::loadLocal,
            "cancel", Client::cancel,
            "timeout", Client::timeout,
            "change_user", Client::changeUser);

    public static void main(String[] arguments) throws Exception {
        Map<String, Object> report = new LinkedHashMap<>();
        Map<String, Object> results = new LinkedHashMap<>();
        report.put("own_tls", null);
        report.put("steps", results);
        try (Connection connection = DriverManager.getConnection(url(), properties())) {
            report.put("driver", connection.getMetaData().getDriverName() + " "
                    + connection.getMetaData().getDriverVersion());
            for (String step : told("STEPS").split(",")) {
                results.put(step, STEPS.get(step).run(connection));
            }
        } catch (SQLException refusal) {
            Map<String, Object> error = describe(refusal);
            error.put("code", refusal.getErrorCode());
            report.put("error", error);
        }
        System.out.println(Json.of(report));
    }

    private static boolean isMariaDb() {
        return told("VARIANT").equals("mariadb");
    }

    private static String url() {
        return "jdbc:" + told("VARIANT") + "://" + told("HOST") + ":" + told("PORT") + "/"
                + told("DATABASE");
    }

    private static Properties properties() throws Exception {
        Properties properties = new Properties();
        properties.put("user", told("USER"));
        properties.put("password", told("PASSWORD"));
        properties.put("allowMultiQueries", "true");
        properties.put("allowLocalInfile", "true");
        properties.put("allowLoadLocalInfile", "true");
        properties.put("useServerPrepStmts", "true");
        properties.put("useCompression", String.valueOf(told("COMPRESS").equals("1")));
        if (isMariaDb()) {
            properties.put("useSsl", String.valueOf(!told("CA").isEmpty()));
        } else {
            properties.put("sslMode", told("CA").isEmpty() ? "DISABLED" : "VERIFY_IDENTITY");
        }
        if (!told("CA").isEmpty()) {
            putStore(properties, isMariaDb() ? "trustStore%s" : "trustCertificateKeyStore%s",
                    Stores.trusting(told("CA")));
        }
        if (!told("CERT").isEmpty()) {
            putStore(properties, isMariaDb() ? "keyStore%s" : "clientCertificateKeyStore%s",
                    Stores.holding(told("CERT"), told("KEY")));
        }
        return properties;
    }

    private static void putStore(Properties properties, String name, Path file) {
        properties.put(name.formatted(isMariaDb() ? "" : "Url"), file.toUri().toString());
        properties.put(name.formatted("Type"), "PKCS12");
        properties.put(name.formatted("Password"), Stores.PASSWORD);
    }

    private static Object loadLocal(Connection connection) throws Exception {
        query("CREATE TEMPORARY TABLE loaded (n INT, word VARCHAR(20))").run(connection);
        query("LOAD DATA LOCAL INFILE '" + told("FILE") + "' INTO TABLE loaded").run(connection);
        return query("SELECT COUNT(*), SUM(n), MAX(word) FROM loaded").run(connection);
    }

    /** Statement.cancel(), from the side: it can only work once the query runs. */
    private static Object cancel(Connection connection) throws Exception {
        try (Statement sleeper = connection.createStatement();
                Connection onlooker = DriverManager.getConnection(url(), properties())) {
            Step sleepers = query("SELECT COUNT(*) FROM information_schema.processlist "
                    + "WHERE state = 'User sleep'");
            CompletableFuture<Object> outcome = CompletableFuture.supplyAsync(() -> sleep(sleeper));
            while (!outcome.isDone() && sleepers.run(onlooker).equals(List.of(List.of("0")))) {
                Thread.onSpinWait();
            }
            sleeper.cancel();
            Object seen = outcome.get();
            // Oracle's driver has two names for it: which one depends on whether the thread that
            // cancelled is done when the server's error 1317 comes.
            return seen.equals("0 MySQLStatementCancelledException")
                    ? "1317 MySQLQueryInterruptedException" : seen;
        }
    }

    private static Object timeout(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            return sleep(statement);
        }
    }

    private static Object sleep(Statement statement) {
        try {
            return texts(statement.executeQuery("SELECT SLEEP(60)"));
        } catch (SQLException refusal) {
            return refusal.getErrorCode() + " " + refusal.getClass().getSimpleName();
        }
    }

    private static Object changeUser(Connection connection) throws Exception {
        connection.getClass().getMethod("changeUser", String.class, String.class)
                .invoke(connection, told("OTHER_USER"), told("OTHER_PASSWORD"));
        return query("SELECT CURRENT_USER()").run(connection);
    }
}
