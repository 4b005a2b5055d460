package gtmhub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// pageSize is what the API gives by default and what this package asks for; the maximum is not documented.
const pageSize = 100

// pageSizes are the page sizes that may be asked for.
var pageSizes = []int{1, 10, 20, 25, 50, pageSize}

// maxPages bounds one iteration: 1,000 pages are 100,000 records.
const maxPages = 1000

// Page is one page of a list.
type Page[T any] struct {
	Items []T
	// TotalCount counts all matches, not only those of this page. 0 beside items means that the API did not say.
	TotalCount int
}

// decodePage reads the list envelope. A body without items is a wrong shape, except that a null list of nothing is the
// way some servers write an empty one.
func decodePage[T any](body []byte) (*Page[T], error) {
	var envelope struct {
		Items      json.RawMessage `json:"items"`
		TotalCount *float64        `json:"totalCount"`
	}
	if err := decodeJSON(body, &envelope); err != nil {
		return nil, err
	}
	page := &Page[T]{}
	if envelope.TotalCount != nil {
		page.TotalCount = int(*envelope.TotalCount)
	}
	if page.TotalCount < 0 {
		return nil, errors.New("negative total count")
	}
	if len(envelope.Items) == 0 || string(envelope.Items) == "null" {
		if envelope.TotalCount == nil || page.TotalCount != 0 {
			return nil, errors.New("list without items")
		}
		return page, nil
	}
	return page, json.Unmarshal(envelope.Items, &page.Items)
}

// pageBounds checks skip and size; a size of 0 means 100.
func pageBounds(skip, size int) (int, error) {
	if skip < 0 {
		return 0, errors.New("skip is negative")
	}
	size = or(size, pageSize)
	if !slices.Contains(pageSizes, size) {
		return 0, fmt.Errorf("page size must be one of %v", pageSizes)
	}
	return size, nil
}

// pages walks a sorted list from skip to its end. Records that show up twice, because the list moved between two pages,
// are given once. A page that brings nothing new although records are missing means that the API ignores paging: that
// is an error, for a short list must not pass for the whole.
func pages[T any](ctx context.Context, op operation, skip int, id func(T) ID, fetch func(context.Context, int) (*Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		seen := map[ID]bool{}
		for range maxPages {
			page, err := fetch(ctx, skip)
			if err != nil {
				yield(none, err)
				return
			}
			fresh := false
			for _, item := range page.Items {
				if seen[id(item)] {
					continue
				}
				seen[id(item)] = true
				fresh = true
				if !yield(item, nil) {
					return
				}
			}
			skip += len(page.Items)
			known := page.TotalCount > 0
			switch {
			case len(page.Items) == 0, known && skip >= page.TotalCount:
				return
			case !fresh && known:
				yield(none, op.failure("", ErrBadAnswer, errors.New("page was repeated before the end")))
				return
			case !fresh:
				return
			}
		}
		yield(none, op.failure("", ErrBadAnswer, errors.New("list does not end")))
	}
}

// chunks splits values for filters that go into the query, where long ones do not fit.
func chunks[T any](values []T) iter.Seq[[]T] { return slices.Chunk(values, pageSize) }
