// The steps that a client may be asked to run.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"

	"sallyport/tests/e2e/clients/go/contract"
)

type step func(context.Context, *sql.DB, *sql.Conn) (any, error)

var steps = map[string]step{
	"account": query("SELECT CURRENT_USER(), @@version"),
	"status": query("SHOW SESSION STATUS WHERE Variable_name IN " +
		"('Compression', 'Ssl_cipher', 'Ssl_version')"),
	"prepared":   query("SELECT ? + 1, CONCAT(?, '/é')", 41, "naïve ☃"),
	"megabyte":   megabyte,
	"several":    several,
	"load_local": loadLocal,
	"cancel":     cancel,
}

// rows reads all rows of all results as strings: the one form that all languages can print alike.
func rows(ctx context.Context, on *sql.Conn, text string, values ...any) ([][]string, error) {
	result, err := on.QueryContext(ctx, text, values...)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	found := [][]string{}
	for more := true; more; more = result.NextResultSet() {
		names, err := result.Columns()
		if err != nil {
			return nil, err
		}
		for result.Next() {
			row, targets := make([]string, len(names)), make([]any, len(names))
			for i := range row {
				targets[i] = &row[i]
			}
			if err := result.Scan(targets...); err != nil {
				return nil, err
			}
			found = append(found, row)
		}
	}
	return found, result.Err()
}

func query(text string, values ...any) step {
	return func(ctx context.Context, _ *sql.DB, on *sql.Conn) (any, error) {
		return rows(ctx, on, text, values...)
	}
}

func several(ctx context.Context, _ *sql.DB, on *sql.Conn) (any, error) {
	return rows(ctx, on, "SELECT 1; SELECT 'two'; SELECT 3")
}

func megabyte(ctx context.Context, _ *sql.DB, on *sql.Conn) (any, error) {
	sent := contract.Megabyte()
	found, err := rows(ctx, on, "SELECT ? AS m", sent)
	same := err == nil && len(found) == 1 && found[0][0] == sent
	return map[string]any{"bytes": len(sent), "same": same}, err
}

func loadLocal(ctx context.Context, _ *sql.DB, on *sql.Conn) (any, error) {
	for _, text := range []string{
		"CREATE TEMPORARY TABLE loaded (n INT, word VARCHAR(20))",
		"LOAD DATA LOCAL INFILE '" + contract.Told("FILE") + "' INTO TABLE loaded",
	} {
		if _, err := on.ExecContext(ctx, text); err != nil {
			return nil, err
		}
	}
	return rows(ctx, on, "SELECT COUNT(*), SUM(n), MAX(word) FROM loaded")
}

func cancel(ctx context.Context, pool *sql.DB, killer *sql.Conn) (any, error) {
	sleeper, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	id, err := rows(ctx, sleeper, "SELECT CONNECTION_ID()")
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() {
		_, err := rows(ctx, sleeper, "SELECT SLEEP(60)")
		ended <- err
	}()
	for asleep := false; !asleep; {
		found, err := rows(ctx, killer, "SELECT COUNT(*) FROM information_schema.processlist "+
			"WHERE state = 'User sleep'")
		if err != nil {
			return nil, err
		}
		asleep = found[0][0] != "0"
	}
	if _, err := killer.ExecContext(ctx, "KILL QUERY "+id[0][0]); err != nil {
		return nil, err
	}
	var outcome *mysql.MySQLError
	if errors.As(<-ended, &outcome) {
		return fmt.Sprint(outcome.Number), nil
	}
	return "the query went on", nil
}
