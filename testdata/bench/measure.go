package main

import (
	"fmt"
	"slices"
	"time"
)

// compare runs jail and the peer in turns.
func (s *stage) compare(c *comparison) Time {
	row := Time{Name: c.Name, Against: c.Against, Target: c.Target}
	if row.Error = s.prepare(c, &row); row.Error != "" {
		return row
	}
	jail, peer, err := s.alternate(c)
	if err != nil {
		row.Error = err.Error()
		return row
	}
	row.fill(jail, peer, c.launches(), func(c cost) time.Duration { return c.wall })
	row.CPU = median(ratios(jail, peer, func(c cost) time.Duration { return c.cpu }))
	return row
}

// prepare tries and warms up both sides; it returns what is wrong.
func (s *stage) prepare(c *comparison, row *Time) string {
	if err := s.forget(); err != nil {
		return err.Error()
	}
	for _, side := range []struct {
		name    string
		command []string
		runs    int
	}{{"jail", c.Jail, warmUps}, {c.Against, c.Peer, min(warmUps, max(c.Pairs, 1))}} {
		kept, err := s.warm(side.command, side.runs)
		if err != nil {
			return fmt.Sprintf("%s: %v", side.name, err)
		}
		if !kept && !c.Cold {
			row.Note = side.name + " keeps nothing of a launch: it was measured cold"
		}
	}
	return ""
}

// alternate runs blocks of both sides. Which goes first changes from pair to
// pair: a machine that becomes slower all the time favors neither.
func (s *stage) alternate(c *comparison) (jail, peer []cost, err error) {
	for i := range max(c.Pairs, 1) {
		for turn := range 2 {
			command, into := c.Jail, &jail
			if turn != i%2 {
				command, into = c.Peer, &peer
			}
			block, err := s.block(c, command)
			if err != nil {
				return nil, nil, err
			}
			*into = append(*into, block)
		}
	}
	return jail, peer, nil
}

// block launches a command as often, and as many at once, as the row says.
func (s *stage) block(c *comparison, command []string) (cost, error) {
	if c.Cold {
		if err := s.forget(); err != nil {
			return cost{}, err
		}
	}
	if s.meter == nil {
		return s.launch(command, c.launches(), max(c.AtOnce, 1))
	}
	before, err := s.meter.read()
	if err != nil {
		return cost{}, err
	}
	total, err := s.launch(command, c.launches(), max(c.AtOnce, 1))
	if err != nil {
		return cost{}, err
	}
	after, err := s.meter.read()
	total.cpu = after - before
	return total, err
}

// fill computes a row from one figure of all blocks, of so many launches each.
func (t *Time) fill(jail, peer []cost, launches int, figure func(cost) time.Duration) {
	all := ratios(jail, peer, figure)
	milliseconds := func(c cost) float64 { return float64(figure(c)) / float64(time.Millisecond) }
	t.Pairs, t.Launches = len(all), launches
	t.Jail, t.Peer = each(jail, launches, milliseconds), each(peer, launches, milliseconds)
	t.Ratio, t.Least, t.Most = median(all), slices.Min(all), slices.Max(all)
}

// ratios divides one figure of each pair.
func ratios(jail, peer []cost, figure func(cost) time.Duration) []float64 {
	all := make([]float64, 0, len(jail))
	for i := range jail {
		all = append(all, float64(figure(jail[i]))/float64(figure(peer[i])))
	}
	return all
}

// each is the median of one figure of all blocks, for one of so many launches.
func each(blocks []cost, launches int, figure func(cost) float64) float64 {
	values := make([]float64, len(blocks))
	for i, block := range blocks {
		values[i] = figure(block) / float64(launches)
	}
	return median(values)
}

// median returns the middle of the values. Of an even number it is between two:
// the one that went first need not be as fast as the one that went second.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}
