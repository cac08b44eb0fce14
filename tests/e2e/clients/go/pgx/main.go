// Go's pgx, by its own interface (not database/sql's). See ../../README.md for what it is told.
package main

import (
	"context"
	"crypto/tls"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"sallyport/tests/e2e/clients/go/contract"
)

func main() {
	contract.Print("pgx", run, describe)
}

func run(report *contract.Report) error {
	ctx := context.Background()
	connection, err := open(ctx)
	if err != nil {
		return err
	}
	defer connection.Close(ctx)
	if secured, is := connection.PgConn().Conn().(*tls.Conn); is {
		report.OwnTLS = contract.Seen(secured.ConnectionState())
	}
	for _, name := range contract.Steps() {
		if report.Steps[name], err = steps[name](ctx, connection); err != nil {
			return err
		}
	}
	return nil
}

func open(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, contract.Parameters())
}

// describe gives the server's words where the failure is its own, the driver's where it is not.
func describe(err error) contract.Refusal {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return contract.Refusal{SQLState: &said.Code, Message: said.Message}
	}
	return contract.Refusal{Message: err.Error()}
}
