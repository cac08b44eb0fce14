# Perl's DBD::Pg, around libpq. See ../README.md for what it is told.
use strict;
use warnings;
use utf8;

use DBD::Pg qw(:async);
use DBI;
use JSON::PP;
use Time::HiRes qw(sleep);

use constant PATIENCE => 30;    # seconds
use constant COPIED => ("1\tone\n", "2\ttwo\n", "3\tthrée ☃\n");
use constant STATUS => <<'SQL';
    SELECT ssl::text, coalesce(version, ''), coalesce(cipher, ''), coalesce(bits::text, ''),
           coalesce(client_dn, ''), coalesce(client_serial::text, ''), coalesce(issuer_dn, '')
    FROM pg_stat_ssl WHERE pid = pg_backend_pid()
SQL

sub told { return $ENV{"CLIENT_$_[0]"} // '' }

sub connect_as_told {
    my %parameters = (host => told('HOST'), port => told('PORT'), dbname => told('DATABASE'),
        sslmode => told('CA') ? 'verify-full' : 'disable', sslrootcert => told('CA'),
        sslcert => told('CERT'), sslkey => told('KEY'), channel_binding => told('BINDING'));
    my $where = join ';', map { "$_=$parameters{$_}" } grep { $parameters{$_} } keys %parameters;
    return DBI->connect("dbi:Pg:$where", told('USER'), told('PASSWORD'),
        { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
}

# Rows as lists of strings: the one form that all languages can print alike.
sub rows {
    my ($dbh, $sql, @values) = @_;
    my $found = $dbh->selectall_arrayref($sql, undef, @values);
    return [map { [map { "$_" } @$_] } @$found];
}

# The text of a query's failure is libpq's, with the server's message in its first line.
sub described {
    my ($handle) = @_;
    my ($message) = $handle->errstr =~ /^(?:ERROR:\s+)?(.*)/s;
    $message =~ s/\nLINE .*//s;
    return (sqlstate => $handle->state, message => $message);
}

sub megabyte {
    my ($dbh) = @_;
    my $text = substr join(' ', 0 .. 199_999), 0, 1 << 20;
    my $same = rows($dbh, 'SELECT ?::text', $text)->[0][0] eq $text;
    return { bytes => length $text, same => $same ? JSON::PP::true : JSON::PP::false };
}

sub after { return (after => rows($_[0], "SELECT 'still here'")) }

sub failing {
    my ($dbh) = @_;
    return eval { rows($dbh, 'SELECT * FROM nowhere') } // { described($dbh), after($dbh) };
}

sub rollback {
    my ($dbh) = @_;
    $dbh->do('CREATE TEMPORARY TABLE kept (n int)');
    $dbh->begin_work;
    $dbh->do('INSERT INTO kept VALUES (1)');
    my $inside = rows($dbh, 'SELECT count(*)::text FROM kept');
    $dbh->rollback;
    return [@$inside, @{ rows($dbh, 'SELECT count(*)::text FROM kept') }];
}

sub copy {
    my ($dbh) = @_;
    $dbh->do('CREATE TEMPORARY TABLE copied (n int, word text)');
    $dbh->do('COPY copied FROM STDIN');
    $dbh->pg_putcopydata($_) for COPIED;
    $dbh->pg_putcopyend;
    $dbh->do('COPY copied TO STDOUT');
    my ($back, $line) = ('', '');
    $back .= $line while $dbh->pg_getcopydata($line) >= 0;
    my $rows = rows($dbh, 'SELECT count(*)::text, sum(n)::text, max(word) FROM copied');
    return { rows => $rows, back => $back };
}

sub notify {
    my ($dbh) = @_;
    $dbh->do('LISTEN bell');
    connect_as_told()->do("NOTIFY bell, 'naïve ☃'");
    my ($end, $heard) = (time + PATIENCE);
    sleep 0.01 until $heard = $dbh->pg_notifies or time > $end;
    return [[@$heard[0, 2]]];
}

# Ends a long query with $stop->($statement, $onlooker), and asks its connection for more.
sub stopped {
    my ($stop) = @_;
    my ($sleeper, $onlooker) = map { connect_as_told() } 1 .. 2;
    my $statement = $sleeper->prepare('SELECT pg_sleep(600)', { pg_async => PG_ASYNC });
    $statement->execute;
    my $asleep = "SELECT count(*) FROM pg_stat_activity WHERE pid = ? AND wait_event = 'PgSleep'";
    1 until $statement->pg_ready or rows($onlooker, $asleep, $sleeper->{pg_pid})->[0][0];
    my %outcome = $stop->($sleeper, $onlooker);
    return { %outcome, after($sleeper) };
}

my %steps = (
    account =>
        sub { rows($_[0], 'SELECT current_user::text, current_database()::text, version()') },
    status => sub { rows($_[0], STATUS) },
    prepared => sub { rows($_[0], "SELECT (?::int + 1)::text, ?::text || '/é'", 41, 'naïve ☃') },
    megabyte => \&megabyte,
    failing => \&failing,
    rollback => \&rollback,
    copy => \&copy,
    notify => \&notify,
    cancel => sub {
        stopped(sub { (cancelled => $_[0]->pg_cancel ? JSON::PP::true : JSON::PP::false) });
    },
    cancel_backend => sub {
        stopped(sub {
            my ($sleeper, $onlooker) = @_;
            rows($onlooker, 'SELECT pg_cancel_backend(?)', $sleeper->{pg_pid});
            return eval { $sleeper->pg_result; 1 } ? () : described($sleeper);
        });
    },
);

my $report = { driver => "DBD::Pg $DBD::Pg::VERSION", own_tls => undef, steps => {} };
my $dbh = eval { connect_as_told() };
if ($dbh) {
    $report->{steps}{$_} = $steps{$_}->($dbh) for split /,/, told('STEPS');
} else {
    $report->{error} = { sqlstate => $DBI::state, message => $DBI::errstr };
}
print JSON::PP->new->utf8->canonical->encode($report), "\n";
