// Package contract is what every Go client is told and prints; see ../../README.md.
package contract

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

type Report struct {
	Driver string         `json:"driver"`
	OwnTLS *OwnTLS        `json:"own_tls"`
	Steps  map[string]any `json:"steps"`
	Error  *Refusal       `json:"error,omitempty"`
}

type OwnTLS struct {
	Version string `json:"version"`
	Cipher  string `json:"cipher"`
}

type Refusal struct {
	Code     *uint16 `json:"code,omitempty"`
	SQLState *string `json:"sqlstate"`
	Message  string  `json:"message"`
}

func Told(name string) string { return os.Getenv("CLIENT_" + name) }

// Steps are the names of the wanted ones, in order.
func Steps() []string {
	return strings.FieldsFunc(Told("STEPS"), func(r rune) bool { return r == ',' })
}

// Print writes a report that run has filled in; an error of run's becomes a part of it.
func Print(driver string, run func(*Report) error, describe func(error) Refusal) {
	report := Report{Driver: driver, Steps: map[string]any{}}
	if err := run(&report); err != nil {
		refusal := describe(err)
		report.Error = &refusal
	}
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	if err := output.Encode(report); err != nil {
		panic(err)
	}
}

func Seen(state tls.ConnectionState) *OwnTLS {
	version := map[uint16]string{tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3"}
	return &OwnTLS{version[state.Version], tls.CipherSuiteName(state.CipherSuite)}
}

// Megabyte is 1 MiB of text, of which no part equals another.
func Megabyte() string {
	var text strings.Builder
	for n := 0; text.Len() < 1<<20; n++ {
		fmt.Fprintf(&text, "%d ", n)
	}
	return text.String()[:1<<20]
}
