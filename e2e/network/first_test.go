package network

import "testing"

func TestFirst(t *testing.T) {
	w := world(t)
	s := out.site("www")
	t.Log(s.arrived(t, func() { t.Log(*w.Host("curl", "-sS", "https://"+s.name+"/")) }))
	t.Log(s.requests(), s.hellos(), out.zone.questions(""))
	t.Log(s.arrived(t, func() { t.Log(*w.Host(append(jailed(w, []string{s.name}), "curl", "-sS", "https://"+s.name+"/")...)) }))
	t.Log(s.arrived(t, func() { t.Log(*w.Host(append(jailed(w, nil), "curl", "-sS", "https://"+s.name+"/")...)) }))
	t.Log(out.packets.now(t))
}
