<?php
// PHP's PDO for PostgreSQL, around libpq. PDO waits for its queries, so the query that is cancelled
// is one of the sister extension's, pgsql. See ../README.md for what it is told.
declare(strict_types=1);

const STATUS = <<<SQL
    SELECT ssl::text, coalesce(version, ''), coalesce(cipher, ''), coalesce(bits::text, ''),
           coalesce(client_dn, ''), coalesce(client_serial::text, ''), coalesce(issuer_dn, '')
    FROM pg_stat_ssl WHERE pid = pg_backend_pid()
    SQL;
const ASLEEP = <<<SQL
    SELECT count(*)::text FROM pg_stat_activity WHERE pid = ? AND wait_event = 'PgSleep'
    SQL;
const COPIED = ["1\tone\n", "2\ttwo\n", "3\tthrée ☃\n"];
const PATIENCE = 30_000; // milliseconds

function told(string $name): string
{
    return getenv("CLIENT_$name") ?: '';
}

/** libpq's parameters, all quoted; $between is what stands between two. */
function parameters(string $between, array $more = []): string
{
    $parameters = array_filter([
        'host' => told('HOST'), 'port' => told('PORT'), 'dbname' => told('DATABASE'),
        'sslmode' => told('CA') === '' ? 'disable' : 'verify-full',
        'sslrootcert' => told('CA'), 'sslcert' => told('CERT'), 'sslkey' => told('KEY'),
        'channel_binding' => told('BINDING'), ...$more,
    ]);
    return implode($between, array_map(
        fn($name, $value) => "$name='$value'", array_keys($parameters), $parameters));
}

function open(): PDO
{
    return new PDO('pgsql:' . parameters(';'), told('USER'), told('PASSWORD'));
}

/** Rows as lists of strings: the one form that all languages can print alike. */
function rows(PDO $connection, string $sql, mixed ...$values): array
{
    $statement = $connection->prepare($sql);
    $statement->execute($values);
    return array_map(fn($row) => array_map('strval', $row), $statement->fetchAll(PDO::FETCH_NUM));
}

function described(PDOException $refusal): array
{
    // A failed query's: SQLSTATE, libpq's number, libpq's text with the server's message in it.
    $text = $refusal->errorInfo[2] ?? $refusal->getMessage();
    $found = preg_match('/^ERROR:\s+(.*)/', $text, $said);
    return [
        'sqlstate' => $refusal->errorInfo[0] ?? null,
        'message' => $found ? $said[1] : $text,
    ];
}

function megabyte(PDO $connection): array
{
    $text = substr(implode(' ', range(0, 199999)), 0, 1 << 20);
    $same = rows($connection, 'SELECT ?::text', $text) === [[$text]];
    return ['bytes' => strlen($text), 'same' => $same];
}

function failing(PDO $connection): array
{
    try {
        return rows($connection, 'SELECT * FROM nowhere');
    } catch (PDOException $refusal) {
        return [...described($refusal), 'after' => rows($connection, "SELECT 'still here'")];
    }
}

function rollback(PDO $connection): array
{
    $connection->exec('CREATE TEMPORARY TABLE kept (n int)');
    $connection->beginTransaction();
    $connection->exec('INSERT INTO kept VALUES (1)');
    $inside = rows($connection, 'SELECT count(*)::text FROM kept');
    $connection->rollBack();
    return [...$inside, ...rows($connection, 'SELECT count(*)::text FROM kept')];
}

function copied(PDO $connection): array
{
    $connection->exec('CREATE TEMPORARY TABLE copied (n int, word text)');
    $connection->pgsqlCopyFromArray('copied', COPIED);
    return [
        'back' => implode('', $connection->pgsqlCopyToArray('copied')),
        'rows' => rows($connection, 'SELECT count(*)::text, sum(n)::text, max(word) FROM copied'),
    ];
}

function notify(PDO $connection): array
{
    $connection->exec('LISTEN bell');
    open()->exec("NOTIFY bell, 'naïve ☃'");
    $heard = $connection->pgsqlGetNotify(PDO::FETCH_ASSOC, PATIENCE);
    return [[$heard['message'], $heard['payload']]];
}

/** Ends a long query with $stop($sleeper, $onlooker), and asks its connection for more. */
function stopped(callable $stop): array
{
    $who = ['user' => told('USER'), 'password' => told('PASSWORD')];
    $sleeper = pg_connect(parameters(' ', $who));
    $onlooker = open();
    pg_send_query($sleeper, 'SELECT pg_sleep(600)');
    while (pg_connection_busy($sleeper)
            && rows($onlooker, ASLEEP, pg_get_pid($sleeper)) === [['0']]);
    return [
        ...$stop($sleeper, $onlooker),
        'after' => pg_fetch_all(pg_query($sleeper, "SELECT 'still here'"), PGSQL_NUM),
    ];
}

/** It throws the query's outcome away, and so would wait for the end of one that goes on. */
function cancel(PgSql\Connection $sleeper): array
{
    return ['cancelled' => pg_cancel_query($sleeper)];
}

function cancel_backend(PgSql\Connection $sleeper, PDO $onlooker): array
{
    rows($onlooker, 'SELECT pg_cancel_backend(?)', pg_get_pid($sleeper));
    $outcome = pg_get_result($sleeper);
    pg_get_result($sleeper); // Reads that nothing follows.
    return [
        'sqlstate' => pg_result_error_field($outcome, PGSQL_DIAG_SQLSTATE),
        'message' => pg_result_error_field($outcome, PGSQL_DIAG_MESSAGE_PRIMARY),
    ];
}

$steps = [
    'account' => fn($c) => rows($c, 'SELECT current_user, current_database(), version()'),
    'status' => fn($c) => rows($c, STATUS),
    'prepared' => fn($c) => rows($c, "SELECT (?::int + 1)::text, ?::text || '/é'", 41, 'naïve ☃'),
    'megabyte' => megabyte(...),
    'failing' => failing(...),
    'rollback' => rollback(...),
    'copy' => copied(...),
    'notify' => notify(...),
    'cancel' => fn() => stopped(cancel(...)),
    'cancel_backend' => fn() => stopped(cancel_backend(...)),
];

$report = ['driver' => 'pdo_pgsql', 'own_tls' => null, 'steps' => []];
try {
    $connection = open();
    $report['driver'] .= ' on libpq ' . $connection->getAttribute(PDO::ATTR_CLIENT_VERSION);
    foreach (array_filter(explode(',', told('STEPS'))) as $step) {
        $report['steps'][$step] = $steps[$step]($connection);
    }
} catch (PDOException $refusal) {
    $report['error'] = described($refusal);
}
echo json_encode($report, JSON_UNESCAPED_UNICODE), "\n";
