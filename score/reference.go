package score

import (
	"bytes"
	"fmt"
)

// Reference describes all checks as Markdown: a section for each group, a row
// for each check.
func Reference() []byte {
	var b bytes.Buffer
	group, unmeasured := "", 0
	for _, c := range Checks() {
		if c.Group != group {
			group = c.Group
			fmt.Fprintf(&b, "\n### %s\n\n| check | weight | good is | to close it | which costs |\n|---|---|---|---|---|\n", group)
		}
		mark := ""
		if c.Unmeasured != "" {
			unmeasured++
			mark = " *"
		}
		fmt.Fprintf(&b, "| %s%s | %d | %s | %s | %s |\n", c.ID, mark, c.Weight, c.Doc, c.Fix, c.Cost)
	}
	fmt.Fprintf(&b, "\n### Not measured\n\nOf %d checks these %d (* above) have no probe:\n\n", len(Checks()), unmeasured)
	for _, c := range Checks() {
		if c.Unmeasured != "" {
			fmt.Fprintf(&b, "* %s: %s\n", c.ID, c.Unmeasured)
		}
	}
	return b.Bytes()
}
