import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What the clients share, whatever the database. */
class Jdbc {
    interface Step {
        Object run(Connection connection) throws Exception;
    }

    static String told(String name) {
        return System.getenv().getOrDefault("CLIENT_" + name, "");
    }

    /** The reason of a failed handshake is only in the exceptions below the driver's own. */
    static Map<String, Object> describe(SQLException refusal) {
        List<String> messages = new ArrayList<>();
        for (Throwable cause = refusal; cause != null; cause = cause.getCause()) {
            messages.add(String.valueOf(cause.getMessage()));
        }
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("sqlstate", refusal.getSQLState());
        error.put("message", String.join("; ", messages));
        return error;
    }

    static Step query(String sql) {
        return connection -> {
            try (Statement statement = connection.createStatement()) {
                List<List<String>> found = new ArrayList<>();
                boolean isResult = statement.execute(sql);
                while (isResult || statement.getUpdateCount() != -1) {
                    if (isResult) {
                        found.addAll(texts(statement.getResultSet()));
                    }
                    isResult = statement.getMoreResults();
                }
                return found;
            }
        };
    }

    static List<List<String>> prepared(Connection connection, String sql, Object... values)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            return texts(statement.executeQuery());
        }
    }

    /** Rows as lists of strings: the one form that all languages can print alike. */
    static List<List<String>> texts(ResultSet result) throws SQLException {
        List<List<String>> rows = new ArrayList<>();
        while (result.next()) {
            List<String> row = new ArrayList<>();
            for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                row.add(result.getString(i));
            }
            rows.add(row);
        }
        return rows;
    }

    static Object megabyte(Connection connection, String sql) throws SQLException {
        String text = IntStream.range(0, 200_000).mapToObj(String::valueOf)
                .collect(Collectors.joining(" ")).substring(0, 1 << 20);
        boolean same = prepared(connection, sql, text).equals(List.of(List.of(text)));
        return Map.of("bytes", text.length(), "same", same);
    }
}
