package emulator

import "os"

// BreakJournal puts another file in the place of the state file, so that tests can see what happens when it cannot be
// written. mend takes it back.
func (e *Emulator) BreakJournal(path string) (mend func(), err error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	sound := e.journal
	e.journal = &journal{file: f}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.journal = sound
		_ = f.Close()
	}, nil
}
