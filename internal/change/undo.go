package change

// Undoable says whether the change has ended, nothing of it is on its way any more, it has done something, and nobody has
// taken it back yet, and its values have not been deleted. Whether each row can be taken back is for its kind to say.
func (c *Change) Undoable() bool {
	switch c.State {
	case Finished, Problems, Cancelled:
	default:
		return false
	}
	done := 0
	for _, s := range c.Counts {
		if s.Rows[Checking]+s.Rows[InIntent]+s.Rows[Unknown] > 0 {
			return false
		}
		done += s.Rows[Done]
	}
	return done > 0 && c.UndoneBy.ID == "" && c.Erased.IsZero()
}
