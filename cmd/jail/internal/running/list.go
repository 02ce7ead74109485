// Package running prints the jails that run, and what one of them is like inside.
package running

import (
	"fmt"
	"time"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/registry"
)

// Listed is an element of what ps prints with --json.
type Listed struct {
	ID      output.Text `json:"id"`
	Profile output.Text `json:"profile"`
	Program output.Text `json:"program"`
	PID     int         `json:"pid"`   // of the program, outside
	Since   string      `json:"since"` // RFC 3339
}

// JSON lists jails for ps.
func JSON(jails []*registry.Jail) []Listed {
	out := make([]Listed, len(jails))
	for i, j := range jails {
		out[i] = listed(j)
	}
	return out
}

func listed(j *registry.Jail) Listed {
	return Listed{output.Text(j.ID), output.Text(j.Profile), output.Text(j.Program), j.Main.PID, j.Since.Format(time.RFC3339)}
}

// Text is a table with a heading, nothing when no jail runs.
func Text(jails []*registry.Jail) []byte {
	if len(jails) == 0 {
		return nil
	}
	rows := [][]string{{"ID", "PROFILE", "PROGRAM", "PID", "SINCE"}}
	for _, j := range jails {
		rows = append(rows, []string{
			diag.Escape(j.ID), diag.Escape(j.Profile), diag.Escape(j.Program), fmt.Sprint(j.Main.PID), j.Since.Format(time.DateTime),
		})
	}
	return output.Table(rows)
}
