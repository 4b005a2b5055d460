package main

import (
	"context"
	"fmt"
)

// auditTrail verifies the chain of the audit trail.
func auditTrail(ctx context.Context, p program) error {
	f := p.flags("audit verify")
	if len(p.args) == 0 || p.args[0] != "verify" {
		return fmt.Errorf("%w: say \"portal audit verify\"", errUsage)
	}
	if err := parse(f, p.args[1:]); err != nil {
		return err
	}
	st, err := open(ctx, p, true)
	if err != nil {
		return err
	}
	defer st.Close()
	sound, broken, err := st.Audit().Verify(ctx)
	if err != nil {
		return err
	}
	if broken != 0 {
		return fmt.Errorf("the audit trail was altered: %d entries are sound, entry %d is not", sound, broken)
	}
	_, err = fmt.Fprintf(p.stdout, "The audit trail is sound: %d entries.\n", sound)
	return err
}
