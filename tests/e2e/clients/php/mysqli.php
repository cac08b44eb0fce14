<?php
// PHP's mysqli over mysqlnd. Kills with COM_PROCESS_KILL. See ../README.md for what it is told.
declare(strict_types=1);

const SLEEPERS = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'";

function told(string $name): string
{
    return getenv("CLIENT_$name") ?: '';
}

function open(): mysqli
{
    $connection = mysqli_init();
    $connection->options(MYSQLI_OPT_LOCAL_INFILE, 1);
    $flags = told('COMPRESS') === '1' ? MYSQLI_CLIENT_COMPRESS : 0;
    if (told('CA') !== '') {
        $flags |= MYSQLI_CLIENT_SSL;
        $connection->options(MYSQLI_OPT_SSL_VERIFY_SERVER_CERT, 1);
        $connection->ssl_set(told('KEY') ?: null, told('CERT') ?: null, told('CA'), null, null);
    }
    $connection->real_connect(told('HOST'), told('USER'), told('PASSWORD'), told('DATABASE'),
        (int)told('PORT'), null, $flags);
    $connection->set_charset('utf8mb4');
    return $connection;
}

/** Rows as lists of strings: the one form that all languages can print alike. */
function texts(mysqli_result|bool $result): array
{
    return is_bool($result)
        ? [] : array_map(fn($row) => array_map('strval', $row), $result->fetch_all());
}

function rows(mysqli $connection, string $sql, string $types = '', mixed ...$values): array
{
    if ($types === '') {
        return texts($connection->query($sql));
    }
    $statement = $connection->prepare($sql);
    $statement->bind_param($types, ...$values);
    $statement->execute();
    return texts($statement->get_result());
}

function megabyte(mysqli $connection): array
{
    $text = substr(implode(' ', range(0, 199999)), 0, 1 << 20);
    $same = rows($connection, 'SELECT ? AS m', 's', $text) === [[$text]];
    return ['bytes' => strlen($text), 'same' => $same];
}

function several(mysqli $connection): array
{
    $connection->multi_query("SELECT 1; SELECT 'two'; SELECT 3");
    $found = [];
    do {
        array_push($found, ...texts($connection->store_result()));
    } while ($connection->next_result());
    return $found;
}

function load_local(mysqli $connection): array
{
    rows($connection, 'CREATE TEMPORARY TABLE loaded (n INT, word VARCHAR(20))');
    rows($connection, "LOAD DATA LOCAL INFILE '" . told('FILE') . "' INTO TABLE loaded");
    return rows($connection, 'SELECT COUNT(*), SUM(n), MAX(word) FROM loaded');
}

function change_user(mysqli $connection): array
{
    $connection->change_user(told('OTHER_USER'), told('OTHER_PASSWORD'), told('DATABASE'));
    return rows($connection, 'SELECT CURRENT_USER()');
}

function cancel(): string|array
{
    [$sleeper, $killer] = [open(), open()];
    $sleeper->query('SELECT SLEEP(60)', MYSQLI_ASYNC);
    do {
        [$readable, $failed, $rejected] = [[$sleeper], [$sleeper], [$sleeper]];
        $ended = mysqli::poll($readable, $failed, $rejected, 0, 10000);
    } while (!$ended && rows($killer, SLEEPERS) === [['0']]);
    try {
        $killer->kill($sleeper->thread_id);
        return texts($sleeper->reap_async_query());
    } catch (mysqli_sql_exception $refusal) {
        return (string)$refusal->getCode();
    }
}

$steps = [
    'account' => fn($c) => rows($c, 'SELECT CURRENT_USER(), @@version'),
    'status' => fn($c) => rows($c, "SHOW SESSION STATUS WHERE Variable_name IN "
        . "('Compression', 'Ssl_cipher', 'Ssl_version')"),
    'prepared' => fn($c) => rows($c, "SELECT ? + 1, CONCAT(?, '/é')", 'is', 41, 'naïve ☃'),
    'megabyte' => megabyte(...),
    'several' => several(...),
    'load_local' => load_local(...),
    'change_user' => change_user(...),
    'cancel' => cancel(...),
];

// Failures come as exceptions; PHP's warnings beside them say why TLS failed.
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$warnings = [];
set_error_handler(function (int $level, string $message) use (&$warnings): bool {
    $warnings[] = $message;
    return true;
});
$report = ['driver' => mysqli_get_client_info(), 'own_tls' => null, 'steps' => []];
try {
    $connection = open();
    foreach (array_filter(explode(',', told('STEPS'))) as $step) {
        $report['steps'][$step] = $steps[$step]($connection);
    }
} catch (mysqli_sql_exception $refusal) {
    $report['error'] = [
        'code' => $refusal->getCode(),
        'sqlstate' => $refusal->getSqlState(),
        'message' => implode('; ', [$refusal->getMessage(), ...$warnings]),
    ];
}
echo json_encode($report, JSON_UNESCAPED_UNICODE), "\n";
