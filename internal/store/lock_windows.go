package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"

	"github.com/gtmhub-portal/portal/internal/fault"
)

// lockFile takes the lock file for this process; see lock_unix.go.
func lockFile(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	if err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped)); err != nil {
		err = errors.Join(err, f.Close())
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
			return nil, fault.Wrap(err, fault.Conflict, messageLocked)
		}
		return nil, err
	}
	return f.Close, nil
}
