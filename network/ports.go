package network

import "encoding/binary"

// EncodePorts is the setting of the service for published ports: for each listening
// socket, in their order, the port inside the jail.
func EncodePorts(ports []uint16) []byte {
	var out []byte
	for _, p := range ports {
		out = binary.BigEndian.AppendUint16(out, p)
	}
	return out
}

// DecodePorts reads what EncodePorts wrote for this many sockets; false for anything else.
func DecodePorts(data []byte, sockets int) ([]uint16, bool) {
	if len(data) != 2*sockets {
		return nil, false
	}
	ports := make([]uint16, sockets)
	for i := range ports {
		ports[i] = binary.BigEndian.Uint16(data[2*i:])
	}
	return ports, true
}
