// The steps that a client may be asked to run.
package main

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"sallyport/tests/e2e/clients/go/contract"
)

type step func(context.Context, *pgx.Conn) (any, error)

var steps = map[string]step{
	"account":        query(contract.Account),
	"status":         query(contract.Status),
	"prepared":       prepared,
	"megabyte":       megabyte,
	"failing":        failing,
	"rollback":       rollback,
	"copy":           copyRows,
	"notify":         notify,
	"cancel":         stopped(cancelRequest),
	"cancel_backend": stopped(cancelBackend),
	"timeout":        timeout,
}

func rows(ctx context.Context, on *pgx.Conn, text string, values ...any) ([][]string, error) {
	found, err := on.Query(ctx, text, values...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, func(row pgx.CollectableRow) ([]string, error) {
		texts := make([]string, len(row.FieldDescriptions()))
		targets := make([]any, len(texts))
		for i := range texts {
			targets[i] = &texts[i]
		}
		return texts, row.Scan(targets...)
	})
}

func query(text string) step {
	return func(ctx context.Context, on *pgx.Conn) (any, error) { return rows(ctx, on, text) }
}

func prepared(ctx context.Context, on *pgx.Conn) (any, error) {
	if _, err := on.Prepare(ctx, "asked", contract.Prepared); err != nil {
		return nil, err
	}
	return rows(ctx, on, "asked", contract.PreparedInt, contract.PreparedText)
}

func megabyte(ctx context.Context, on *pgx.Conn) (any, error) {
	sent := contract.Megabyte()
	found, err := rows(ctx, on, "SELECT $1::text", sent)
	same := err == nil && found[0][0] == sent
	return map[string]any{"bytes": len(sent), "same": same}, err
}

func failing(ctx context.Context, on *pgx.Conn) (any, error) {
	_, refusal := rows(ctx, on, contract.Failing)
	return ended(ctx, on, refusal)
}

func ended(ctx context.Context, on *pgx.Conn, refusal error) (any, error) {
	if refusal == nil {
		return "the query went on", nil
	}
	after, err := rows(ctx, on, contract.After)
	return contract.Ended{Refusal: describe(refusal), After: after}, err
}

func rollback(ctx context.Context, on *pgx.Conn) (any, error) {
	if _, err := on.Exec(ctx, contract.Kept); err != nil {
		return nil, err
	}
	transaction, err := on.Begin(ctx)
	if err != nil {
		return nil, err
	}
	if _, err = transaction.Exec(ctx, contract.KeepOne); err != nil {
		return nil, err
	}
	inside, err := rows(ctx, on, contract.CountKept)
	if err != nil {
		return nil, err
	}
	if err = transaction.Rollback(ctx); err != nil {
		return nil, err
	}
	outside, err := rows(ctx, on, contract.CountKept)
	return append(inside, outside...), err
}

func copyRows(ctx context.Context, on *pgx.Conn) (any, error) {
	if _, err := on.Exec(ctx, contract.Copied); err != nil {
		return nil, err
	}
	source := pgx.CopyFromRows([][]any{{1, "one"}, {2, "two"}, {3, "thrée ☃"}})
	columns := []string{"n", "word"}
	if _, err := on.CopyFrom(ctx, pgx.Identifier{"copied"}, columns, source); err != nil {
		return nil, err
	}
	var back bytes.Buffer
	if _, err := on.PgConn().CopyTo(ctx, &back, "COPY copied TO STDOUT"); err != nil {
		return nil, err
	}
	found, err := rows(ctx, on, contract.SummedUp)
	return contract.Loaded{Rows: found, Back: back.String()}, err
}

func notify(ctx context.Context, on *pgx.Conn) (any, error) {
	if _, err := on.Exec(ctx, "LISTEN bell"); err != nil {
		return nil, err
	}
	other, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer other.Close(ctx)
	if _, err = other.Exec(ctx, contract.Notify); err != nil {
		return nil, err
	}
	heard, err := on.WaitForNotification(ctx)
	if err != nil {
		return nil, err
	}
	return [][]string{{heard.Channel, heard.Payload}}, nil
}

// stopped begins a long query, lets stop end it, and looks whether the connection can go on.
func stopped(stop func(_ context.Context, sleeper, onlooker *pgx.Conn) error) step {
	return func(ctx context.Context, on *pgx.Conn) (any, error) {
		onlooker, err := open(ctx)
		if err != nil {
			return nil, err
		}
		defer onlooker.Close(ctx)
		outcome := make(chan error, 1)
		go func() {
			_, err := rows(ctx, on, contract.Sleep)
			outcome <- err
		}()
		for asleep := "0"; asleep == "0" && len(outcome) == 0; {
			found, err := rows(ctx, onlooker, contract.Asleep, on.PgConn().PID())
			if err != nil {
				return nil, err
			}
			asleep = found[0][0]
		}
		if err = stop(ctx, on, onlooker); err != nil {
			return nil, err
		}
		return ended(ctx, on, <-outcome)
	}
}

// cancelRequest is what a context that ends does too; but then pgx gives the connection up.
func cancelRequest(ctx context.Context, sleeper, _ *pgx.Conn) error {
	return sleeper.PgConn().CancelRequest(ctx)
}

func cancelBackend(ctx context.Context, sleeper, onlooker *pgx.Conn) error {
	_, err := rows(ctx, onlooker, contract.CancelBackend, sleeper.PgConn().PID())
	return err
}

// timeout lets a context end a query, on a connection of its own: it is the connection's end too.
func timeout(ctx context.Context, _ *pgx.Conn) (any, error) {
	own, err := open(ctx)
	if err != nil {
		return nil, err
	}
	limited, stop := context.WithTimeout(ctx, time.Second)
	defer stop()
	_, refusal := rows(limited, own, contract.Sleep)
	<-own.PgConn().CleanupDone()
	return map[string]any{
		"message": describe(refusal).Message,
		"expired": errors.Is(refusal, context.DeadlineExceeded),
		"closed":  own.IsClosed(),
	}, nil
}
