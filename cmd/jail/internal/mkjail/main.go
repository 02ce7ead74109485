// Command mkjail puts two static programs into one executable file. The first
// is where the kernel begins; the second is mapped beside it, costs nothing until
// it runs, and is where the first goes on if it jumps there: its entry
// point takes the place of a mark in the first one's data.
//
//	mkjail -mark 0x... FIRST SECOND OUTPUT
//
// They have to be linked for different addresses, which is checked. The file has no
// sections, only what the kernel needs to run it: see elf(5).
package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
)

func main() {
	mark := flag.Uint64("mark", 0, "the `number` of eight bytes that becomes the second program's entry point")
	flag.Parse()
	if flag.NArg() != 3 || *mark == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := join(*mark, flag.Arg(0), flag.Arg(1), flag.Arg(2)); err != nil {
		fmt.Fprintln(os.Stderr, "mkjail:", err)
		os.Exit(1)
	}
}

// page is what segments are aligned to in the file, as in memory.
const page = 4096

// program is one of the two.
type program struct {
	path string
	text []byte
	file *elf.File
}

func open(path string) (*program, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	file, err := elf.NewFile(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if file.Type != elf.ET_EXEC || file.Class != elf.ELFCLASS64 || file.Data != elf.ELFDATA2LSB {
		return nil, fmt.Errorf("%s: not a static executable for a fixed address, of 64 bits", path)
	}
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_TLS || p.Type == elf.PT_DYNAMIC {
			return nil, fmt.Errorf("%s: has a segment of type %v, which two programs can't have", path, p.Type)
		}
	}
	return &program{path, text, file}, nil
}

func join(mark uint64, first, second, output string) error {
	a, err := open(first)
	if err != nil {
		return err
	}
	b, err := open(second)
	if err != nil {
		return err
	}
	if err := a.replace(mark, b.file.Entry); err != nil {
		return err
	}
	headers, err := segments(a, b)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	head := a.file.FileHeader
	_ = binary.Write(&out, binary.LittleEndian, elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(head.Class), byte(head.Data), byte(head.Version), byte(head.OSABI)},
		Type:  uint16(head.Type), Machine: uint16(head.Machine), Version: uint32(head.Version), Entry: head.Entry,
		Phoff: headerSize, Ehsize: headerSize, Phentsize: segmentSize, Phnum: uint16(len(headers)), Shentsize: 64,
	})
	_ = binary.Write(&out, binary.LittleEndian, headers)
	if out.Len() > page {
		return errors.New("too many segments")
	}
	for _, p := range []*program{a, b} {
		out.Write(make([]byte, -out.Len()&(page-1)))
		out.Write(p.text)
	}
	// A program that runs can't be written to, but something else can have its name.
	if err := os.WriteFile(output+".new", out.Bytes(), 0o755); err != nil {
		return err
	}
	return os.Rename(output+".new", output)
}

// Sizes of the header of a file and of that of a segment.
const (
	headerSize  = 64
	segmentSize = 56
)

// replace puts an entry point in the place of the mark.
func (p *program) replace(mark, entry uint64) error {
	is := binary.LittleEndian.AppendUint64(nil, mark)
	for _, seg := range p.file.Progs {
		if seg.Type != elf.PT_LOAD || seg.Flags&elf.PF_W == 0 {
			continue
		}
		data := p.text[seg.Off:][:seg.Filesz]
		if at := bytes.Index(data, is); at >= 0 && bytes.Count(data, is) == 1 {
			binary.LittleEndian.PutUint64(data[at:], entry)
			return nil
		}
	}
	return fmt.Errorf("%s: its data does not have the mark once", p.path)
}

// segments are those of both programs, at their places in the file, in the order
// of their addresses. What says that the stack is not to be executable is the first one's.
func segments(a, b *program) ([]elf.Prog64, error) {
	var out []elf.Prog64
	from := uint64(page)
	for _, p := range []*program{a, b} {
		for _, s := range p.file.Progs {
			if s.Type != elf.PT_LOAD && (s.Type != elf.PT_GNU_STACK || p != a) {
				continue
			}
			h := elf.Prog64{
				Type: uint32(s.Type), Flags: uint32(s.Flags), Vaddr: s.Vaddr, Paddr: s.Paddr,
				Filesz: s.Filesz, Memsz: s.Memsz, Align: s.Align,
			}
			if s.Type == elf.PT_LOAD {
				h.Off = from + s.Off
			}
			out = append(out, h)
		}
		from += (uint64(len(p.text)) + page - 1) &^ (page - 1)
	}
	slices.SortStableFunc(out, func(x, y elf.Prog64) int { return int(int64(x.Vaddr) - int64(y.Vaddr)) })
	end := uint64(0)
	for _, h := range out {
		if elf.ProgType(h.Type) != elf.PT_LOAD {
			continue
		}
		if h.Vaddr < end {
			return nil, fmt.Errorf("%s and %s overlap at %#x", a.path, b.path, h.Vaddr)
		}
		end = h.Vaddr + h.Memsz
	}
	return out, nil
}
