package libseccomp

import (
	"fmt"
	"io"

	"github.com/jail-project/jail/seccomp"
)

// Serve answers one request: it reads a filter as seccomp.EncodeFilter wrote it,
// to the end, and writes its program as seccomp.DecodeProgram reads it.
func Serve(in io.Reader, out io.Writer) error {
	text, err := io.ReadAll(io.LimitReader(in, seccomp.MaxFilter+1))
	if err != nil {
		return fmt.Errorf("read the filter: %w", err)
	}
	filter, err := seccomp.DecodeFilter(text)
	if err != nil {
		return err
	}
	program, err := Compile(filter)
	if err != nil {
		return err
	}
	if _, err := out.Write(seccomp.EncodeProgram(filter, program)); err != nil {
		return fmt.Errorf("write the program: %w", err)
	}
	return nil
}
