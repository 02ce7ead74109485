package policy

import (
	"fmt"
	"strings"
	"testing"
)

// longList is a read list of n paths.
func longList(n int) string {
	var b strings.Builder
	b.WriteString("filesystem:\n  read:\n")
	for i := range n {
		fmt.Fprintf(&b, "    - /usr/share/some/directory/of/files/number-%d\n", i)
	}
	return b.String()
}

func BenchmarkLoad(b *testing.B) {
	b.Run("layers", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if p, _, list := Load(goodStore(), Request{Name: "firefox"}); p == nil {
				b.Fatal(list)
			}
		}
	})
	text := longList(3000)
	b.Run("3000 paths", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if p, _, list := loadText(text, nil); p == nil {
				b.Fatal(list)
			}
		}
	})
	text2 := "extends: [base]\n" + strings.ReplaceAll(text, "read:", "write:")
	b.Run("3000 paths over 3000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if p, _, list := loadText(text2, map[string]string{"base.yaml": text}); p == nil {
				b.Fatal(list)
			}
		}
	})
}
