package emulator

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// journal is the state file: JSON lines, one record each. A line is complete before the write that it stands for is
// answered, so that a killed process loses no answered write. A line that was cut by a kill was never answered.
type journal struct {
	file *os.File
	size int64 // length of all complete lines
	sync bool  // flush to the disk after every line, against power loss
	err  error // set for good when a broken line could not be taken back
}

// openJournal reads the state out of a file, or makes it with fresh if there is no file, and rewrites the file as
// short as possible. One process at a time may use a file.
func openJournal(path string, sync bool, fresh func() *state) (*state, *journal, error) {
	s, err := readJournal(path)
	if errors.Is(err, fs.ErrNotExist) {
		s, err = fresh(), nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read state file: %w", err)
	}
	j, err := writeJournal(path, sync, s)
	if err != nil {
		return nil, nil, fmt.Errorf("write state file: %w", err)
	}
	return s, j, nil
}

func readJournal(path string) (*state, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := newState()
	in := bufio.NewReaderSize(f, 1<<20)
	for line := 1; ; line++ {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // what stands after the last line end was never answered
		}
		if err != nil {
			return nil, err
		}
		var r record
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		s.apply(r)
	}
	if s.account.ID == "" {
		return nil, errors.New("it holds no account")
	}
	return s, nil
}

// writeJournal puts the whole state into a new file, moves it to path and leaves it open for more lines.
func writeJournal(path string, sync bool, s *state) (*journal, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return nil, err
	}
	j := &journal{file: f, sync: sync}
	fail := func(err error) (*journal, error) {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	out := bufio.NewWriterSize(f, 1<<20)
	for r := range s.snapshot {
		line, err := encodeLine(r)
		if err != nil {
			return fail(err)
		}
		j.size += int64(len(line))
		if _, err := out.Write(line); err != nil {
			return fail(err)
		}
	}
	if err := out.Flush(); err != nil {
		return fail(err)
	}
	if err := f.Sync(); err != nil {
		return fail(err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fail(err)
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		// Best effort: some file systems cannot flush a directory, and the rename itself has succeeded.
		_ = dir.Sync()
		_ = dir.Close()
	}
	return j, nil
}

func encodeLine(r record) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return nil, err
	}
	return b.Bytes(), nil // Encode ends with a line end
}

// append adds a record. On an error nothing of it stays in the file.
func (j *journal) append(r record) error {
	if j == nil {
		return nil
	}
	if j.err != nil {
		return j.err
	}
	line, err := encodeLine(r)
	if err != nil {
		return err
	}
	_, err = j.file.Write(line)
	if err == nil && j.sync {
		err = j.file.Sync()
	}
	if err != nil {
		// Take back a part of a line, else the next line would be glued to it.
		if terr := j.file.Truncate(j.size); terr != nil {
			j.err = errors.Join(err, terr)
		} else if _, serr := j.file.Seek(j.size, io.SeekStart); serr != nil {
			j.err = errors.Join(err, serr)
		}
		return err
	}
	j.size += int64(len(line))
	return nil
}

func (j *journal) close() error {
	if j == nil {
		return nil
	}
	return errors.Join(j.file.Sync(), j.file.Close())
}
