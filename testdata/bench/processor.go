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
	row.JailSwitches, row.JailFaults = events(jail, c.launches())
	row.PeerSwitches, row.PeerFaults = events(peer, c.launches())
	return row
}

// events are the medians of context switches and page faults of a launch.
func events(blocks []cost, launches int) (switches, faults float64) {
	s, f := make([]float64, 0, len(blocks)), make([]float64, 0, len(blocks))
	for _, block := range blocks {
		s = append(s, float64(block.switches)/float64(launches))
		f = append(f, float64(block.faults)/float64(launches))
	}
	return median(s), median(f)
}
