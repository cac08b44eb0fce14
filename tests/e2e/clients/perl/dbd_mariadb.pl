# Perl's DBD::MariaDB: MariaDB's C library under DBI. Kills with a KILL query that carries the
# greeting's connection id. Debian's DBD::mysql is left out: it cannot ask for verified TLS.
use strict;
use warnings;
use utf8;

use DBD::MariaDB;
use DBI;
use JSON::PP;

sub told { return $ENV{"CLIENT_$_[0]"} // '' }

sub connect_as_told {
    my %options = (compression => told('COMPRESS') || 0, local_infile => 1,
        multi_statements => 1, server_prepare => 1, @_);
    if (told('CA')) {
        @options{qw(ssl ssl_verify_server_cert ssl_ca_file)} = (1, 1, told('CA'));
        @options{qw(ssl_client_cert ssl_client_key)} = (told('CERT'), told('KEY')) if told('CERT');
    }
    my $where = 'host=' . told('HOST') . ';port=' . told('PORT') . ';database=' . told('DATABASE');
    my %attributes = map { ("mariadb_$_" => $options{$_}) } keys %options;
    return DBI->connect("dbi:MariaDB:$where", told('USER'), told('PASSWORD'),
        { RaiseError => 1, PrintError => 0, %attributes });
}

# Rows as lists of strings: the one form that all languages can print alike.
sub texts {
    my ($rows) = @_;
    return [map { [map { "$_" } @$_] } @$rows];
}

sub rows {
    my ($dbh, $sql, @values) = @_;
    return texts($dbh->selectall_arrayref($sql, undef, @values));
}

sub megabyte {
    my ($dbh) = @_;
    my $text = substr join(' ', 0 .. 199_999), 0, 1 << 20;
    my $same = rows($dbh, 'SELECT ? AS m', $text)->[0][0] eq $text;
    return { bytes => length $text, same => $same ? JSON::PP::true : JSON::PP::false };
}

sub several {
    my ($dbh) = @_;
    my $statement = $dbh->prepare("SELECT 1; SELECT 'two'; SELECT 3",
        { mariadb_server_prepare => 0 });
    $statement->execute;
    my @found;
    do { push @found, @{ texts($statement->fetchall_arrayref) } } while $statement->more_results;
    return \@found;
}

sub load_local {
    my ($dbh) = @_;
    $dbh->do('CREATE TEMPORARY TABLE loaded (n INT, word VARCHAR(20))');
    $dbh->do("LOAD DATA LOCAL INFILE '" . told('FILE') . "' INTO TABLE loaded");
    return rows($dbh, 'SELECT COUNT(*), SUM(n), MAX(word) FROM loaded');
}

sub cancel {
    # As the driver does it unasked: queries as text, neither asynchronous ones nor KILL prepared.
    my ($sleeper, $killer) = map { connect_as_told(server_prepare => 0) } 1 .. 2;
    my $statement = $sleeper->prepare('SELECT SLEEP(60)', { mariadb_async => 1 });
    $statement->execute;
    my $sleepers = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'";
    1 until $statement->mariadb_async_ready or rows($killer, $sleepers)->[0][0];
    $killer->do("KILL QUERY " . $sleeper->{mariadb_thread_id});
    return eval { $statement->mariadb_async_result; texts($statement->fetchall_arrayref) }
        // "" . $statement->err;
}

my %steps = (
    account => sub { rows($_[0], 'SELECT CURRENT_USER(), @@version') },
    status => sub {
        rows($_[0], "SHOW SESSION STATUS "
            . "WHERE Variable_name IN ('Compression', 'Ssl_cipher', 'Ssl_version')");
    },
    prepared => sub { rows($_[0], "SELECT ? + 1, CONCAT(?, '/é')", 41, 'naïve ☃') },
    megabyte => \&megabyte,
    several => \&several,
    load_local => \&load_local,
    cancel => \&cancel,
);

my $report = { driver => "DBD::MariaDB $DBD::MariaDB::VERSION", own_tls => undef, steps => {} };
my $dbh = eval { connect_as_told() };
if ($dbh) {
    $report->{steps}{$_} = $steps{$_}->($dbh) for split /,/, told('STEPS');
} else {
    $report->{error} = { code => $DBI::err, sqlstate => $DBI::state, message => $DBI::errstr };
}
print JSON::PP->new->utf8->canonical->encode($report), "\n";
