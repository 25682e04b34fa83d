// Checks a copy of Coffer's audit log with the tlog and note packages of the Go project alone: none of Coffer's code.
//
//	go run . DIRECTORY INDEX
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	directory := os.Args[1]
	index, err := strconv.ParseInt(os.Args[2], 10, 64)
	check(err)
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(directory, name))
		check(err)
		return data
	}

	// The tree head: a note signed by the log (C2SP signed-note, tlog-checkpoint).
	verifier, err := note.NewVerifier(strings.TrimSpace(string(read("verifier-key"))))
	check(err)
	signed, err := note.Open(read("checkpoint"), note.VerifierList(verifier))
	check(err)
	lines := strings.Split(signed.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	var root tlog.Hash
	raw, err := base64.StdEncoding.DecodeString(lines[2])
	check(err)
	copy(root[:], raw)

	// Hashes from the tiles; at the right edge a tile is partial.
	path := func(t tlog.Tile) string {
		name := fmt.Sprintf("%03d", t.N%1000)
		for n := t.N / 1000; n > 0; n /= 1000 {
			name = fmt.Sprintf("x%03d/%s", n%1000, name)
		}
		if t.W < 256 {
			name += fmt.Sprintf(".p/%d", t.W)
		}
		return name
	}
	hashes := tlog.HashReaderFunc(func(indexes []int64) (found []tlog.Hash, err error) {
		for _, i := range indexes {
			t := tlog.TileForIndex(8, i)
			t.W = int(min(256, size>>(8*t.L)-256*t.N))
			hash, err := tlog.HashFromTile(t, read(fmt.Sprintf("tile/%d/%s", t.L, path(t))), i)
			check(err)
			found = append(found, hash)
		}
		return found, nil
	})
	computed, err := tlog.TreeHash(size, hashes)
	check(err)
	if computed != root {
		log.Fatal("the tiles do not make the tree that was signed")
	}

	// The entry: in its bundle, behind the lengths of those before it.
	n := index / 256
	bundle := read("tile/entries/" + path(tlog.Tile{N: n, W: int(min(256, size-256*n))}))
	for i := index % 256; i > 0; i-- {
		bundle = bundle[2+binary.BigEndian.Uint16(bundle):]
	}
	entry := bundle[2 : 2+binary.BigEndian.Uint16(bundle)]
	proof, err := tlog.ProveRecord(size, index, hashes)
	check(err)
	check(tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(entry)))
	fmt.Printf("%s: tree of %d entries, signature and tiles are good\nentry %d is in it: %s\n", verifier.Name(), size, index, entry)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
