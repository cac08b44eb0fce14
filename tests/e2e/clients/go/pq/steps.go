// The steps that a client may be asked to run.
package main

import (
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

	"sallyport/tests/e2e/clients/go/contract"
)

type step func(context.Context, *sql.DB, *sql.Conn) (any, error)

var steps = map[string]step{
	"account":        query(contract.Account),
	"status":         query(contract.Status),
	"prepared":       prepared,
	"megabyte":       megabyte,
	"failing":        failing,
	"rollback":       rollback,
	"copy":           copyRows,
	"notify":         notify,
	"cancel":         stopped(cancelContext),
	"cancel_backend": stopped(cancelBackend),
}

type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

func rows(ctx context.Context, on querier, text string, values ...any) ([][]string, error) {
	result, err := on.QueryContext(ctx, text, values...)
	if err != nil {
		return nil, err
	}
	return texts(result)
}

func texts(result *sql.Rows) ([][]string, error) {
	defer result.Close()
	names, err := result.Columns()
	if err != nil {
		return nil, err
	}
	found := [][]string{}
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
	return found, result.Err()
}

func query(text string) step {
	return func(ctx context.Context, _ *sql.DB, on *sql.Conn) (any, error) {
		return rows(ctx, on, text)
	}
}

func prepared(ctx context.Context, _ *sql.DB, on *sql.Conn) (any, error) {
	statement, err := on.PrepareContext(ctx, contract.Prepared)
	if err != nil {
		return nil, err
	}
	defer statement.Close()
	result, err := statement.QueryContext(ctx, contract.PreparedInt, contract.PreparedText)
	if err != nil {
		return nil, err
	}
	return texts(result)
}

func megabyte(ctx context.Context, _ *sql.DB, on *sql.Conn) (any, error) {
	sent := contract.Megabyte()
	found, err := rows(ctx, on, "SELECT $1::text", sent)
	same := err == nil && found[0][0] == sent
	return map[string]any{"bytes": len(sent), "same": same}, err
}

func failing(ctx context.Context, _ *sql.DB, on *sql.Conn) (any, error) {
	_, refusal := rows(ctx, on, contract.Failing)
	return ended(ctx, on, refusal)
}

func ended(ctx context.Context, on querier, refusal error) (any, error) {
	if refusal == nil {
		return "the query went on", nil
	}
	after, err := rows(ctx, on, contract.After)
	return contract.Ended{Refusal: describe(refusal), After: after}, err
}

func rollback(ctx context.Context, _ *sql.DB, on *sql.Conn) (any, error) {
	if _, err := on.ExecContext(ctx, contract.Kept); err != nil {
		return nil, err
	}
	transaction, err := on.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if _, err = transaction.ExecContext(ctx, contract.KeepOne); err != nil {
		return nil, err
	}
	inside, err := rows(ctx, transaction, contract.CountKept)
	if err != nil {
		return nil, err
	}
	if err = transaction.Rollback(); err != nil {
		return nil, err
	}
	outside, err := rows(ctx, on, contract.CountKept)
	return append(inside, outside...), err
}

// copyRows can only load: lib/pq has no COPY TO.
func copyRows(ctx context.Context, _ *sql.DB, on *sql.Conn) (any, error) {
	if _, err := on.ExecContext(ctx, contract.Copied); err != nil {
		return nil, err
	}
	transaction, err := on.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	statement, err := transaction.PrepareContext(ctx, pq.CopyIn("copied", "n", "word"))
	if err != nil {
		return nil, err
	}
	for _, values := range [][]any{{1, "one"}, {2, "two"}, {3, "thrée ☃"}, {}} {
		// Without values it ends the data.
		if _, err = statement.ExecContext(ctx, values...); err != nil {
			return nil, err
		}
	}
	if err = statement.Close(); err != nil {
		return nil, err
	}
	if err = transaction.Commit(); err != nil {
		return nil, err
	}
	found, err := rows(ctx, on, contract.SummedUp)
	return contract.Loaded{Rows: found}, err
}

func notify(ctx context.Context, _ *sql.DB, on *sql.Conn) (any, error) {
	const pause = time.Second // Between its attempts to connect.
	listener := pq.NewListener(contract.Parameters(), pause, pause, nil)
	defer listener.Close()
	if err := listener.Listen("bell"); err != nil {
		return nil, err
	}
	if _, err := on.ExecContext(ctx, contract.Notify); err != nil {
		return nil, err
	}
	heard := <-listener.Notify
	return [][]string{{heard.Channel, heard.Extra}}, nil
}

type sleeper struct {
	cancel context.CancelFunc
	pid    string
}

// stopped begins a long query and lets stop end it. Afterwards the pool is asked, for lib/pq gives
// a connection up whose query's context has ended.
func stopped(stop func(context.Context, sleeper, *sql.Conn) error) step {
	return func(ctx context.Context, database *sql.DB, on *sql.Conn) (any, error) {
		onlooker, err := database.Conn(ctx)
		if err != nil {
			return nil, err
		}
		defer onlooker.Close()
		// lib/pq tells its database process to nobody.
		pid, err := rows(ctx, on, "SELECT pg_backend_pid()::text")
		if err != nil {
			return nil, err
		}
		ending, cancel := context.WithCancel(ctx)
		defer cancel()
		outcome := make(chan error, 1)
		go func() {
			_, err := rows(ending, on, contract.Sleep)
			outcome <- err
		}()
		for asleep := "0"; asleep == "0" && len(outcome) == 0; {
			found, err := rows(ctx, onlooker, contract.Asleep, pid[0][0])
			if err != nil {
				return nil, err
			}
			asleep = found[0][0]
		}
		if err = stop(ctx, sleeper{cancel, pid[0][0]}, onlooker); err != nil {
			return nil, err
		}
		return ended(ctx, database, <-outcome)
	}
}

func cancelContext(_ context.Context, sleeping sleeper, _ *sql.Conn) error {
	sleeping.cancel()
	return nil
}

func cancelBackend(ctx context.Context, sleeping sleeper, onlooker *sql.Conn) error {
	_, err := rows(ctx, onlooker, contract.CancelBackend, sleeping.pid)
	return err
}
