// Go's go-sql-driver/mysql. It knows no connection id of its own, so it kills by CONNECTION_ID(),
// the database's id, which the door must leave alone. See ../../README.md for what it is told.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"os"

	"github.com/go-sql-driver/mysql"

	"sallyport/tests/e2e/clients/go/contract"
)

func main() {
	contract.Print("go-sql-driver/mysql", run, describe)
}

func describe(err error) contract.Refusal {
	var said *mysql.MySQLError
	if errors.As(err, &said) {
		state := string(said.SQLState[:])
		return contract.Refusal{Code: &said.Number, SQLState: &state, Message: said.Message}
	}
	return contract.Refusal{Message: err.Error()}
}

func run(result *contract.Report) error {
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
	for _, name := range contract.Steps() {
		if result.Steps[name], err = steps[name](everything, database, connection); err != nil {
			return err
		}
	}
	return nil
}

func settings(result *contract.Report) (*mysql.Config, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", contract.Told("HOST")+":"+contract.Told("PORT")
	config.User, config.Passwd = contract.Told("USER"), contract.Told("PASSWORD")
	config.DBName = contract.Told("DATABASE")
	config.MultiStatements = true
	mysql.RegisterLocalFile(contract.Told("FILE"))
	if contract.Told("CA") == "" {
		return config, nil
	}
	pem, err := os.ReadFile(contract.Told("CA"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	wanted := &tls.Config{RootCAs: roots}
	// The driver shows its TLS session nowhere; this callback sees it.
	wanted.VerifyConnection = func(state tls.ConnectionState) error {
		result.OwnTLS = contract.Seen(state)
		return nil
	}
	if contract.Told("CERT") != "" {
		pair, err := tls.LoadX509KeyPair(contract.Told("CERT"), contract.Told("KEY"))
		if err != nil {
			return nil, err
		}
		wanted.Certificates = []tls.Certificate{pair}
	}
	config.TLSConfig = "told"
	return config, mysql.RegisterTLSConfig("told", wanted)
}
