// Go's go-sql-driver/mysql. It knows no connection id of its own, so it kills by CONNECTION_ID(),
// the database's id, which the door must leave alone. See ../README.md for what it is told.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/go-sql-driver/mysql"
)

type report struct {
	Driver string         `json:"driver"`
	OwnTLS *ownTLS        `json:"own_tls"`
	Steps  map[string]any `json:"steps"`
	Error  *refusal       `json:"error,omitempty"`
}

type ownTLS struct {
	Version string `json:"version"`
	Cipher  string `json:"cipher"`
}

type refusal struct {
	Code     *uint16 `json:"code"`
	SQLState *string `json:"sqlstate"`
	Message  string  `json:"message"`
}

func told(name string) string { return os.Getenv("CLIENT_" + name) }

func main() {
	result := report{Driver: "go-sql-driver/mysql", Steps: map[string]any{}}
	if err := run(&result); err != nil {
		result.Error = &refusal{Message: err.Error()}
		var fromServer *mysql.MySQLError
		if errors.As(err, &fromServer) {
			state := string(fromServer.SQLState[:])
			*result.Error = refusal{&fromServer.Number, &state, fromServer.Message}
		}
	}
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	if err := output.Encode(result); err != nil {
		panic(err)
	}
}

func run(result *report) error {
	config, err := settings(result)
	if err != nil {
		return err
	}
	database, err := sql.Open("mysql", config.FormatDSN())
	if err != nil {
		return err
	}
	defer database.Close()
	everything := context.Background()
	connection, err := database.Conn(everything)
	if err != nil {
		return err
	}
	for _, name := range strings.FieldsFunc(told("STEPS"), func(r rune) bool { return r == ',' }) {
		if result.Steps[name], err = steps[name](everything, database, connection); err != nil {
			return err
		}
	}
	return nil
}

func settings(result *report) (*mysql.Config, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", told("HOST")+":"+told("PORT")
	config.User, config.Passwd, config.DBName = told("USER"), told("PASSWORD"), told("DATABASE")
	config.MultiStatements = true
	mysql.RegisterLocalFile(told("FILE"))
	if told("CA") == "" {
		return config, nil
	}
	pem, err := os.ReadFile(told("CA"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	wanted := &tls.Config{RootCAs: roots}
	// The driver shows its TLS session nowhere; this callback sees it.
	wanted.VerifyConnection = func(state tls.ConnectionState) error {
		result.OwnTLS = &ownTLS{versionName(state.Version), tls.CipherSuiteName(state.CipherSuite)}
		return nil
	}
	if told("CERT") != "" {
		pair, err := tls.LoadX509KeyPair(told("CERT"), told("KEY"))
		if err != nil {
			return nil, err
		}
		wanted.Certificates = []tls.Certificate{pair}
	}
	config.TLSConfig = "told"
	return config, mysql.RegisterTLSConfig("told", wanted)
}

func versionName(version uint16) string {
	if version == tls.VersionTLS13 {
		return "TLSv1.3"
	}
	return fmt.Sprintf("%#x", version)
}
