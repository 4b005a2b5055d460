package access

// Deletion is the verdict that the acts of deleting share.
var Deletion = Policy.deletion
