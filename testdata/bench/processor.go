package main

import "time"

// processor compares the processor time of all processes of a launch: of the
// launcher, of what sets up and watches the jail, and of the program.
func (s *stage) processor(c *comparison) Processor {
	row := Processor{Time: Time{Name: c.Name, Against: c.Against, Target: c.Target}}
	if row.Error = s.prepare(c, &row.Time); row.Error != "" {
		return row
	}
	s.meter = s.openMeter()
	row.Source = s.meter.source
	jail, peer, err := s.alternate(c)
	s.meter.stop()
	s.meter = nil
	if err != nil {
		row.Error = err.Error()
		return row
	}
	row.fill(jail, peer, c.launches(), func(c cost) time.Duration { return c.cpu })
	switches := func(c cost) float64 { return float64(c.switches) }
	faults := func(c cost) float64 { return float64(c.faults) }
	row.JailSwitches, row.PeerSwitches = each(jail, c.launches(), switches), each(peer, c.launches(), switches)
	row.JailFaults, row.PeerFaults = each(jail, c.launches(), faults), each(peer, c.launches(), faults)
	return row
}
