package contract

import "strings"

// What both PostgreSQL clients ask of the database.
const (
	Account = "SELECT current_user::text, current_database()::text, version()"
	Status  = `SELECT ssl::text, coalesce(version, ''), coalesce(cipher, ''),
	                  coalesce(bits::text, ''), coalesce(client_dn, ''),
	                  coalesce(client_serial::text, ''), coalesce(issuer_dn, '')
	           FROM pg_stat_ssl WHERE pid = pg_backend_pid()`
	Prepared     = "SELECT ($1::int + 1)::text, $2::text || '/é'"
	PreparedText = "naïve ☃"
	PreparedInt  = 41
	Failing      = "SELECT * FROM nowhere"
	Kept         = "CREATE TEMPORARY TABLE kept (n int)"
	KeepOne      = "INSERT INTO kept VALUES (1)"
	CountKept    = "SELECT count(*)::text FROM kept"
	Copied       = "CREATE TEMPORARY TABLE copied (n int, word text)"
	SummedUp     = "SELECT count(*)::text, sum(n)::text, max(word) FROM copied"
	Notify       = "NOTIFY bell, 'naïve ☃'"
	Sleep        = "SELECT pg_sleep(600)::text"
	Asleep       = `SELECT count(*)::text FROM pg_stat_activity
	                 WHERE pid = $1 AND wait_event = 'PgSleep'`
	CancelBackend = "SELECT pg_cancel_backend($1)::text"
	After         = "SELECT 'still here'"
)

// Ended is how a query ended that was to fail, and what the connection answered afterwards.
type Ended struct {
	Refusal
	After [][]string `json:"after"`
}

// Loaded is what COPY has put into a table, and what it wrote when the driver can have it so.
type Loaded struct {
	Rows [][]string `json:"rows"`
	Back string     `json:"back,omitempty"`
}

// Parameters is the connection string, in libpq's words, which both take.
func Parameters() string {
	parameters := map[string]string{
		"host": Told("HOST"), "port": Told("PORT"), "user": Told("USER"),
		"password": Told("PASSWORD"), "dbname": Told("DATABASE"), "sslmode": "disable",
	}
	if Told("CA") != "" {
		parameters["sslmode"], parameters["sslrootcert"] = "verify-full", Told("CA")
	}
	if Told("CERT") != "" {
		parameters["sslcert"], parameters["sslkey"] = Told("CERT"), Told("KEY")
	}
	var pairs []string
	for name, value := range parameters {
		pairs = append(pairs, name+"='"+value+"'")
	}
	return strings.Join(pairs, " ")
}
