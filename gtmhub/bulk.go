package gtmhub

import (
	"bytes"
	"context"
	"encoding/json"
)

// BulkResult is what the API says about a bulk write. No sample of it is documented, so it may be empty after success,
// and a listed failure is a hint: read the records again for the verdict (docs/gtmhub-readings.md U7).
type BulkResult struct {
	// Updated lists ids that were changed or deleted.
	Updated []ID
	Failed  []BulkFailure
	// Raw is the body as it came, nil after an empty one.
	Raw json.RawMessage
}

// BulkFailure is one record that was not changed.
type BulkFailure struct {
	ID ID `json:"id"`
	// Reason is foreign text, like APIError.Message.
	Reason string `json:"reason"`
	// Err is set where the client made one call per record, see UserRoles.SetMany.
	Err error `json:"-"`
}

// bulk sends a bare array of ids.
func (c *Client) bulk(ctx context.Context, op operation, ids []ID) (*BulkResult, error) {
	if err := checkIDs(ids); err != nil {
		return nil, op.refused(ErrInvalid, err)
	}
	return c.doBulk(ctx, request{op: op, body: uniqueIDs(ids)})
}

func (c *Client) doBulk(ctx context.Context, r request) (*BulkResult, error) {
	result := &BulkResult{}
	err := c.do(ctx, r, func(body []byte) error {
		if err := acceptAny(body); err != nil {
			return err
		}
		result.read(body)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// read takes what it understands of an accepted body; another shape is no failure of the write.
func (b *BulkResult) read(body []byte) {
	body = bytes.TrimSpace(body)
	if !bytes.HasPrefix(body, []byte("{")) {
		return
	}
	b.Raw = bytes.Clone(body)
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil {
		return
	}
	for _, name := range []string{"updated", "deleted"} {
		var ids idList
		if data, ok := object[name]; ok && json.Unmarshal(data, &ids) == nil {
			b.Updated = append(b.Updated, ids...)
		}
	}
	var failed list[BulkFailure]
	if data, ok := object["failed"]; ok && json.Unmarshal(data, &failed) == nil {
		for i := range failed {
			failed[i].Reason = clean(failed[i].Reason, "", maxMessageRunes)
		}
		b.Failed = failed
	}
}
