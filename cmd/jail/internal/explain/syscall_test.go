package explain

import "testing"

func TestConstantsInConditions(t *testing.T) {
	tests := []struct {
		call  string
		arg   uint
		value uint64
		want  string
	}{
		{"socket", 0, 1, "AF_UNIX"},
		{"socket", 0, 17, "AF_PACKET"},
		{"socket", 1, 1, "SOCK_STREAM"},
		{"socket", 1, 5, "SOCK_SEQPACKET"},
		{"socket", 1, 0xf, "0xf"},
		{"socket", 2, 1, "1"},
		{"ioctl", 1, 0x5412, "TIOCSTI"},
		{"ioctl", 0, 0x5412, "0x5412"},
		{"clone", 0, 0x10000000, "CLONE_NEWUSER"},
		{"clone", 0, 0x10020000, "(CLONE_NEWNS|CLONE_NEWUSER)"},
		{"clone", 0, 0, "0"},
		{"openat", 0, 1, "1"},
	}
	for _, test := range tests {
		if got := constant(test.call, test.arg, test.value); got != test.want {
			t.Errorf("argument %d of %s, %#x: %q, want %q", test.arg, test.call, test.value, got, test.want)
		}
	}
}
