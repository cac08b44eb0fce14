// Go's lib/pq, by database/sql. See ../../README.md for what it is told.
package main

import (
	"context"
	"database/sql"
	"errors"

	"github.com/lib/pq"

	"sallyport/tests/e2e/clients/go/contract"
)

func main() {
	contract.Print("lib/pq", run, describe)
}

func run(report *contract.Report) error {
	database, err := sql.Open("postgres", contract.Parameters())
	if err != nil {
		return err
	}
	defer database.Close()
	ctx := context.Background()
	if err = database.PingContext(ctx); err != nil {
		return err
	}
	for _, name := range contract.Steps() {
		if report.Steps[name], err = inOneConnection(ctx, database, steps[name]); err != nil {
			return err
		}
	}
	return nil
}

func inOneConnection(ctx context.Context, database *sql.DB, run step) (any, error) {
	connection, err := database.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	return run(ctx, database, connection)
}

// describe gives the server's words where the failure is its own, the driver's where it is not.
func describe(err error) contract.Refusal {
	var said *pq.Error
	if errors.As(err, &said) {
		state := string(said.Code)
		return contract.Refusal{SQLState: &state, Message: said.Message}
	}
	return contract.Refusal{Message: err.Error()}
}
