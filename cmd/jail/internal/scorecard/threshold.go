package scorecard

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jail-project/jail/score"
)

// Threshold reads a number such as 4.5; -1 stands for none.
func Threshold(text string) (score.Exposure, error) {
	if text == "" {
		return -1, nil
	}
	whole, tenth, dot := strings.Cut(text, ".")
	if !dot {
		tenth = "0"
	}
	if len(tenth) != 1 || strings.ContainsAny(whole+tenth, "+-") {
		return 0, fmt.Errorf("%q has no tenths", text)
	}
	n, err := strconv.Atoi(whole + tenth)
	if err == nil && n > 100 {
		err = fmt.Errorf("%q is more than 10.0", text)
	}
	return score.Exposure(n), err
}
