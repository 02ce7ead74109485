package network

import (
	"slices"
	"testing"
)

func TestPorts(t *testing.T) {
	want := []uint16{1, 80, 65535}
	got, ok := DecodePorts(EncodePorts(want), len(want))
	if !ok || !slices.Equal(got, want) {
		t.Errorf("the ports are %v, %v", got, ok)
	}
	if _, ok := DecodePorts(EncodePorts(want), 2); ok {
		t.Error("three ports are taken for two sockets")
	}
}
