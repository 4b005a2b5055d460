//go:build unix

package store

import (
	"errors"
	"os"
	"syscall"

	"github.com/gtmhub-portal/portal/internal/fault"
)

// lockFile takes the lock file for this process. The operating system gives it back when the process ends, however
// it ends, so there is nothing to clean up after a crash. The file stays: removing it would let two processes hold
// two files of the same name.
func lockFile(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err = errors.Join(err, f.Close())
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fault.Wrap(err, fault.Conflict, messageLocked)
		}
		return nil, err
	}
	return f.Close, nil
}
